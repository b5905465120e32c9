/** Views of a mapping: its buffers, and the pages under them. */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { type KernelMemory, type KernelObject, sizeOf } from './kernelmemory.ts';

/** One stretch of a mapping: free, or with a message in it. */
export type BufferView = FreeBufferView | UsedBufferView;

export interface FreeBufferView {
  readonly handle: number;
  readonly free: true;
  /** Bytes from the start of the mapping. */
  readonly offset: number;
  readonly size: number;
}

export interface UsedBufferView {
  readonly handle: number;
  readonly free: false;
  readonly offset: number;
  /** Bytes up to the next buffer: all parts with their padding. */
  readonly size: number;
  /** Number of its transaction. */
  readonly id: number;
  readonly dataSize: number;
  readonly offsetsSize: number;
  readonly extraSize: number;
  /** The transaction is in flight or being served; else the buffer was delivered and waits to be freed. */
  readonly active: boolean;
  /** Number of the called node; 0 in a reply. */
  readonly node: number;
  /** The sender's pid. */
  readonly pid: number;
  /** User space received it, and may free it. */
  readonly allowUserFree: boolean;
  /** It counts against the asynchronous half of the mapping. */
  readonly isAsync: boolean;
  readonly clearOnFree: boolean;
  readonly spamSuspect: boolean;
}

export interface PageView {
  readonly handle: number;
  /** Its place in the mapping. */
  readonly index: number;
  /** `none`: no frame. `active`: a live buffer touches it. `lru`: mapped, no buffer touches it, the shrinker may take it. */
  readonly state: 'none' | 'active' | 'lru';
  /** Linear address of its frame; null while it has none. */
  readonly frame: number | null;
  readonly userAddress: number;
  /** Its kernel address; null when the kernel does not map it. */
  readonly kernelAddress: bigint | null;
  /** The process that owns the mapping. */
  readonly pid: number;
}

/** All buffers of a proc's mapping by address, free ones included; none before mmap. */
export function bufferViews(kernel: KernelMemory, { alloc }: KernelObject<'Proc'>): BufferView[] {
  if (alloc.size === 0) return [];
  return kernel.list(alloc.addressOf('buffersNext'), 'Buffer', 'entryNext').map((buffer) => {
    if (buffer.free) return freeBufferView(buffer);
    return {
      handle: buffer.linear,
      offset: buffer.offset,
      size: buffer.size,
      free: false,
      id: buffer.debugId,
      dataSize: buffer.dataSize,
      offsetsSize: buffer.offsetsSize,
      extraSize: buffer.extraSize,
      active: buffer.transaction !== 0,
      node: nodeIdAt(kernel, buffer.targetNode),
      pid: buffer.pid,
      allowUserFree: buffer.allowUserFree,
      isAsync: buffer.isAsync,
      clearOnFree: buffer.clearOnFree,
      spamSuspect: buffer.spamSuspect,
    };
  });
}

/** The free ones by size, as the best-fit search meets them. */
export function freeBufferViews(kernel: KernelMemory, { alloc }: KernelObject<'Proc'>): FreeBufferView[] {
  if (alloc.size === 0) return [];
  return kernel.tree(alloc.freeRoot, 'Buffer', 'rbParent').map(freeBufferView);
}

/** All pages of a proc's mapping by address; none before mmap. */
export function pageViews(kernel: KernelMemory, { alloc }: KernelObject<'Proc'>): PageView[] {
  if (alloc.size === 0) return [];
  return kernel.array(alloc.pages, 'LruPage', alloc.pageCount).map((page) => pageView(kernel, page));
}

/** Pages of all mappings that the shrinker may take, in the order in which it would. */
export function lruViews(kernel: KernelMemory): PageView[] {
  return kernel.list(kernel.roots.lru, 'LruPage', 'lruNext').map((page) => pageView(kernel, page));
}

/** Number of the node that a buffer was sent to; 0 in a reply. */
export function nodeIdAt(kernel: KernelMemory, node: number): number {
  return node === 0 ? 0 : kernel.object('Node', node).debugId;
}

function freeBufferView({ linear, offset, size }: KernelObject<'Buffer'>): FreeBufferView {
  return { handle: linear, offset, size, free: true };
}

function pageView(kernel: KernelMemory, { linear, frame, lruNext, area: at }: KernelObject<'LruPage'>): PageView {
  const area = kernel.object('Area', at);
  const index = (linear - area.pages) / sizeOf('LruPage');
  const offset = BigInt(index * PAGE_SIZE);
  return {
    handle: linear,
    index,
    state: frame === 0 ? 'none' : lruNext === 0 ? 'active' : 'lru',
    frame: frame === 0 ? null : frame,
    userAddress: Number(area.userBase + offset),
    kernelAddress: area.kernelBase === 0n ? null : area.kernelBase + offset,
    pid: area.pid,
  };
}
