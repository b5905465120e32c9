/** Views of memory: how addresses are translated, and what frames and slabs are used for. */
import {
  CURSOR_FRAMES,
  CURSOR_SLABS,
  FRAME_RECORD_FLAGS,
  FRAME_RECORD_KIND,
  FRAME_RECORD_ORDER,
  FRAME_RECORD_OWNER,
  FRAME_RECORD_REFCOUNT,
  WALK_LEVEL,
  WALK_LEVEL1,
  WALK_LEVEL2,
  WALK_LEVEL3,
  WALK_LINEAR,
  WALK_TRANSLATES,
  WALK_VA,
} from '../../assembly/abi/inspect.ts';
import * as machine from '../../assembly/abi/machine.ts';
import {
  FRAME_ANON,
  FRAME_ARRAY,
  FRAME_BINDER,
  FRAME_DIRTY,
  FRAME_FILE,
  FRAME_FREE,
  FRAME_RESERVED,
  FRAME_SLAB,
  FRAME_STAGE,
  FRAME_TABLE,
  PAGE_SIZE,
} from '../../assembly/abi/machine.ts';
import type { Cursors, Row } from './cursor.ts';

/** A walk of a page table, as the processor makes it. */
export interface WalkView {
  readonly address: bigint;
  /** Level of the descriptor that decides: 1 (none below it) to 3 (a page); a block of 2 MiB is at 2. */
  readonly level: 1 | 2 | 3;
  /** Descriptors met on levels 1, 2 and 3, in arm64's format; 0n where the walk does not come to. */
  readonly descriptors: readonly [bigint, bigint, bigint];
  /** The one that decides; 0n when nothing is mapped. */
  readonly descriptor: bigint;
  /** Linear address of the byte; null when the processor would fault. */
  readonly linear: number | null;
}

export interface FrameView {
  /** What it is used for: "anon", "binder", "table", ... */
  readonly kind: string;
  /** Of the block that begins with it: 2^order frames. */
  readonly order: number;
  /** Holders of the block that begins with it; 0 for the other frames of a block, and free ones. */
  readonly refs: number;
  /** Written to since the flag was last cleared. */
  readonly dirty: boolean;
  /** Whom it belongs to; a handle, whose kind follows from the frame's. */
  readonly owner: number;
}

const FRAME_NAMES: readonly string[] = Object.values({
  [FRAME_FREE]: 'free',
  [FRAME_RESERVED]: 'reserved',
  [FRAME_SLAB]: 'slab',
  [FRAME_TABLE]: 'table',
  [FRAME_ANON]: 'anon',
  [FRAME_BINDER]: 'binder',
  [FRAME_ARRAY]: 'array',
  [FRAME_FILE]: 'file',
  [FRAME_STAGE]: 'stage',
});
/** Caches by number: "binder_node". */
const CACHE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(machine)
    .filter(([name]) => name.startsWith('CACHE_') && name !== 'CACHE_COUNT')
    .map(([name, number]) => [number as number, name.slice('CACHE_'.length).toLowerCase()]),
);
const PAGE_BYTES = BigInt(PAGE_SIZE);
const BLOCK_BYTES = PAGE_BYTES * 512n;

export function walkView(row: Row): WalkView {
  const level = row.u32(WALK_LEVEL) as 1 | 2 | 3;
  const descriptors = [row.big(WALK_LEVEL1), row.big(WALK_LEVEL2), row.big(WALK_LEVEL3)] as const;
  return {
    address: row.big(WALK_VA),
    level,
    descriptors,
    descriptor: descriptors[level - 1] as bigint,
    linear: row.flag(WALK_TRANSLATES) ? row.u32(WALK_LINEAR) : null,
  };
}

/** Walks of all pages in [from, end) that the page table maps, a block of 2 MiB once. */
export function* leafViews(cursors: Cursors, process: number, from: bigint, end: bigint): Generator<WalkView> {
  let at = from;
  for (let row = cursors.leaf(process, at, end); row !== null; row = cursors.leaf(process, at, end)) {
    const view = walkView(row);
    yield view;
    const bytes = view.level === 2 ? BLOCK_BYTES : PAGE_BYTES;
    at = (view.address & ~(bytes - 1n)) + bytes;
  }
}

export function frameView(row: Row): FrameView {
  const kind = row.u32(FRAME_RECORD_KIND);
  return {
    kind: FRAME_NAMES[kind] ?? `kind ${kind}`,
    order: row.u32(FRAME_RECORD_ORDER),
    refs: row.u32(FRAME_RECORD_REFCOUNT),
    dirty: (row.u32(FRAME_RECORD_FLAGS) & FRAME_DIRTY) !== 0,
    owner: row.u32(FRAME_RECORD_OWNER),
  };
}

/** How many frames of 4 KiB there are of each kind. They sum up to the machine's memory. */
export function frameCounts(cursors: Cursors): Record<string, number> {
  const [row] = cursors.rows(CURSOR_FRAMES);
  return Object.fromEntries(FRAME_NAMES.map((name, kind) => [name, row?.u32(kind) ?? 0]));
}

/** How many kernel objects of each kind live; kinds of which none lives are left out. */
export function objectCounts(cursors: Cursors): Record<string, number> {
  const [row] = cursors.rows(CURSOR_SLABS);
  const counts = [...CACHE_NAMES].map(([cache, name]) => [name, row?.u32(cache) ?? 0] as const);
  return Object.fromEntries(counts.filter(([, live]) => live > 0));
}
