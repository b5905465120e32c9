/**
 * The entries of all page tables at one moment. Those of a space are read anew only after one of its leaves was written: the
 * machine counts these writes.
 */
import { PAGE_MASK, PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { VmaView } from '../inspect/tasks.ts';
import type { Machine } from '../machine.ts';

export type Side = 'sender' | 'receiver' | 'kernel';

/** A page of an address space, and its entry in the page table. */
export interface StagePage {
  readonly side: Side;
  /** 0: the kernel. */
  readonly pid: number;
  readonly address: bigint;
  /** Linear address of the frame. */
  readonly frame: number;
  /** The page-table entry, in arm64's format; 0n where the kernel uses its own memory. */
  readonly descriptor: bigint;
  readonly writable: boolean;
  /** The kind of area: a process's own memory, its Binder mapping, or the kernel's ways to a frame. */
  readonly area: 'memory' | 'mapping' | 'vmalloc' | 'kmap' | 'own';
  /** The step made the entry, or led it to another frame. */
  readonly isNew: boolean;
}

/** Pages of one space, by address, in rising order. */
export type SpaceEntries = ReadonlyMap<bigint, StagePage>;

/** By pid; 0 is the kernel. */
export type Entries = ReadonlyMap<number, SpaceEntries>;

/** What was read of spaces, with the number of writes until then. The key is an object that lives as long as its space. */
export type KnownEntries = WeakMap<object, { readonly writes: bigint; readonly pages: SpaceEntries }>;

export const KERNEL = 0;
/** Pages that are shown of a block. */
export const PAGES_MAX = 4;
const BLOCK_LEVEL = 2;
/** Access permissions in a descriptor of arm64: read-only for all. */
const READ_ONLY = 1n << 7n;
const ROUND = BigInt(PAGE_MASK);

/** The entries of the page tables of all processes and of the kernel. @param known Of the same machine, at any moment. */
export function entriesOf(machine: Machine, known: KnownEntries = new WeakMap()): Entries {
  const entries = new Map<number, SpaceEntries>();
  const { kernel } = machine.inspect;
  const add = (owner: object, pid: number, writes: bigint) => {
    const before = known.get(owner);
    const pages = before?.writes === writes ? before.pages : pagesOf(machine, pid);
    if (pages !== before?.pages) known.set(owner, { writes, pages });
    entries.set(pid, pages);
  };
  for (const process of machine.processes) {
    if (!process.alive) continue;
    const space = kernel.object('Process', process.pointer).space;
    if (space !== null) add(process, process.pid, space.counters.pteWritesUser);
  }
  add(machine, KERNEL, kernel.roots.kernel.counters.pteWritesKernel);
  return entries;
}

function pagesOf(machine: Machine, pid: number): SpaceEntries {
  const pages = new Map<bigint, StagePage>();
  for (const vma of machine.inspect.vmas(pid === KERNEL ? 'kernel' : { pid })) {
    for (const page of leavesOf(machine, pid, vma)) pages.set(page.address, page);
  }
  return pages;
}

function* leavesOf(machine: Machine, pid: number, { start, end, backing }: VmaView): Generator<StagePage> {
  const isKernel = pid === KERNEL;
  const area = isKernel ? 'vmalloc' : backing === 'pages' ? 'mapping' : 'memory';
  for (const { address, level, linear, descriptor } of machine.inspect.leaves(
    isKernel ? 'kernel' : { pid },
    start,
    end,
  )) {
    if (linear === null) continue;
    const pages = level === BLOCK_LEVEL ? PAGES_MAX : 1;
    for (let page = 0; page < pages; page++) {
      yield {
        side: isKernel ? 'kernel' : 'sender',
        pid,
        address: (address & ~ROUND) + BigInt(page * PAGE_SIZE),
        frame: (linear & ~PAGE_MASK) + page * PAGE_SIZE,
        descriptor,
        writable: (descriptor & READ_ONLY) === 0n,
        area,
        isNew: false,
      };
    }
  }
}
