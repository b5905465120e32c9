/**
 * The objects inside a transaction: binders, handles, descriptors, buffers. Encodes and decodes them.
 *
 *     data      ....[object].......[object]....        at multiples of 8
 *     offsets   offset of each object in the data      u64 each, rising
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import * as wire from '../../assembly/abi/wire.ts';
import { bigAt, setBig, setU64, u32At, u64At } from './endian.ts';

/** Bytes that are in user memory already. */
export interface Placed {
  address: number;
  length: number;
}

/** An object that a sender puts into a transaction. `at` is its offset in the data, usually a multiple of 8. */
export type ObjectInput = { at?: number } & (
  | {
      /** A node of the sender: `ptr` names it, `cookie` comes with every call to it. */
      type: 'binder' | 'weak-binder';
      ptr: bigint | number;
      cookie?: bigint | number;
      flags?: number;
    }
  | {
      /** A node of another process, named by the sender's handle. */
      type: 'handle' | 'weak-handle';
      handle: number;
      cookie?: bigint | number;
      flags?: number;
    }
  | { type: 'fd'; fd: number; cookie?: bigint | number }
  | {
      /** A buffer that is copied along (scatter-gather). */
      type: 'ptr';
      data: Uint8Array | Placed;
      flags?: number;
      /** Index of the buffer object that contains the pointer to this one, and the pointer's offset in it. */
      parent?: number;
      parentOffset?: number;
    }
  | {
      /** `count` descriptors (u32 each) inside the buffer of object number `parent`. */
      type: 'fda';
      count: number;
      parent: number;
      parentOffset?: number;
    }
);

/** A received object. */
export type ReceivedObject = { at: number } & (
  | { type: 'binder' | 'weak-binder'; ptr: bigint; cookie: bigint; flags: number }
  | { type: 'handle' | 'weak-handle'; handle: number; cookie: bigint; flags: number }
  | { type: 'fd'; fd: number; cookie: bigint }
  | { type: 'ptr'; address: number; length: number; flags: number; parent: number; parentOffset: number }
  | { type: 'fda'; count: number; parent: number; parentOffset: number }
  | { type: 'unknown'; word: number }
);

const TYPES = {
  binder: protocol.BINDER_TYPE_BINDER,
  'weak-binder': protocol.BINDER_TYPE_WEAK_BINDER,
  handle: protocol.BINDER_TYPE_HANDLE,
  'weak-handle': protocol.BINDER_TYPE_WEAK_HANDLE,
  fd: protocol.BINDER_TYPE_FD,
  ptr: protocol.BINDER_TYPE_PTR,
  fda: protocol.BINDER_TYPE_FDA,
} as const;

/** @returns The bytes that the object takes in the data. */
export function objectSize(object: ObjectInput): number {
  switch (object.type) {
    case 'ptr':
      return wire.BUFFER_OBJECT_SIZE;
    case 'fda':
      return wire.FD_ARRAY_OBJECT_SIZE;
    case 'fd':
      return wire.FD_OBJECT_SIZE;
    default:
      return wire.FLAT_OBJECT_SIZE;
  }
}

/**
 * Stores an object over zeroed bytes.
 *
 * @param buffer User address of the bytes of a `ptr` object; unused for other types.
 */
export function storeObject(view: DataView, at: number, object: ObjectInput, buffer: number): void {
  view.setUint32(at + wire.OBJECT_TYPE, TYPES[object.type], true);
  switch (object.type) {
    case 'binder':
    case 'weak-binder':
    case 'handle':
    case 'weak-handle':
      view.setUint32(at + wire.OBJECT_FLAGS, object.flags ?? 0, true);
      setBig(view, at + wire.FLAT_OBJECT_HANDLE, 'ptr' in object ? object.ptr : object.handle);
      setBig(view, at + wire.FLAT_OBJECT_COOKIE, object.cookie ?? 0);
      break;
    case 'fd':
      view.setUint32(at + wire.FD_OBJECT_FD, object.fd, true);
      setBig(view, at + wire.FD_OBJECT_COOKIE, object.cookie ?? 0);
      break;
    case 'ptr': {
      const parentFlag = object.parent === undefined ? 0 : protocol.BINDER_BUFFER_FLAG_HAS_PARENT;
      view.setUint32(at + wire.OBJECT_FLAGS, object.flags ?? parentFlag, true);
      setU64(view, at + wire.BUFFER_OBJECT_BUFFER, buffer);
      setU64(view, at + wire.BUFFER_OBJECT_LENGTH, object.data.length);
      setU64(view, at + wire.BUFFER_OBJECT_PARENT, object.parent ?? 0);
      setU64(view, at + wire.BUFFER_OBJECT_PARENT_OFFSET, object.parentOffset ?? 0);
      break;
    }
    case 'fda':
      setU64(view, at + wire.FD_ARRAY_OBJECT_NUM_FDS, object.count);
      setU64(view, at + wire.FD_ARRAY_OBJECT_PARENT, object.parent);
      setU64(view, at + wire.FD_ARRAY_OBJECT_PARENT_OFFSET, object.parentOffset ?? 0);
      break;
  }
}

/**
 * The objects of a received transaction.
 *
 * @param offsets The received offsets array: u64 each.
 */
export function objectsOf(data: Uint8Array, offsets: Uint8Array): ReceivedObject[] {
  const objects: ReceivedObject[] = [];
  for (let i = 0; i + 8 <= offsets.length; i += 8) objects.push(objectAt(data, u64At(offsets, i)));
  return objects;
}

function objectAt(data: Uint8Array, at: number): ReceivedObject {
  const word = u32At(data, at + wire.OBJECT_TYPE);
  const flags = u32At(data, at + wire.OBJECT_FLAGS);
  switch (word) {
    case protocol.BINDER_TYPE_BINDER:
    case protocol.BINDER_TYPE_WEAK_BINDER:
      return {
        at,
        type: word === protocol.BINDER_TYPE_BINDER ? 'binder' : 'weak-binder',
        ptr: bigAt(data, at + wire.FLAT_OBJECT_HANDLE),
        cookie: bigAt(data, at + wire.FLAT_OBJECT_COOKIE),
        flags,
      };
    case protocol.BINDER_TYPE_HANDLE:
    case protocol.BINDER_TYPE_WEAK_HANDLE:
      return {
        at,
        type: word === protocol.BINDER_TYPE_HANDLE ? 'handle' : 'weak-handle',
        handle: u32At(data, at + wire.FLAT_OBJECT_HANDLE),
        cookie: bigAt(data, at + wire.FLAT_OBJECT_COOKIE),
        flags,
      };
    case protocol.BINDER_TYPE_FD:
      return {
        at,
        type: 'fd',
        fd: u32At(data, at + wire.FD_OBJECT_FD),
        cookie: bigAt(data, at + wire.FD_OBJECT_COOKIE),
      };
    case protocol.BINDER_TYPE_PTR:
      return {
        at,
        type: 'ptr',
        address: u64At(data, at + wire.BUFFER_OBJECT_BUFFER),
        length: u64At(data, at + wire.BUFFER_OBJECT_LENGTH),
        flags,
        parent: u64At(data, at + wire.BUFFER_OBJECT_PARENT),
        parentOffset: u64At(data, at + wire.BUFFER_OBJECT_PARENT_OFFSET),
      };
    case protocol.BINDER_TYPE_FDA:
      return {
        at,
        type: 'fda',
        count: u64At(data, at + wire.FD_ARRAY_OBJECT_NUM_FDS),
        parent: u64At(data, at + wire.FD_ARRAY_OBJECT_PARENT),
        parentOffset: u64At(data, at + wire.FD_ARRAY_OBJECT_PARENT_OFFSET),
      };
    default:
      return { at, type: 'unknown', word };
  }
}
