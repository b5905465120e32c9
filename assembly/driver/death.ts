/**
 * Death notifications: BR_DEAD_BINDER when the owner of a node dies, for each ref that asked.
 *
 * A request is queued as work when its node dies, and is on the proc's list of delivered deaths until BC_DEAD_BINDER_DONE.
 * It ends with BR_CLEAR_DEATH_NOTIFICATION_DONE. Errors of user space are ignored, as in Linux.
 */
import {
  KLOG_DEATH_ALREADY_SET,
  KLOG_DEATH_COOKIE,
  KLOG_DEATH_DONE_NOT_FOUND,
  KLOG_DEATH_INVALID_REF,
  KLOG_DEATH_NO_MEMORY,
  KLOG_DEATH_NOT_ACTIVE,
} from '../abi/klog';
import { MISUSE_DEATHS } from '../abi/history';
import { CACHE_BINDER_REF_DEATH } from '../abi/machine';
import { BC_CLEAR_DEATH_NOTIFICATION, BC_REQUEST_DEATH_NOTIFICATION, BR_ERROR } from '../abi/protocol';
import { misuseNote } from '../history';
import { LIST_SIZE, listAddTail, listDel, listFirst, listInit, listLift, listNext } from '../lib/list';
import { kmemFree, kmemIsFree, kmemZalloc } from '../mem/kmem';
import { userError } from './complaints';
import {
  BinderThread,
  LOOPER_ENTERED,
  LOOPER_REGISTERED,
  binderThreadReturnError,
  Node,
  nodeRefs,
  Proc,
  RefDeath,
  refOfSibling,
  WORK_CLEAR_DEATH_NOTIFICATION,
  WORK_DEAD_BINDER,
  WORK_DEAD_BINDER_AND_CLEAR,
} from './objects';
import { refFind } from './refs';
import { STAT_DEATH, statCreated, statDeleted } from './state';
import { workAdd, workAddThread, workAddProc, workQueued, workRemove } from './work';

/** BC_REQUEST_DEATH_NOTIFICATION: one for each ref; a node that is dead already is reported at once. */
export function deathRequest(binderThread: BinderThread, handle: u32, cookie: u64): void {
  const proc = binderThread.proc;
  const address = kmemZalloc(CACHE_BINDER_REF_DEATH);
  if (!address) {
    const error = binderThreadReturnError(binderThread);
    error.command = BR_ERROR;
    workAddThread(binderThread, error);
    userError(KLOG_DEATH_NO_MEMORY, binderThread);
    return;
  }
  const ref = refFind(proc, handle, false);
  if (!ref || ref.death) {
    if (ref) userError(KLOG_DEATH_ALREADY_SET, binderThread);
    else userError(KLOG_DEATH_INVALID_REF, binderThread, BC_REQUEST_DEATH_NOTIFICATION, handle);
    kmemFree(CACHE_BINDER_REF_DEATH, address);
    return;
  }
  statCreated(STAT_DEATH);
  const death = changetype<RefDeath>(address);
  death.cookie = cookie;
  ref.death = death;
  if (!ref.node.proc) {
    death.type = WORK_DEAD_BINDER;
    workAddProc(proc, death);
  }
}

/** BC_CLEAR_DEATH_NOTIFICATION: confirmed at once, or after a death that is queued or not answered yet. */
export function deathClear(binderThread: BinderThread, handle: u32, cookie: u64): void {
  const ref = refFind(binderThread.proc, handle, false);
  if (!ref) {
    userError(KLOG_DEATH_INVALID_REF, binderThread, BC_CLEAR_DEATH_NOTIFICATION, handle);
    return;
  }
  const death = ref.death;
  if (!death || death.cookie != cookie) {
    if (death) userError(KLOG_DEATH_COOKIE, binderThread, death.cookie, cookie);
    else userError(KLOG_DEATH_NOT_ACTIVE, binderThread);
    return;
  }
  ref.death = null;
  if (workQueued(death)) {
    death.type = WORK_DEAD_BINDER_AND_CLEAR;
  } else {
    death.type = WORK_CLEAR_DEATH_NOTIFICATION;
    confirm(binderThread, death);
  }
}

/** BC_DEAD_BINDER_DONE: user space has handled the death. A clear that came in between is confirmed now. */
export function deathDone(binderThread: BinderThread, cookie: u64): void {
  const head = deliveredDeaths(binderThread.proc);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const death = changetype<RefDeath>(link);
    if (death.cookie != cookie) continue;
    workRemove(death);
    if (death.type == WORK_DEAD_BINDER_AND_CLEAR) {
      death.type = WORK_CLEAR_DEATH_NOTIFICATION;
      confirm(binderThread, death);
    }
    return;
  }
  userError(KLOG_DEATH_DONE_NOT_FOUND, binderThread, cookie);
}

/** Queues the death of `node`, whose owner has died, for every ref that asked. */
export function deathNotify(node: Node): void {
  assert(!node.proc, 'deathNotify: the owner is alive');
  const head = nodeRefs(node);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const ref = refOfSibling(link);
    const death = ref.death;
    if (!death) continue;
    death.type = WORK_DEAD_BINDER;
    workAddProc(ref.proc, death);
  }
}

/**
 * CVE-2025-68260: moves the deaths of a node to a list that only the caller knows. Their links are a circle, and the list is its
 * first one. Another release that takes that one out of the circle does not move the first on. null without deaths.
 */
export function deathsMove(node: Node): RefDeath | null {
  const head = nodeRefs(node);
  let first: usize = 0;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const death = refOfSibling(link).death;
    if (!death) continue;
    const moved = changetype<usize>(death);
    if (first) {
      listAddTail(moved, first);
    } else {
      listInit(moved);
      first = moved;
    }
  }
  return changetype<RefDeath | null>(first);
}

/** Queues the deaths of a list that deathsMove made. The first one may be free by now: that is noted, and the rest is lost. */
export function deathsNotify(node: Node, first: RefDeath | null): void {
  for (let link = changetype<usize>(first); link; ) {
    if (kmemIsFree(link)) {
      misuseNote(MISUSE_DEATHS, link, LIST_SIZE, changetype<i32>(node));
      return;
    }
    const death = changetype<RefDeath>(link);
    const next = listNext(link, link);
    if (next) listDel(link);
    else listLift(link); // the last one of a circle is its own neighbour
    death.type = WORK_DEAD_BINDER;
    workAddProc(procOfDeath(node, death), death);
    link = next;
  }
}

/** Whose request a death is. */
function procOfDeath(node: Node, death: RefDeath): Proc {
  const head = nodeRefs(node);
  let link = listFirst(head);
  while (refOfSibling(link).death != death) link = listNext(link, head);
  return refOfSibling(link).proc;
}

/** Puts a death that user space gets now on the list of those it has to answer. */
export function deathDelivered(proc: Proc, death: RefDeath): void {
  assert(death.type == WORK_DEAD_BINDER || death.type == WORK_DEAD_BINDER_AND_CLEAR, 'deathDelivered: no death');
  workAdd(death, deliveredDeaths(proc));
}

export function deathFree(death: RefDeath): void {
  assert(!workQueued(death), 'deathFree: the notification is still queued');
  kmemFree(CACHE_BINDER_REF_DEATH, changetype<usize>(death));
  statDeleted(STAT_DEATH);
}

export function deliveredDeaths(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('deliveredDeathNext');
}

/** A pool thread gets the confirmation of its own clear; other threads leave it on the queue of the proc. */
function confirm(binderThread: BinderThread, death: RefDeath): void {
  if (binderThread.state & (LOOPER_REGISTERED | LOOPER_ENTERED)) workAddThread(binderThread, death);
  else workAddProc(binderThread.proc, death);
}
