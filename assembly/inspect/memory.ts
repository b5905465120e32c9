/** Cursors over memory: areas, walks of page tables, frames, slabs. None of them counts a walk, or caches an area. */
import {
  FRAME_RECORD_FLAGS,
  FRAME_RECORD_KIND,
  FRAME_RECORD_ORDER,
  FRAME_RECORD_OWNER,
  FRAME_RECORD_REFCOUNT,
  RECORD_WORDS,
  VMA_BACKED,
  VMA_DONT_COPY,
  VMA_END,
  VMA_FILE,
  VMA_FLAGS,
  VMA_MAY_WRITE,
  VMA_PROT,
  VMA_START,
  WALK_LEVEL,
  WALK_LEVEL1,
  WALK_LEVEL2,
  WALK_LEVEL3,
  WALK_LINEAR,
  WALK_TRANSLATES,
  WALK_VA,
} from '../abi/inspect';
import { CACHE_COUNT, FRAME_FREE, FRAME_HEAD, FRAME_KINDS, PAGE_MASK, PAGE_SHIFT } from '../abi/machine';
import { frameFlags, frameKind, frameOrder, frameOwner, frameRefcount, framesCount } from '../mem/frames';
import { kmemLive } from '../mem/kmem';
import { pteFrame, pteIsBlock } from '../mem/pte';
import { kernelSpace, Space, spaceFirstVma, spaceNextVma, Vma } from '../mem/space';
import { tableDescriptor, tableNext, tableWalk } from '../mem/table';
import { Process } from '../task/process';
import { recordPut, recordPut64, recordPutAddress, recordPutFlag } from './record';

if (FRAME_KINDS > RECORD_WORDS || CACHE_COUNT > RECORD_WORDS) ERROR('a summary does not fit into the record');

export function vmaAfter(process: Process | null, after: usize): usize {
  const space = spaceOf(process);
  if (!space) return 0;
  const vma = after ? spaceNextVma(space, changetype<Vma>(after)) : spaceFirstVma(space);
  if (!vma) return 0;
  recordPut64(VMA_START, vma.start);
  recordPut64(VMA_END, vma.end);
  recordPut(VMA_PROT, vma.prot);
  recordPut(VMA_FLAGS, vma.flags);
  recordPutFlag(VMA_BACKED, vma.pages != null);
  recordPutAddress(VMA_FILE, vma.owner);
  recordPutFlag(VMA_MAY_WRITE, vma.mayWrite);
  recordPutFlag(VMA_DONT_COPY, vma.dontCopy);
  return changetype<usize>(vma);
}

/**
 * Describes how an address is translated.
 * @returns the level of the descriptor that decides, 1 to 3; 0 when the space has no such address, or is no more
 */
export function walk(process: Process | null, va: u64): i32 {
  const space = spaceOf(process);
  if (!space || va < space.base || va >= space.limit) return 0;
  const level2 = tableDescriptor(space.root, va, 2);
  const level1 = tableDescriptor(space.root, va, 1);
  const level = !level1 ? 1 : !level2 || pteIsBlock(level2) ? 2 : 3;
  recordPut(WALK_LEVEL, level);
  recordPut64(WALK_VA, va);
  recordPut64(WALK_LEVEL1, level1);
  recordPut64(WALK_LEVEL2, level2);
  recordPut64(WALK_LEVEL3, tableDescriptor(space.root, va, 3));
  const page = tableWalk(space.root, va);
  if (page) {
    recordPutFlag(WALK_TRANSLATES, true);
    recordPutAddress(WALK_LINEAR, pteFrame(page) | (<usize>va & PAGE_MASK));
  }
  return level;
}

/** The walk for the lowest address in [from, end) that has a leaf, PROT_NONE ones included. 0 when none has. */
export function walkNextLeaf(process: Process | null, from: u64, end: u64): i32 {
  const space = spaceOf(process);
  if (!space) return 0;
  const start = max(from, space.base);
  const limit = min(end, space.limit);
  if (start >= limit) return 0;
  const va = tableNext(space.root, start, limit);
  return va < limit ? walk(process, max(va, start)) : 0;
}

/** False for an address outside of memory. */
export function frameDescribe(address: usize): bool {
  if (address >>> PAGE_SHIFT >= <usize>framesCount()) return false;
  const kind = frameKind(address);
  const head = (frameFlags(address) & FRAME_HEAD) != 0;
  recordPut(FRAME_RECORD_KIND, kind);
  recordPut(FRAME_RECORD_ORDER, head ? frameOrder(address) : 0);
  recordPut(FRAME_RECORD_FLAGS, frameFlags(address));
  if (kind == FRAME_FREE) return true;
  recordPut(FRAME_RECORD_REFCOUNT, head ? frameRefcount(address) : 0);
  recordPutAddress(FRAME_RECORD_OWNER, frameOwner(address));
  return true;
}

/** Frames of each kind. */
export function framesAfter(after: usize): usize {
  if (after) return 0;
  for (let kind = 0; kind < FRAME_KINDS; kind++) recordPut(kind, framesOfKind(kind));
  return 1;
}

/** Objects alive in each cache. */
export function slabsAfter(after: usize): usize {
  if (after) return 0;
  for (let cache = 0; cache < CACHE_COUNT; cache++) recordPut(cache, kmemLive(cache));
  return 1;
}

function framesOfKind(kind: u32): u32 {
  let count: u32 = 0;
  for (let number = 0; number < framesCount(); number++) {
    if (frameKind((<usize>number) << PAGE_SHIFT) == kind) count++;
  }
  return count;
}

/** The kernel's without a process; null for one that has ended. */
function spaceOf(process: Process | null): Space | null {
  return process ? process.space : kernelSpace();
}
