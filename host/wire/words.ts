/**
 * The words of the command and return streams, a row each: what follows the word. Their text, the commands that `bc` makes,
 * and what a read returns follow from the rows.
 *
 * Both streams have one form: a 32-bit word, then the payload, whose size is in bits 29..16 of the word.
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import * as wire from '../../assembly/abi/wire.ts';
import { i32At, u32At } from './endian.ts';

type Field = readonly [name: string, offset: number, kind: 'u32' | 'i32' | 'u64'];

const VALUE: readonly Field[] = [['value', 0, 'u64']];
const RESULT: readonly Field[] = [['value', 0, 'i32']];
const TRANSACTION: readonly Field[] = [
  ['ptr', wire.TRANSACTION_DATA_TARGET, 'u64'],
  ['cookie', wire.TRANSACTION_DATA_COOKIE, 'u64'],
  ['code', wire.TRANSACTION_DATA_CODE, 'u32'],
  ['flags', wire.TRANSACTION_DATA_FLAGS, 'u32'],
  ['sender_pid', wire.TRANSACTION_DATA_SENDER_PID, 'i32'],
  ['sender_euid', wire.TRANSACTION_DATA_SENDER_EUID, 'u32'],
  ['data_size', wire.TRANSACTION_DATA_DATA_SIZE, 'u64'],
  ['offsets_size', wire.TRANSACTION_DATA_OFFSETS_SIZE, 'u64'],
  ['buffer', wire.TRANSACTION_DATA_BUFFER, 'u64'],
  ['offsets', wire.TRANSACTION_DATA_OFFSETS, 'u64'],
];

/** The payloads, with their fields in text: the names are those of the kernel's structures. */
const PAYLOADS = {
  nothing: [],
  handle: [['handle', 0, 'u32']],
  handleCookie: [
    ['handle', 0, 'u32'],
    ['cookie', wire.HANDLE_COOKIE_COOKIE, 'u64'],
  ],
  priorityHandle: [
    ['priority', 0, 'i32'],
    ['handle', 4, 'u32'],
  ],
  node: [
    ['ptr', 0, 'u64'],
    ['cookie', wire.PTR_COOKIE_COOKIE, 'u64'],
  ],
  priorityNode: [
    ['priority', 0, 'i32'],
    ['ptr', 8, 'u64'],
    ['cookie', 16, 'u64'],
  ],
  buffer: VALUE,
  /** A notification's cookie; a command calls it a value. */
  done: VALUE,
  notification: [['cookie', 0, 'u64']],
  frozen: [
    ['cookie', wire.FROZEN_STATE_INFO_COOKIE, 'u64'],
    ['is_frozen', wire.FROZEN_STATE_INFO_IS_FROZEN, 'u32'],
    ['reserved', wire.FROZEN_STATE_INFO_RESERVED, 'u32'],
  ],
  result: RESULT,
  error: RESULT,
  transaction: TRANSACTION,
  transactionSg: [...TRANSACTION, ['buffers_size', wire.TRANSACTION_DATA_SG_BUFFERS_SIZE, 'u64']],
  transactionSecctx: [...TRANSACTION, ['secctx', wire.TRANSACTION_DATA_SECCTX_SECCTX, 'u64']],
} as const satisfies Readonly<Record<string, readonly Field[]>>;

export type Payload = keyof typeof PAYLOADS;
type Word<Family extends string> = Exclude<Extract<keyof typeof protocol, `${Family}_${string}`>, `${string}_COUNT`>;

/** What follows each word. */
export const WORDS = {
  BC_TRANSACTION: 'transaction',
  BC_REPLY: 'transaction',
  BC_ACQUIRE_RESULT: 'result',
  BC_FREE_BUFFER: 'buffer',
  BC_INCREFS: 'handle',
  BC_ACQUIRE: 'handle',
  BC_RELEASE: 'handle',
  BC_DECREFS: 'handle',
  BC_INCREFS_DONE: 'node',
  BC_ACQUIRE_DONE: 'node',
  BC_ATTEMPT_ACQUIRE: 'priorityHandle',
  BC_REGISTER_LOOPER: 'nothing',
  BC_ENTER_LOOPER: 'nothing',
  BC_EXIT_LOOPER: 'nothing',
  BC_REQUEST_DEATH_NOTIFICATION: 'handleCookie',
  BC_CLEAR_DEATH_NOTIFICATION: 'handleCookie',
  BC_DEAD_BINDER_DONE: 'done',
  BC_TRANSACTION_SG: 'transactionSg',
  BC_REPLY_SG: 'transactionSg',
  BC_REQUEST_FREEZE_NOTIFICATION: 'handleCookie',
  BC_CLEAR_FREEZE_NOTIFICATION: 'handleCookie',
  BC_FREEZE_NOTIFICATION_DONE: 'done',
  BR_ERROR: 'error',
  BR_OK: 'nothing',
  BR_TRANSACTION: 'transaction',
  BR_TRANSACTION_SEC_CTX: 'transactionSecctx',
  BR_REPLY: 'transaction',
  BR_ACQUIRE_RESULT: 'result',
  BR_DEAD_REPLY: 'nothing',
  BR_TRANSACTION_COMPLETE: 'nothing',
  BR_INCREFS: 'node',
  BR_ACQUIRE: 'node',
  BR_RELEASE: 'node',
  BR_DECREFS: 'node',
  BR_ATTEMPT_ACQUIRE: 'priorityNode',
  BR_NOOP: 'nothing',
  BR_SPAWN_LOOPER: 'nothing',
  BR_FINISHED: 'nothing',
  BR_DEAD_BINDER: 'notification',
  BR_CLEAR_DEATH_NOTIFICATION_DONE: 'notification',
  BR_FAILED_REPLY: 'nothing',
  BR_FROZEN_REPLY: 'nothing',
  BR_ONEWAY_SPAM_SUSPECT: 'nothing',
  BR_TRANSACTION_PENDING_FROZEN: 'nothing',
  BR_FROZEN_BINDER: 'frozen',
  BR_CLEAR_FREEZE_NOTIFICATION_DONE: 'notification',
} as const satisfies Readonly<Record<Word<'BC'> | Word<'BR'>, Payload>>;

export type WordName = keyof typeof WORDS;
/** The words of a family, `BC_` or `BR_`, with a payload. */
export type WordWith<Family extends string, P> = {
  [W in WordName]: W extends `${Family}${string}` ? ((typeof WORDS)[W] extends P ? W : never) : never;
}[WordName];

const NAMES: ReadonlyMap<number, WordName> = new Map(
  Object.entries(protocol)
    .filter(([name]) => name in WORDS)
    .map(([name, word]) => [word >>> 0, name as WordName]),
);

/** @returns The name of a BC_ or BR_ word; undefined for an unknown word. */
export function wordName(word: number): WordName | undefined {
  return NAMES.get(word);
}

/** All words with that prefix, with their names. */
export function words<Family extends string>(beginning: Family): [word: number, name: WordWith<Family, Payload>][] {
  return [...NAMES].filter(([, name]) => name.startsWith(beginning)) as [number, WordWith<Family, Payload>][];
}

/** All BC_ and BR_ names. */
export function wordNames(): string[] {
  return [...NAMES.values()];
}

/** @returns Payload bytes after a word. */
export function payloadSize(word: number): number {
  return (word >>> 16) & 0x3fff;
}

/**
 * The commands in `bytes` from `from` to `to` as text, a string for each: "BC_ACQUIRE handle=1". For people; the bytes decide. Stops at an unknown word, and at a truncated payload.
 *
 * @returns An empty list for fewer bytes than a word.
 */
export function commandWords(bytes: Uint8Array, from = 0, to = bytes.length): string[] {
  return streamWords(bytes, from, to, 'BC_');
}

/** Where each of these commands ends. */
export function commandEnds(bytes: Uint8Array, from: number, to: number): number[] {
  return streamFields(bytes, from, to).map(({ end }) => end);
}

/** A word of a stream, field by field. Offsets are those in the stream. */
export interface WordFields {
  readonly name: WordName;
  /** Offset of the word itself; of the first byte after its payload. */
  readonly at: number;
  readonly end: number;
  readonly fields: readonly {
    /** The kernel's name. */
    readonly name: string;
    readonly at: number;
    readonly size: 4 | 8;
  }[];
}

/** The words in `bytes` from `from` to `to`, up to the first that is unknown or truncated. */
export function streamFields(bytes: Uint8Array, from: number, to: number): WordFields[] {
  const found: WordFields[] = [];
  const limit = Math.min(to, bytes.length);
  for (let at = from; at + 4 <= limit; ) {
    const word = u32At(bytes, at);
    const name = NAMES.get(word);
    const end = at + 4 + payloadSize(word);
    if (name === undefined || end > limit) break;
    const payload = at + 4;
    const fields = (PAYLOADS[WORDS[name]] as readonly Field[]).map(([field, offset, kind]) => ({
      name: field,
      at: payload + offset,
      size: kind === 'u64' ? (8 as const) : (4 as const),
    }));
    found.push({ name, at, end, fields });
    at = end;
  }
  return found;
}

/** The same for a return stream. */
export function returnWords(bytes: Uint8Array): string[] {
  return streamWords(bytes, 0, bytes.length, 'BR_');
}

function streamWords(bytes: Uint8Array, from: number, to: number, family: 'BC_' | 'BR_'): string[] {
  const end = Math.min(to, bytes.length);
  const words: string[] = [];
  let at = from;
  while (at + 4 <= end) {
    const word = u32At(bytes, at);
    const name = NAMES.get(word);
    if (name === undefined || !name.startsWith(family)) {
      words.push(`${family}UNKNOWN cmd=${family === 'BC_' ? hex32(word) : word}`);
      break;
    }
    at += 4;
    if (at + payloadSize(word) > end) {
      words.push(`${name} truncated=true`);
      break;
    }
    words.push(name + fieldWords(bytes, at, PAYLOADS[WORDS[name]]));
    at += payloadSize(word);
  }
  return words;
}

function fieldWords(bytes: Uint8Array, at: number, fields: readonly Field[]): string {
  let text = '';
  for (const [name, offset, kind] of fields) {
    text += ` ${name}=`;
    if (kind === 'u32') text += u32At(bytes, at + offset);
    else if (kind === 'i32') text += i32At(bytes, at + offset);
    else text += hex64(u32At(bytes, at + offset + 4), u32At(bytes, at + offset));
  }
  return text;
}

function hex32(value: number): string {
  return `0x${value.toString(16)}`;
}

function hex64(high: number, low: number): string {
  return high === 0 ? hex32(low) : `0x${high.toString(16)}${low.toString(16).padStart(8, '0')}`;
}
