/** Views of a mapping: its buffers, and the pages under them. */
import {
  BUFFER_ALLOW_USER_FREE,
  BUFFER_ASYNC,
  BUFFER_CLEAR_ON_FREE,
  BUFFER_DATA_SIZE,
  BUFFER_EXTRA_SIZE,
  BUFFER_FREE,
  BUFFER_ID,
  BUFFER_NODE_ID,
  BUFFER_OFFSET,
  BUFFER_OFFSETS_SIZE,
  BUFFER_PID,
  BUFFER_SIZE,
  BUFFER_SPAM_SUSPECT,
  BUFFER_TRANSACTION,
  PAGE_ACTIVE,
  PAGE_FRAME,
  PAGE_INDEX,
  PAGE_KERNEL,
  PAGE_ON_LRU,
  PAGE_PID,
  PAGE_STATE,
  PAGE_USER,
} from '../../assembly/abi/inspect.ts';
import type { Row } from './cursor.ts';

/** One stretch of a mapping: free, or with a message in it. */
export type BufferView = FreeBufferView | UsedBufferView;

export interface FreeBufferView {
  readonly handle: number;
  readonly free: true;
  /** From the start of the mapping, and bytes. */
  readonly offset: number;
  readonly size: number;
}

export interface UsedBufferView {
  readonly handle: number;
  readonly free: false;
  readonly offset: number;
  /** Bytes up to the next buffer: all parts with their padding. */
  readonly size: number;
  /** Number of the transaction that it was made for. */
  readonly id: number;
  readonly dataSize: number;
  readonly offsetsSize: number;
  readonly extraSize: number;
  /** The transaction is on its way or being served; else the buffer was delivered and only waits to be freed. */
  readonly active: boolean;
  /** Number of the called node; 0 in a reply. */
  readonly node: number;
  /** Who sent it. */
  readonly pid: number;
  /** Handed to user space, which may free it. */
  readonly allowUserFree: boolean;
  /** It counts against the asynchronous half. */
  readonly isAsync: boolean;
  readonly clearOnFree: boolean;
  readonly spamSuspect: boolean;
}

export interface PageView {
  readonly handle: number;
  /** Its place in the mapping. */
  readonly index: number;
  /** No frame; touched by a live buffer; or mapped, touched by none, and the shrinker may take it. */
  readonly state: 'none' | 'active' | 'lru';
  /** Linear address of its frame; null while it has none. */
  readonly frame: number | null;
  readonly userAddress: number;
  /** Where a twin of it lies in the kernel's addresses; null without one. */
  readonly kernelAddress: bigint | null;
  /** The process whose mapping it is in. */
  readonly pid: number;
}

export function bufferView(row: Row): BufferView {
  const where = { handle: row.handle, offset: row.u32(BUFFER_OFFSET), size: row.u32(BUFFER_SIZE) };
  if (row.flag(BUFFER_FREE)) return { ...where, free: true };
  return {
    ...where,
    free: false,
    id: row.i32(BUFFER_ID),
    dataSize: row.u32(BUFFER_DATA_SIZE),
    offsetsSize: row.u32(BUFFER_OFFSETS_SIZE),
    extraSize: row.u32(BUFFER_EXTRA_SIZE),
    active: row.flag(BUFFER_TRANSACTION),
    node: row.i32(BUFFER_NODE_ID),
    pid: row.i32(BUFFER_PID),
    allowUserFree: row.flag(BUFFER_ALLOW_USER_FREE),
    isAsync: row.flag(BUFFER_ASYNC),
    clearOnFree: row.flag(BUFFER_CLEAR_ON_FREE),
    spamSuspect: row.flag(BUFFER_SPAM_SUSPECT),
  };
}

export function pageView(row: Row): PageView {
  const state = row.u32(PAGE_STATE);
  const frame = row.u32(PAGE_FRAME);
  const kernelAddress = row.big(PAGE_KERNEL);
  return {
    handle: row.handle,
    index: row.u32(PAGE_INDEX),
    state: state === PAGE_ACTIVE ? 'active' : state === PAGE_ON_LRU ? 'lru' : 'none',
    frame: frame === 0 ? null : frame,
    userAddress: row.u64(PAGE_USER),
    kernelAddress: kernelAddress === 0n ? null : kernelAddress,
    pid: row.i32(PAGE_PID),
  };
}
