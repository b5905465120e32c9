/**
 * What an ioctl will read of a program's memory, read before it: a journal holds it as stores of the steps before the call, and
 * the call gets the very same bytes.
 */
import {
  BC_REPLY,
  BC_REPLY_SG,
  BC_TRANSACTION,
  BC_TRANSACTION_SG,
  BINDER_TYPE_FD,
  BINDER_TYPE_FDA,
  BINDER_TYPE_PTR,
  BINDER_WRITE_READ,
} from '../../../assembly/abi/protocol.ts';
import * as abi from '../../../assembly/abi/wire.ts';
import type { WriteRead } from '../../os/writeread.ts';
import { u32At } from '../../wire/endian.ts';

/** Bytes of a program; fewer than were asked for, where it has no memory. */
export interface Known {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What the program has now at an address, up to the first byte that it does not have. */
type LookAt = (address: number, size: number) => Uint8Array;

interface Ahead {
  /** The ioctl's argument. */
  readonly argument: Known;
  /** The call with its commands; null for another ioctl, or one that cannot be read. */
  readonly call: WriteRead | null;
  /** The payloads of its messages. */
  readonly payloads: readonly Known[];
  /** The descriptors that its messages send. */
  readonly descriptors: readonly number[];
}

const MESSAGES: ReadonlySet<number> = new Set([BC_TRANSACTION, BC_REPLY, BC_TRANSACTION_SG, BC_REPLY_SG]);
/** More than a mapping has no message. */
const READ_MAX = 4 * 1024 * 1024;
/** Where an ioctl's number has the size of its argument. */
const SIZE_SHIFT = 16;
const SIZE_MASK = 0x3fff;

export function readAhead(look: LookAt, fd: number, command: number, address: number): Ahead {
  const size = (command >>> SIZE_SHIFT) & SIZE_MASK;
  const argument = { address, bytes: look(address, size) };
  if (command !== BINDER_WRITE_READ >>> 0 || argument.bytes.length < size) {
    return { argument, call: null, payloads: [], descriptors: [] };
  }
  const fields = wordsAt(argument.bytes, 0, 6) as [number, number, number, number, number, number];
  const [writeSize, writeConsumed, wbuf, readSize, readConsumed, rbuf] = fields;
  const poke = writeSize <= READ_MAX ? look(wbuf, writeSize) : look(wbuf, 0);
  const call = { fd, arg: address, wbuf, poke, writeSize, writeConsumed, rbuf, readSize, readConsumed };
  return { argument, call, ...sentBy(look, poke.subarray(writeConsumed)) };
}

function sentBy(look: LookAt, commands: Uint8Array): Pick<Ahead, 'payloads' | 'descriptors'> {
  const payloads: Known[] = [];
  const descriptors: number[] = [];
  const known = (address: number, size: number): Uint8Array => {
    const bytes = size > 0 && size <= READ_MAX ? look(address, size) : new Uint8Array(0);
    if (bytes.length > 0) payloads.push({ address, bytes });
    return bytes;
  };
  const view = new DataView(commands.buffer, commands.byteOffset, commands.length);
  for (let at = 0; at + 4 <= commands.length; ) {
    const word = view.getUint32(at, true);
    const payload = at + 4;
    at = payload + ((word >>> SIZE_SHIFT) & SIZE_MASK);
    if (at > commands.length || !MESSAGES.has(word)) continue;
    const fields = wordsAt(commands, payload + abi.TRANSACTION_DATA_DATA_SIZE, 4) as [number, number, number, number];
    const [dataSize, offsetsSize, buffer, offsets] = fields;
    const data = known(buffer, dataSize);
    const places = known(offsets, offsetsSize);
    const buffers = buffersOf(data, places).map(({ place, address, size }) => ({ place, bytes: known(address, size) }));
    descriptors.push(...descriptorsOf(data, places, new Map(buffers.map(({ place, bytes }) => [place, bytes]))));
  }
  return { payloads, descriptors };
}

/** The descriptors that a message's objects name, itself or in a buffer. @param buffers By the places of their objects. */
function descriptorsOf(data: Uint8Array, offsets: Uint8Array, buffers: ReadonlyMap<number, Uint8Array>): number[] {
  const places = wordsAt(offsets, 0, Math.floor(offsets.length / 8));
  return places.flatMap((at) => {
    if (at + abi.FD_OBJECT_SIZE > data.length) return [];
    const type = u32At(data, at);
    if (type === BINDER_TYPE_FD) return [u32At(data, at + abi.FD_OBJECT_FD) | 0];
    if (type !== BINDER_TYPE_FDA || at + abi.FD_ARRAY_OBJECT_SIZE > data.length) return [];
    const [count, parent, from] = wordsAt(data, at + abi.FD_ARRAY_OBJECT_NUM_FDS, 3) as [number, number, number];
    const bytes = buffers.get(places[parent] ?? -1);
    if (bytes === undefined || from + 4 * count > bytes.length) return [];
    return Array.from({ length: count }, (_, index) => u32At(bytes, from + 4 * index) | 0);
  });
}

/** The buffers that a message's objects name; its bytes may be any. */
function buffersOf(data: Uint8Array, offsets: Uint8Array): { place: number; address: number; size: number }[] {
  const buffers: { place: number; address: number; size: number }[] = [];
  for (const at of wordsAt(offsets, 0, Math.floor(offsets.length / 8))) {
    if (at + abi.BUFFER_OBJECT_SIZE > data.length || u32At(data, at) !== BINDER_TYPE_PTR) continue;
    const [address, size] = wordsAt(data, at + abi.BUFFER_OBJECT_BUFFER, 2) as [number, number];
    buffers.push({ place: at, address, size });
  }
  return buffers;
}

/** u64s, as numbers. */
function wordsAt(bytes: Uint8Array, at: number, count: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, index) => Number(view.getBigUint64(at + 8 * index, true)));
}
