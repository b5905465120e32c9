/**
 * The loopers of a proc: one for each task thread that ever called it, found by tid; and how one is released.
 *
 * Release comes in two halves. The first takes the looper out of its proc and cuts every transaction on its stack loose;
 * the second tells the caller it served, and drops its queue. Between them a looper that has ever polled lets an RCU
 * grace period pass, in which other threads run.
 */
import { CACHE_BINDER_LOOPER, CACHE_BINDER_WORK } from '../abi/machine';
import { BR_DEAD_REPLY, BR_OK } from '../abi/protocol';
import { Buffer } from '../alloc/buffer';
import { listInit } from '../lib/list';
import { rbErase, rbInsertColor, rbLeft, rbLeftSlot, rbLink, rbRight, rbRightSlot, rbRoot } from '../lib/rbtree';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { Thread } from '../task/process';
import { deathFree } from './death';
import { freezeFree } from './freeze';
import { looperHold, looperRelease, procHold } from './holds';
import {
  Looper,
  LOOPER_POLL,
  looperReplyError,
  looperReturnError,
  looperTodo,
  Proc,
  RefDeath,
  RefFreeze,
  Transaction,
  Work,
  WORK_CLEAR_DEATH_NOTIFICATION,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_DEAD_BINDER_AND_CLEAR,
  WORK_RETURN_ERROR,
  WORK_TRANSACTION,
  WORK_TRANSACTION_COMPLETE,
  WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT,
  WORK_TRANSACTION_PENDING,
} from './objects';
import { stackFail, transactionCancel } from './stack';
import { STAT_THREAD, STAT_TRANSACTION_COMPLETE, statCreated, statDeleted } from './state';
import { looperWake, workTake } from './work';

/** The looper of a thread, made if it is not there yet; null when memory is out. */
export function looperGet(proc: Proc, thread: Thread): Looper | null {
  const root = threadsRoot(proc);
  let slot = root;
  let parent: usize = 0;
  for (let link = rbRoot(slot); link; link = rbRoot(slot)) {
    const looper = changetype<Looper>(link);
    if (thread.tid == looper.tid) return looper;
    parent = link;
    slot = thread.tid < looper.tid ? rbLeftSlot(link) : rbRightSlot(link);
  }
  const looper = create(proc, thread.tid);
  if (!looper) return null;
  rbLink(changetype<usize>(looper), parent, slot);
  rbInsertColor(changetype<usize>(looper), root);
  return looper;
}

/** The looper with that tid, or null. */
export function looperFind(proc: Proc, tid: i32): Looper | null {
  let link = rbRoot(threadsRoot(proc));
  while (link) {
    const looper = changetype<Looper>(link);
    if (tid == looper.tid) return looper;
    link = tid < looper.tid ? rbLeft(link) : rbRight(link);
  }
  return null;
}

/** First half of a release. Returns the call it was serving, whose caller is to be told in the second half, or null. */
export function looperDetach(looper: Looper): Transaction | null {
  const proc = looper.proc;
  procHold(proc); // until the looper is freed
  looperHold(looper);
  rbErase(changetype<usize>(looper), threadsRoot(proc));
  looper.isDead = true;

  const top = looper.stack;
  const serving = top && top.toThread == looper ? top : null;
  let call = top;
  while (call) {
    let next: Transaction | null;
    if (call.toThread == looper) {
      next = call.toParent;
      orphan(proc, call);
    } else {
      assert(call.from == looper, 'looperDetach: a stranger on the stack');
      next = call.fromParent;
      call.from = null;
    }
    call = next;
  }
  if (looper.looper & LOOPER_POLL) looperWake(looper);
  return serving;
}

/** Second half of a release; the looper may be gone after it. */
export function looperFinish(looper: Looper, serving: Transaction | null): void {
  if (serving) stackFail(serving, BR_DEAD_REPLY);
  workDropAll(looperTodo(looper));
  looperRelease(looper);
}

/** Empties a list of work whose reader is gone: calls fail, oneways and confirmations are lost. */
export function workDropAll(list: usize): void {
  for (let work = workTake(list); work; work = workTake(list)) drop(work);
}

function drop(work: Work): void {
  switch (work.type) {
    case WORK_TRANSACTION:
      transactionCancel(changetype<Transaction>(work), BR_DEAD_REPLY);
      break;
    case WORK_TRANSACTION_COMPLETE:
    case WORK_TRANSACTION_PENDING:
    case WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT:
      kmemFree(CACHE_BINDER_WORK, changetype<usize>(work));
      statDeleted(STAT_TRANSACTION_COMPLETE);
      break;
    case WORK_DEAD_BINDER_AND_CLEAR:
    case WORK_CLEAR_DEATH_NOTIFICATION:
      deathFree(changetype<RefDeath>(work));
      break;
    case WORK_CLEAR_FREEZE_NOTIFICATION:
      freezeFree(changetype<RefFreeze>(work));
      break;
    default:
      break; // nodes, errors and notifications belong to somebody else
  }
}

/** A call that nobody serves any more: it keeps its caller, and loses its buffer and its receiver. */
function orphan(proc: Proc, call: Transaction): void {
  proc.outstandingTxns--;
  call.toProc = null;
  call.toThread = null;
  const buffer: Buffer | null = call.buffer;
  if (buffer) {
    buffer.transaction = 0;
    call.buffer = null;
  }
}

function create(proc: Proc, tid: i32): Looper | null {
  const address = kmemZalloc(CACHE_BINDER_LOOPER);
  if (!address) return null;
  statCreated(STAT_THREAD);
  const looper = changetype<Looper>(address);
  looper.proc = proc;
  looper.tid = tid;
  looper.needReturn = true;
  listInit(looperTodo(looper));
  looperReturnError(looper).type = WORK_RETURN_ERROR;
  looperReturnError(looper).command = BR_OK;
  looperReplyError(looper).type = WORK_RETURN_ERROR;
  looperReplyError(looper).command = BR_OK;
  looper.errorCommand = BR_OK;
  return looper;
}

function threadsRoot(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('threads');
}
