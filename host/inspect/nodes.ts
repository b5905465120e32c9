/** Views of nodes, the objects that processes have sent, and of the refs to them. */
import type { KernelMemory, KernelObject } from './kernelmemory.ts';
import { type WorkView, workViews } from './works.ts';

export interface NodeView {
  readonly handle: number;
  /** The number in dumps and logs. */
  readonly id: number;
  /** The owner's names for it. */
  readonly ptr: bigint;
  readonly cookie: bigint;
  /** Its owner has died. */
  readonly dead: boolean;
  /** The last notification to the owner, and whether its answer is pending. */
  readonly hasStrongRef: boolean;
  readonly pendingStrongRef: boolean;
  readonly hasWeakRef: boolean;
  readonly pendingWeakRef: boolean;
  /** Messages and commands in flight in the owner that hold it. */
  readonly localStrongRefs: number;
  readonly localWeakRefs: number;
  /** Strong refs of other processes. */
  readonly internalStrongRefs: number;
  /** References held during an operation. */
  readonly tmpRefs: number;
  readonly acceptFds: boolean;
  readonly txnSecurityCtx: boolean;
  readonly minPriority: number;
  /** A oneway is queued, or delivered and not freed: the next one waits. */
  readonly hasAsyncTransaction: boolean;
  /** It is in a todo list: a notification to its owner is pending. */
  readonly queued: boolean;
  /** Newest first. */
  readonly refs: readonly RefView[];
  /** Oneways that wait until the delivered one is freed. */
  readonly asyncTodo: readonly WorkView[];
}

export interface RefView {
  readonly handle: number;
  /** The number in dumps and logs. */
  readonly id: number;
  /** The handle, in Binder's term: the process's number for the object. */
  readonly desc: number;
  readonly strong: number;
  readonly weak: number;
  /** Its owner: handle and pid of the binder proc. */
  readonly proc: number;
  readonly pid: number;
  readonly node: { readonly handle: number; readonly id: number; readonly dead: boolean };
  /** Cookies of the requested notifications; null without a request. */
  readonly death: bigint | null;
  readonly freeze: bigint | null;
}

/** Nodes of a proc, by ptr. */
export function nodeViews(kernel: KernelMemory, proc: KernelObject<'Proc'>): NodeView[] {
  return kernel.tree(proc.nodes, 'Node', 'rbParent').map((node) => nodeView(kernel, node));
}

/** Nodes that outlive their owner; the last owner that died comes first. */
export function deadNodeViews(kernel: KernelMemory): NodeView[] {
  return kernel.list(kernel.roots.deadNodes, 'Node', 'rbParent').map((node) => nodeView(kernel, node));
}

/** Refs of a proc, by handle number. */
export function refViews(kernel: KernelMemory, proc: KernelObject<'Proc'>): RefView[] {
  return kernel.tree(proc.refsByDesc, 'Ref', 'descParent').map(refView);
}

function nodeView(kernel: KernelMemory, node: KernelObject<'Node'>): NodeView {
  return {
    handle: node.linear,
    id: node.debugId,
    ptr: node.ptr,
    cookie: node.cookie,
    dead: node.proc === null,
    hasStrongRef: node.hasStrongRef,
    pendingStrongRef: node.pendingStrongRef,
    hasWeakRef: node.hasWeakRef,
    pendingWeakRef: node.pendingWeakRef,
    localStrongRefs: node.localStrongRefs,
    localWeakRefs: node.localWeakRefs,
    internalStrongRefs: node.internalStrongRefs,
    tmpRefs: node.tmpRefs,
    acceptFds: node.acceptFds,
    txnSecurityCtx: node.txnSecurityCtx,
    minPriority: node.minPriority,
    hasAsyncTransaction: node.hasAsyncTransaction,
    queued: node.next !== 0,
    refs: kernel.list(node.addressOf('refsNext'), 'Ref', 'siblingNext').map(refView),
    asyncTodo: workViews(kernel, node.addressOf('asyncTodoNext')),
  };
}

function refView(ref: KernelObject<'Ref'>): RefView {
  const { proc, node } = ref;
  return {
    handle: ref.linear,
    id: ref.debugId,
    desc: ref.desc,
    strong: ref.strong,
    weak: ref.weak,
    proc: proc.linear,
    pid: proc.pid,
    node: { handle: node.linear, id: node.debugId, dead: node.proc === null },
    death: ref.death?.cookie ?? null,
    freeze: ref.freeze?.cookie ?? null,
  };
}
