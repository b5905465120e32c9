/**
 * BC_TRANSACTION and BC_REPLY: from a decoded record to a message in the receiver's mapping and an entry in its queue.
 *
 *     route    who gets it (driver/route)
 *     fill     reserve a buffer in the receiver's mapping; copy data and offsets; translate objects
 *     queue    put it where the receiver finds it, and tell the sender it went out
 *
 * A step that fails undoes what came before, in this file, and the sender (of a failed reply: the caller) gets one BR_ word.
 */
import { EFAULT, EINVAL, ENOMEM, ESRCH } from '../abi/errno';
import { EVENT_TRANSACTION, EVENT_TRANSACTION_ALLOC_BUF, EVENT_TRANSACTION_FAILED_BUFFER_RELEASE } from '../abi/events';
import { CACHE_BINDER_TRANSACTION, CACHE_BINDER_WORK } from '../abi/machine';
import {
  BINDER_TYPE_BINDER,
  BINDER_TYPE_FD,
  BINDER_TYPE_FDA,
  BINDER_TYPE_HANDLE,
  BINDER_TYPE_PTR,
  BINDER_TYPE_WEAK_BINDER,
  BINDER_TYPE_WEAK_HANDLE,
  BR_DEAD_REPLY,
  BR_FAILED_REPLY,
  BR_OK,
  BR_TRANSACTION_COMPLETE,
  BR_TRANSACTION_PENDING_FROZEN,
  TF_CLEAR_BUF,
  TF_ONE_WAY,
} from '../abi/protocol';
import { allocCopyFromUser, allocFree, allocReserve, allocUserAddress, allocWrite } from '../alloc/alloc';
import { align8, Buffer, bufferOffsetsStart } from '../alloc/buffer';
import { listInit } from '../lib/list';
import { poison, poisonBytes } from '../lib/poison';
import { kmemAlloc, kmemFree } from '../mem/kmem';
import { Process, Thread } from '../task/process';
import { secctxBytes } from '../task/secctx';
import { trace, tracing } from '../trace';
import { ObjectHeader, OffsetEntry, objectRead, offsetRead, RECORD_SIZE } from './contents';
import { deliver } from './delivery';
import { fixupsDrop } from './fixups';
import { binderThreadRelease, procRelease } from './tmprefs';
import { nodeDec, nodeRelease } from './nodes';
import {
  BinderThread,
  binderThreadReturnError,
  Node,
  Proc,
  Transaction,
  transactionFixups,
  Work,
  WORK_TRANSACTION,
  WORK_TRANSACTION_COMPLETE,
  WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT,
  WORK_TRANSACTION_PENDING,
} from './objects';
import { BufferObject, FdArrayObject, FdObject, FlatObject, TransactionRecord } from './records';
import { bufferReleaseObjects, traceBuffer } from './release';
import { route, routeCall, routeEnd, routeFail, routeReply, routeStart } from './route';
import { scatterDrop, scatterRun } from './scatter';
import { stackFail, stackPop, traceLatency, transactionFree } from './stack';
import {
  LogEntry,
  logAdd,
  logAddFailed,
  nextId,
  STAT_TRANSACTION,
  STAT_TRANSACTION_COMPLETE,
  statCreated,
  statDeleted,
} from './state';
import {
  Translation,
  translateBinder,
  translateFd,
  translateFda,
  translateForget,
  translateHandle,
  translatePtr,
} from './translate';
import { binderThreadWake, workAddDeferred, workAddThread, workInit, workRemove } from './work';

const translation = changetype<Translation>(memory.data(offsetof<Translation>(), 8));
const entry = changetype<OffsetEntry>(memory.data(offsetof<OffsetEntry>(), 8));
const object: usize = memory.data(RECORD_SIZE, 8);

/** Carries out a BC_TRANSACTION or BC_REPLY of `thread`; its outcome is queued as work, never an errno. */
export function transact(
  thread: Thread,
  binderThread: BinderThread,
  record: TransactionRecord,
  reply: bool,
  extraSize: u64,
): void {
  const id = nextId();
  const entry = logStart(id, binderThread, record, reply);
  routeStart(thread, binderThread, id);
  setExtendedError(binderThread, id, BR_OK, 0);

  const found = reply ? routeReply() : routeCall(record);
  const node = route.node;
  const addressee = route.addressee;
  const proc = route.proc;
  entry.toNode = route.nodeId;
  entry.toProc = found ? proc!.pid : 0;
  entry.toThread = found && addressee ? addressee.tid : 0;
  if (found && send(record, reply, extraSize)) {
    finish(entry, node, addressee, proc, 0, 0);
  } else {
    // A transaction that had a buffer gave the node's strong reference back with it.
    const held = route.node;
    if (held) nodeDec(held, true, false);
    finish(entry, node, addressee, proc, route.error, route.param);
    logAddFailed(entry);
    tellFailure();
  }
  routeEnd();
}

/** Sets what BINDER_GET_EXTENDED_ERROR will answer. */
export function setExtendedError(binderThread: BinderThread, id: i32, command: u32, param: i32): void {
  binderThread.errorId = id;
  binderThread.errorCommand = command;
  binderThread.errorParam = param;
}

/** Logs what is known from the start. */
function logStart(id: i32, binderThread: BinderThread, record: TransactionRecord, reply: bool): LogEntry {
  const entry = logAdd();
  entry.debugId = id;
  entry.callType = reply ? 2 : record.flags & TF_ONE_WAY ? 1 : 0;
  entry.fromProc = binderThread.proc.pid;
  entry.fromThread = binderThread.tid;
  entry.targetHandle = <u32>record.target;
  entry.device = binderThread.proc.device;
  entry.dataSize = record.dataSize;
  entry.offsetsSize = record.offsetsSize;
  return entry;
}

/** Lets go of what the route held, and logs how it ended. */
function finish(
  entry: LogEntry,
  node: Node | null,
  addressee: BinderThread | null,
  proc: Proc | null,
  error: u32,
  param: i32,
): void {
  if (addressee) binderThreadRelease(addressee);
  if (node) nodeRelease(node);
  if (proc) procRelease(proc);
  entry.debugIdDone = entry.debugId;
  entry.returnError = error;
  entry.returnErrorParam = param;
}

/** The sender's last word: for a reply the failure is the caller's, and the sender only hears that it is done. */
function tellFailure(): void {
  const binderThread = route.binderThread;
  const call = route.inReplyTo;
  const error = binderThreadReturnError(binderThread);
  if (call) {
    const caller = call.from;
    if (caller && caller.errorCommand == BR_OK) setExtendedError(caller, route.id, route.error, route.param);
    error.command = BR_TRANSACTION_COMPLETE;
    workAddThread(binderThread, error);
    stackFail(call, route.error);
  } else {
    setExtendedError(binderThread, route.id, route.error, route.param);
    error.command = route.error;
    workAddThread(binderThread, error);
  }
}

/** Makes the transaction for a route that was found. True when it is queued; otherwise nothing of it is left. */
function send(record: TransactionRecord, reply: bool, extraSize: u64): bool {
  const transactionAddress = kmemAlloc(CACHE_BINDER_TRANSACTION);
  if (!transactionAddress) return routeFail(BR_FAILED_REPLY, -ENOMEM);
  const completeAddress = kmemAlloc(CACHE_BINDER_WORK);
  if (!completeAddress) {
    kmemFree(CACHE_BINDER_TRANSACTION, transactionAddress);
    return routeFail(BR_FAILED_REPLY, -ENOMEM);
  }
  statCreated(STAT_TRANSACTION);
  statCreated(STAT_TRANSACTION_COMPLETE);
  const transaction = changetype<Transaction>(transactionAddress);
  const complete = changetype<Work>(completeAddress);
  describe(transaction, record, reply);
  workInit(complete, WORK_TRANSACTION_COMPLETE);

  const buffer = reserve(transaction, record, reply, extraSize);
  if (buffer) {
    const filled = fill(transaction, buffer, record);
    if (filled >= 0) {
      if (buffer.spamSuspect) complete.type = WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT;
      const queued = reply ? queueReply(transaction, complete) : queueCall(transaction, complete, buffer);
      if (queued) return true;
      workRemove(complete);
    }
    abort(transaction, buffer, filled < 0 ? ~filled : filled);
  }
  traceLatency(transaction);
  kmemFree(CACHE_BINDER_WORK, completeAddress);
  statDeleted(STAT_TRANSACTION_COMPLETE);
  kmemFree(CACHE_BINDER_TRANSACTION, transactionAddress);
  statDeleted(STAT_TRANSACTION);
  return false;
}

/** Sets every field of an object that may hold anything. */
function describe(transaction: Transaction, record: TransactionRecord, reply: bool): void {
  const binderThread = route.binderThread;
  workInit(transaction, WORK_TRANSACTION);
  listInit(transactionFixups(transaction));
  transaction.debugId = route.id;
  transaction.from = reply || record.flags & TF_ONE_WAY ? null : binderThread;
  transaction.fromPid = binderThread.proc.pid;
  transaction.fromTid = binderThread.tid;
  transaction.senderEuid = binderThread.proc.process.uid;
  transaction.toProc = route.proc;
  transaction.toThread = route.addressee;
  transaction.code = record.code;
  transaction.flags = record.flags;
  transaction.priority = route.thread.nice;
  transaction.savedPriority = 0;
  transaction.fromParent = null;
  transaction.toParent = null;
  transaction.buffer = null;
  transaction.securityCtx = 0;
  transaction.needReply = false;
}

/** A buffer in the receiver's mapping, with the sender's security context in it when the node wants that; null on failure. */
function reserve(transaction: Transaction, record: TransactionRecord, reply: bool, extraSize: u64): Buffer | null {
  const proc = route.proc!;
  const node = route.node;
  const secctx = route.binderThread.proc.secctx;
  let context: u64 = 0;
  if (node && node.txnSecurityCtx) {
    if (!secctx) {
      routeFail(BR_FAILED_REPLY, -EINVAL);
      return null;
    }
    context = align8(secctx.size);
    if (extraSize + context < context) {
      routeFail(BR_FAILED_REPLY, -EINVAL);
      return null;
    }
  }
  route.contextSize = context;
  if (tracing()) traceStart(transaction, reply);
  const isAsync = !reply && (record.flags & TF_ONE_WAY) != 0;
  const reserved = allocReserve(
    proc.alloc,
    record.dataSize,
    record.offsetsSize,
    extraSize + context,
    isAsync,
    route.thread.process.pid,
  );
  if (reserved < 0) {
    routeFail(reserved == -ESRCH ? BR_DEAD_REPLY : BR_FAILED_REPLY, reserved);
    return null;
  }
  const buffer = changetype<Buffer>(reserved);
  if (context && secctx) {
    const offset = align8(record.dataSize) + align8(record.offsetsSize) + align8(extraSize + context) - context;
    transaction.securityCtx = allocUserAddress(proc.alloc, buffer) + offset;
    if (!allocWrite(proc.alloc, buffer, offset, secctxBytes(secctx), secctx.size)) {
      allocFree(proc.alloc, buffer);
      routeFail(BR_FAILED_REPLY, -ENOMEM);
      return null;
    }
  }
  buffer.debugId = transaction.debugId;
  buffer.transaction = changetype<usize>(transaction);
  buffer.targetNode = changetype<usize>(node);
  buffer.clearOnFree = (transaction.flags & TF_CLEAR_BUF) != 0;
  transaction.buffer = buffer;
  traceBuffer(EVENT_TRANSACTION_ALLOC_BUF, buffer);
  return buffer;
}

/**
 * Copies data and offsets into the buffer and translates the objects.
 * How many objects were translated, and hold something: n when all went well, ~n when something failed behind the first n.
 */
function fill(transaction: Transaction, buffer: Buffer, record: TransactionRecord): i32 {
  if (record.offsetsSize || buffer.extraSize) return fillObjects(transaction, buffer, record);
  return fillData(buffer, record, 0) ? 0 : ~0;
}

/** Copies the data from offset `from` on. */
function fillData(buffer: Buffer, record: TransactionRecord, from: u64): bool {
  const space = route.thread.process.space!;
  const rest = record.dataSize - from;
  const copied = allocCopyFromUser(route.proc!.alloc, buffer, from, space, record.buffer + from, rest);
  return copied || routeFail(BR_FAILED_REPLY, -EFAULT);
}

/** The same for a message with offsets or extra space. */
function fillObjects(transaction: Transaction, buffer: Buffer, record: TransactionRecord): i32 {
  const start: u64 = bufferOffsetsStart(buffer);
  const space = route.thread.process.space!;
  if (!allocCopyFromUser(route.proc!.alloc, buffer, start, space, record.offsets, record.offsetsSize))
    return failBehind(0, -EFAULT);
  if (record.offsetsSize & 7 || buffer.extraSize & 7) return failBehind(0, -EINVAL);
  prepare(transaction, buffer, record, align8(start + record.offsetsSize));
  const filled = fillAround(buffer, record, <i32>(record.offsetsSize >>> 3));
  poison(translation);
  poison(entry);
  poisonBytes(object, RECORD_SIZE);
  return filled;
}

/** Goes from object to object: copies what lies before each, and translates it. At the end the rest of the data, and what is scattered. */
function fillAround(buffer: Buffer, record: TransactionRecord, count: i32): i32 {
  const proc = route.proc!;
  const space = route.thread.process.space!;
  let copied: u64 = 0;
  for (let index = 0; index < count; index++) {
    const within = offsetRead(proc, buffer, index, entry);
    assert(within, 'fillAround: an offset lies outside of its buffer');
    const offset = entry.offset;
    const gap = offset - copied;
    if (gap) {
      if (copied > offset || offset > record.dataSize) return failBehind(index, -EFAULT);
      if (!allocCopyFromUser(proc.alloc, buffer, copied, space, record.buffer + copied, gap))
        return failBehind(index, -EFAULT);
    }
    const size = objectRead(proc, buffer, offset, object, space, record.buffer);
    if (!size || offset < copied) return failBehind(index, -EINVAL);
    copied = offset + size;
    const error = translate(offset, index);
    if (error) return failBehind(index, error);
    // Linux reports 0 when the record does not fit any more; it always does, for it was read from there.
    if (!allocWrite(proc.alloc, buffer, offset, object, size)) return failBehind(index, 0);
  }
  if (!fillData(buffer, record, copied)) return ~count;
  const error = scatterRun(proc, buffer, space);
  return error ? failBehind(count, error) : count;
}

/** Says what the sender will hear, and that the first `count` objects hold something. */
function failBehind(count: i32, param: i32): i32 {
  routeFail(BR_FAILED_REPLY, param);
  return ~count;
}

function prepare(transaction: Transaction, buffer: Buffer, record: TransactionRecord, scatter: u64): void {
  const process: Process = route.thread.process;
  translation.transaction = transaction;
  translation.buffer = buffer;
  translation.target = route.proc!;
  translation.binderThread = route.binderThread;
  translation.process = process;
  translation.space = process.space!;
  translation.inReplyTo = route.inReplyTo;
  translation.user = record.buffer;
  translation.scatter = scatter;
  translation.scatterEnd = scatter + buffer.extraSize - route.contextSize;
  translation.fixupObject = 0;
  translation.fixupMin = 0;
}

/** Translates the object in `object`, which lies at `offset` and is entry `index` of the offsets. 0 or a negative errno. */
function translate(offset: u64, index: i32): i32 {
  const error = translateByType(offset, index);
  translateForget();
  return error;
}

function translateByType(offset: u64, index: i32): i32 {
  switch (changetype<ObjectHeader>(object).type) {
    case BINDER_TYPE_BINDER:
    case BINDER_TYPE_WEAK_BINDER:
      return translateBinder(translation, changetype<FlatObject>(object));
    case BINDER_TYPE_HANDLE:
    case BINDER_TYPE_WEAK_HANDLE:
      return translateHandle(translation, changetype<FlatObject>(object));
    case BINDER_TYPE_FD:
      return translateFd(translation, changetype<FdObject>(object), offset);
    case BINDER_TYPE_FDA:
      return translateFda(translation, changetype<FdArrayObject>(object), index);
    case BINDER_TYPE_PTR:
      return translatePtr(translation, changetype<BufferObject>(object), offset, index);
    default:
      return -EINVAL;
  }
}

/** The caller's wait ends; the call it made is over. */
function queueReply(transaction: Transaction, complete: Work): bool {
  const caller = route.addressee!;
  const call = route.inReplyTo!;
  workAddThread(route.binderThread, complete);
  if (caller.isDead) return routeFail(BR_DEAD_REPLY, 0);
  stackPop(caller, call);
  workAddThread(caller, transaction);
  caller.proc.outstandingTxns++;
  binderThreadWake(caller);
  transactionFree(call);
  return true;
}

/** A caller is told that its call went out only together with the reply; the sender of a oneway at its next read. */
function queueCall(transaction: Transaction, complete: Work, buffer: Buffer): bool {
  const binderThread = route.binderThread;
  const oneway = (transaction.flags & TF_ONE_WAY) != 0;
  if (!oneway) {
    workAddDeferred(binderThread, complete);
    transaction.needReply = true;
    transaction.fromParent = binderThread.stack;
    binderThread.stack = transaction;
  }
  const error = deliver(transaction, buffer, route.node!, route.proc!, route.addressee);
  if (oneway) {
    if (error == BR_TRANSACTION_PENDING_FROZEN) complete.type = WORK_TRANSACTION_PENDING;
    workAddThread(binderThread, complete);
    return !error || error == BR_TRANSACTION_PENDING_FROZEN ? true : routeFail(error, 0);
  }
  if (!error) return true;
  stackPop(binderThread, transaction);
  return routeFail(error, 0);
}

/** Undoes reserve and fill, which has translated `count` objects. The buffer gives the node's strong reference back. */
function abort(transaction: Transaction, buffer: Buffer, count: i32): void {
  const proc = route.proc!;
  scatterDrop();
  fixupsDrop(transaction);
  traceBuffer(EVENT_TRANSACTION_FAILED_BUFFER_RELEASE, buffer);
  bufferReleaseObjects(proc, null, buffer, count, true);
  route.node = null;
  buffer.transaction = 0;
  allocFree(proc.alloc, buffer);
}

function traceStart(transaction: Transaction, reply: bool): void {
  const node = route.node;
  const addressee = route.addressee;
  trace(
    EVENT_TRANSACTION,
    transaction.debugId,
    node ? node.debugId : 0,
    route.proc!.pid,
    addressee ? addressee.tid : 0,
    reply ? 1 : 0,
    transaction.flags,
    transaction.code,
  );
}
