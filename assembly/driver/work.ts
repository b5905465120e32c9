/**
 * Queues and who is woken for them.
 *
 * Work for one looper goes on its own todo list, work for any of them on the proc's. `processTodo` tells whether the
 * looper's list is worth returning for: a caller's BR_TRANSACTION_COMPLETE alone is not, it rides along with the reply.
 * Waiting loopers are a stack: the one that went to sleep last is woken first.
 */
import { EVENT_WAKE } from '../abi/events';
import { listAddTail, listDel, listEmpty, listFirst, listLinked } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { current } from '../task/current';
import { threadWake } from '../task/wait';
import { trace } from '../trace';
import { Looper, LOOPER_POLL, looperOfWaiting, looperTodo, Proc, procTodo, procWaiting, Work } from './objects';

/** Makes work of memory that may hold anything; it is in no list. */
export function workInit(work: Work, type: u32): void {
  work.next = 0;
  work.prev = 0;
  work.type = type;
}

export function workAdd(work: Work, list: usize): void {
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

/** Queues work that a looper is not to return for; something else will let it go. */
export function workAddDeferred(looper: Looper, work: Work): void {
  workAdd(work, looperTodo(looper));
}

/** Queues work that a looper returns for. One that polls is woken for work it queued itself, too. */
export function workAddLooper(looper: Looper, work: Work): void {
  workAdd(work, looperTodo(looper));
  if (looper.looper & LOOPER_POLL && !looper.processTodo) {
    const acting = current();
    if (acting && acting.tid == looper.tid) looperWake(looper);
  }
  looper.processTodo = true;
}

/** Queues work that any looper of the proc may take, and wakes one. */
export function workAddProc(proc: Proc, work: Work): void {
  workAdd(work, procTodo(proc));
  procWake(proc);
}

/** Whether a read may return: `procWork` tells if work of the whole proc counts. */
export function looperHasWork(looper: Looper, procWork: bool): bool {
  return looper.processTodo || looper.needReturn || (procWork && !listEmpty(procTodo(looper.proc)));
}

/** Whether a looper may take work of the whole proc: it serves nobody, waits for nobody, has nothing of its own. */
export function looperAvailable(looper: Looper): bool {
  return !looper.stack && listEmpty(looperTodo(looper));
}

/** Wakes whoever sleeps at the looper. */
export function looperWake(looper: Looper): void {
  const waiter = looper.waiter;
  if (!waiter) return;
  trace(EVENT_WAKE, waiter.tid);
  threadWake(waiter);
}

/** Takes the looper that waits for process work since the shortest time off the waiting list, or null. */
export function procSelect(proc: Proc): Looper | null {
  const link = listFirst(procWaiting(proc));
  if (!link) return null;
  listDel(link);
  return looperOfWaiting(link);
}

/** Wakes `looper`, or without one every polling looper that could take process work: none of them is on the waiting list. */
export function procWakeLooper(proc: Proc, looper: Looper | null): void {
  if (looper) {
    looperWake(looper);
    return;
  }
  for (let node = rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads')); node; node = rbNext(node)) {
    const polling = changetype<Looper>(node);
    if (polling.looper & LOOPER_POLL && looperAvailable(polling)) looperWake(polling);
  }
}

export function procWake(proc: Proc): void {
  procWakeLooper(proc, procSelect(proc));
}
