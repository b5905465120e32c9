/**
 * The binder threads of a proc, one for each task that has called it, found by tid; and their release.
 *
 * Release has two halves. The first takes the binder thread out of its proc and every transaction off its stack. The second
 * fails the call that it served, and drops its queue. Between them a binder thread that has ever polled waits for an RCU
 * grace period, in which other threads run.
 */
import {
  KLOG_STILL_ACTIVE,
  KLOG_UNDELIVERED_COMPLETE,
  KLOG_UNDELIVERED_DEATH,
  KLOG_UNDELIVERED_ERROR,
  KLOG_UNDELIVERED_FREEZE,
  KLOG_UNEXPECTED_WORK,
  UNDELIVERED_DIED,
} from '../abi/klog';
import { CACHE_BINDER_THREAD, CACHE_BINDER_WORK } from '../abi/machine';
import { BR_DEAD_REPLY, BR_OK } from '../abi/protocol';
import { Buffer } from '../alloc/buffer';
import { klog } from '../klog';
import { listInit } from '../lib/list';
import { rbErase, rbInsertColor, rbLeft, rbLeftSlot, rbLink, rbRight, rbRightSlot, rbRoot } from '../lib/rbtree';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { Thread } from '../task/process';
import { userError } from './complaints';
import { deathFree } from './death';
import { freezeFree } from './freeze';
import { binderThreadHold, binderThreadRelease, procHold } from './tmprefs';
import {
  BinderThread,
  ErrorWork,
  LOOPER_POLL,
  binderThreadReplyError,
  binderThreadReturnError,
  binderThreadTodo,
  binderThreadWatches,
  Proc,
  RefDeath,
  RefFreeze,
  Transaction,
  Work,
  WORK_CLEAR_DEATH_NOTIFICATION,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_DEAD_BINDER_AND_CLEAR,
  WORK_NODE,
  WORK_RETURN_ERROR,
  WORK_TRANSACTION,
  WORK_TRANSACTION_COMPLETE,
  WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT,
  WORK_TRANSACTION_PENDING,
} from './objects';
import { stackFail, transactionCancel } from './stack';
import { STAT_THREAD, STAT_TRANSACTION_COMPLETE, statCreated, statDeleted } from './state';
import { binderThreadPollFree, workTake } from './work';

/** The binder thread of a thread, made if it is not there yet; null when memory is out. */
export function binderThreadGet(proc: Proc, thread: Thread): BinderThread | null {
  const root = threadsRoot(proc);
  let slot = root;
  let parent: usize = 0;
  for (let link = rbRoot(slot); link; link = rbRoot(slot)) {
    const binderThread = changetype<BinderThread>(link);
    if (thread.tid == binderThread.tid) return binderThread;
    parent = link;
    slot = thread.tid < binderThread.tid ? rbLeftSlot(link) : rbRightSlot(link);
  }
  const binderThread = create(proc, thread.tid);
  if (!binderThread) return null;
  rbLink(changetype<usize>(binderThread), parent, slot);
  rbInsertColor(changetype<usize>(binderThread), root);
  return binderThread;
}

/** The binder thread with that tid, or null. */
export function binderThreadFind(proc: Proc, tid: i32): BinderThread | null {
  let link = rbRoot(threadsRoot(proc));
  while (link) {
    const binderThread = changetype<BinderThread>(link);
    if (tid == binderThread.tid) return binderThread;
    link = tid < binderThread.tid ? rbLeft(link) : rbRight(link);
  }
  return null;
}

/** First half of a release. Returns the call that it served, which the second half fails, or null. */
export function binderThreadDetach(binderThread: BinderThread): Transaction | null {
  const proc = binderThread.proc;
  procHold(proc); // until the binder thread is freed
  binderThreadHold(binderThread);
  rbErase(changetype<usize>(binderThread), threadsRoot(proc));
  binderThread.isDead = true;

  const top = binderThread.stack;
  const serving = top && top.toThread == binderThread ? top : null;
  let call = top;
  while (call) {
    let next: Transaction | null;
    const serves = call.toThread == binderThread;
    userError(KLOG_STILL_ACTIVE, binderThread, call.debugId, serves ? 1 : 0);
    if (serves) {
      next = call.toParent;
      orphan(proc, call);
    } else {
      assert(call.from == binderThread, 'binderThreadDetach: a call of other threads on the stack');
      next = call.fromParent;
      call.from = null;
    }
    call = next;
  }
  if (binderThread.state & LOOPER_POLL) binderThreadPollFree(binderThread);
  return serving;
}

/** Second half of a release; the binder thread may be gone after it. */
export function binderThreadFinish(binderThread: BinderThread, serving: Transaction | null): void {
  if (serving) stackFail(serving, BR_DEAD_REPLY);
  workDropAll(binderThreadTodo(binderThread));
  binderThreadRelease(binderThread);
}

/** Empties a list of work whose reader is gone: calls fail, oneways and confirmations are lost. */
export function workDropAll(list: usize): void {
  for (let work = workTake(list); work; work = workTake(list)) drop(work);
}

function drop(work: Work): void {
  switch (work.type) {
    case WORK_TRANSACTION:
      transactionCancel(changetype<Transaction>(work), BR_DEAD_REPLY, UNDELIVERED_DIED);
      break;
    case WORK_RETURN_ERROR:
      klog(KLOG_UNDELIVERED_ERROR, 0, 0, changetype<ErrorWork>(work).command);
      break; // a part of its thread
    case WORK_TRANSACTION_COMPLETE:
    case WORK_TRANSACTION_PENDING:
    case WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT:
      klog(KLOG_UNDELIVERED_COMPLETE);
      kmemFree(CACHE_BINDER_WORK, changetype<usize>(work));
      statDeleted(STAT_TRANSACTION_COMPLETE);
      break;
    case WORK_DEAD_BINDER_AND_CLEAR:
    case WORK_CLEAR_DEATH_NOTIFICATION:
      klog(KLOG_UNDELIVERED_DEATH, 0, 0, changetype<RefDeath>(work).cookie);
      deathFree(changetype<RefDeath>(work));
      break;
    case WORK_CLEAR_FREEZE_NOTIFICATION:
      klog(KLOG_UNDELIVERED_FREEZE, 0, 0, changetype<RefFreeze>(work).cookie);
      freezeFree(changetype<RefFreeze>(work));
      break;
    case WORK_NODE:
      break; // its proc's
    default:
      klog(KLOG_UNEXPECTED_WORK, 0, 0, work.type); // a notification, its ref's
      break;
  }
}

/** Takes receiver and buffer from a call whose server is released. It keeps its caller. */
function orphan(proc: Proc, call: Transaction): void {
  assert(proc.outstandingTxns > 0, 'orphan: the call is not counted');
  proc.outstandingTxns--;
  call.toProc = null;
  call.toThread = null;
  const buffer: Buffer | null = call.buffer;
  if (buffer) {
    buffer.transaction = 0;
    call.buffer = null;
  }
}

function create(proc: Proc, tid: i32): BinderThread | null {
  const address = kmemZalloc(CACHE_BINDER_THREAD);
  if (!address) return null;
  statCreated(STAT_THREAD);
  const binderThread = changetype<BinderThread>(address);
  binderThread.proc = proc;
  binderThread.tid = tid;
  binderThread.needReturn = true;
  listInit(binderThreadTodo(binderThread));
  listInit(binderThreadWatches(binderThread));
  binderThreadReturnError(binderThread).type = WORK_RETURN_ERROR;
  binderThreadReturnError(binderThread).command = BR_OK;
  binderThreadReplyError(binderThread).type = WORK_RETURN_ERROR;
  binderThreadReplyError(binderThread).command = BR_OK;
  binderThread.errorCommand = BR_OK;
  return binderThread;
}

function threadsRoot(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('threads');
}
