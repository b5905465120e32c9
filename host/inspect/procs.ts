/** Views of the driver's own processes: one for each open file of a device, with its loopers and queues. */
import {
  CONTEXT_DEVICE,
  CONTEXT_MANAGER,
  CONTEXT_MANAGER_ID,
  CONTEXT_MANAGER_PID,
  CONTEXT_MANAGER_UID,
  CURSOR_CONTEXTS,
  CURSOR_DELIVERED_DEATHS,
  CURSOR_DELIVERED_FREEZES,
  CURSOR_LOOPER_TODO,
  CURSOR_LOOPERS,
  CURSOR_PROC_TODO,
  CURSOR_PROCS,
  CURSOR_STACK,
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
  PROC_SYNC_RECV,
  PROC_TMP_REFS,
  PROC_USER_BASE,
} from '../../assembly/abi/inspect.ts';
import type { Cursors, Row } from './cursor.ts';
import { type NodeView, nodeViews, type RefView, refViews } from './nodes.ts';
import { type StackEntryView, stackEntryView, type WorkView, workViews } from './works.ts';

export type ContextName = 'binder' | 'hwbinder' | 'vndbinder';
/** By DEVICE_*. */
export const CONTEXT_NAMES: readonly ContextName[] = ['binder', 'hwbinder', 'vndbinder'];

export interface ContextView {
  readonly name: ContextName;
  /** Node that handle 0 means, and the pid of its owner; null while there is none. */
  readonly manager: { readonly handle: number; readonly id: number; readonly pid: number } | null;
  /** The uid that became manager first since boot, the only one that may; null: nobody has. */
  readonly managerUid: number | null;
}

export interface ProcView {
  readonly handle: number;
  readonly pid: number;
  readonly context: ContextName;
  /** Handle of the process that opened the file; it may have died. */
  readonly process: number;
  /** proc/PID is in debugfs on its account. */
  readonly debugfsEntry: boolean;
  readonly frozen: boolean;
  /** A call, or a oneway, came while it was frozen. */
  readonly syncRecv: boolean;
  readonly asyncRecv: boolean;
  readonly spamDetection: boolean;
  readonly defaultPriority: number;
  readonly maxThreads: number;
  readonly requestedThreads: number;
  readonly requestedThreadsStarted: number;
  /** Loopers that wait for work of the proc. */
  readonly readyThreads: number;
  readonly outstandingTxns: number;
  readonly tmpRefs: number;
  readonly mapping: MappingView;
  /** By tid. */
  readonly loopers: readonly LooperView[];
  /** By ptr. */
  readonly nodes: readonly NodeView[];
  /** By handle number. */
  readonly refs: readonly RefView[];
  /** Work that any looper may take. */
  readonly todo: readonly WorkView[];
  /** Notifications that it was told of and has not answered. */
  readonly deliveredDeaths: readonly WorkView[];
  readonly deliveredFreezes: readonly WorkView[];
}

export interface MappingView {
  /** Bytes of it that count; 0 before mmap. */
  readonly size: number;
  /** From mmap until a piece of it is unmapped. */
  readonly mapped: boolean;
  readonly userBase: number;
  /** Start of the kernel's twin; null without one. */
  readonly kernelBase: bigint | null;
  /** Bytes that oneways may still take. */
  readonly asyncFree: number;
  readonly pages: number;
  /** Highest page that ever had a frame, plus 1. */
  readonly pagesHigh: number;
}

/** A thread as the driver knows it (Linux: binder_thread). */
export interface LooperView {
  readonly handle: number;
  readonly tid: number;
  /** Bits: 1 registered, 2 entered, 4 exited, 8 invalid, 0x10 waiting, 0x20 poll. */
  readonly state: number;
  readonly needReturn: boolean;
  /** Its todo list holds something worth returning for. */
  readonly processTodo: boolean;
  /** It waits for work of the proc. */
  readonly waiting: boolean;
  /** tid of the thread that sleeps at it; null: none does. */
  readonly waiter: number | null;
  readonly tmpRefs: number;
  readonly extendedError: { readonly id: number; readonly command: number; readonly param: number };
  /** Innermost first. */
  readonly stack: readonly StackEntryView[];
  readonly todo: readonly WorkView[];
}

export function contextViews(cursors: Cursors): ContextView[] {
  return cursors.rows(CURSOR_CONTEXTS).map((row) => {
    const handle = row.u32(CONTEXT_MANAGER);
    const uid = BigInt.asIntN(64, row.big(CONTEXT_MANAGER_UID));
    const manager = { handle, id: row.i32(CONTEXT_MANAGER_ID), pid: row.i32(CONTEXT_MANAGER_PID) };
    return {
      name: contextName(row.u32(CONTEXT_DEVICE)),
      manager: handle === 0 ? null : manager,
      managerUid: uid < 0n ? null : Number(uid),
    };
  });
}

/** Newest first. */
export function procViews(cursors: Cursors): ProcView[] {
  return cursors.rows(CURSOR_PROCS).map((row) => procView(cursors, row));
}

export function contextName(device: number): ContextName {
  return CONTEXT_NAMES[device] ?? 'binder';
}

function procView(cursors: Cursors, row: Row): ProcView {
  const { handle } = row;
  return {
    handle,
    pid: row.i32(PROC_PID),
    context: contextName(row.u32(PROC_DEVICE)),
    process: row.u32(PROC_PROCESS),
    debugfsEntry: row.flag(PROC_DEBUGFS_ENTRY),
    frozen: row.flag(PROC_FROZEN),
    syncRecv: row.flag(PROC_SYNC_RECV),
    asyncRecv: row.flag(PROC_ASYNC_RECV),
    spamDetection: row.flag(PROC_SPAM_DETECTION),
    defaultPriority: row.i32(PROC_DEFAULT_PRIORITY),
    maxThreads: row.i32(PROC_MAX_THREADS),
    requestedThreads: row.i32(PROC_REQUESTED_THREADS),
    requestedThreadsStarted: row.i32(PROC_REQUESTED_THREADS_STARTED),
    readyThreads: row.u32(PROC_READY_THREADS),
    outstandingTxns: row.i32(PROC_OUTSTANDING_TXNS),
    tmpRefs: row.i32(PROC_TMP_REFS),
    mapping: mappingView(row),
    loopers: cursors.rows(CURSOR_LOOPERS, handle).map((looper) => looperView(cursors, looper)),
    nodes: nodeViews(cursors, handle),
    refs: refViews(cursors, handle),
    todo: workViews(cursors, CURSOR_PROC_TODO, handle),
    deliveredDeaths: workViews(cursors, CURSOR_DELIVERED_DEATHS, handle),
    deliveredFreezes: workViews(cursors, CURSOR_DELIVERED_FREEZES, handle),
  };
}

function mappingView(row: Row): MappingView {
  const kernelBase = row.big(PROC_KERNEL_BASE);
  return {
    size: row.u32(PROC_SIZE),
    mapped: row.flag(PROC_MAPPED),
    userBase: row.u64(PROC_USER_BASE),
    kernelBase: kernelBase === 0n ? null : kernelBase,
    asyncFree: row.u32(PROC_ASYNC_FREE),
    pages: row.u32(PROC_PAGE_COUNT),
    pagesHigh: row.u32(PROC_PAGES_HIGH),
  };
}

function looperView(cursors: Cursors, row: Row): LooperView {
  const waiter = row.i32(LOOPER_WAITER);
  return {
    handle: row.handle,
    tid: row.i32(LOOPER_TID),
    state: row.u32(LOOPER_STATE),
    needReturn: row.flag(LOOPER_NEED_RETURN),
    processTodo: row.flag(LOOPER_PROCESS_TODO),
    waiting: row.flag(LOOPER_ON_WAITING_LIST),
    waiter: waiter === 0 ? null : waiter,
    tmpRefs: row.i32(LOOPER_TMP_REFS),
    extendedError: {
      id: row.u32(LOOPER_ERROR_ID),
      command: row.u32(LOOPER_ERROR_COMMAND),
      param: row.i32(LOOPER_ERROR_PARAM),
    },
    stack: cursors.rows(CURSOR_STACK, row.handle).map(stackEntryView),
    todo: workViews(cursors, CURSOR_LOOPER_TODO, row.handle),
  };
}
