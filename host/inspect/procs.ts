/** Views of the driver's own processes: one for each open file of a device, with its loopers and queues. */
import { DEVICE_COUNT } from '../../assembly/abi/machine.ts';
import type { KernelMemory, KernelObject } from './kernelmemory.ts';
import { type NodeView, nodeViews, type RefView, refViews } from './nodes.ts';
import { type StackEntryView, stackViews, type WorkView, workViews } from './works.ts';

export type ContextName = 'binder' | 'hwbinder' | 'vndbinder';
/** By DEVICE_*. */
const CONTEXT_NAMES: readonly ContextName[] = ['binder', 'hwbinder', 'vndbinder'];

export interface ContextView {
  readonly name: ContextName;
  /** The node of handle 0, and the pid of its owner; null without a manager. */
  readonly manager: { readonly handle: number; readonly id: number; readonly pid: number } | null;
  /** Uid of the first manager since boot; only that uid may be manager. null before the first one. */
  readonly managerUid: number | null;
}

export interface ProcView {
  readonly handle: number;
  readonly pid: number;
  readonly context: ContextName;
  /** Handle of the process that opened the file; it may have died. */
  readonly process: number;
  /** It owns the file proc/PID of debugfs. */
  readonly debugfsEntry: boolean;
  readonly frozen: boolean;
  /** A call, or a oneway, arrived while it was frozen. */
  readonly syncRecv: boolean;
  readonly asyncRecv: boolean;
  readonly spamDetection: boolean;
  readonly defaultPriority: number;
  readonly maxThreads: number;
  readonly requestedThreads: number;
  readonly requestedThreadsStarted: number;
  /** Number of loopers that wait for work of the proc. */
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
  /** Delivered death notifications that it has not acknowledged. */
  readonly deliveredDeaths: readonly WorkView[];
  readonly deliveredFreezes: readonly WorkView[];
}

export interface MappingView {
  /** Bytes of it that the driver uses; 0 before mmap. */
  readonly size: number;
  /** True from mmap until a part of it is unmapped. */
  readonly mapped: boolean;
  readonly userBase: number;
  /** Start of the kernel's mapping of the same pages; null without one. */
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
  /** Its todo list holds work for which its read has to return. */
  readonly processTodo: boolean;
  /** It waits for work of the proc. */
  readonly waiting: boolean;
  /** tid of the thread that sleeps at it; null without one. */
  readonly waiter: number | null;
  readonly tmpRefs: number;
  readonly extendedError: { readonly id: number; readonly command: number; readonly param: number };
  /** Innermost first. */
  readonly stack: readonly StackEntryView[];
  readonly todo: readonly WorkView[];
}

export function contextViews(kernel: KernelMemory): ContextView[] {
  return kernel.array(kernel.roots.contexts, 'BinderContext', DEVICE_COUNT).map(({ manager, managerUid }, device) => ({
    name: contextName(device),
    manager: manager && { handle: manager.linear, id: manager.debugId, pid: manager.proc?.pid ?? 0 },
    managerUid: managerUid < 0n ? null : Number(managerUid),
  }));
}

/** Newest first. */
export function procsOf(kernel: KernelMemory): KernelObject<'Proc'>[] {
  return kernel.list(kernel.roots.procs, 'Proc', 'procsNext');
}

export function procView(kernel: KernelMemory, proc: KernelObject<'Proc'>): ProcView {
  return {
    handle: proc.linear,
    pid: proc.pid,
    context: contextName(proc.device),
    process: proc.process.linear,
    debugfsEntry: proc.debugfsEntry,
    frozen: proc.isFrozen,
    syncRecv: proc.syncRecv,
    asyncRecv: proc.asyncRecv,
    spamDetection: proc.spamDetection,
    defaultPriority: proc.defaultPriority,
    maxThreads: proc.maxThreads | 0,
    requestedThreads: proc.requestedThreads,
    requestedThreadsStarted: proc.requestedThreadsStarted | 0,
    readyThreads: kernel.list(proc.addressOf('waitingNext'), 'BinderThread', 'waitingNext').length,
    outstandingTxns: proc.outstandingTxns,
    tmpRefs: proc.tmpRefs,
    mapping: mappingView(proc.alloc),
    loopers: kernel.tree(proc.threads, 'BinderThread', 'rbParent').map((looper) => looperView(kernel, looper)),
    nodes: nodeViews(kernel, proc),
    refs: refViews(kernel, proc),
    todo: workViews(kernel, proc.addressOf('todoNext')),
    deliveredDeaths: workViews(kernel, proc.addressOf('deliveredDeathNext')),
    deliveredFreezes: workViews(kernel, proc.addressOf('deliveredFreezeNext')),
  };
}

export function contextName(device: number): ContextName {
  return CONTEXT_NAMES[device] ?? 'binder';
}

function mappingView(alloc: KernelObject<'BinderAlloc'>): MappingView {
  return {
    size: alloc.size,
    mapped: alloc.vma !== null,
    userBase: Number(alloc.userBase),
    kernelBase: alloc.kernelBase === 0n ? null : alloc.kernelBase,
    asyncFree: alloc.asyncFree,
    pages: alloc.pageCount,
    pagesHigh: alloc.pagesHigh,
  };
}

function looperView(kernel: KernelMemory, looper: KernelObject<'BinderThread'>): LooperView {
  return {
    handle: looper.linear,
    tid: looper.tid,
    state: looper.state,
    needReturn: looper.needReturn,
    processTodo: looper.processTodo,
    waiting: looper.waitingNext !== 0,
    waiter: looper.waiter?.tid ?? null,
    tmpRefs: looper.tmpRefs,
    extendedError: { id: looper.errorId, command: looper.errorCommand, param: looper.errorParam },
    stack: stackViews(kernel, looper),
    todo: workViews(kernel, looper.addressOf('todoNext')),
  };
}
