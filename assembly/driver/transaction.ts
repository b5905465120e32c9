/**
 * BC_TRANSACTION and BC_REPLY: from a decoded record to a message in the receiver's mapping and an entry in its queue.
 *
 *     route    who gets it (driver/route)
 *     fill     reserve a buffer in the receiver's mapping; copy data and offsets; translate objects
 *     queue    put it where the receiver finds it, and confirm it to the sender
 *
 * A step that fails undoes the steps before it, and the sender (of a failed reply: the caller) gets one BR_ word.
 */
import { EFAULT, EINVAL, ENOMEM, ESRCH } from '../abi/errno';
import { EVENT_TRANSACTION, EVENT_TRANSACTION_ALLOC_BUF, EVENT_TRANSACTION_FAILED_BUFFER_RELEASE } from '../abi/events';
import {
  CALL_TYPE_ASYNC,
  CALL_TYPE_REPLY,
  CALL_TYPE_SYNC,
  KLOG_DATA_POINTER,
  KLOG_EXTRA_OVERFLOW,
  KLOG_EXTRA_SIZE,
  KLOG_NO_BUFFER,
  KLOG_NO_SECCTX,
  KLOG_NO_TRANSACTION,
  KLOG_NO_WORK,
  KLOG_NOT_QUEUED,
  KLOG_OFFSET,
  KLOG_OFFSETS_POINTER,
  KLOG_OFFSETS_SIZE,
  KLOG_TRANSACTION_FAILED,
  KLOG_TRANSLATE_BINDER,
  KLOG_TRANSLATE_FD,
  KLOG_TRANSLATE_HANDLE,
} from '../abi/klog';
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
  BR_FROZEN_REPLY,
  BR_OK,
  BR_TRANSACTION_COMPLETE,
  BR_TRANSACTION_PENDING_FROZEN,
  TF_CLEAR_BUF,
  TF_ONE_WAY,
} from '../abi/protocol';
import { allocCopyFromUser, allocFree, allocReserve, allocUserAddress, allocWrite } from '../alloc/alloc';
import { align8, Buffer, bufferOffsetsStart } from '../alloc/buffer';
import { klog } from '../klog';
import { listInit } from '../lib/list';
import { poison, poisonBytes } from '../lib/poison';
import { kmemAlloc, kmemFree } from '../mem/kmem';
import { Thread } from '../task/process';
import { secctxBytes } from '../task/secctx';
import { recordLong, tracing } from '../trace';
import { blame, userError } from './complaints';
import { mayOverwriteOffsets, ObjectHeader, OffsetEntry, objectRead, offsetRead, RECORD_SIZE } from './contents';
import { deliver } from './delivery';
import { fixupsDrop } from './fixups';
import {
  BinderThread,
  binderThreadReturnError,
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
import {
  RouteFailure,
  failure,
  failureParam,
  failureWord,
  Route,
  routeCall,
  routeRelease,
  routeReply,
  routeStart,
} from './route';
import { scatterDrop, scatterInit, scatterRun } from './scatter';
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

const route = changetype<Route>(memory.data(offsetof<Route>(), 8));
const translation = changetype<Translation>(memory.data(offsetof<Translation>(), 8));
const entry = changetype<OffsetEntry>(memory.data(offsetof<OffsetEntry>(), 8));
const object: usize = memory.data(RECORD_SIZE, 8);

/** Carries out a BC_TRANSACTION or BC_REPLY of `thread`. Its outcome is queued as work, and never an errno. */
export function transact(
  thread: Thread,
  sender: BinderThread,
  record: TransactionRecord,
  reply: bool,
  extraSize: u64,
): void {
  const id = nextId();
  const entry = logStart(id, sender, record, reply);
  routeStart(route, thread, sender, id);
  setExtendedError(sender, id, BR_OK, 0);

  let failed = reply ? routeReply(route) : routeCall(route, record);
  const proc = route.proc;
  const addressee = route.addressee;
  entry.toNode = route.nodeId;
  entry.toProc = !failed && proc ? proc.pid : 0;
  entry.toThread = !failed && addressee ? addressee.tid : 0;
  if (!failed) failed = send(route, record, reply, extraSize);
  if (failed) complain(route, entry, failed);

  routeRelease(route);
  entry.debugIdDone = id;
  entry.returnError = failureWord(failed);
  entry.returnErrorParam = failureParam(failed);
  if (failed) {
    logAddFailed(entry);
    reportFailure(sender, id, route.inReplyTo, failed);
  }
  poison(route);
}

/** Sets the answer to the next BINDER_GET_EXTENDED_ERROR. */
export function setExtendedError(binderThread: BinderThread, id: i32, command: u32, param: i32): void {
  binderThread.errorId = id;
  binderThread.errorCommand = command;
  binderThread.errorParam = param;
}

/** Logs what is known from the start. */
function logStart(id: i32, sender: BinderThread, record: TransactionRecord, reply: bool): LogEntry {
  const entry = logAdd();
  entry.debugId = id;
  entry.callType = reply ? CALL_TYPE_REPLY : record.flags & TF_ONE_WAY ? CALL_TYPE_ASYNC : CALL_TYPE_SYNC;
  entry.fromProc = sender.proc.pid;
  entry.fromThread = sender.tid;
  entry.targetHandle = <u32>record.target;
  entry.device = sender.proc.device;
  entry.dataSize = record.dataSize;
  entry.offsetsSize = record.offsetsSize;
  return entry;
}

/** Prints a failure. Its receiver is named also where the log does not name it. */
function complain(route: Route, entry: LogEntry, failed: RouteFailure): void {
  const proc = route.proc;
  const addressee = route.addressee;
  const line = userError(KLOG_TRANSACTION_FAILED, route.sender, entry.callType, proc ? proc.pid : 0);
  line.c = addressee ? addressee.tid : 0;
  line.d = route.id;
  line.e = failureWord(failed);
  line.f = failureParam(failed);
  line.g = entry.dataSize;
  line.h = entry.offsetsSize;
}

/** Queues the BR_ word of a failure. A reply that fails ends its call: the failure is the caller's, the replier gets a confirmation. */
function reportFailure(sender: BinderThread, id: i32, inReplyTo: Transaction | null, failed: RouteFailure): void {
  const error = binderThreadReturnError(sender);
  assert(error.command == BR_OK, 'reportFailure: the sender has not read its last failure');
  if (inReplyTo) {
    const caller = inReplyTo.from;
    if (caller && caller.errorCommand == BR_OK) setExtendedError(caller, id, failureWord(failed), failureParam(failed));
    error.command = BR_TRANSACTION_COMPLETE;
    workAddThread(sender, error);
    stackFail(inReplyTo, failureWord(failed));
  } else {
    setExtendedError(sender, id, failureWord(failed), failureParam(failed));
    error.command = failureWord(failed);
    workAddThread(sender, error);
  }
}

/** Makes and queues the transaction for a route that was found. When it fails nothing of the transaction is left. */
function send(route: Route, record: TransactionRecord, reply: bool, extraSize: u64): RouteFailure {
  const transactionAddress = kmemAlloc(CACHE_BINDER_TRANSACTION);
  if (!transactionAddress) return refuse(KLOG_NO_TRANSACTION, route, -ENOMEM);
  const completeAddress = kmemAlloc(CACHE_BINDER_WORK);
  if (!completeAddress) {
    kmemFree(CACHE_BINDER_TRANSACTION, transactionAddress);
    return refuse(KLOG_NO_WORK, route, -ENOMEM);
  }
  statCreated(STAT_TRANSACTION);
  statCreated(STAT_TRANSACTION_COMPLETE);
  const transaction = changetype<Transaction>(transactionAddress);
  const complete = changetype<Work>(completeAddress);
  describe(route, transaction, record, reply);
  workInit(complete, WORK_TRANSACTION_COMPLETE);

  let failed = reserve(route, transaction, record, reply, extraSize);
  if (!failed) {
    const buffer = transaction.buffer!;
    failed = fill(route, transaction, buffer, record);
    if (!failed) {
      if (buffer.spamSuspect) complete.type = WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT;
      if (reply) {
        queueReply(route, transaction, complete);
        return 0;
      }
      failed = queueCall(route, transaction, complete, buffer);
      if (!failed) return 0;
      assert(failureWord(failed) == BR_FROZEN_REPLY, 'transact: a live receiver that is not frozen takes everything');
      userError(KLOG_NOT_QUEUED, route.sender, 1);
      workRemove(complete);
    }
    abort(route, transaction, buffer);
  }
  traceLatency(transaction);
  kmemFree(CACHE_BINDER_WORK, completeAddress);
  statDeleted(STAT_TRANSACTION_COMPLETE);
  kmemFree(CACHE_BINDER_TRANSACTION, transactionAddress);
  statDeleted(STAT_TRANSACTION);
  return failed;
}

/** Sets every field of an object that may hold anything. */
function describe(route: Route, transaction: Transaction, record: TransactionRecord, reply: bool): void {
  const sender = route.sender;
  workInit(transaction, WORK_TRANSACTION);
  listInit(transactionFixups(transaction));
  transaction.debugId = route.id;
  transaction.from = reply || record.flags & TF_ONE_WAY ? null : sender;
  transaction.fromPid = sender.proc.pid;
  transaction.fromTid = sender.tid;
  transaction.senderEuid = sender.proc.process.uid;
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

/** Bytes of the sender's security context at the end of the extra space, padded: 0 unless the node asks for it. */
function contextSize(route: Route): u64 {
  const node = route.node;
  const secctx = route.sender.proc.secctx;
  return node && node.txnSecurityCtx && secctx ? align8(secctx.size) : 0;
}

/** Reserves a buffer in the receiver's mapping, and stores the security context in it. It takes over the reference to the node. */
function reserve(
  route: Route,
  transaction: Transaction,
  record: TransactionRecord,
  reply: bool,
  extraSize: u64,
): RouteFailure {
  const proc = route.proc!;
  const node = route.node;
  const secctx = route.sender.proc.secctx;
  if (node && node.txnSecurityCtx && !secctx) return refuse(KLOG_NO_SECCTX, route, -EINVAL);
  const context = contextSize(route);
  if (extraSize + context < context) return refuse(KLOG_EXTRA_OVERFLOW, route, -EINVAL);
  if (tracing()) recordStart(route, transaction, reply);
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
    klog(KLOG_NO_BUFFER, 0, 0, reserved);
    return failure(reserved == -ESRCH ? BR_DEAD_REPLY : BR_FAILED_REPLY, reserved);
  }
  const buffer = changetype<Buffer>(reserved);
  if (context && secctx) {
    const offset = align8(record.dataSize) + align8(record.offsetsSize) + align8(extraSize + context) - context;
    transaction.securityCtx = allocUserAddress(proc.alloc, buffer) + offset;
    if (!allocWrite(proc.alloc, buffer, offset, secctxBytes(secctx), secctx.size)) {
      allocFree(proc.alloc, buffer);
      return failure(BR_FAILED_REPLY, -ENOMEM);
    }
  }
  buffer.debugId = transaction.debugId;
  buffer.transaction = changetype<usize>(transaction);
  buffer.targetNode = changetype<usize>(node);
  buffer.clearOnFree = (transaction.flags & TF_CLEAR_BUF) != 0;
  transaction.buffer = buffer;
  route.ownsStrong = false;
  traceBuffer(EVENT_TRANSACTION_ALLOC_BUF, buffer);
  return 0;
}

/** Copies data and offsets into the buffer, and translates the objects. */
function fill(route: Route, transaction: Transaction, buffer: Buffer, record: TransactionRecord): RouteFailure {
  if (record.offsetsSize || buffer.extraSize) return fillObjects(route, transaction, buffer, record);
  return fillData(route, buffer, record, 0);
}

/** Copies the data from offset `from` on. */
function fillData(route: Route, buffer: Buffer, record: TransactionRecord, from: u64): RouteFailure {
  assert(from <= record.dataSize, 'fillData: beyond the data');
  const space = route.thread.process.space!;
  const rest = record.dataSize - from;
  const copied = allocCopyFromUser(route.proc!.alloc, buffer, from, space, record.buffer + from, rest);
  return copied ? 0 : refuse(KLOG_DATA_POINTER, route, -EFAULT);
}

/** `fill` for a message with offsets or extra space. */
function fillObjects(route: Route, transaction: Transaction, buffer: Buffer, record: TransactionRecord): RouteFailure {
  const start: u64 = bufferOffsetsStart(buffer);
  const space = route.thread.process.space!;
  if (!allocCopyFromUser(route.proc!.alloc, buffer, start, space, record.offsets, record.offsetsSize))
    return refuse(KLOG_OFFSETS_POINTER, route, -EFAULT);
  if (record.offsetsSize & 7) return refuse(KLOG_OFFSETS_SIZE, route, -EINVAL, record.offsetsSize);
  if (buffer.extraSize & 7) return refuse(KLOG_EXTRA_SIZE, route, -EINVAL, buffer.extraSize);
  prepare(route, transaction, buffer, record, align8(start + record.offsetsSize));
  const failed = fillAround(route, buffer, record, <i32>(record.offsetsSize >>> 3));
  scatterDrop(translation);
  poison(translation);
  poison(entry);
  poisonBytes(object, RECORD_SIZE);
  return failed;
}

/** Copies the data before each object and translates the object. Then copies the rest, and the bytes of buffer objects. */
function fillAround(route: Route, buffer: Buffer, record: TransactionRecord, count: i32): RouteFailure {
  const proc = route.proc!;
  const space = route.thread.process.space!;
  let copied: u64 = 0;
  for (let index = 0; index < count; index++) {
    const within = offsetRead(proc, buffer, index, entry);
    assert(within, 'fillAround: an offset is outside of its buffer');
    const offset = entry.offset;
    const gap = offset - copied;
    if (gap) {
      if (copied > offset || (offset > record.dataSize && !mayOverwriteOffsets(buffer, offset)))
        return refuse(KLOG_DATA_POINTER, route, -EFAULT);
      if (!allocCopyFromUser(proc.alloc, buffer, copied, space, record.buffer + copied, gap))
        return refuse(KLOG_DATA_POINTER, route, -EFAULT);
    }
    const size = objectRead(proc, buffer, offset, object, space, record.buffer);
    if (!size || offset < copied) {
      userError(KLOG_OFFSET, route.sender, offset, copied, buffer.dataSize);
      return failure(BR_FAILED_REPLY, -EINVAL);
    }
    copied = offset + size;
    const error = translate(translation, object, offset, index);
    if (error) return failure(BR_FAILED_REPLY, error);
    // Linux reports 0 when the record does not fit any more; it always does, for it was read from there.
    if (!allocWrite(proc.alloc, buffer, offset, object, size)) return failure(BR_FAILED_REPLY, 0);
    route.translated = index + 1;
  }
  const failed = fillData(route, buffer, record, copied);
  if (failed) return failed;
  const error = scatterRun(translation, proc, buffer, space);
  return error ? refuse(KLOG_OFFSETS_POINTER, route, error) : 0;
}

function refuse(line: u32, route: Route, param: i32, a: u64 = 0): RouteFailure {
  userError(line, route.sender, a);
  return failure(BR_FAILED_REPLY, param);
}

function prepare(
  route: Route,
  transaction: Transaction,
  buffer: Buffer,
  record: TransactionRecord,
  scatter: u64,
): void {
  const process = route.thread.process;
  scatterInit(translation);
  translation.transaction = transaction;
  translation.buffer = buffer;
  translation.target = route.proc!;
  translation.sender = route.sender;
  translation.process = process;
  translation.space = process.space!;
  translation.inReplyTo = route.inReplyTo;
  translation.user = record.buffer;
  translation.scatter = scatter;
  translation.scatterEnd = scatter + buffer.extraSize - contextSize(route);
  translation.fixupObject = 0;
  translation.fixupMin = 0;
}

/** Translates the record at `object`, which is at `offset` and is entry `index` of the offsets. 0 or a negative errno. */
function translate(at: Translation, object: usize, offset: u64, index: i32): i32 {
  const error = translateByType(at, object, offset, index);
  translateForget();
  return error;
}

function translateByType(at: Translation, object: usize, offset: u64, index: i32): i32 {
  switch (changetype<ObjectHeader>(object).type) {
    case BINDER_TYPE_BINDER:
    case BINDER_TYPE_WEAK_BINDER:
      return blame(KLOG_TRANSLATE_BINDER, at.sender, translateBinder(at, changetype<FlatObject>(object)));
    case BINDER_TYPE_HANDLE:
    case BINDER_TYPE_WEAK_HANDLE:
      return blame(KLOG_TRANSLATE_HANDLE, at.sender, translateHandle(at, changetype<FlatObject>(object)));
    case BINDER_TYPE_FD:
      return blame(KLOG_TRANSLATE_FD, at.sender, translateFd(at, changetype<FdObject>(object), offset));
    case BINDER_TYPE_FDA:
      return translateFda(at, changetype<FdArrayObject>(object), index);
    default:
      assert(changetype<ObjectHeader>(object).type == BINDER_TYPE_PTR, 'translateByType: no such type');
      return translatePtr(at, changetype<BufferObject>(object), offset, index);
  }
}

/** The caller's wait ends, and the call it made is over. */
function queueReply(route: Route, transaction: Transaction, complete: Work): void {
  const caller = route.addressee!;
  const call = route.inReplyTo!;
  workAddThread(route.sender, complete);
  assert(!caller.isDead, 'queueReply: a thread that is released has left its calls');
  stackPop(caller, call);
  workAddThread(caller, transaction);
  caller.proc.outstandingTxns++;
  binderThreadWake(caller);
  transactionFree(call);
}

/** The confirmation of a call waits for the reply; that of a oneway is worth a read of its own. */
function queueCall(route: Route, transaction: Transaction, complete: Work, buffer: Buffer): RouteFailure {
  const sender = route.sender;
  const oneway = (transaction.flags & TF_ONE_WAY) != 0;
  if (!oneway) {
    workAddDeferred(sender, complete);
    transaction.needReply = true;
    transaction.fromParent = sender.stack;
    sender.stack = transaction;
  }
  const error = deliver(transaction, buffer, route.node!, route.proc!, route.addressee);
  if (oneway) {
    if (error == BR_TRANSACTION_PENDING_FROZEN) complete.type = WORK_TRANSACTION_PENDING;
    assert(!error || error == BR_TRANSACTION_PENDING_FROZEN, 'queueCall: a oneway is always taken');
    workAddThread(sender, complete);
    return 0;
  }
  if (!error) return 0;
  stackPop(sender, transaction);
  return failure(error, 0);
}

/** Undoes reserve and fill. The buffer gives back the reference to the node, and the objects what they hold. */
function abort(route: Route, transaction: Transaction, buffer: Buffer): void {
  const proc = route.proc!;
  assert(!route.ownsStrong, "abort: the reference to the node is not the buffer's");
  fixupsDrop(transaction);
  traceBuffer(EVENT_TRANSACTION_FAILED_BUFFER_RELEASE, buffer);
  bufferReleaseObjects(proc, null, buffer, route.translated, true);
  buffer.transaction = 0;
  allocFree(proc.alloc, buffer);
}

function recordStart(route: Route, transaction: Transaction, reply: bool): void {
  const node = route.node;
  const addressee = route.addressee;
  recordLong(
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
