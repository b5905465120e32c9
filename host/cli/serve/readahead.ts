/**
 * What an ioctl will read of a program's memory, read before it: a journal holds it as stores of the steps before the call, and
 * the call gets the very same bytes.
 */
import {
  BC_REPLY,
  BC_REPLY_SG,
  BC_TRANSACTION,
  BC_TRANSACTION_SG,
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
    return { argument, call: null, payloads: [] };
  }
  const fields = wordsAt(argument.bytes, 0, 6) as [number, number, number, number, number, number];
  const [writeSize, writeConsumed, wbuf, readSize, readConsumed, rbuf] = fields;
  const poke = writeSize <= READ_MAX ? look(wbuf, writeSize) : look(wbuf, 0);
  const call = { fd, arg: address, wbuf, poke, writeSize, writeConsumed, rbuf, readSize, readConsumed };
  return { argument, call, payloads: payloadsOf(look, poke.subarray(writeConsumed)) };
}

function payloadsOf(look: LookAt, commands: Uint8Array): Known[] {
  const payloads: Known[] = [];
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
    for (const { address, size } of buffersOf(data, known(offsets, offsetsSize))) known(address, size);
  }
  return payloads;
}

/** The buffers that a message's objects name; its bytes may be any. */
function buffersOf(data: Uint8Array, offsets: Uint8Array): { address: number; size: number }[] {
  const buffers: { address: number; size: number }[] = [];
  for (const at of wordsAt(offsets, 0, Math.floor(offsets.length / 8))) {
    if (at + abi.BUFFER_OBJECT_SIZE > data.length || u32At(data, at) !== BINDER_TYPE_PTR) continue;
    const [address, size] = wordsAt(data, at + abi.BUFFER_OBJECT_BUFFER, 2) as [number, number];
    buffers.push({ address, size });
  }
  return buffers;
}

/** u64s, as numbers. */
function wordsAt(bytes: Uint8Array, at: number, count: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, index) => Number(view.getBigUint64(at + 8 * index, true)));
}
