/** Messages: the contents of a generated transaction, their addresses, and their errors. */
import {
  BC_REPLY,
  BC_REPLY_SG,
  BC_TRANSACTION,
  BC_TRANSACTION_SG,
  TF_ACCEPT_FDS,
  TF_CLEAR_BUF,
  TF_ONE_WAY,
  TF_STATUS_CODE,
  TF_UPDATE_TXN,
} from '../../assembly/abi/protocol.ts';
import type { Dice } from '../../host/fuzz/dice.ts';
import { Bytes } from './bytes.ts';
import { addObjects, Parts } from './objects.ts';
import type { Profile } from './profiles.ts';
import { type Actor, ARENA_END, type Scene, SHARED } from './scene.ts';
import type { Stream, TransactionData } from './stream.ts';

/** The _SG words of the plain ones. */
const PLAIN_TO_SG = new Map([
  [BC_TRANSACTION, BC_TRANSACTION_SG],
  [BC_REPLY, BC_REPLY_SG],
]);

export interface MessageInput {
  /** BC_TRANSACTION or BC_REPLY. */
  word: number;
  target: number;
  flags?: number;
  /** Contains an error. */
  spoiled?: boolean;
  /** Carries objects; default: the profile decides. */
  objects?: boolean;
  /** Bytes of plain data. */
  size?: number;
}

/** Appends a transaction, with its payload, to a stream. */
export function addMessage(scene: Scene, actor: Actor, stream: Stream, profile: Profile, input: MessageInput): void {
  const { dice } = scene;
  const withObjects = input.objects ?? (input.size === undefined && dice.chance(profile.objects));
  const sg = withObjects ? dice.chance(0.35) : dice.chance(0.04);
  const parts = new Parts();
  if (withObjects) addObjects(scene, actor, parts, stream, sg);
  else if (input.size !== undefined) parts.data.counting(Math.min(input.size, 64), dice.below(256));
  else parts.data.counting(dice.of([0, 0, 4, 8, 13, 24, 100]), dice.below(256));
  const data = place(scene, stream, parts, input);
  if (!withObjects && input.size === undefined) enlarge(scene, profile, data);
  if (dice.chance(0.04)) moveData(scene, actor, data);
  if (input.spoiled ?? dice.chance(profile.spoiled)) spoil(dice, data, parts);
  stream.transaction(sg ? (PLAIN_TO_SG.get(input.word) ?? input.word) : input.word, data);
}

function place({ dice }: Scene, stream: Stream, parts: Parts, input: MessageInput): TransactionData {
  const bytes = parts.data.toBytes();
  const size = input.size ?? bytes.length;
  const buffer = size > bytes.length ? SHARED + 8 * dice.below(64) : bytes.length > 0 ? stream.place(bytes) : 0;
  const offsets = new Bytes();
  for (const offset of parts.offsets) offsets.u64(offset);
  return {
    target: input.target,
    cookie: dice.chance(0.05) ? 0x1234 : 0,
    code: dice.below(5),
    flags: (input.flags ?? 0) | drawFlags(dice, ((input.flags ?? 0) & TF_ONE_WAY) !== 0),
    dataSize: size,
    offsetsSize: offsets.length,
    buffer,
    offsets: offsets.length > 0 ? stream.place(offsets.toBytes()) : 0,
    buffersSize: parts.buffersSize,
  };
}

function drawFlags(dice: Dice, oneway: boolean): number {
  let flags = dice.chance(0.5) ? TF_ACCEPT_FDS : 0;
  if (dice.chance(0.15)) flags |= TF_CLEAR_BUF;
  if (oneway && dice.chance(0.15)) flags |= TF_UPDATE_TXN;
  if (dice.chance(0.05)) flags |= TF_STATUS_CODE;
  if (dice.chance(0.02)) flags |= dice.of([0x80, 0x100, 0x8000_0000, 0x02]);
  return flags;
}

/** Now and then plain data of a size that matters to pages and to the asynchronous half. */
function enlarge({ dice }: Scene, { small }: Profile, data: TransactionData): void {
  if (!dice.chance(0.25 + small / 4)) return;
  data.buffer = SHARED + 8 * dice.below(64);
  data.dataSize = messageSize(dice);
}

/** Sizes at and around pages, and in between. */
export function messageSize(dice: Dice): number {
  return dice.weighted([
    [4, 8 * dice.between(1, 600)],
    [4, 4096 * dice.between(1, 4) + 8 * dice.between(-2, 2)],
    [2, dice.between(1, 9000)],
    [1, 8 * dice.between(600, 2500)],
    [0.5, dice.of([32768, 65536 - 8, 40000, 300_000])],
  ]);
}

/** Places the data at an unusual address: at the arena's end, in a mapping, in the message's own buffer. */
function moveData(scene: Scene, actor: Actor, data: TransactionData): void {
  const { dice } = scene;
  const size = Number(data.dataSize);
  const mapping = actor.proc?.mapping;
  data.buffer = dice.weighted([
    [2, ARENA_END - size],
    [3, ARENA_END - Math.max(1, size - dice.of([1, 4, 8, 4096]))],
    [mapping?.size ? 3 : 0, (mapping?.userBase ?? 0) + 8 * dice.below(Math.max(1, (mapping?.size ?? 8) >> 6))],
    [1, actor.wbuf],
    [1, actor.arg],
    [1, actor.rbuf],
  ]);
}

/** One error. */
type Spoiler = (dice: Dice, data: TransactionData, parts: Parts) => void;

const BAD_POINTERS = [0, 1, 0x60000000, 0xdead0000, ARENA_END, ARENA_END - 4, ARENA_END - 8, ARENA_END - 12];
const HUGE = [0x10_0000, 0x7fff_ffff, 0xffff_fff8, 0x1_0000_0000n, 0x7fff_ffff_ffff_fff8n, 0xffff_ffff_ffff_fff8n];

const SPOILERS: readonly (readonly [weight: number, spoil: Spoiler])[] = [
  [4, (dice, data) => (data.offsetsSize = Number(data.offsetsSize) + dice.of([1, 2, 4, 7]))],
  [3, (dice, data) => (data.offsetsSize = Number(data.offsetsSize) + 8 * dice.between(1, 3))],
  [3, spoilOffsetsPointer],
  [3, (dice, data) => (data.buffersSize = Number(data.buffersSize) + dice.of([1, 4, 7, -8, 8, 64]))],
  [2, (dice, data) => (data.buffer = dice.of(BAD_POINTERS))],
  [3, (dice, data) => (data.buffer = ARENA_END - dice.between(0, Math.max(1, Number(data.dataSize))))],
  [1, (dice, data) => (data.dataSize = dice.of(HUGE))],
  [0.7, (dice, data) => (data.offsetsSize = dice.of(HUGE))],
  [0.7, (dice, data) => (data.buffersSize = dice.of(HUGE))],
  [1.5, (dice, data) => (data.dataSize = Math.max(0, Number(data.dataSize) - dice.of([1, 4, 8, 16, 24])))],
  [1, (_, data) => (data.offsets = data.buffer)],
  [1, (dice, data) => (data.target = dice.of([99, 0x7fff_ffff, 0xffff_ffff, Number(data.target) + 1]))],
  [1, (dice, data, parts) => (data.offsetsSize = 8 * dice.below(parts.offsets.length + 1))],
];

function spoilOffsetsPointer(dice: Dice, data: TransactionData): void {
  if (Number(data.offsetsSize) === 0) data.offsetsSize = 8;
  data.offsets = dice.of(BAD_POINTERS);
}

function spoil(dice: Dice, data: TransactionData, parts: Parts): void {
  for (let more = true; more; more = dice.chance(0.15)) dice.weighted(SPOILERS)(dice, data, parts);
}

/** Changes bytes of a payload in a stream: fields of objects, or their offsets. */
export function scramble(dice: Dice, hex: string, from: number): string {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length <= from + 4) return hex;
  const at = from + 4 * dice.below((bytes.length - from) >> 2);
  const value = dice.weighted([
    [3, dice.below(64)],
    [2, bytes.readUInt32LE(at - (at % 4)) + dice.of([-8, -4, -1, 1, 4, 8])],
    [1, dice.of([0x73682a85, 0x77682a85, 0x73622a85, 0x66642a85, 0x66646185, 0x70742a85, 0x70746185])],
    [1, dice.of([0xffff_ffff, 0x8000_0000, 0])],
  ]);
  bytes.writeUInt32LE(value >>> 0, at);
  return bytes.toString('hex');
}
