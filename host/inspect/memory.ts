/** Views of memory: translation of addresses, and the use of frames and slabs. */
import * as machine from '../../assembly/abi/machine.ts';
import { type KernelMemory, sizeOf } from './kernelmemory.ts';

/** A walk of a page table, as the processor makes it. */
export interface WalkView {
  readonly address: bigint;
  /** Level of the last descriptor: 1 (no table below it) to 3 (a page); a block of 2 MiB is at 2. */
  readonly level: 1 | 2 | 3;
  /** Descriptors on levels 1, 2 and 3, in arm64's format; 0n on levels that the walk does not reach. */
  readonly descriptors: readonly [bigint, bigint, bigint];
  /** The last descriptor; 0n when nothing is mapped. */
  readonly descriptor: bigint;
  /** Linear address of the byte; null when the processor would fault. */
  readonly linear: number | null;
}

export interface FrameView {
  /** Its use: "anon", "binder", "table", ... */
  readonly kind: string;
  /** Order of the block that begins with it: 2^order frames. */
  readonly order: number;
  /** Holders of the block that begins with it; 0 for the other frames of a block, and for free frames. */
  readonly refs: number;
  /** Written to since the flag was last cleared. */
  readonly dirty: boolean;
  /** Handle of its owner. The frame's kind determines the owner's. */
  readonly owner: number;
}

/** Kinds of frames by FRAME_*. */
export const FRAME_NAMES: readonly string[] = Object.values({
  [machine.FRAME_FREE]: 'free',
  [machine.FRAME_RESERVED]: 'reserved',
  [machine.FRAME_SLAB]: 'slab',
  [machine.FRAME_TABLE]: 'table',
  [machine.FRAME_ANON]: 'anon',
  [machine.FRAME_BINDER]: 'binder',
  [machine.FRAME_ARRAY]: 'array',
  [machine.FRAME_FILE]: 'file',
  [machine.FRAME_STAGE]: 'stage',
});
/** A slab cache: "binder_node". */
export type CacheName = keyof typeof machine extends infer N
  ? N extends `CACHE_${infer Name}`
    ? Exclude<Lowercase<Name>, 'count'>
    : never
  : never;
const CACHE_NAMES: ReadonlyMap<number, CacheName> = new Map(
  Object.entries(machine)
    .filter(([name]) => name.startsWith('CACHE_') && name !== 'CACHE_COUNT')
    .map(([name, number]) => [number as number, name.slice('CACHE_'.length).toLowerCase() as CacheName]),
);
const PAGE_BYTES = BigInt(machine.PAGE_SIZE);
const BLOCK_BYTES = PAGE_BYTES * 512n;

/** How a space translates an address; null when it has no such address. */
export function walkView({ guest: { raw } }: KernelMemory, space: number, address: bigint): WalkView | null {
  const level = raw.inspectLevel(space, address) as 0 | 1 | 2 | 3;
  if (level === 0) return null;
  const descriptor = (at: number) => BigInt.asUintN(64, raw.inspectDescriptor(space, address, at));
  const descriptors = [descriptor(1), descriptor(2), descriptor(3)] as const;
  const linear = raw.inspectLinear(space, address);
  return {
    address: BigInt.asUintN(64, address),
    level,
    descriptors,
    descriptor: descriptors[level - 1] as bigint,
    linear: linear === 0 ? null : linear,
  };
}

/** Walks of all pages in [from, end) that the page table maps, a block of 2 MiB once. */
export function leafViews(kernel: KernelMemory, space: number, from: bigint, end: bigint): WalkView[] {
  const leaves: WalkView[] = [];
  const stop = BigInt.asUintN(64, end);
  const next = (at: bigint) => BigInt.asUintN(64, kernel.guest.raw.inspectLeaf(space, at, stop));
  for (let at = next(from); at < stop; ) {
    const view = walkView(kernel, space, at) as WalkView;
    leaves.push(view);
    const bytes = view.level === 2 ? BLOCK_BYTES : PAGE_BYTES;
    at = next((view.address & ~(bytes - 1n)) + bytes);
  }
  return leaves;
}

/** The frame that holds a linear address; null outside of memory. */
export function frameView(kernel: KernelMemory, linear: number): FrameView | null {
  const number = Math.floor(linear / machine.PAGE_SIZE);
  if (!(number >= 0 && number < frameCount(kernel))) return null;
  const frame = kernel.object('Frame', kernel.roots.frames + number * sizeOf('Frame'));
  const isHead = (frame.flags & machine.FRAME_HEAD) !== 0;
  const isFree = frame.kind === machine.FRAME_FREE;
  return {
    kind: FRAME_NAMES[frame.kind] ?? `kind ${frame.kind}`,
    order: isHead ? frame.order : 0,
    refs: isHead && !isFree ? frame.refcount : 0,
    dirty: (frame.flags & machine.FRAME_DIRTY) !== 0,
    owner: isFree ? 0 : frame.owner,
  };
}

/** Number of 4 KiB frames of each kind. Their sum is the machine's memory. */
export function frameCounts(kernel: KernelMemory): Record<string, number> {
  const counts = FRAME_NAMES.map(() => 0);
  for (const kind of frameKinds(kernel)) counts[kind] = (counts[kind] ?? 0) + 1;
  return Object.fromEntries(FRAME_NAMES.map((name, kind) => [name, counts[kind] ?? 0]));
}

/** The kind of every frame, as an index of FRAME_NAMES. */
export function frameKinds(kernel: KernelMemory): Uint8Array {
  const [size, first] = [sizeOf('Frame'), kernel.object('Frame', kernel.roots.frames).addressOf('kind')];
  const { u8 } = kernel.guest;
  const kinds = new Uint8Array(frameCount(kernel));
  for (let number = 0, at = first; number < kinds.length; number++, at += size) kinds[number] = u8[at] as number;
  return kinds;
}

/** Number of live kernel objects of each kind; zeros are left out. */
export function objectCounts({ guest: { raw } }: KernelMemory): Record<string, number> {
  const counts = [...CACHE_NAMES].map(([cache, name]) => [name, raw.kmemLive(cache)] as const);
  return Object.fromEntries(counts.filter(([, live]) => live > 0));
}

/** @param number CACHE_*: the owner of a slab's frame. */
export function cacheName(number: number): CacheName {
  return CACHE_NAMES.get(number) as CacheName;
}

function frameCount({ guest }: KernelMemory): number {
  return guest.u8.length / machine.PAGE_SIZE;
}

/** Bytes of an address space; null when a page of them is not mapped. */
export function bytesAt({ guest }: KernelMemory, space: number, address: number, length: number): Uint8Array | null {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const linear = guest.raw.inspectLinear(space, BigInt(address + at));
    if (linear === 0) return null;
    const size = Math.min(length - at, machine.PAGE_SIZE - ((address + at) & machine.PAGE_MASK));
    bytes.set(guest.u8.subarray(linear, linear + size), at);
    at += size;
  }
  return bytes;
}
