/**
 * Death notifications: BR_DEAD_BINDER when the owner of a node dies, for each ref that asked.
 *
 * A request is queued as work when there is something to tell, stands on the proc's list of delivered deaths until
 * BC_DEAD_BINDER_DONE, and ends with BR_CLEAR_DEATH_NOTIFICATION_DONE. Errors of user space are ignored, as in Linux.
 */
import { CACHE_BINDER_REF_DEATH } from '../abi/machine';
import { BR_ERROR } from '../abi/protocol';
import { listFirst, listNext } from '../lib/list';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import {
  Looper,
  LOOPER_ENTERED,
  LOOPER_REGISTERED,
  looperReturnError,
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
import { workAdd, workAddLooper, workAddProc, workQueued, workRemove } from './work';

/** BC_REQUEST_DEATH_NOTIFICATION: one for each ref; a node that is dead already is reported at once. */
export function deathRequest(looper: Looper, handle: u32, cookie: u64): void {
  const proc = looper.proc;
  const address = kmemZalloc(CACHE_BINDER_REF_DEATH);
  if (!address) {
    const error = looperReturnError(looper);
    error.command = BR_ERROR;
    workAddLooper(looper, error);
    return;
  }
  const ref = refFind(proc, handle, false);
  if (!ref || ref.death) {
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

/** BC_CLEAR_DEATH_NOTIFICATION: confirmed at once, or behind the death that is being told. */
export function deathClear(looper: Looper, handle: u32, cookie: u64): void {
  const ref = refFind(looper.proc, handle, false);
  if (!ref) return;
  const death = ref.death;
  if (!death || death.cookie != cookie) return;
  ref.death = null;
  if (workQueued(death)) {
    death.type = WORK_DEAD_BINDER_AND_CLEAR;
  } else {
    death.type = WORK_CLEAR_DEATH_NOTIFICATION;
    confirm(looper, death);
  }
}

/** BC_DEAD_BINDER_DONE: user space has dealt with the death; a clear that came meanwhile is confirmed now. */
export function deathDone(looper: Looper, cookie: u64): void {
  const head = deliveredDeaths(looper.proc);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const death = changetype<RefDeath>(link);
    if (death.cookie != cookie) continue;
    workRemove(death);
    if (death.type == WORK_DEAD_BINDER_AND_CLEAR) {
      death.type = WORK_CLEAR_DEATH_NOTIFICATION;
      confirm(looper, death);
    }
    return;
  }
}

/** The owner of `node` has died: everyone who asked is told. */
export function deathNotify(node: Node): void {
  const head = nodeRefs(node);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const ref = refOfSibling(link);
    const death = ref.death;
    if (!death) continue;
    death.type = WORK_DEAD_BINDER;
    workAddProc(ref.proc, death);
  }
}

/** Told, and not yet answered. */
export function deathDelivered(proc: Proc, death: RefDeath): void {
  workAdd(death, deliveredDeaths(proc));
}

export function deathFree(death: RefDeath): void {
  kmemFree(CACHE_BINDER_REF_DEATH, changetype<usize>(death));
  statDeleted(STAT_DEATH);
}

export function deliveredDeaths(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('deliveredDeathNext');
}

/** A looper hears of its own clear; a thread that is none leaves that to any looper. */
function confirm(looper: Looper, death: RefDeath): void {
  if (looper.looper & (LOOPER_REGISTERED | LOOPER_ENTERED)) workAddLooper(looper, death);
  else workAddProc(looper.proc, death);
}
