/**
 * The release of what the objects in a buffer hold, when the buffer is freed: references of binders and handles, and
 * descriptors of arrays, if the receiver had got them.
 */
import { EVENT_TRANSACTION_BUFFER_RELEASE } from '../abi/events';
import {
  KLOG_RELEASE_HANDLE,
  KLOG_RELEASE_NODE,
  KLOG_RELEASE_NUMBER,
  KLOG_RELEASE_OBJECT,
  KLOG_RELEASE_PARENT,
  KLOG_RELEASE_SPACE,
} from '../abi/klog';
import {
  BINDER_TYPE_BINDER,
  BINDER_TYPE_FDA,
  BINDER_TYPE_HANDLE,
  BINDER_TYPE_WEAK_BINDER,
  BINDER_TYPE_WEAK_HANDLE,
} from '../abi/protocol';
import { allocFree, allocRead, allocUserAddress } from '../alloc/alloc';
import { Buffer } from '../alloc/buffer';
import { klog } from '../klog';
import { poison, poisonBytes } from '../lib/poison';
import { current } from '../task/current';
import { fdClose } from '../task/fdtable';
import { outsideClose } from '../task/outside';
import { recordLong, tracing } from '../trace';
import {
  ARRAY_ENDLESS,
  arrayFault,
  ObjectHeader,
  OffsetEntry,
  objectRead,
  offsetRead,
  parentRead,
  RECORD_SIZE,
} from './contents';
import { nodeDec, nodeFind, nodeRelease } from './nodes';
import { BinderThread, Node, nodeAsyncTodo, Proc, Transaction } from './objects';
import { FdArrayObject, FlatObject } from './records';
import { refDecForDesc } from './refs';
import { workAddProc, workTake } from './work';

@unmanaged
class Scratch {
  fd: u32;
}

const scratch = changetype<Scratch>(memory.data(offsetof<Scratch>(), 4));
const entry = changetype<OffsetEntry>(memory.data(offsetof<OffsetEntry>(), 8));
const releasing: usize = memory.data(RECORD_SIZE, 8);
const parentEntry = changetype<OffsetEntry>(memory.data(offsetof<OffsetEntry>(), 8));
const parents: usize = memory.data(RECORD_SIZE, 8);

/**
 * Gives back what the buffer's target and its first `count` objects hold. `binderThread` is the reader whose descriptors are
 * closed; `undelivered` when the receiver never had them.
 */
export function bufferReleaseObjects(
  proc: Proc,
  binderThread: BinderThread | null,
  buffer: Buffer,
  count: i32,
  undelivered: bool,
): void {
  assert(count >= 0 && <u32>count <= buffer.offsetsSize >>> 3, 'bufferReleaseObjects: more objects than offsets');
  const target = changetype<Node | null>(buffer.targetNode);
  if (target) nodeDec(target, true, false);
  for (let index = 0; index < count; index++) {
    if (!offsetRead(proc, buffer, index, entry) || !objectRead(proc, buffer, entry.offset, releasing, null, 0)) {
      klog(KLOG_RELEASE_OBJECT, 0, 0, buffer.debugId, entry.offset, buffer.dataSize);
      continue;
    }
    const type = changetype<ObjectHeader>(releasing).type;
    if (type == BINDER_TYPE_BINDER || type == BINDER_TYPE_WEAK_BINDER) {
      const ptr = changetype<FlatObject>(releasing).binder;
      const node = nodeFind(proc, ptr);
      if (!node) {
        klog(KLOG_RELEASE_NODE, 0, 0, buffer.debugId, ptr);
        continue;
      }
      nodeDec(node, type == BINDER_TYPE_BINDER, false);
      nodeRelease(node);
    } else if (type == BINDER_TYPE_HANDLE || type == BINDER_TYPE_WEAK_HANDLE) {
      const desc = <u32>changetype<FlatObject>(releasing).binder;
      const error = refDecForDesc(proc, desc, type == BINDER_TYPE_HANDLE);
      if (error) klog(KLOG_RELEASE_HANDLE, 0, 0, buffer.debugId, desc, error);
    } else if (type == BINDER_TYPE_FDA && !undelivered) {
      closeArray(proc, binderThread, buffer, changetype<FdArrayObject>(releasing), index);
    }
  }
  poison(entry);
  poisonBytes(releasing, RECORD_SIZE);
}

/** Gives back what all objects of a buffer hold. */
export function bufferReleaseAll(
  proc: Proc,
  binderThread: BinderThread | null,
  buffer: Buffer,
  undelivered: bool,
): void {
  bufferReleaseObjects(proc, binderThread, buffer, <i32>(buffer.offsetsSize >>> 3), undelivered);
}

/** The receiver is done with a buffer: the node's next oneway may come, what the objects hold goes, the bytes are free. */
export function bufferFree(proc: Proc, binderThread: BinderThread | null, buffer: Buffer, undelivered: bool): void {
  const transaction = changetype<Transaction | null>(buffer.transaction);
  if (transaction) {
    transaction.buffer = null;
    buffer.transaction = 0;
  }
  const node = changetype<Node | null>(buffer.targetNode);
  if (buffer.isAsync && node) {
    assert(node.hasAsyncTransaction, 'bufferFree: node has no oneway under way');
    const next = workTake(nodeAsyncTodo(node));
    if (next) workAddProc(proc, next);
    else node.hasAsyncTransaction = false;
  }
  traceBuffer(EVENT_TRANSACTION_BUFFER_RELEASE, buffer);
  bufferReleaseAll(proc, binderThread, buffer, undelivered);
  allocFree(proc.alloc, buffer);
}

export function traceBuffer(event: u32, buffer: Buffer): void {
  if (tracing()) recordLong(event, buffer.debugId, buffer.dataSize, buffer.offsetsSize, buffer.extraSize);
}

/** Closes the descriptors of an array that the receiver got; its next read returns at once, to let that take effect. */
function closeArray(
  proc: Proc,
  binderThread: BinderThread | null,
  buffer: Buffer,
  array: FdArrayObject,
  limit: u64,
): void {
  const parent = parentRead(proc, buffer, array.parent, limit, parentEntry, parents);
  if (!parent) {
    klog(KLOG_RELEASE_PARENT, 0, 0, buffer.debugId);
    return;
  }
  const fault = arrayFault(array, parent);
  if (fault) {
    klog(fault == ARRAY_ENDLESS ? KLOG_RELEASE_NUMBER : KLOG_RELEASE_SPACE, 0, 0, buffer.debugId, array.numFds);
    return;
  }
  const start = parent.buffer - allocUserAddress(proc.alloc, buffer) + array.parentOffset;
  const acting = current();
  for (let index: u64 = 0; index < array.numFds; index++) {
    if (!allocRead(proc.alloc, buffer, start + index * 4, changetype<usize>(scratch), 4)) continue;
    if (acting && fdClose(acting.process, scratch.fd) && acting.process.space!.foreign) {
      outsideClose(acting.process, scratch.fd);
    }
    if (binderThread) binderThread.needReturn = true;
  }
  poison(scratch);
  poison(parentEntry);
  poisonBytes(parents, RECORD_SIZE);
}
