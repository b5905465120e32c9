/**
 * Access of the host to kernel objects. The host reads them from memory by their layout. These functions give it the
 * addresses to begin with, and values that have to be computed. They do not change the machine or its counters.
 */
import { FRAME_SLAB, PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from './abi/machine';
import { lru } from './alloc/pages';
import {
  context,
  deadNodes,
  Driver,
  driver,
  failedEntry,
  logEntry,
  procs,
  statObjects,
  statWords,
} from './driver/state';
import { slabCapacity, slabInUse, slabObject, slabObjectSize } from './lib/slab';
import { frameKind, frameOwner, framesCount, framesTable } from './mem/frames';
import { kmemCacheAt } from './mem/kmem';
import { pteFrame, pteIsBlock } from './mem/pte';
import { kernelSpace, Space } from './mem/space';
import { tableDescriptor, tableNext, tableWalk } from './mem/table';
import { processes } from './task/process';

/** The roots from which the host finds kernel objects. A list is given by its head. */
@unmanaged
class Roots {
  processes: usize; // list of Process, oldest first
  procs: usize; // list of Proc, newest first
  deadNodes: usize; // list of Node by rbParent, the one that died last first
  lru: usize; // list of Page by lruNext, the coldest first
  contexts: usize; // array of DEVICE_COUNT Context
  driver: Driver;
  log: usize; // array of LOG_ENTRIES LogEntry
  failedLog: usize;
  words: usize; // u32 for each BC_ word, then for each BR_ word: how often it was said since boot
  objects: usize; // for each STAT_* two u32: created, deleted
  kernel: Space;
  frames: usize; // array of Frame, one for each 4 KiB of linear memory
}

const roots = changetype<Roots>(memory.data(offsetof<Roots>(), 4));

export function inspectBoot(): void {
  roots.processes = processes;
  roots.procs = procs;
  roots.deadNodes = deadNodes;
  roots.lru = lru;
  roots.contexts = changetype<usize>(context(0));
  roots.driver = driver;
  roots.log = changetype<usize>(logEntry(0));
  roots.failedLog = changetype<usize>(failedEntry(0));
  roots.words = statWords();
  roots.objects = statObjects();
  roots.kernel = kernelSpace();
  roots.frames = framesTable();
}

/** Linear address of the Roots. */
export function inspectRoots(): usize {
  return changetype<usize>(roots);
}

/** Level of the descriptor that decides how a space translates an address, 1 to 3; 0 when it has no such address. */
export function inspectLevel(space: Space, va: u64): i32 {
  if (va < space.base || va >= space.limit) return 0;
  if (!tableDescriptor(space.root, va, 1)) return 1;
  const level2 = tableDescriptor(space.root, va, 2);
  return !level2 || pteIsBlock(level2) ? 2 : 3;
}

/** The descriptor that a walk for an address of the space meets on a level, 1 to 3; 0 when it does not come to that. */
export function inspectDescriptor(space: Space, va: u64, level: i32): u64 {
  return tableDescriptor(space.root, va, level);
}

/** Linear address of the byte at an address of the space; 0 when the processor would fault. */
export function inspectLinear(space: Space, va: u64): usize {
  const page = tableWalk(space.root, va);
  return page ? pteFrame(page) | (<usize>va & PAGE_MASK) : 0;
}

/** The lowest address in [from, end) that has a leaf in the page table, PROT_NONE ones included; `end` when none has. */
export function inspectLeaf(space: Space, from: u64, end: u64): u64 {
  const start = max(from, space.base);
  const limit = min(end, space.limit);
  if (start >= limit) return end;
  const va = tableNext(space.root, start, limit);
  return va < limit ? max(va, start) : end;
}

/** Bytes of an object of a slab cache (CACHE_*): its fields, and what follows them. */
export function inspectObjectSize(cache: i32): u32 {
  return slabObjectSize(kmemCacheAt(cache));
}

/** The lowest kernel object in use that ends above a linear address; 0 when there is none. */
export function inspectObject(address: usize): usize {
  for (let page = address & ~PAGE_MASK; page >>> PAGE_SHIFT < <usize>framesCount(); page += PAGE_SIZE) {
    if (frameKind(page) != FRAME_SLAB) continue;
    const cache = kmemCacheAt(<i32>frameOwner(page));
    const size = slabObjectSize(cache);
    for (let index: u32 = 0; index < slabCapacity(cache); index++) {
      const object = slabObject(cache, page, index);
      if (object + size > address && slabInUse(object)) return object;
    }
  }
  return 0;
}
