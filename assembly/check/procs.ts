/**
 * Procs and their binder threads: their trees and lists, their queues, and the threads that sleep at them.
 *
 * An operation holds a proc while it runs (tmpRefs). Between calls the holders are a release that sleeps, binder threads
 * whose release is not finished, and a BINDER_FREEZE that waits for its targets.
 */
import * as codes from '../abi/check';
import {
  CACHE_BINDER_ALLOC,
  CACHE_BINDER_THREAD,
  CACHE_BINDER_NODE,
  CACHE_BINDER_PROC,
  CACHE_BINDER_REF_DEATH,
  CACHE_BINDER_REF_FREEZE,
  CACHE_PROCESS,
  CACHE_THREAD,
  DEVICE_COUNT,
} from '../abi/machine';
import { BR_OK } from '../abi/protocol';
import { deliveredDeaths } from '../driver/death';
import { deliveredFreezes } from '../driver/freeze';
import { deferredList, worker } from '../driver/lifecycle';
import {
  DEFERRED_RELEASE,
  ErrorWork,
  BinderThread,
  LOOPER_WAITING,
  binderThreadOfWaiting,
  binderThreadReplyError,
  binderThreadReturnError,
  binderThreadTodo,
  binderThreadWatches,
  Proc,
  procTodo,
  procWaiting,
  RefFreeze,
  Work,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_DEAD_BINDER,
  WORK_DEAD_BINDER_AND_CLEAR,
  WORK_FROZEN_BINDER,
} from '../driver/objects';
import { WriteRead } from '../driver/records';
import { context, procs } from '../driver/state';
import { listFirst, listLinked, listNext } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { CALL_READ, threadCallFrame } from '../task/process';
import { checkArea } from './area';
import { holdMessages } from './contents';
import { checkQueueOfWatches, checkWakeUp } from './epolls';
import { claimLink, holdSecctx, listHold, pointsAt, treeSound } from './links';
import { checkNodes, checkRefs } from './nodes';
import { checkQueue } from './queues';
import { blame } from './report';
import { checkStack } from './stacks';
import { claim, hold } from './tally';
import { holdDetached } from './tasks';

/** The list of procs, deferred work, and the devices. */
export function checkProcs(): bool {
  if (!listHold(procs) || !listHold(deferredList)) return false;
  for (let link = listFirst(procs); link; link = listNext(link, procs)) {
    if (!pointsAt(CACHE_BINDER_PROC, link, procs)) return false;
    hold(codes.VIOLATION_OWNER, link);
    if (changetype<Proc>(link).isDead) return blame(codes.VIOLATION_PROC, link);
  }
  for (let device = 0; device < DEVICE_COUNT; device++) if (!checkManager(device)) return false;
  return checkWorker();
}

export function checkProc(proc: Proc): bool {
  const at = changetype<usize>(proc);
  claim(codes.VIOLATION_PROC_REFS, at, proc.tmpRefs);
  claim(codes.VIOLATION_OUTSTANDING, at, proc.outstandingTxns);
  if (!proc.isDead) claim(codes.VIOLATION_OWNER, at, 1);
  if (!proc.isDead && !(proc.deferred & DEFERRED_RELEASE)) claim(codes.VIOLATION_PROC_FILE, at, 1);
  claimLink(at);
  claimLink(at + offsetof<Proc>('deferredNext'));
  return checkState(proc, at) && checkBelongings(proc, at) && checkQueues(proc) && checkBinderThreads(proc);
}

export function checkBinderThread(binderThread: BinderThread): bool {
  const at = changetype<usize>(binderThread);
  claim(codes.VIOLATION_OWNER, at, 1);
  claim(codes.VIOLATION_LOOPER_REFS, at, binderThread.tmpRefs);
  claimLink(at + offsetof<BinderThread>('waitingNext'));
  if (!pointsAt(CACHE_BINDER_PROC, changetype<usize>(binderThread.proc), at)) return false;
  if (!checkError(binderThreadReturnError(binderThread)) || !checkError(binderThreadReplyError(binderThread)))
    return false;
  if (!checkQueue(binderThreadTodo(binderThread), binderThread.proc, binderThread)) return false;
  if (!checkQueueOfWatches(binderThreadWatches(binderThread)) || !checkWakeUp(binderThread)) return false;
  // A dead binder thread keeps its stack, but no transaction on it points back at the binder thread.
  return binderThread.isDead || (checkWaiting(binderThread, at) && checkStack(binderThread));
}

/** A dead proc stays as long as it is held. A live proc is on the list of procs. */
function checkState(proc: Proc, at: usize): bool {
  if (proc.isDead == listLinked(at) || (proc.isDead && !proc.tmpRefs)) return blame(codes.VIOLATION_PROC, at);
  if ((proc.deferred != 0) != listLinked(at + offsetof<Proc>('deferredNext'))) return blame(codes.VIOLATION_PROC, at);
  if (<u32>proc.requestedThreads > 1) return blame(codes.VIOLATION_PROC, at);
  for (let device = 0; device < DEVICE_COUNT; device++) if (proc.context == context(device)) return true;
  return blame(codes.VIOLATION_PROC, at);
}

function checkBelongings(proc: Proc, at: usize): bool {
  if (!pointsAt(CACHE_PROCESS, changetype<usize>(proc.process), at)) return false;
  hold(codes.VIOLATION_PROCESS_REFS, changetype<usize>(proc.process));
  if (!holdSecctx(proc.secctx)) return false;
  const alloc = proc.alloc;
  if (!pointsAt(CACHE_BINDER_ALLOC, changetype<usize>(alloc), at)) return false;
  hold(codes.VIOLATION_OWNER, changetype<usize>(alloc));
  if (!checkArea(alloc) || !checkNodes(proc) || !checkRefs(proc)) return false;
  return holdMessages(proc);
}

function checkQueues(proc: Proc): bool {
  return (
    checkQueue(procTodo(proc), proc, null) &&
    checkDelivered(deliveredDeaths(proc), false) &&
    checkDelivered(deliveredFreezes(proc), true)
  );
}

/** Death notifications that user space has not answered. Once the request is withdrawn, only this list owns them. */
function checkDelivered(head: usize, freezes: bool): bool {
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const type = changetype<Work>(link).type;
    if (freezes) {
      if (!pointsAt(CACHE_BINDER_REF_FREEZE, link, head)) return false;
      const isCleared = type == WORK_CLEAR_FREEZE_NOTIFICATION;
      if (isCleared) hold(codes.VIOLATION_OWNER, link);
      const isRight = (isCleared || type == WORK_FROZEN_BINDER) && changetype<RefFreeze>(link).sent;
      if (!isRight) return blame(codes.VIOLATION_FREEZE, link, 0, type);
    } else {
      if (!pointsAt(CACHE_BINDER_REF_DEATH, link, head)) return false;
      if (type == WORK_DEAD_BINDER_AND_CLEAR) hold(codes.VIOLATION_OWNER, link);
      else if (type != WORK_DEAD_BINDER) return blame(codes.VIOLATION_DEATH, link, 0, type);
    }
  }
  return true;
}

/** The binder threads of a proc by tid, and those that wait for work of the proc. */
function checkBinderThreads(proc: Proc): bool {
  const root = changetype<usize>(proc) + offsetof<Proc>('threads');
  if (!treeSound(root)) return false;
  let before = i32.MIN_VALUE;
  for (let node = rbFirst(root); node; node = rbNext(node)) {
    if (!pointsAt(CACHE_BINDER_THREAD, node, root)) return false;
    hold(codes.VIOLATION_OWNER, node);
    const binderThread = changetype<BinderThread>(node);
    if (binderThread.proc != proc || binderThread.isDead)
      return blame(codes.VIOLATION_LOOPER, node, 0, binderThread.state);
    if (binderThread.tid <= before) return blame(codes.VIOLATION_TREE_ORDER, node, before, binderThread.tid);
    before = binderThread.tid;
  }
  const head = procWaiting(proc);
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const binderThread = binderThreadOfWaiting(link);
    if (!pointsAt(CACHE_BINDER_THREAD, changetype<usize>(binderThread), head)) return false;
    if (binderThread.proc != proc)
      return blame(codes.VIOLATION_LOOPER, changetype<usize>(binderThread), 0, binderThread.state);
  }
  return true;
}

/**
 * A binder thread has a waiter exactly while a thread sleeps at it. During a read it has the state WAITING. It is on the
 * proc's list if the read takes work of the proc. The function that takes it off the list wakes the thread, which is on the
 * wake list until it runs.
 */
function checkWaiting(binderThread: BinderThread, at: usize): bool {
  const waiter = binderThread.waiter;
  const onList = listLinked(at + offsetof<BinderThread>('waitingNext'));
  const saysSo = (binderThread.state & LOOPER_WAITING) != 0;
  if (!waiter) {
    if (saysSo) return blame(codes.VIOLATION_LOOPER, at, 0, binderThread.state);
    return !onList || blame(codes.VIOLATION_WAITING, at, 0, 1);
  }
  if (!pointsAt(CACHE_THREAD, changetype<usize>(waiter), at)) return false;
  if (!waiter.parked || waiter.waitingOn != at) return blame(codes.VIOLATION_WAITER, at, changetype<i32>(waiter), 0);
  const reads = waiter.call == CALL_READ;
  if (saysSo != reads) return blame(codes.VIOLATION_LOOPER, at, LOOPER_WAITING, binderThread.state);
  const should = reads && changetype<WriteRead>(threadCallFrame(waiter)).procWork;
  const isWoken = listLinked(changetype<usize>(waiter));
  return onList == should || (should && isWoken) || blame(codes.VIOLATION_WAITING, at, should ? 1 : 0, onList ? 1 : 0);
}

/** A queued error has a BR_ word. An error that could not be delivered has one, too, and is not queued. */
function checkError(error: ErrorWork): bool {
  const at = changetype<usize>(error);
  claimLink(at);
  return !listLinked(at) || error.command != BR_OK || blame(codes.VIOLATION_LINK, at);
}

function checkManager(device: i32): bool {
  const manager = context(device).manager;
  const at = changetype<usize>(context(device));
  if (!manager) return true;
  if (!pointsAt(CACHE_BINDER_NODE, changetype<usize>(manager), at)) return false;
  const owner = manager.proc;
  return (
    (owner != null && owner.context == context(device)) || blame(codes.VIOLATION_MANAGER, at, changetype<i32>(manager))
  );
}

/** A release that sleeps holds its proc, and the binder thread that it waits for. */
function checkWorker(): bool {
  const proc = worker.proc;
  const binderThread = worker.binderThread;
  if (!proc) return !binderThread || blame(codes.VIOLATION_PROC, 0);
  const at = changetype<usize>(proc);
  if (!pointsAt(CACHE_BINDER_PROC, at, changetype<usize>(worker))) return false;
  hold(codes.VIOLATION_PROC_REFS, at);
  return !binderThread || holdDetached(binderThread, at);
}
