/** Views of what waits: entries of queues, and the transactions among them. */
import {
  ROLE_INCOMING,
  ROLE_OUTGOING,
  TRANSACTION_BUFFER,
  TRANSACTION_CODE,
  TRANSACTION_DATA_BYTES,
  TRANSACTION_FIXUPS,
  TRANSACTION_FLAGS,
  TRANSACTION_FROM_PID,
  TRANSACTION_FROM_TID,
  TRANSACTION_ID,
  TRANSACTION_NEED_REPLY,
  TRANSACTION_NODE_ID,
  TRANSACTION_OFFSET,
  TRANSACTION_OFFSETS_BYTES,
  TRANSACTION_PRIORITY,
  TRANSACTION_SENDER_EUID,
  TRANSACTION_TO_PID,
  TRANSACTION_TO_PROC,
  TRANSACTION_TO_TID,
  WORK_COMMAND,
  WORK_COOKIE,
  WORK_KIND,
  WORK_NODE_ID,
  WORK_PTR,
  WORK_ROLE,
} from '../../assembly/abi/inspect.ts';
import { wordName } from '../kernel/words.ts';
import type { Cursors, Row } from './cursor.ts';

/** Linux's names, without BINDER_WORK_; their place is their number. */
const WORK_NAMES = [
  'NONE',
  'TRANSACTION',
  'TRANSACTION_COMPLETE',
  'TRANSACTION_PENDING',
  'TRANSACTION_ONEWAY_SPAM_SUSPECT',
  'RETURN_ERROR',
  'NODE',
  'DEAD_BINDER',
  'DEAD_BINDER_AND_CLEAR',
  'CLEAR_DEATH_NOTIFICATION',
  'FROZEN_BINDER',
  'CLEAR_FREEZE_NOTIFICATION',
] as const;

type WorkName = (typeof WORK_NAMES)[number];

/** An entry of a queue. */
export type WorkView =
  | { readonly type: 'TRANSACTION'; readonly number: number; readonly transaction: TransactionView }
  /** A transaction of the looper's own failed: it is to be told `word`. */
  | { readonly type: 'RETURN_ERROR'; readonly number: number; readonly command: number; readonly word: string }
  /** The owner is to be told whether its object is still used. */
  | {
      readonly type: 'NODE';
      readonly number: number;
      readonly node: { readonly id: number; readonly ptr: bigint; readonly cookie: bigint };
    }
  | { readonly type: NotificationName; readonly number: number; readonly cookie: bigint }
  | { readonly type: PlainName; readonly number: number };

type NotificationName =
  | 'DEAD_BINDER'
  | 'DEAD_BINDER_AND_CLEAR'
  | 'CLEAR_DEATH_NOTIFICATION'
  | 'FROZEN_BINDER'
  | 'CLEAR_FREEZE_NOTIFICATION';
type PlainName = Exclude<WorkName, NotificationName | 'TRANSACTION' | 'RETURN_ERROR' | 'NODE'>;

export interface TransactionView {
  readonly handle: number;
  /** The number in dumps and logs. */
  readonly id: number;
  /** Sender; it may have died since. */
  readonly from: { readonly pid: number; readonly tid: number };
  /** Receiver: handle 0 and pid 0 once its thread died; tid 0 until a thread took it. */
  readonly to: { readonly proc: number; readonly pid: number; readonly tid: number };
  readonly code: number;
  readonly flags: number;
  readonly priority: number;
  readonly senderEuid: number;
  /** The sender waits for a reply. */
  readonly needReply: boolean;
  /** Descriptors that come with it, not given to the receiver yet. */
  readonly filesInFlight: number;
  /** null once the receiver freed it. */
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

/** @param cursor Which queue: CURSOR_LOOPER_TODO and its like. */
export function workViews(cursors: Cursors, cursor: number, owner: number): WorkView[] {
  return cursors.rows(cursor, owner).map(workView);
}

export function stackEntryView(row: Row): StackEntryView {
  const role = row.u32(WORK_ROLE);
  return {
    role: role === ROLE_OUTGOING ? 'outgoing' : role === ROLE_INCOMING ? 'incoming' : 'bad',
    transaction: transactionView(row),
  };
}

function workView(row: Row): WorkView {
  const number = row.u32(WORK_KIND);
  const type = WORK_NAMES[number] ?? 'NONE';
  switch (type) {
    case 'TRANSACTION':
      return { type, number, transaction: transactionView(row) };
    case 'RETURN_ERROR': {
      const command = row.u32(WORK_COMMAND);
      return { type, number, command, word: wordName(command) ?? `BR_UNKNOWN ${command}` };
    }
    case 'NODE':
      return {
        type,
        number,
        node: { id: row.i32(WORK_NODE_ID), ptr: row.big(WORK_PTR), cookie: row.big(WORK_COOKIE) },
      };
    case 'DEAD_BINDER':
    case 'DEAD_BINDER_AND_CLEAR':
    case 'CLEAR_DEATH_NOTIFICATION':
    case 'FROZEN_BINDER':
    case 'CLEAR_FREEZE_NOTIFICATION':
      return { type, number, cookie: row.big(WORK_COOKIE) };
    default:
      return { type, number };
  }
}

function transactionView(row: Row): TransactionView {
  const buffer = row.u32(TRANSACTION_BUFFER);
  return {
    handle: row.handle,
    id: row.i32(TRANSACTION_ID),
    from: { pid: row.i32(TRANSACTION_FROM_PID), tid: row.i32(TRANSACTION_FROM_TID) },
    to: {
      proc: row.u32(TRANSACTION_TO_PROC),
      pid: row.i32(TRANSACTION_TO_PID),
      tid: row.i32(TRANSACTION_TO_TID),
    },
    code: row.u32(TRANSACTION_CODE),
    flags: row.u32(TRANSACTION_FLAGS),
    priority: row.i32(TRANSACTION_PRIORITY),
    senderEuid: row.u32(TRANSACTION_SENDER_EUID),
    needReply: row.flag(TRANSACTION_NEED_REPLY),
    filesInFlight: row.u32(TRANSACTION_FIXUPS),
    buffer:
      buffer === 0
        ? null
        : {
            handle: buffer,
            node: row.i32(TRANSACTION_NODE_ID),
            dataSize: row.u32(TRANSACTION_DATA_BYTES),
            offsetsSize: row.u32(TRANSACTION_OFFSETS_BYTES),
            offset: row.u32(TRANSACTION_OFFSET),
          },
  };
}
