/**
 * The read half of BINDER_WRITE_READ, and the only writer of BR_ words.
 *
 * A read begins with BR_NOOP, then takes work. It ends when the lists are empty, when the buffer has no room for the
 * largest answer, or after a message. Without work it parks, and `readResume` continues it. At the end the driver may ask
 * for another thread: BR_SPAWN_LOOPER replaces the first word.
 */
import { EAGAIN, EFAULT, EINTR, ENOMEM } from '../abi/errno';
import { EVENT_PARK, EVENT_RETURN, EVENT_TRANSACTION_RECEIVED, EVENT_WAIT_FOR_WORK } from '../abi/events';
import {
  CALL_TYPE_ASYNC,
  CALL_TYPE_REPLY,
  CALL_TYPE_SYNC,
  KLOG_FD_FIXUPS,
  KLOG_WAITS_WITHOUT_LOOPER,
  UNDELIVERED_FIXUPS,
  UNDELIVERED_RECORD,
  UNDELIVERED_WORD,
} from '../abi/klog';
import { ACCESS_WRITE, CACHE_BINDER_WORK, PARKED } from '../abi/machine';
import * as protocol from '../abi/protocol';
import { FROZEN_STATE_INFO_SIZE, TRANSACTION_DATA_SECCTX_SIZE, TRANSACTION_DATA_SIZE } from '../abi/wire';
import { allocDeliver, allocUserAddress } from '../alloc/alloc';
import { bufferOffsetsStart } from '../alloc/buffer';
import { listAddHead, listDel, listEmpty, listLinked } from '../lib/list';
import { poison } from '../lib/poison';
import { kmemFree } from '../mem/kmem';
import { copyToUser, putUser32, putUser64, userWindow } from '../mem/uaccess';
import { OpenFile } from '../task/file';
import { CALL_READ, Thread } from '../task/process';
import { threadPark } from '../task/wait';
import { record, recordLong, trace, tracing } from '../trace';
import { niceRequest, userError } from './complaints';
import { deathDelivered, deathFree } from './death';
import { fixupsDrop, fixupsInstall, fixupsReserve } from './fixups';
import { freezeDelivered, freezeFree } from './freeze';
import { nodeFree, nodeUnlink } from './nodes';
import {
  ErrorWork,
  BinderThread,
  LOOPER_ENTERED,
  LOOPER_REGISTERED,
  LOOPER_WAITING,
  binderThreadTodo,
  Node,
  nodeRefs,
  Proc,
  procTodo,
  procWaiting,
  RefDeath,
  RefFreeze,
  Transaction,
  transactionFixups,
  Work,
  WORK_CLEAR_DEATH_NOTIFICATION,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_DEAD_BINDER,
  WORK_DEAD_BINDER_AND_CLEAR,
  WORK_FROZEN_BINDER,
  WORK_NODE,
  WORK_RETURN_ERROR,
  WORK_TRANSACTION,
  WORK_TRANSACTION_COMPLETE,
  WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT,
  WORK_TRANSACTION_PENDING,
} from './objects';
import { TransactionRecord, Word, WriteRead } from './records';
import { bufferFree } from './release';
import { transactionCancel, transactionFree } from './stack';
import { countReturn, STAT_TRANSACTION_COMPLETE, statDeleted } from './state';
import { binderThreadAvailable, binderThreadHasWork, workTake } from './work';

/** A read continues only while the largest return, BR_TRANSACTION_SEC_CTX, still fits. */
const ROOM = 4 + TRANSACTION_DATA_SECCTX_SIZE;

// results of `take`, besides a negative errno
const TAKEN = 0; // go on
const LAST = 1; // user space has to act on it before it reads more
const DROPPED = 2; // a message whose descriptors found no place: go on, but see takeNode

/** Result of `readWork` when there is no work. */
const LOST = 3;

/** struct binder_frozen_state_info */
@unmanaged
class FrozenState {
  cookie: u64;
  isFrozen: u32;
  reserved: u32;
}

if (offsetof<FrozenState>() != FROZEN_STATE_INFO_SIZE) ERROR('FrozenState');

const frozenState = changetype<FrozenState>(memory.data(offsetof<FrozenState>(), 8));
/** Scratch for a return that does not fit into one window of user memory. */
const staged = changetype<TransactionRecord>(memory.data(offsetof<TransactionRecord>(), 8));

/** Begins the read half. 0, -EFAULT, -EAGAIN or PARKED. */
export function readStart(
  thread: Thread,
  binderThread: BinderThread,
  io: WriteRead,
  file: OpenFile,
  nonblock: bool,
): i32 {
  io.cursor = io.readBuffer + io.readConsumed;
  if (!io.readConsumed && !put(thread, io, protocol.BR_NOOP)) return -EFAULT;
  return readWait(thread, binderThread, io, file, nonblock);
}

/** Resumes a parked read. 0, -EFAULT, -EINTR or PARKED again, at the front of the waiting binder threads. */
export function readResume(
  thread: Thread,
  binderThread: BinderThread,
  io: WriteRead,
  file: OpenFile,
  signalled: bool,
): i32 {
  readLeave(binderThread);
  if (signalled) {
    binderThread.state &= ~LOOPER_WAITING;
    return -EINTR;
  }
  if (!binderThreadHasWork(binderThread, io.procWork)) return park(thread, binderThread, io, file);
  binderThread.state &= ~LOOPER_WAITING;
  const result = readWork(thread, binderThread, io);
  return result == LOST ? readWait(thread, binderThread, io, file, false) : result;
}

/** Ends the wait of a binder thread: it leaves its proc's list, and no task sleeps at it. */
function readLeave(binderThread: BinderThread): void {
  const link = changetype<usize>(binderThread) + offsetof<BinderThread>('waitingNext');
  if (listLinked(link)) listDel(link);
  binderThread.waiter = null;
}

/** Waits for work and delivers it. */
function readWait(thread: Thread, binderThread: BinderThread, io: WriteRead, file: OpenFile, nonblock: bool): i32 {
  while (true) {
    io.procWork = binderThreadAvailable(binderThread);
    binderThread.state |= LOOPER_WAITING;
    if (tracing()) recordWait(binderThread, io.procWork);
    if (io.procWork) {
      const state = binderThread.state;
      if (!(state & (LOOPER_REGISTERED | LOOPER_ENTERED))) userError(KLOG_WAITS_WITHOUT_LOOPER, binderThread, state);
      niceRequest(thread, binderThread.proc.defaultPriority);
    }
    if (!binderThreadHasWork(binderThread, io.procWork)) {
      if (!nonblock) return park(thread, binderThread, io, file);
      binderThread.state &= ~LOOPER_WAITING;
      return -EAGAIN;
    }
    binderThread.state &= ~LOOPER_WAITING;
    const result = readWork(thread, binderThread, io);
    if (result != LOST) return result;
  }
}

function recordWait(binderThread: BinderThread, procWork: bool): void {
  recordLong(
    EVENT_WAIT_FOR_WORK,
    procWork ? 1 : 0,
    binderThread.stack ? 1 : 0,
    listEmpty(binderThreadTodo(binderThread)) ? 0 : 1,
  );
}

function park(thread: Thread, binderThread: BinderThread, io: WriteRead, file: OpenFile): i32 {
  if (io.procWork) {
    listAddHead(
      changetype<usize>(binderThread) + offsetof<BinderThread>('waitingNext'),
      procWaiting(binderThread.proc),
    );
  }
  binderThread.waiter = thread;
  threadPark(thread, CALL_READ, file, changetype<usize>(binderThread));
  trace(EVENT_PARK, CALL_READ);
  return PARKED;
}

/** Delivers what there is. 0, a negative errno, or LOST when it was woken for nothing and has to wait again. */
function readWork(thread: Thread, binderThread: BinderThread, io: WriteRead): i32 {
  const proc = binderThread.proc;
  const end = io.readBuffer + io.readSize;
  let dropped = 0; // -errno of a dropped message; 0 without one, and after the next node
  while (true) {
    let list = binderThreadTodo(binderThread);
    if (listEmpty(list)) {
      list = procTodo(proc);
      if (listEmpty(list) || !io.procWork) {
        if (io.cursor - io.readBuffer == 4 && !binderThread.needReturn) return LOST;
        break;
      }
    }
    // A buffer shorter than the cursor wraps here, and then counts as endless: so it does in Linux.
    if (end - io.cursor < <u64>ROOM) break;
    const work = workTake(list)!;
    if (listEmpty(binderThreadTodo(binderThread))) binderThread.processTodo = false;
    const isNode = work.type == WORK_NODE;
    const result = isNode
      ? takeNode(thread, proc, io, changetype<Node>(work), dropped)
      : take(thread, binderThread, io, work);
    if (result < 0) return result;
    if (result == LAST) break;
    if (isNode) dropped = 0;
    else if (result == DROPPED) dropped = -ENOMEM;
  }
  io.readConsumed = io.cursor - io.readBuffer;
  return askForThread(thread, binderThread, io);
}

/** BR_SPAWN_LOOPER, when no thread waits, no request is open, and the process allows one more. */
function askForThread(thread: Thread, binderThread: BinderThread, io: WriteRead): i32 {
  const proc = binderThread.proc;
  if (proc.requestedThreads || !listEmpty(procWaiting(proc))) return 0;
  if (proc.requestedThreadsStarted >= proc.maxThreads) return 0;
  if (!(binderThread.state & (LOOPER_REGISTERED | LOOPER_ENTERED))) return 0;
  proc.requestedThreads++;
  if (!putUser32(thread.process.space!, io.readBuffer, protocol.BR_SPAWN_LOOPER)) return -EFAULT;
  returned(proc, protocol.BR_SPAWN_LOOPER);
  return 0;
}

/** Stores the BR_ words of one piece of work other than a node. TAKEN, LAST, DROPPED or a negative errno; -EFAULT loses the work. */
function take(thread: Thread, binderThread: BinderThread, io: WriteRead, work: Work): i32 {
  const proc = binderThread.proc;
  switch (work.type) {
    case WORK_TRANSACTION:
      return takeTransaction(thread, binderThread, io, changetype<Transaction>(work));
    case WORK_RETURN_ERROR:
      return takeError(thread, proc, io, changetype<ErrorWork>(work));
    case WORK_TRANSACTION_COMPLETE:
    case WORK_TRANSACTION_PENDING:
    case WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT:
      return takeComplete(thread, proc, io, work);
    case WORK_DEAD_BINDER:
    case WORK_DEAD_BINDER_AND_CLEAR:
    case WORK_CLEAR_DEATH_NOTIFICATION:
      return takeDeath(thread, proc, io, changetype<RefDeath>(work));
    case WORK_FROZEN_BINDER:
      return takeFreeze(thread, proc, io, changetype<RefFreeze>(work));
    default:
      assert(work.type == WORK_CLEAR_FREEZE_NOTIFICATION, 'take: unknown work');
      return takeFreezeCleared(thread, proc, io, changetype<RefFreeze>(work));
  }
}

function takeError(thread: Thread, proc: Proc, io: WriteRead, error: ErrorWork): i32 {
  const word = error.command;
  if (!put(thread, io, word)) return -EFAULT;
  error.command = protocol.BR_OK;
  returned(proc, word);
  return TAKEN;
}

function takeComplete(thread: Thread, proc: Proc, io: WriteRead, work: Work): i32 {
  let word: u32 = protocol.BR_TRANSACTION_COMPLETE;
  if (work.type == WORK_TRANSACTION_PENDING) word = protocol.BR_TRANSACTION_PENDING_FROZEN;
  else if (work.type == WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT && proc.spamDetection)
    word = protocol.BR_ONEWAY_SPAM_SUSPECT;
  kmemFree(CACHE_BINDER_WORK, changetype<usize>(work));
  statDeleted(STAT_TRANSACTION_COMPLETE);
  if (!put(thread, io, word)) return -EFAULT;
  returned(proc, word);
  return TAKEN;
}

/**
 * Stores how the references to a node have changed since the last BR_ words about it.
 *
 * As in Linux, the error of a message that the same read has dropped suppresses every word but BR_INCREFS. When that word
 * is not due the error is the result of the read, and the owner never gets the change.
 */
function takeNode(thread: Thread, proc: Proc, io: WriteRead, node: Node, dropped: i32): i32 {
  assert(node.proc == proc, 'takeNode: node is not ours');
  const ptr = node.ptr;
  const cookie = node.cookie;
  const strong = node.internalStrongRefs != 0 || node.localStrongRefs != 0;
  const weak = strong || node.localWeakRefs != 0 || node.tmpRefs != 0 || !listEmpty(nodeRefs(node));
  const hadStrong = node.hasStrongRef;
  const hadWeak = node.hasWeakRef;
  if (weak && !hadWeak) {
    node.hasWeakRef = true;
    node.pendingWeakRef = true;
    node.localWeakRefs++;
  }
  if (strong && !hadStrong) {
    node.hasStrongRef = true;
    node.pendingStrongRef = true;
    node.localStrongRefs++;
  }
  if (!strong && hadStrong) node.hasStrongRef = false;
  if (!weak && hadWeak) node.hasWeakRef = false;
  if (!weak) {
    nodeUnlink(proc, node);
    nodeFree(node);
  }
  if (weak && !hadWeak) {
    if (!putNode(thread, proc, io, protocol.BR_INCREFS, ptr, cookie)) return -EFAULT;
  } else if (dropped) {
    return dropped;
  }
  if (strong && !hadStrong && !putNode(thread, proc, io, protocol.BR_ACQUIRE, ptr, cookie)) return -EFAULT;
  if (!strong && hadStrong && !putNode(thread, proc, io, protocol.BR_RELEASE, ptr, cookie)) return -EFAULT;
  if (!weak && hadWeak && !putNode(thread, proc, io, protocol.BR_DECREFS, ptr, cookie)) return -EFAULT;
  return TAKEN;
}

function takeDeath(thread: Thread, proc: Proc, io: WriteRead, death: RefDeath): i32 {
  const cookie = death.cookie;
  const cleared = death.type == WORK_CLEAR_DEATH_NOTIFICATION;
  if (cleared) deathFree(death);
  else deathDelivered(proc, death);
  const word: u32 = cleared ? protocol.BR_CLEAR_DEATH_NOTIFICATION_DONE : protocol.BR_DEAD_BINDER;
  if (!put(thread, io, word) || !put64(thread, io, cookie)) return -EFAULT;
  returned(proc, word);
  return cleared ? TAKEN : LAST;
}

function takeFreeze(thread: Thread, proc: Proc, io: WriteRead, freeze: RefFreeze): i32 {
  frozenState.cookie = freeze.cookie;
  frozenState.isFrozen = freeze.isFrozen ? 1 : 0;
  frozenState.reserved = 0;
  freeze.sent = true;
  freezeDelivered(proc, freeze);
  if (!put(thread, io, protocol.BR_FROZEN_BINDER)) return -EFAULT;
  const stored = putRecord(thread, io, changetype<usize>(frozenState), FROZEN_STATE_INFO_SIZE);
  poison(frozenState);
  if (!stored) return -EFAULT;
  returned(proc, protocol.BR_FROZEN_BINDER);
  return LAST;
}

function takeFreezeCleared(thread: Thread, proc: Proc, io: WriteRead, freeze: RefFreeze): i32 {
  const cookie = freeze.cookie;
  freezeFree(freeze);
  if (!put(thread, io, protocol.BR_CLEAR_FREEZE_NOTIFICATION_DONE) || !put64(thread, io, cookie)) return -EFAULT;
  returned(proc, protocol.BR_CLEAR_FREEZE_NOTIFICATION_DONE);
  return TAKEN;
}

/** Delivers a call, a oneway or a reply. */
function takeTransaction(thread: Thread, binderThread: BinderThread, io: WriteRead, transaction: Transaction): i32 {
  const proc = binderThread.proc;
  const buffer = transaction.buffer!;
  const node = changetype<Node | null>(buffer.targetNode);
  const oneway = (transaction.flags & protocol.TF_ONE_WAY) != 0;
  let word: u32 = protocol.BR_REPLY;
  if (node) {
    word = transaction.securityCtx ? protocol.BR_TRANSACTION_SEC_CTX : protocol.BR_TRANSACTION;
    inheritNice(thread, transaction, node, oneway);
  }
  const hasFiles = !listEmpty(transactionFixups(transaction));
  let error = hasFiles ? fixupsReserve(thread.process, proc, transaction) : 0;
  if (!error) error = allocDeliver(proc.alloc, buffer);
  if (error) {
    fixupsDrop(transaction);
    return loseTransaction(thread, binderThread, io, transaction, error);
  }
  if (hasFiles) fixupsInstall(thread.process, transaction);
  const at = io.cursor;
  if (!putMessage(thread, proc, io, word, transaction)) {
    transactionCancel(transaction, protocol.BR_FAILED_REPLY, io.cursor == at ? UNDELIVERED_WORD : UNDELIVERED_RECORD);
    return -EFAULT;
  }
  if (tracing()) {
    record(EVENT_TRANSACTION_RECEIVED, transaction.debugId);
    record(EVENT_RETURN, word);
  }
  countReturn(proc, word);
  buffer.allowUserFree = true;
  if (node && !oneway) {
    transaction.toParent = binderThread.stack;
    transaction.toThread = binderThread;
    binderThread.stack = transaction;
  } else {
    transactionFree(transaction);
  }
  return LAST;
}

/** Stores the word and binder_transaction_data: in place, unless a page ends in between. */
function putMessage(thread: Thread, proc: Proc, io: WriteRead, word: u32, transaction: Transaction): bool {
  const size: u32 = transaction.securityCtx ? TRANSACTION_DATA_SECCTX_SIZE : TRANSACTION_DATA_SIZE;
  const window = userWindow(thread.process.space!, io.cursor, 4 + size, ACCESS_WRITE);
  const record = window ? changetype<TransactionRecord>(window + 4) : staged;
  describe(record, proc, transaction);
  if (!window) {
    const stored = put(thread, io, word) && putRecord(thread, io, changetype<usize>(staged), size);
    poison(staged);
    return stored;
  }
  changetype<Word>(window).value = word;
  io.cursor += 4 + size;
  return true;
}

/** binder_transaction_data as the receiver sees it; the tail only where there is a security context. */
function describe(record: TransactionRecord, proc: Proc, transaction: Transaction): void {
  const buffer = transaction.buffer!;
  const node = changetype<Node | null>(buffer.targetNode);
  const from = transaction.from;
  const user = allocUserAddress(proc.alloc, buffer);
  record.target = node ? node.ptr : 0;
  record.cookie = node ? node.cookie : 0;
  record.code = transaction.code;
  record.flags = transaction.flags;
  record.senderPid = from && from.proc.process.alive ? from.proc.pid : 0;
  record.senderEuid = transaction.senderEuid;
  record.dataSize = buffer.dataSize;
  record.offsetsSize = buffer.offsetsSize;
  record.buffer = user;
  record.offsets = user + bufferOffsetsStart(buffer);
  if (transaction.securityCtx) record.tail = transaction.securityCtx;
}

/** The receiver runs at the caller's nice value, but not at less than the node's; the old one comes back with the reply. */
function inheritNice(thread: Thread, transaction: Transaction, node: Node, oneway: bool): void {
  const least = <i32>node.minPriority;
  transaction.savedPriority = thread.nice;
  if (transaction.priority < least && !oneway) niceRequest(thread, transaction.priority);
  else if (!oneway || transaction.savedPriority > least) niceRequest(thread, least);
}

/** Drops a message whose descriptors or bytes found no place. Its sender gets BR_FAILED_REPLY; for a reply, the caller that reads it. */
function loseTransaction(
  thread: Thread,
  binderThread: BinderThread,
  io: WriteRead,
  transaction: Transaction,
  lost: i32,
): i32 {
  const proc = binderThread.proc;
  const buffer = transaction.buffer!;
  const oneway = (transaction.flags & protocol.TF_ONE_WAY) != 0;
  const type = oneway ? CALL_TYPE_ASYNC : buffer.targetNode ? CALL_TYPE_SYNC : CALL_TYPE_REPLY;
  const id = transaction.debugId;
  buffer.transaction = 0;
  transactionCancel(transaction, protocol.BR_FAILED_REPLY, UNDELIVERED_FIXUPS);
  bufferFree(proc, binderThread, buffer, true);
  userError(KLOG_FD_FIXUPS, binderThread, type, id, lost);
  if (type != CALL_TYPE_REPLY) return DROPPED;
  if (!put(thread, io, protocol.BR_FAILED_REPLY)) return -EFAULT;
  returned(proc, protocol.BR_FAILED_REPLY);
  return LAST;
}

function putNode(thread: Thread, proc: Proc, io: WriteRead, word: u32, ptr: u64, cookie: u64): bool {
  if (!put(thread, io, word) || !put64(thread, io, ptr) || !put64(thread, io, cookie)) return false;
  returned(proc, word);
  return true;
}

/** Stores a word at the cursor and moves it on. */
function put(thread: Thread, io: WriteRead, word: u32): bool {
  if (!putUser32(thread.process.space!, io.cursor, word)) return false;
  io.cursor += 4;
  return true;
}

function put64(thread: Thread, io: WriteRead, value: u64): bool {
  if (!putUser64(thread.process.space!, io.cursor, value)) return false;
  io.cursor += 8;
  return true;
}

/** Copies a structure to the cursor; on a bad page what comes before it is stored. */
function putRecord(thread: Thread, io: WriteRead, source: usize, size: u32): bool {
  if (copyToUser(thread.process.space!, io.cursor, source, size)) return false;
  io.cursor += size;
  return true;
}

function returned(proc: Proc, word: u32): void {
  trace(EVENT_RETURN, word);
  countReturn(proc, word);
}
