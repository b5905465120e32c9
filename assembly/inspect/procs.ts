/** Cursors over the driver's procs and their binder threads, and over the devices. */
import {
  CONTEXT_DEVICE,
  CONTEXT_MANAGER,
  CONTEXT_MANAGER_ID,
  CONTEXT_MANAGER_PID,
  CONTEXT_MANAGER_UID,
  LOOPER_ERROR_COMMAND,
  LOOPER_ERROR_ID,
  LOOPER_ERROR_PARAM,
  LOOPER_NEED_RETURN,
  LOOPER_ON_WAITING_LIST,
  LOOPER_PROCESS_TODO,
  LOOPER_STATE,
  LOOPER_TID,
  LOOPER_TMP_REFS,
  LOOPER_WAITER,
  PROC_ASYNC_FREE,
  PROC_ASYNC_RECV,
  PROC_DEBUGFS_ENTRY,
  PROC_DEFAULT_PRIORITY,
  PROC_DEVICE,
  PROC_FROZEN,
  PROC_KERNEL_BASE,
  PROC_MAPPED,
  PROC_MAX_THREADS,
  PROC_OUTSTANDING_TXNS,
  PROC_PAGE_COUNT,
  PROC_PAGES_HIGH,
  PROC_PID,
  PROC_PROCESS,
  PROC_READY_THREADS,
  PROC_REQUESTED_THREADS,
  PROC_REQUESTED_THREADS_STARTED,
  PROC_SIZE,
  PROC_SPAM_DETECTION,
  PROC_STRATEGY,
  PROC_SYNC_RECV,
  PROC_TMP_REFS,
  PROC_USER_BASE,
} from '../abi/inspect';
import { DEVICE_COUNT } from '../abi/machine';
import { BinderAlloc } from '../alloc/alloc';
import { listFirst, listLinked, listNext } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { BinderThread, Proc, procWaiting } from '../driver/objects';
import { context, procsFirst, procsNext } from '../driver/state';
import { recordPut, recordPut64, recordPutAddress, recordPutFlag } from './record';

/** A context's handle is its device plus 1. */
export function contextAfter(after: usize): usize {
  if (after >= <usize>DEVICE_COUNT) return 0;
  const described = context(<i32>after);
  const manager = described.manager;
  recordPut(CONTEXT_DEVICE, <u32>after);
  recordPut64(CONTEXT_MANAGER_UID, described.managerUid);
  if (manager) {
    const owner = manager.proc;
    recordPutAddress(CONTEXT_MANAGER, changetype<usize>(manager));
    recordPut(CONTEXT_MANAGER_ID, manager.debugId);
    recordPut(CONTEXT_MANAGER_PID, owner ? owner.pid : 0);
  }
  return after + 1;
}

export function procAfter(after: usize): usize {
  const proc = after ? procsNext(changetype<Proc>(after)) : procsFirst();
  if (!proc) return 0;
  recordPut(PROC_PID, proc.pid);
  recordPut(PROC_DEVICE, proc.device);
  recordPutAddress(PROC_PROCESS, changetype<usize>(proc.process));
  recordPutFlag(PROC_DEBUGFS_ENTRY, proc.debugfsEntry);
  recordPutFlag(PROC_FROZEN, proc.isFrozen);
  recordPutFlag(PROC_SYNC_RECV, proc.syncRecv);
  recordPutFlag(PROC_ASYNC_RECV, proc.asyncRecv);
  recordPutFlag(PROC_SPAM_DETECTION, proc.spamDetection);
  recordPut(PROC_DEFAULT_PRIORITY, proc.defaultPriority);
  recordPut(PROC_MAX_THREADS, proc.maxThreads);
  recordPut(PROC_REQUESTED_THREADS, proc.requestedThreads);
  recordPut(PROC_REQUESTED_THREADS_STARTED, proc.requestedThreadsStarted);
  recordPut(PROC_READY_THREADS, readyThreads(proc));
  recordPut(PROC_OUTSTANDING_TXNS, proc.outstandingTxns);
  recordPut(PROC_TMP_REFS, proc.tmpRefs);
  describeAlloc(proc.alloc);
  return changetype<usize>(proc);
}

export function looperAfter(proc: Proc, after: usize): usize {
  const link = after ? rbNext(after) : rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads'));
  if (!link) return 0;
  const binderThread = changetype<BinderThread>(link);
  const waiter = binderThread.waiter;
  recordPut(LOOPER_TID, binderThread.tid);
  recordPut(LOOPER_STATE, binderThread.state);
  recordPutFlag(LOOPER_NEED_RETURN, binderThread.needReturn);
  recordPutFlag(LOOPER_PROCESS_TODO, binderThread.processTodo);
  recordPutFlag(LOOPER_ON_WAITING_LIST, listLinked(link + offsetof<BinderThread>('waitingNext')));
  recordPut(LOOPER_WAITER, waiter ? waiter.tid : 0);
  recordPut(LOOPER_TMP_REFS, binderThread.tmpRefs);
  recordPut(LOOPER_ERROR_ID, binderThread.errorId);
  recordPut(LOOPER_ERROR_COMMAND, binderThread.errorCommand);
  recordPut(LOOPER_ERROR_PARAM, binderThread.errorParam);
  return link;
}

function describeAlloc(alloc: BinderAlloc): void {
  recordPut(PROC_STRATEGY, alloc.size ? alloc.strategy.number : -1);
  recordPut(PROC_PAGES_HIGH, alloc.pagesHigh);
  recordPut(PROC_SIZE, alloc.size);
  recordPut(PROC_ASYNC_FREE, alloc.asyncFree);
  recordPutFlag(PROC_MAPPED, alloc.vma != null);
  recordPut64(PROC_USER_BASE, alloc.userBase);
  recordPut64(PROC_KERNEL_BASE, alloc.kernelBase);
  recordPut(PROC_PAGE_COUNT, alloc.pageCount);
}

function readyThreads(proc: Proc): u32 {
  const head = procWaiting(proc);
  let count: u32 = 0;
  for (let link = listFirst(head); link; link = listNext(link, head)) count++;
  return count;
}
