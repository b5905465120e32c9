/** Views of queued work, and of transactions. */

import { CONSTANTS } from '../../build/layout.ts';
import { wordName } from '../wire/words.ts';
import { nodeIdAt } from './buffers.ts';
import type { KernelMemory, KernelObject } from './kernelmemory.ts';

/** Linux's names, without BINDER_WORK_; NONE for an entry without work. */
type WorkName = keyof typeof CONSTANTS extends infer N
  ? (N extends `WORK_${infer Name}` ? Name : never) | 'NONE'
  : never;
const WORK_NAMES = new Map<number, WorkName>(
  Object.entries(CONSTANTS).flatMap(([name, number]) =>
    name.startsWith('WORK_') ? [[number, name.slice('WORK_'.length) as WorkName]] : [],
  ),
);

/** An entry of a queue. */
export type WorkView =
  | { readonly type: 'TRANSACTION'; readonly number: number; readonly transaction: TransactionView }
  /** A transaction that the looper sent has failed: its next read returns `word`. */
  | { readonly type: 'RETURN_ERROR'; readonly number: number; readonly command: number; readonly word: string }
  /** Notifies the owner whether its object is still used. */
  | {
      readonly type: 'NODE';
      readonly number: number;
      readonly node: { readonly id: number; readonly ptr: bigint; readonly cookie: bigint };
    }
  | { readonly type: NotificationName; readonly number: number; readonly cookie: bigint }
  | {
      readonly type: Exclude<WorkName, NotificationName | 'TRANSACTION' | 'RETURN_ERROR' | 'NODE'>;
      readonly number: number;
    };

type NotificationName =
  | 'DEAD_BINDER'
  | 'DEAD_BINDER_AND_CLEAR'
  | 'CLEAR_DEATH_NOTIFICATION'
  | 'FROZEN_BINDER'
  | 'CLEAR_FREEZE_NOTIFICATION';

export interface TransactionView {
  readonly handle: number;
  /** The number in dumps and logs. */
  readonly id: number;
  /** Sender; it may have died since. */
  readonly from: { readonly pid: number; readonly tid: number };
  /** Receiver: handle 0 and pid 0 after its thread died; tid 0 until a thread takes it. */
  readonly to: { readonly proc: number; readonly pid: number; readonly tid: number };
  readonly code: number;
  readonly flags: number;
  readonly priority: number;
  readonly senderEuid: number;
  /** The sender waits for a reply. */
  readonly needReply: boolean;
  /** Number of its descriptors that the receiver does not have yet. */
  readonly filesInFlight: number;
  /** null after the receiver freed it. */
  readonly buffer: {
    readonly handle: number;
    /** Number of the called node; 0 in a reply. */
    readonly node: number;
    readonly dataSize: number;
    readonly offsetsSize: number;
    /** From the start of the receiver's mapping. */
    readonly offset: number;
  } | null;
}

/** A transaction on a looper's stack, and the looper's part in it: it waits for the reply, or serves the call. */
export interface StackEntryView {
  readonly role: 'outgoing' | 'incoming' | 'bad';
  readonly transaction: TransactionView;
}

/** @param head Linear address of the queue's head. */
export function workViews(kernel: KernelMemory, head: number): WorkView[] {
  return kernel.list(head, 'Work', 'next').map((work) => workView(kernel, work));
}

/** Follows the stack: each entry is a call that this looper made, or one that it took. */
export function stackViews(kernel: KernelMemory, looper: KernelObject<'BinderThread'>): StackEntryView[] {
  const entries: StackEntryView[] = [];
  let next = looper.stack;
  while (next !== null) {
    const transaction: KernelObject<'Transaction'> = next;
    const isOutgoing = transaction.from?.linear === looper.linear;
    const isIncoming = !isOutgoing && transaction.toThread?.linear === looper.linear;
    const role = isOutgoing ? 'outgoing' : isIncoming ? 'incoming' : 'bad';
    entries.push({ role, transaction: transactionView(kernel, transaction) });
    next = isOutgoing ? transaction.fromParent : isIncoming ? transaction.toParent : null;
  }
  return entries;
}

function workView(kernel: KernelMemory, { linear, type: number }: KernelObject<'Work'>): WorkView {
  const type = WORK_NAMES.get(number) ?? 'NONE';
  switch (type) {
    case 'TRANSACTION':
      return { type, number, transaction: transactionView(kernel, kernel.object('Transaction', linear)) };
    case 'RETURN_ERROR': {
      const { command } = kernel.object('ErrorWork', linear);
      return { type, number, command, word: wordName(command) ?? `BR_UNKNOWN ${command}` };
    }
    case 'NODE': {
      const { debugId: id, ptr, cookie } = kernel.object('Node', linear);
      return { type, number, node: { id, ptr, cookie } };
    }
    case 'DEAD_BINDER':
    case 'DEAD_BINDER_AND_CLEAR':
    case 'CLEAR_DEATH_NOTIFICATION':
      return { type, number, cookie: kernel.object('RefDeath', linear).cookie };
    case 'FROZEN_BINDER':
    case 'CLEAR_FREEZE_NOTIFICATION':
      return { type, number, cookie: kernel.object('RefFreeze', linear).cookie };
    default:
      return { type, number };
  }
}

function transactionView(kernel: KernelMemory, transaction: KernelObject<'Transaction'>): TransactionView {
  const { toProc, toThread, buffer } = transaction;
  return {
    handle: transaction.linear,
    id: transaction.debugId,
    from: { pid: transaction.fromPid, tid: transaction.fromTid },
    to: { proc: toProc?.linear ?? 0, pid: toProc?.pid ?? 0, tid: toThread?.tid ?? 0 },
    code: transaction.code,
    flags: transaction.flags,
    priority: transaction.priority,
    senderEuid: transaction.senderEuid,
    needReply: transaction.needReply,
    filesInFlight: kernel.list(transaction.addressOf('fixupsNext'), 'FdFixup', 'next').length,
    buffer: buffer && {
      handle: buffer.linear,
      node: nodeIdAt(kernel, buffer.targetNode),
      dataSize: buffer.dataSize,
      offsetsSize: buffer.offsetsSize,
      offset: buffer.offset,
    },
  };
}
