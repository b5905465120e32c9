/**
 * Commands to the driver as scenarios write them, valid or not, and the layout of a list of them in memory:
 *
 *     stream                the commands, in order
 *     then, at multiples of 16: data, offsets, data, ...
 *
 * Recordings hold these bytes, so the layout never changes.
 */
import {
  BC_ACQUIRE,
  BC_ACQUIRE_DONE,
  BC_ACQUIRE_RESULT,
  BC_ATTEMPT_ACQUIRE,
  BC_CLEAR_DEATH_NOTIFICATION,
  BC_CLEAR_FREEZE_NOTIFICATION,
  BC_DEAD_BINDER_DONE,
  BC_DECREFS,
  BC_ENTER_LOOPER,
  BC_EXIT_LOOPER,
  BC_FREE_BUFFER,
  BC_FREEZE_NOTIFICATION_DONE,
  BC_INCREFS,
  BC_INCREFS_DONE,
  BC_REGISTER_LOOPER,
  BC_RELEASE,
  BC_REPLY,
  BC_REPLY_SG,
  BC_REQUEST_DEATH_NOTIFICATION,
  BC_REQUEST_FREEZE_NOTIFICATION,
  BC_TRANSACTION,
  BC_TRANSACTION_SG,
} from '../assembly/abi/protocol.ts';
import { payloadSize } from '../host/wire/words.ts';
import { alignUp, bytesOf, u32, u64 } from './bytes.ts';

type Value = number | bigint;

/** Appends bytes after the stream. @returns their address */
export type Place = (bytes: Uint8Array) => number;

/** struct binder_transaction_data. Sizes and pointers follow from `data` and `offsets` unless they are given. */
export interface TransactionFields {
  handle?: Value;
  /** Replaces `handle`; all 64 bits. */
  target?: Value;
  cookie?: Value;
  code?: Value;
  flags?: Value;
  sender_pid?: number;
  sender_euid?: number;
  /** A function may append further bytes after the stream, such as those of buffer objects. */
  data?: Uint8Array | ((place: Place) => Uint8Array);
  /** Offsets of the objects, or the bytes of the array. */
  offsets?: readonly Value[] | Uint8Array;
  data_size?: Value;
  offsets_size?: Value;
  buffer?: Value;
  offsetsPtr?: Value;
}

/** struct binder_transaction_data_sg. */
export interface ScatterFields extends TransactionFields {
  buffers_size?: Value;
}

/** A word with its payload, or raw bytes of the stream (word 0). */
export interface Command {
  readonly word: number;
  readonly payload: Uint8Array | ((place: Place) => Uint8Array);
}

function plain(word: number, ...payload: Uint8Array[]): Command {
  return { word, payload: Buffer.concat(payload) };
}

function transaction(word: number, fields: TransactionFields, extra?: Value): Command {
  return { word, payload: (place) => transactionBytes(fields, place, extra) };
}

function transactionBytes(fields: TransactionFields, place: Place, extra?: Value): Buffer {
  const data = (typeof fields.data === 'function' ? fields.data(place) : fields.data) ?? Buffer.alloc(0);
  const given = fields.offsets ?? [];
  const offsets = given instanceof Uint8Array ? given : Buffer.concat(given.map((offset) => u64(offset)));
  const buffer = fields.buffer ?? (data.length > 0 ? place(data) : 0);
  const offsetsPtr = fields.offsetsPtr ?? (offsets.length > 0 ? place(offsets) : 0);
  return bytesOf(
    u64(fields.target ?? fields.handle ?? 0),
    u64(fields.cookie ?? 0),
    u32(fields.code ?? 0),
    u32(fields.flags ?? 0),
    u32(fields.sender_pid ?? 0),
    u32(fields.sender_euid ?? 0),
    u64(fields.data_size ?? data.length),
    u64(fields.offsets_size ?? offsets.length),
    u64(buffer),
    u64(offsetsPtr),
    ...(extra === undefined ? [] : [u64(extra)]),
  );
}

/** Makes commands: `bc.transaction({ handle: 0, code: 1 })`. */
export const bc = {
  transaction: (fields: TransactionFields) => transaction(BC_TRANSACTION, fields),
  reply: (fields: TransactionFields = {}) => transaction(BC_REPLY, fields),
  transactionSg: (fields: ScatterFields) => transaction(BC_TRANSACTION_SG, fields, fields.buffers_size ?? 0),
  replySg: (fields: ScatterFields) => transaction(BC_REPLY_SG, fields, fields.buffers_size ?? 0),
  acquireResult: (result: Value) => plain(BC_ACQUIRE_RESULT, u32(result)),
  freeBuffer: (buffer: Value) => plain(BC_FREE_BUFFER, u64(buffer)),
  increfs: (handle: Value) => plain(BC_INCREFS, u32(handle)),
  acquire: (handle: Value) => plain(BC_ACQUIRE, u32(handle)),
  release: (handle: Value) => plain(BC_RELEASE, u32(handle)),
  decrefs: (handle: Value) => plain(BC_DECREFS, u32(handle)),
  increfsDone: (ptr: Value, cookie: Value) => plain(BC_INCREFS_DONE, u64(ptr), u64(cookie)),
  acquireDone: (ptr: Value, cookie: Value) => plain(BC_ACQUIRE_DONE, u64(ptr), u64(cookie)),
  attemptAcquire: (priority: Value, handle: Value) => plain(BC_ATTEMPT_ACQUIRE, u32(priority), u32(handle)),
  registerLooper: () => plain(BC_REGISTER_LOOPER),
  enterLooper: () => plain(BC_ENTER_LOOPER),
  exitLooper: () => plain(BC_EXIT_LOOPER),
  requestDeath: (handle: Value, cookie: Value) => plain(BC_REQUEST_DEATH_NOTIFICATION, u32(handle), u64(cookie)),
  clearDeath: (handle: Value, cookie: Value) => plain(BC_CLEAR_DEATH_NOTIFICATION, u32(handle), u64(cookie)),
  deadBinderDone: (cookie: Value) => plain(BC_DEAD_BINDER_DONE, u64(cookie)),
  requestFreeze: (handle: Value, cookie: Value) => plain(BC_REQUEST_FREEZE_NOTIFICATION, u32(handle), u64(cookie)),
  clearFreeze: (handle: Value, cookie: Value) => plain(BC_CLEAR_FREEZE_NOTIFICATION, u32(handle), u64(cookie)),
  freezeDone: (cookie: Value) => plain(BC_FREEZE_NOTIFICATION_DONE, u64(cookie)),
  raw: (bytes: Uint8Array): Command => ({ word: 0, payload: bytes }),
};

/** A list of commands in memory. */
export interface Layout {
  /** Bytes of the stream alone. */
  size: number;
  /** The stream and everything after it. */
  bytes: Buffer;
}

/** Encodes commands. @param at Address of the first byte; pointers are relative to it. */
export function layOut(commands: readonly Command[], at: number): Layout {
  const size = commands.reduce((sum, command) => sum + sizeInStream(command), 0);
  const parts: [offset: number, bytes: Uint8Array][] = [];
  let free = alignUp(size, 16);
  const place: Place = (bytes) => {
    const offset = free;
    parts.push([offset, bytes]);
    free = alignUp(offset + bytes.length, 16);
    return at + offset;
  };
  const stream = Buffer.concat(
    commands.flatMap(({ word, payload }) => {
      const bytes = typeof payload === 'function' ? payload(place) : payload;
      return word === 0 ? [bytes] : [u32(word), bytes];
    }),
  );
  const end = parts.reduce((last, [offset, bytes]) => Math.max(last, offset + bytes.length), size);
  const all = Buffer.alloc(end);
  all.set(stream, 0);
  for (const [offset, bytes] of parts) all.set(bytes, offset);
  return { size, bytes: all };
}

function sizeInStream({ word, payload }: Command): number {
  if (word !== 0) return 4 + payloadSize(word);
  return typeof payload === 'function' ? 0 : payload.length;
}
