/**
 * The objects of a transaction, with any field wrong that a scenario wants wrong. The typed objects of the host reject invalid
 * values; here they are needed.
 */
import {
  BINDER_TYPE_BINDER,
  BINDER_TYPE_FD,
  BINDER_TYPE_FDA,
  BINDER_TYPE_HANDLE,
  BINDER_TYPE_PTR,
  BINDER_TYPE_WEAK_BINDER,
  BINDER_TYPE_WEAK_HANDLE,
} from '../assembly/abi/protocol.ts';
import { bytesOf, type Chunk, u32, u64 } from './bytes.ts';

type Value = number | bigint;

/** An object as bytes. A parcel records its offset. */
export class ObjectBytes {
  constructor(readonly bytes: Buffer) {}
}

export interface PtrFields {
  buffer: Value;
  length: Value;
  flags?: number;
  parent?: Value;
  /** Offset of the pointer in the parent. */
  off?: Value;
}

export interface FdaFields {
  num: Value;
  parent?: Value;
  off?: Value;
  pad?: number;
}

function flat(type: number, flags: number, value: Value, cookie: Value): ObjectBytes {
  return new ObjectBytes(bytesOf(u32(type), u32(flags), u64(value), u64(cookie)));
}

/** Makes objects: `object.binder(ptr, cookie)`. */
export const object = {
  binder: (ptr: Value, cookie: Value = 0, flags = 0) => flat(BINDER_TYPE_BINDER, flags, ptr, cookie),
  weakBinder: (ptr: Value, cookie: Value = 0, flags = 0) => flat(BINDER_TYPE_WEAK_BINDER, flags, ptr, cookie),
  handle: (handle: Value, flags = 0, cookie: Value = 0) => flat(BINDER_TYPE_HANDLE, flags, handle, cookie),
  weakHandle: (handle: Value, flags = 0, cookie: Value = 0) => flat(BINDER_TYPE_WEAK_HANDLE, flags, handle, cookie),
  fd: (fd: Value, cookie: Value = 0, pad = 0) => flat(BINDER_TYPE_FD, pad, fd, cookie),
  ptr: ({ buffer, length, flags = 0, parent = 0, off = 0 }: PtrFields) =>
    new ObjectBytes(bytesOf(u32(BINDER_TYPE_PTR), u32(flags), u64(buffer), u64(length), u64(parent), u64(off))),
  fda: ({ num, parent = 0, off = 0, pad = 0 }: FdaFields) =>
    new ObjectBytes(bytesOf(u32(BINDER_TYPE_FDA), u32(pad), u64(num), u64(parent), u64(off))),
};

/** Data with objects in it, for a transaction. */
export interface Parcel {
  data: Buffer;
  /** Offset of each object in the data. */
  offsets: number[];
}

/** Concatenates bytes and objects. */
export function parcel(...items: readonly (Chunk | ObjectBytes)[]): Parcel {
  const parts: Buffer[] = [];
  const offsets: number[] = [];
  let size = 0;
  for (const item of items) {
    const isObject = item instanceof ObjectBytes;
    const part = isObject ? item.bytes : bytesOf(item);
    if (isObject) offsets.push(size);
    parts.push(part);
    size += part.length;
  }
  return { data: Buffer.concat(parts), offsets };
}
