/**
 * Objects on their way from one process to another. A binder becomes a handle of the receiver. A handle becomes the binder
 * again for the owner, and a handle for any other receiver. A descriptor becomes a file held until the receiver reads.
 * Every function works on a record that was read whole, and returns 0 or a negative errno.
 */
import { EBADF, EINVAL, ENOMEM, EPERM } from '../abi/errno';
import {
  EVENT_TRANSACTION_FD_SEND,
  EVENT_TRANSACTION_NODE_TO_REF,
  EVENT_TRANSACTION_REF_TO_NODE,
  EVENT_TRANSACTION_REF_TO_REF,
} from '../abi/events';
import {
  KLOG_BUFFER_TOO_LARGE,
  KLOG_COOKIE,
  KLOG_DEFERRED_COPY,
  KLOG_FD_INVALID,
  KLOG_FD_REFUSED,
  KLOG_FDA_ALIGNMENT,
  KLOG_FDA_NUMBER,
  KLOG_FDA_SPACE,
  KLOG_FIXUP_ORDER,
  KLOG_FIXUP_PARENT,
  KLOG_INVALID_HANDLE,
  KLOG_PARENT,
  KLOG_PARENT_OFFSET,
  KLOG_PARENT_SIZE,
  KLOG_TRANSLATE_FDA,
} from '../abi/klog';
import {
  BINDER_BUFFER_FLAG_HAS_PARENT,
  BINDER_TYPE_BINDER,
  BINDER_TYPE_HANDLE,
  BINDER_TYPE_WEAK_BINDER,
  BINDER_TYPE_WEAK_HANDLE,
  TF_ACCEPT_FDS,
} from '../abi/protocol';
import { allocUserAddress } from '../alloc/alloc';
import { align8, Buffer } from '../alloc/buffer';
import { poison, poisonBytes } from '../lib/poison';
import { Space } from '../mem/space';
import { copyFromUser } from '../mem/uaccess';
import { fdFile } from '../task/fdtable';
import { filePut } from '../task/file';
import { outsideTake } from '../task/outside';
import { Process } from '../task/process';
import { traceLong } from '../trace';
import { blame, userError } from './complaints';
import { ARRAY_ENDLESS, arrayFault, OffsetEntry, objectRead, offsetRead, parentRead, RECORD_SIZE } from './contents';
import { fixupAdd } from './fixups';
import { nodeCreate, nodeInc, nodeRelease } from './nodes';
import { BinderThread, Node, Proc, Ref, Transaction } from './objects';
import { BufferObject, FdArrayObject, FdObject, FlatObject } from './records';
import { refFind, refIncForNode, refNode } from './refs';
import { Scatter, scatterCopy, scatterFixup } from './scatter';

/** A transaction whose objects are being translated. */
@unmanaged
export class Translation extends Scatter {
  transaction: Transaction;
  buffer: Buffer;
  target: Proc;
  sender: BinderThread;
  process: Process; // whose descriptors and memory are meant: the acting thread's
  space: Space;
  inReplyTo: Transaction | null;
  user: u64; // where the sender's data begins
  scatter: u64; // next free byte of the extra space, as an offset in the buffer
  scatterEnd: u64;
  fixupObject: u64; // offset of the buffer object that was last handled or fixed up, 0 before
  fixupMin: u64; // first byte of it that may still be fixed up
}

@unmanaged
class Number {
  value: u32;
}

const number = changetype<Number>(memory.data(offsetof<Number>(), 4));
const parents: usize = memory.data(RECORD_SIZE, 8);
const senderParents: usize = memory.data(RECORD_SIZE, 8);
const parentEntry = changetype<OffsetEntry>(memory.data(offsetof<OffsetEntry>(), 8));
const ancestors: usize = memory.data(RECORD_SIZE, 8);
const ancestorEntry = changetype<OffsetEntry>(memory.data(offsetof<OffsetEntry>(), 8));

/** Poisons the records that were read for one object. */
export function translateForget(): void {
  poison(number);
  poisonBytes(parents, RECORD_SIZE);
  poisonBytes(senderParents, RECORD_SIZE);
  poison(parentEntry);
  poisonBytes(ancestors, RECORD_SIZE);
  poison(ancestorEntry);
}

/** BINDER and WEAK_BINDER: the receiver gets a handle of its own, and the sender's next read a request to hold the object. */
export function translateBinder(at: Translation, object: FlatObject): i32 {
  assert(at.target != at.sender.proc, 'translateBinder: the receiver is the sender');
  const node = nodeCreate(at.sender.proc, object.binder, object.cookie, object.flags);
  if (!node) return -ENOMEM;
  if (object.cookie != node.cookie) {
    const line = userError(KLOG_COOKIE, at.sender, object.binder, node.debugId, object.cookie);
    line.d = node.cookie;
    nodeRelease(node);
    return -EINVAL;
  }
  const strong = object.type == BINDER_TYPE_BINDER;
  const ref = refIncForNode(at.target, node, strong, at.sender);
  if (ref < 0) {
    nodeRelease(node);
    return ref;
  }
  const given = changetype<Ref>(ref);
  becomeHandle(object, strong, given.desc);
  traceLong(
    EVENT_TRANSACTION_NODE_TO_REF,
    at.transaction.debugId,
    node.debugId,
    <u32>node.ptr,
    <u32>(node.ptr >> 32),
    given.debugId,
    given.desc,
  );
  nodeRelease(node);
  return 0;
}

/** HANDLE and WEAK_HANDLE: the owner gets its own ptr and cookie back, anyone else a handle of its own. */
export function translateHandle(at: Translation, object: FlatObject): i32 {
  const sender = at.sender.proc;
  const strong = object.type == BINDER_TYPE_HANDLE;
  const node = refNode(sender, <u32>object.binder, strong);
  if (!node) return refuse(KLOG_INVALID_HANDLE, at, <u32>object.binder);
  const sourceId = refFind(sender, <u32>object.binder, strong)!.debugId;
  const sourceDesc = <u32>object.binder;
  let error = 0;
  if (node.proc == at.target) {
    object.type = strong ? BINDER_TYPE_BINDER : BINDER_TYPE_WEAK_BINDER;
    object.binder = node.ptr;
    object.cookie = node.cookie;
    nodeInc(node, strong, false, null);
    traceLong(
      EVENT_TRANSACTION_REF_TO_NODE,
      at.transaction.debugId,
      node.debugId,
      sourceId,
      sourceDesc,
      <u32>node.ptr,
      <u32>(node.ptr >> 32),
    );
  } else {
    const ref = refIncForNode(at.target, node, strong, null);
    if (ref < 0) {
      error = ref;
    } else {
      const given = changetype<Ref>(ref);
      becomeHandle(object, strong, given.desc);
      traceLong(
        EVENT_TRANSACTION_REF_TO_REF,
        at.transaction.debugId,
        node.debugId,
        sourceId,
        sourceDesc,
        given.debugId,
        given.desc,
      );
    }
  }
  nodeRelease(node);
  return error;
}

/** FD: the number in the buffer stays 0 until the receiver reads the message. */
export function translateFd(at: Translation, object: FdObject, offset: u64): i32 {
  const error = holdFile(at, <u32>object.fd, offset + offsetof<FdObject>('fd'));
  object.fd = 0;
  return error;
}

/** PTR: the bytes are queued for copying, the pointer is turned into the receiver's, and so is its copy in the parent. */
export function translatePtr(at: Translation, object: BufferObject, offset: u64, index: u64): i32 {
  const buffer = at.buffer;
  assert(at.scatter <= at.scatterEnd && (at.scatter & 7) == 0, 'translatePtr: the extra space is overrun');
  if (object.length > at.scatterEnd - at.scatter) return refuse(KLOG_BUFFER_TOO_LARGE, at);
  let error = scatterCopy(at, at.scatter, object.buffer, object.length);
  if (error) return blame(KLOG_DEFERRED_COPY, at.sender, error);
  object.buffer = allocUserAddress(at.target.alloc, buffer) + at.scatter;
  at.scatter += align8(object.length);
  if (object.flags & BINDER_BUFFER_FLAG_HAS_PARENT) {
    error = fixParent(at, object, index);
    if (error) return blame(KLOG_FIXUP_PARENT, at.sender, error);
  }
  at.fixupObject = offset;
  at.fixupMin = 0;
  return 0;
}

/** FDA: every number of an array inside a parent's bytes becomes a file in flight; the bytes are left for the receiver. */
export function translateFda(at: Translation, object: FdArrayObject, index: u64): i32 {
  const buffer = at.buffer;
  const parent = parentRead(at.target, buffer, object.parent, index, parentEntry, parents);
  if (!parent) return refuse(KLOG_PARENT, at);
  const parentOffset = parentEntry.offset;
  if (!mayFixUp(at, parentOffset, object.parentOffset)) return refuse(KLOG_FIXUP_ORDER, at);
  // The array is where the sender's own copy of the parent points.
  const size = objectRead(at.target, buffer, parentOffset, senderParents, at.space, at.user);
  if (size != offsetof<BufferObject>()) return refuse(KLOG_PARENT_SIZE, at, size, offsetof<BufferObject>());
  const error = holdArray(at, object, parent, changetype<BufferObject>(senderParents));
  if (error) return blame(KLOG_TRANSLATE_FDA, at.sender, error);
  at.fixupObject = parentOffset;
  at.fixupMin = object.parentOffset + object.numFds * 4;
  return 0;
}

function refuse(line: u32, at: Translation, a: u64 = 0, b: u64 = 0): i32 {
  userError(line, at.sender, a, b);
  return -EINVAL;
}

function becomeHandle(object: FlatObject, strong: bool, desc: u32): void {
  object.type = strong ? BINDER_TYPE_HANDLE : BINDER_TYPE_WEAK_HANDLE;
  object.binder = desc;
  object.cookie = 0;
}

/** Holds the sender's file `fd` for the receiver, whose number will be stored at `offset` in the buffer. */
function holdFile(at: Translation, fd: u32, offset: u64): i32 {
  const call = at.inReplyTo;
  const target = changetype<Node | null>(at.buffer.targetNode);
  assert(!call || !target, 'holdFile: a reply with a target');
  const accepted = call ? (call.flags & TF_ACCEPT_FDS) != 0 : target != null && target.acceptFds;
  if (!accepted) {
    userError(KLOG_FD_REFUSED, at.sender, call ? 1 : 0, fd);
    return -EPERM;
  }
  const own = fdFile(at.process, fd);
  const file = own || !at.space.foreign ? own : outsideTake(at.process, fd);
  if (!file) {
    userError(KLOG_FD_INVALID, at.sender, fd);
    return -EBADF;
  }
  const error = fixupAdd(at.transaction, file, <u32>offset);
  if (!own) filePut(file); // the message holds it
  if (error) return error;
  traceLong(EVENT_TRANSACTION_FD_SEND, at.transaction.debugId, fd, <u32>offset);
  return 0;
}

function holdArray(at: Translation, array: FdArrayObject, parent: BufferObject, senderParent: BufferObject): i32 {
  if (!array.numFds) return 0;
  const fault = arrayFault(array, parent);
  if (fault) return refuse(fault == ARRAY_ENDLESS ? KLOG_FDA_NUMBER : KLOG_FDA_SPACE, at, array.numFds);
  const offset = parent.buffer - allocUserAddress(at.target.alloc, at.buffer) + array.parentOffset;
  const source = senderParent.buffer + array.parentOffset;
  if (offset & 3 || source & 3) return refuse(KLOG_FDA_ALIGNMENT, at);
  let error = scatterFixup(at, offset, 0, array.numFds * 4);
  for (let index: u64 = 0; !error && index < array.numFds; index++) {
    if (copyFromUser(at.space, changetype<usize>(number), source + index * 4, 4)) return -EINVAL;
    error = holdFile(at, number.value, offset + index * 4);
  }
  return error;
}

/** Stores the pointer in the parent's bytes as well, which hold a copy of it. */
function fixParent(at: Translation, object: BufferObject, index: u64): i32 {
  const buffer = at.buffer;
  const parent = parentRead(at.target, buffer, object.parent, index, parentEntry, parents);
  if (!parent) return refuse(KLOG_PARENT, at);
  if (!mayFixUp(at, parentEntry.offset, object.parentOffset)) return refuse(KLOG_FIXUP_ORDER, at);
  if (parent.length < 8 || object.parentOffset > parent.length - 8) return refuse(KLOG_PARENT_OFFSET, at);
  const offset = object.parentOffset + parent.buffer - allocUserAddress(at.target.alloc, buffer);
  return scatterFixup(at, offset, object.buffer, 0);
}

/**
 * Whether the object at `object` may be fixed up at `offset` of its bytes. Fix-ups walk a tree of buffer objects in order. A
 * fix-up is in the object that was handled last or in one of its ancestors, after the last fix-up there. So a finished
 * branch stays finished. `a@8` has its pointer at byte 8 of its parent:
 *
 *     allowed          refused             refused
 *     a                a                   a
 *     ├─ b@0           ├─ b@8              ├─ b@0
 *     │  └─ c@0        └─ c@0              ├─ c@8
 *     └─ d@8                               └─ d@0 of b
 *     order a b c d    c is before b       b ended when c was handled
 *
 * An object at data offset 0 counts as no object, as in Linux.
 */
function mayFixUp(at: Translation, object: u64, offset: u64): bool {
  let last = at.fixupObject;
  let least = at.fixupMin;
  if (!last) return false;
  while (last != object) {
    const size = objectRead(at.target, at.buffer, last, ancestors, null, 0);
    const ancestor = changetype<BufferObject>(ancestors);
    if (size != offsetof<BufferObject>() || !(ancestor.flags & BINDER_BUFFER_FLAG_HAS_PARENT)) return false;
    least = ancestor.parentOffset + 8;
    if (!offsetRead(at.target, at.buffer, ancestor.parent, ancestorEntry)) return false;
    last = ancestorEntry.offset;
  }
  return offset >= least;
}
