/**
 * Queues, and which threads they wake.
 *
 * Work for one thread is on its own todo list, work for any thread on the proc's. A thread returns for its list when
 * `processTodo` is set. The BR_TRANSACTION_COMPLETE of a call does not set it: the thread gets that along with the reply.
 * Waiting threads are a stack: the one that went to sleep last is woken first.
 */
import { BUG_OWN_WORK_UNPOLLED, BUG_THREAD_EXIT_EPOLL } from '../abi/history';
import { bugOn } from '../history';
import { listAddTail, listDel, listEmpty, listFirst, listLinked } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { current } from '../task/current';
import { watchesRelease, watchesNotify } from '../task/epoll';
import { threadWake } from '../task/wait';
import {
  BinderThread,
  LOOPER_POLL,
  binderThreadOfWaiting,
  binderThreadTodo,
  binderThreadWatches,
  Proc,
  procTodo,
  procWaiting,
  Work,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_TRANSACTION,
} from './objects';

/** Makes work, in no list, of uninitialised memory. */
export function workInit(work: Work, type: u32): void {
  assert(type >= WORK_TRANSACTION && type <= WORK_CLEAR_FREEZE_NOTIFICATION, 'workInit: no such work');
  work.next = 0;
  work.prev = 0;
  work.type = type;
}

export function workAdd(work: Work, list: usize): void {
  assert(!workQueued(work), 'workAdd: the work is in a list already');
  listAddTail(changetype<usize>(work), list);
}

export function workRemove(work: Work): void {
  if (workQueued(work)) listDel(changetype<usize>(work));
}

export function workQueued(work: Work): bool {
  return listLinked(changetype<usize>(work));
}

/** Takes the first work of a list, or null. */
export function workTake(list: usize): Work | null {
  const first = listFirst(list);
  if (!first) return null;
  listDel(first);
  return changetype<Work>(first);
}

/** Queues work that its thread does not return for, and gets with the next work that it does return for. */
export function workAddDeferred(binderThread: BinderThread, work: Work): void {
  assert(!binderThread.isDead, 'workAddDeferred: the thread is released');
  workAdd(work, binderThreadTodo(binderThread));
}

/** Queues work that its thread returns for. A thread that polls is woken even for work that it queues itself. */
export function workAddThread(binderThread: BinderThread, work: Work): void {
  assert(!binderThread.isDead, 'workAddThread: the thread is released');
  workAdd(work, binderThreadTodo(binderThread));
  if (binderThread.state & LOOPER_POLL && !binderThread.processTodo) {
    const acting = current();
    const isOwn = acting != null && acting.tid == binderThread.tid;
    if (isOwn && !bugOn(BUG_OWN_WORK_UNPOLLED)) binderThreadWake(binderThread);
  }
  binderThread.processTodo = true;
}

/** Queues work that any thread of the proc may take, and wakes one. */
export function workAddProc(proc: Proc, work: Work): void {
  workAdd(work, procTodo(proc));
  procWake(proc);
}

/** Whether a read may return. Work of the proc counts only with `procWork`. */
export function binderThreadHasWork(binderThread: BinderThread, procWork: bool): bool {
  return binderThread.processTodo || binderThread.needReturn || (procWork && !listEmpty(procTodo(binderThread.proc)));
}

/** Whether a thread may take work of the proc: it has no call under way, as callee or caller, and no work of its own. */
export function binderThreadAvailable(binderThread: BinderThread): bool {
  return !binderThread.stack && listEmpty(binderThreadTodo(binderThread));
}

/** Wakes the task that sleeps at the binder thread, if one does, and notifies the epoll watches. */
export function binderThreadWake(binderThread: BinderThread): void {
  const waiter = binderThread.waiter;
  if (waiter) threadWake(waiter);
  const watches = binderThreadWatches(binderThread);
  if (!listEmpty(watches)) watchesNotify(watches, 0);
}

/** The epoll watches of a binder thread that is released stay without a queue. No call polls it: a call holds the file. */
export function binderThreadPollFree(binderThread: BinderThread): void {
  assert(!binderThread.waiter, 'binderThreadPollFree: a task sleeps at the thread');
  if (!bugOn(BUG_THREAD_EXIT_EPOLL)) watchesRelease(binderThreadWatches(binderThread));
}

/** Takes the thread that began to wait for work of the proc last off the waiting list; null when none waits. */
export function procSelect(proc: Proc): BinderThread | null {
  const link = listFirst(procWaiting(proc));
  if (!link) return null;
  listDel(link);
  assert(binderThreadOfWaiting(link).proc == proc, 'procSelect: the thread waits for another proc');
  return binderThreadOfWaiting(link);
}

/** Wakes `binderThread`; without one, every polling thread that may take work of the proc. Those are on no waiting list. */
export function procWakeThread(proc: Proc, binderThread: BinderThread | null): void {
  assert(!binderThread || binderThread.proc == proc, 'procWakeThread: the thread is of another proc');
  if (binderThread) {
    binderThreadWake(binderThread);
    return;
  }
  for (let node = rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads')); node; node = rbNext(node)) {
    const polling = changetype<BinderThread>(node);
    if (polling.state & LOOPER_POLL && binderThreadAvailable(polling)) binderThreadWake(polling);
  }
}

export function procWake(proc: Proc): void {
  procWakeThread(proc, procSelect(proc));
}
