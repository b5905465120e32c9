/**
 * The contents of a buffer: entries of its offsets, and the objects that they name. User space wrote these bytes, so every
 * read checks them and reports whether a whole object is there.
 */
import { BUG_GAP_OVER_OFFSETS, BUG_UNVERIFIED_PARENT, MISUSE_OFFSETS, MISUSE_UNVERIFIED } from '../abi/history';
import {
  BINDER_TYPE_BINDER,
  BINDER_TYPE_FD,
  BINDER_TYPE_FDA,
  BINDER_TYPE_HANDLE,
  BINDER_TYPE_PTR,
  BINDER_TYPE_WEAK_BINDER,
  BINDER_TYPE_WEAK_HANDLE,
} from '../abi/protocol';
import { BUFFER_OBJECT_SIZE, FD_ARRAY_OBJECT_SIZE, FD_OBJECT_SIZE, FLAT_OBJECT_SIZE } from '../abi/wire';
import { allocRead } from '../alloc/alloc';
import { Buffer, bufferOffsetsStart } from '../alloc/buffer';
import { bugOn, misuseNote } from '../history';
import { Space } from '../mem/space';
import { copyFromUser } from '../mem/uaccess';
import { Proc } from './objects';
import { BufferObject, FdArrayObject } from './records';

/** Bytes of a record that any object fits in. */
export const RECORD_SIZE: i32 = BUFFER_OBJECT_SIZE;

/** How every object begins. */
@unmanaged
export class ObjectHeader {
  type: u32;
}

/** An entry of the offsets. */
@unmanaged
export class OffsetEntry {
  offset: u64; // of an object, from the start of the data on
}

/** Size of the object that begins with `type`; 0 for an unknown type. */
function objectSize(type: u32): u32 {
  switch (type) {
    case BINDER_TYPE_BINDER:
    case BINDER_TYPE_WEAK_BINDER:
    case BINDER_TYPE_HANDLE:
    case BINDER_TYPE_WEAK_HANDLE:
      return FLAT_OBJECT_SIZE;
    case BINDER_TYPE_FD:
      return FD_OBJECT_SIZE;
    case BINDER_TYPE_PTR:
      return BUFFER_OBJECT_SIZE;
    case BINDER_TYPE_FDA:
      return FD_ARRAY_OBJECT_SIZE;
    default:
      return 0;
  }
}

/**
 * Reads the object at `offset` of a buffer's data into `record`. With a `sender` it reads the sender's memory, where the
 * data begins at `user`. Without one it reads the buffer. As in Linux it also reads the buffer when `user` is 0, and so
 * translates the bytes of an earlier message.
 * @returns the object's size, or 0 when no whole, 4-aligned object of a known type is there
 */
export function objectRead(
  proc: Proc,
  buffer: Buffer,
  offset: u64,
  record: usize,
  sender: Space | null,
  user: u64,
): u32 {
  assert(record != 0, 'objectRead: no record');
  assert(!buffer.free, 'objectRead: the buffer is free');
  const dataSize: u64 = buffer.dataSize;
  if (offset > dataSize || offset & 3) return 0;
  const size = <u32>min<u64>(RECORD_SIZE, dataSize - offset);
  if (size < offsetof<ObjectHeader>()) return 0;
  if (sender && user) {
    if (copyFromUser(sender, record, user + offset, size)) return 0;
  } else if (!allocRead(proc.alloc, buffer, offset, record, size)) {
    return 0;
  }
  const whole = objectSize(changetype<ObjectHeader>(record).type);
  return whole <= size ? whole : 0;
}

/**
 * The buffer object that entry `index` of the offsets names, read from the buffer into `record`; null unless index < limit.
 * `entry` gets its offset.
 */
export function parentRead(
  proc: Proc,
  buffer: Buffer,
  index: u64,
  limit: u64,
  entry: OffsetEntry,
  record: usize,
): BufferObject | null {
  assert(limit <= buffer.offsetsSize >>> 3, 'parentRead: the limit is beyond the offsets');
  if (index >= limit && !mayBeUnverified(buffer, index, limit)) return null;
  if (!offsetRead(proc, buffer, index, entry)) return null;
  if (!objectRead(proc, buffer, entry.offset, record, null, 0)) return null;
  return changetype<ObjectHeader>(record).type == BINDER_TYPE_PTR ? changetype<BufferObject>(record) : null;
}

/**
 * Whether an object that was not verified may be a parent: in a driver with CVE-2020-0041, which took the size of the verified
 * offsets, and multiplied it by that of one instead of dividing it. The entry may be behind the offsets.
 */
function mayBeUnverified(buffer: Buffer, index: u64, verified: u64): bool {
  if (!bugOn(BUG_UNVERIFIED_PARENT) || index >= verified * 64) return false;
  misuseNote(MISUSE_UNVERIFIED, changetype<usize>(buffer), <i32>index, <i32>verified);
  return true;
}

/** Whether the copy of what is before an object may go beyond the data: in a driver with CVE-2024-46740. */
export function mayOverwriteOffsets(buffer: Buffer, end: u64): bool {
  if (!bugOn(BUG_GAP_OVER_OFFSETS)) return false;
  misuseNote(MISUSE_OFFSETS, changetype<usize>(buffer), buffer.dataSize, <i32>end);
  return true;
}

/** Reads entry `index` of the offsets. False when that is not in the buffer. */
export function offsetRead(proc: Proc, buffer: Buffer, index: u64, entry: OffsetEntry): bool {
  return allocRead(proc.alloc, buffer, bufferOffsetsStart(buffer) + index * 8, changetype<usize>(entry), 8);
}

/** The number of descriptors of an array is beyond every size. */
export const ARRAY_ENDLESS = 1;
/** The descriptors of an array are not all inside its parent's bytes. */
const ARRAY_OUTSIDE = 2;

/** What is wrong with an array of descriptors in its parent's bytes: 0 or ARRAY_*. */
export function arrayFault(array: FdArrayObject, parent: BufferObject): i32 {
  const bytes = array.numFds * 4;
  if (array.numFds >= u64.MAX_VALUE / 4) return ARRAY_ENDLESS;
  return bytes <= parent.length && array.parentOffset <= parent.length - bytes ? 0 : ARRAY_OUTSIDE;
}
