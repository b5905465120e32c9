/**
 * Temporary references (Linux: tmp_ref). An operation holds the procs and binder threads that it uses, so that a release in
 * the middle does not free them. The end of the last reference to a released one does.
 */
import { CACHE_BINDER_THREAD, CACHE_BINDER_PROC } from '../abi/machine';
import { allocDestroy } from '../alloc/alloc';
import { listEmpty } from '../lib/list';
import { rbRoot } from '../lib/rbtree';
import { kmemFree } from '../mem/kmem';
import { processPut } from '../task/process';
import { secctxPut } from '../task/secctx';
import { BinderThread, binderThreadTodo, Proc, procTodo } from './objects';
import { refsDestroy } from './refs';
import { STAT_PROC, STAT_THREAD, statDeleted } from './state';

export function procHold(proc: Proc): void {
  proc.tmpRefs++;
}

export function procRelease(proc: Proc): void {
  assert(proc.tmpRefs > 0, 'procRelease: proc is not held');
  proc.tmpRefs--;
  if (proc.isDead && !proc.tmpRefs && !rbRoot(changetype<usize>(proc) + offsetof<Proc>('threads'))) procFree(proc);
}

export function binderThreadHold(binderThread: BinderThread): void {
  binderThread.tmpRefs++;
}

/** A released binder thread holds its proc until it is freed. */
export function binderThreadRelease(binderThread: BinderThread): void {
  assert(binderThread.tmpRefs > 0, 'binderThreadRelease: binder thread is not held');
  binderThread.tmpRefs--;
  if (!binderThread.isDead || binderThread.tmpRefs) return;
  const proc = binderThread.proc;
  assert(listEmpty(binderThreadTodo(binderThread)), 'binderThreadRelease: work is left');
  kmemFree(CACHE_BINDER_THREAD, changetype<usize>(binderThread));
  statDeleted(STAT_THREAD);
  procRelease(proc);
}

function procFree(proc: Proc): void {
  assert(listEmpty(procTodo(proc)), 'procFree: work is left');
  allocDestroy(proc.alloc);
  refsDestroy(proc);
  processPut(proc.process);
  secctxPut(proc.secctx);
  kmemFree(CACHE_BINDER_PROC, changetype<usize>(proc));
  statDeleted(STAT_PROC);
}
