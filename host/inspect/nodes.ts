/** Views of objects that processes have sent, and of the handles on them. */
import {
  CURSOR_ASYNC_TODO,
  CURSOR_DEAD_NODES,
  CURSOR_NODE_REFS,
  CURSOR_NODES,
  CURSOR_REFS,
  NODE_ACCEPT_FDS,
  NODE_COOKIE,
  NODE_HAS_ASYNC_TRANSACTION,
  NODE_HAS_STRONG_REF,
  NODE_HAS_WEAK_REF,
  NODE_ID,
  NODE_INTERNAL_STRONG_REFS,
  NODE_LOCAL_STRONG_REFS,
  NODE_LOCAL_WEAK_REFS,
  NODE_MIN_PRIORITY,
  NODE_PENDING_STRONG_REF,
  NODE_PENDING_WEAK_REF,
  NODE_PTR,
  NODE_QUEUED,
  NODE_TMP_REFS,
  NODE_TXN_SECURITY_CTX,
  REF_DEATH_COOKIE,
  REF_DESC,
  REF_FREEZE_COOKIE,
  REF_HAS_DEATH,
  REF_HAS_FREEZE,
  REF_ID,
  REF_NODE,
  REF_NODE_DEAD,
  REF_NODE_ID,
  REF_PID,
  REF_PROC,
  REF_STRONG,
  REF_WEAK,
} from '../../assembly/abi/inspect.ts';
import type { Cursors, Row } from './cursor.ts';
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
  /** What the owner was last told, and whether it has not answered that yet. */
  readonly hasStrongRef: boolean;
  readonly pendingStrongRef: boolean;
  readonly hasWeakRef: boolean;
  readonly pendingWeakRef: boolean;
  /** Messages and commands under way in the owner that hold it. */
  readonly localStrongRefs: number;
  readonly localWeakRefs: number;
  /** Refs of other processes that are strong. */
  readonly internalStrongRefs: number;
  /** Holders for the length of an operation. */
  readonly tmpRefs: number;
  readonly acceptFds: boolean;
  readonly txnSecurityCtx: boolean;
  readonly minPriority: number;
  /** A oneway is queued, or was delivered and not freed: the next one waits. */
  readonly hasAsyncTransaction: boolean;
  /** It waits in a todo list: its owner is to be told something. */
  readonly queued: boolean;
  /** Newest first. */
  readonly refs: readonly RefView[];
  /** Oneways that wait for the one being handled. */
  readonly asyncTodo: readonly WorkView[];
}

export interface RefView {
  readonly handle: number;
  /** The number in dumps and logs. */
  readonly id: number;
  /** What Binder calls the handle: the process's number for the object. */
  readonly desc: number;
  readonly strong: number;
  readonly weak: number;
  /** Whose it is: handle and pid of the binder proc. */
  readonly proc: number;
  readonly pid: number;
  readonly node: { readonly handle: number; readonly id: number; readonly dead: boolean };
  /** Cookies of the notifications that were requested; null: none was. */
  readonly death: bigint | null;
  readonly freeze: bigint | null;
}

/** Nodes of a proc, by ptr. */
export function nodeViews(cursors: Cursors, proc: number): NodeView[] {
  return cursors.rows(CURSOR_NODES, proc).map((row) => nodeView(cursors, row, false));
}

/** Nodes that outlive their owner, the one that died last first. */
export function deadNodeViews(cursors: Cursors): NodeView[] {
  return cursors.rows(CURSOR_DEAD_NODES).map((row) => nodeView(cursors, row, true));
}

/** Refs of a proc, by handle number. */
export function refViews(cursors: Cursors, proc: number): RefView[] {
  return cursors.rows(CURSOR_REFS, proc).map(refView);
}

function nodeView(cursors: Cursors, row: Row, dead: boolean): NodeView {
  return {
    handle: row.handle,
    id: row.i32(NODE_ID),
    ptr: row.big(NODE_PTR),
    cookie: row.big(NODE_COOKIE),
    dead,
    hasStrongRef: row.flag(NODE_HAS_STRONG_REF),
    pendingStrongRef: row.flag(NODE_PENDING_STRONG_REF),
    hasWeakRef: row.flag(NODE_HAS_WEAK_REF),
    pendingWeakRef: row.flag(NODE_PENDING_WEAK_REF),
    localStrongRefs: row.i32(NODE_LOCAL_STRONG_REFS),
    localWeakRefs: row.i32(NODE_LOCAL_WEAK_REFS),
    internalStrongRefs: row.i32(NODE_INTERNAL_STRONG_REFS),
    tmpRefs: row.i32(NODE_TMP_REFS),
    acceptFds: row.flag(NODE_ACCEPT_FDS),
    txnSecurityCtx: row.flag(NODE_TXN_SECURITY_CTX),
    minPriority: row.u32(NODE_MIN_PRIORITY),
    hasAsyncTransaction: row.flag(NODE_HAS_ASYNC_TRANSACTION),
    queued: row.flag(NODE_QUEUED),
    refs: cursors.rows(CURSOR_NODE_REFS, row.handle).map(refView),
    asyncTodo: workViews(cursors, CURSOR_ASYNC_TODO, row.handle),
  };
}

function refView(row: Row): RefView {
  return {
    handle: row.handle,
    id: row.i32(REF_ID),
    desc: row.u32(REF_DESC),
    strong: row.i32(REF_STRONG),
    weak: row.i32(REF_WEAK),
    proc: row.u32(REF_PROC),
    pid: row.i32(REF_PID),
    node: { handle: row.u32(REF_NODE), id: row.i32(REF_NODE_ID), dead: row.flag(REF_NODE_DEAD) },
    death: row.flag(REF_HAS_DEATH) ? row.big(REF_DEATH_COOKIE) : null,
    freeze: row.flag(REF_HAS_FREEZE) ? row.big(REF_FREEZE_COOKIE) : null,
  };
}
