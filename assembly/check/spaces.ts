/**
 * Address spaces: the list of areas, and every leaf of the page table against its area.
 *
 * A leaf with OWNED is a holder of its frame, which is private memory. Any other leaf maps the frame that the area's page
 * array has for its address. In the kernel's space it maps a page of a binder area.
 */
import * as codes from '../abi/check';
import {
  CACHE_BINDER_ALLOC,
  CACHE_BINDER_PROC,
  CACHE_FILE,
  CACHE_VMA,
  FRAME_ANON,
  FRAME_TABLE,
  MAP_SHARED,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
} from '../abi/machine';
import { Proc } from '../driver/objects';
import { areaPage } from '../mapping/area';
import { kernelSpace, Space, spaceFirstVma, spaceNextVma, spaceTlb, Vma } from '../mem/space';
import { pteFrame, pteIsBlock, pteIsTable, pteKernel, pteWithProt, PTE_OWNED } from '../mem/pte';
import { LEVEL1_BYTES, LEVEL2_BYTES } from '../mem/table';
import { tlbCheck } from '../mem/tlb';
import { FILE_BINDER, FILE_MEMFD, OpenFile } from '../task/file';
import { claimLink, holdFrames, listHold, pointsAt } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

const ENTRIES = 512;
/** Entries that are tested for zero together. */
const GROUP = 8;
const BLOCK_PAGES = 512;

/** The position of the walk through a page table. */
@unmanaged
class Walk {
  space: Space;
  vma: Vma | null; // area of the last leaf, or the first area after it
  leaves: i32; // pages mapped so far
  areaLeaves: i32; // those of them in `vma`
}

const walk = changetype<Walk>(memory.data(offsetof<Walk>(), 4));

/** Checks a user's space. */
export function checkSpace(space: Space): bool {
  claim(codes.VIOLATION_SPACE_REFS, changetype<usize>(space), space.refs);
  if (space.root) return checkLiving(space);
  // The record of a dead process's space is kept only for its counters.
  return (!space.resident && !spaceFirstVma(space)) || blame(codes.VIOLATION_RESIDENT, changetype<usize>(space));
}

/** Checks the kernel's space. Each of its areas is reserved by one binder area. */
export function checkKernelSpace(): bool {
  const space = kernelSpace();
  let vma = spaceFirstVma(space);
  while (vma) {
    if (!pointsAt(CACHE_VMA, changetype<usize>(vma), changetype<usize>(space))) return false;
    claim(codes.VIOLATION_KERNEL_RANGE, changetype<usize>(vma), 1);
    vma = spaceNextVma(space, vma);
  }
  return checkLiving(space);
}

export function checkVma(vma: Vma): bool {
  claim(codes.VIOLATION_OWNER, changetype<usize>(vma), 1);
  claimLink(changetype<usize>(vma));
  return true;
}

/** Clears the static records of this file. */
export function spacesClear(): void {
  memory.fill(changetype<usize>(walk), 0, offsetof<Walk>());
}

function checkLiving(space: Space): bool {
  if (!checkAreas(space)) return false;
  walk.space = space;
  walk.vma = spaceFirstVma(space);
  walk.leaves = 0;
  walk.areaLeaves = 0;
  if (!checkTable(space.root, 1, space.base & ~((LEVEL1_BYTES << 9) - 1))) return false;
  while (walk.vma) if (!leaveArea()) return false;
  if (!tlbCheck(spaceTlb(space), space.root)) return blame(codes.VIOLATION_TLB, changetype<usize>(space));
  if (walk.leaves == space.resident) return true;
  return blame(codes.VIOLATION_RESIDENT, changetype<usize>(space), space.resident, walk.leaves);
}

/** Areas are whole pages, sorted and disjoint, and map the pages of their file. */
function checkAreas(space: Space): bool {
  if (!listHold(changetype<usize>(space) + offsetof<Space>('vmas'))) return false;
  let floor = space.base;
  let recent = space.recent;
  let vma = spaceFirstVma(space);
  while (vma) {
    if (!pointsAt(CACHE_VMA, changetype<usize>(vma), changetype<usize>(space))) return false;
    hold(codes.VIOLATION_OWNER, changetype<usize>(vma));
    const isPlaced = vma.start >= floor && vma.end > vma.start && vma.end <= space.limit;
    if (!isPlaced || (vma.start | vma.end) & PAGE_MASK) return blame(codes.VIOLATION_AREA, changetype<usize>(vma));
    if (!checkBacking(vma)) return false;
    if (vma == recent) recent = null;
    floor = vma.end;
    vma = spaceNextVma(space, vma);
  }
  return !recent || blame(codes.VIOLATION_AREA, changetype<usize>(space), 0, changetype<i32>(recent));
}

/** An area maps anonymous memory, a memfd, or the pages of the proc of a binder file. */
function checkBacking(vma: Vma): bool {
  const at = changetype<usize>(vma);
  if (!vma.owner) return !vma.pages || blame(codes.VIOLATION_AREA, at);
  if (!pointsAt(CACHE_FILE, vma.owner, at)) return false;
  const file = changetype<OpenFile>(vma.owner);
  if (file.kind == FILE_MEMFD) return changetype<usize>(vma.pages) == file.owner || blame(codes.VIOLATION_AREA, at);
  if (file.kind != FILE_BINDER) return blame(codes.VIOLATION_AREA, at, FILE_BINDER, file.kind);
  if (!pointsAt(CACHE_BINDER_PROC, file.owner, at)) return false;
  const alloc = changetype<Proc>(file.owner).alloc;
  if (!pointsAt(CACHE_BINDER_ALLOC, changetype<usize>(alloc), at)) return false;
  const isInPlace = vma.start - alloc.userBase == (<u64>vma.pageOffset) << PAGE_SHIFT;
  return (
    (vma.pages == alloc.pageArray && isInPlace && !vma.mayWrite && vma.dontCopy) || blame(codes.VIOLATION_AREA, at)
  );
}

/** Checks one table of level 1 to 3 that covers the addresses from `va` on. */
function checkTable(table: usize, level: i32, va: u64): bool {
  if (!holdFrames(table, 0, FRAME_TABLE, changetype<usize>(walk.space))) return false;
  const step: u64 = level == 1 ? LEVEL1_BYTES : level == 2 ? LEVEL2_BYTES : PAGE_SIZE;
  for (let index = 0; index < ENTRIES; index += GROUP) {
    const group = table + ((<usize>index) << 3);
    if (isEmpty(group)) continue;
    for (let slot = group; slot < group + GROUP * sizeof<u64>(); slot += sizeof<u64>()) {
      const entry = load<u64>(slot);
      if (entry && !checkEntry(slot, entry, level, va + step * ((slot - table) >> 3))) return false;
    }
  }
  return true;
}

/** Whether a group of entries is zero, as most are. */
function isEmpty(group: usize): bool {
  const front = load<u64>(group) | load<u64>(group, 8) | load<u64>(group, 16) | load<u64>(group, 24);
  return !(front | load<u64>(group, 32) | load<u64>(group, 40) | load<u64>(group, 48) | load<u64>(group, 56));
}

function checkEntry(slot: usize, entry: u64, level: i32, va: u64): bool {
  if (level == 3) return checkLeaf(slot, entry, va, 1);
  if (pteIsTable(entry)) return checkTable(pteFrame(entry), level + 1, va);
  if (level == 2 && pteIsBlock(entry)) return checkLeaf(slot, entry, va, BLOCK_PAGES);
  return blame(codes.VIOLATION_TABLE, slot, level);
}

function checkLeaf(slot: usize, entry: u64, va: u64, pages: i32): bool {
  const page = <i32>(va >> PAGE_SHIFT);
  while (isBehind(walk.vma, va)) if (!leaveArea()) return false;
  const vma = walk.vma;
  if (!vma || va < vma.start) return blame(codes.VIOLATION_LEAF_STRAY, slot, page);
  walk.leaves += pages;
  walk.areaLeaves += pages;
  const frame = pteFrame(entry);
  if (walk.space.isKernel) {
    claim(codes.VIOLATION_KERNEL_LEAF, frame, 1);
    return pages > 1 || entry == pteKernel(frame) || blame(codes.VIOLATION_LEAF_RIGHTS, slot, page);
  }
  if (pteWithProt(entry, vma.prot) != entry) return blame(codes.VIOLATION_LEAF_RIGHTS, slot, page);
  if (entry & PTE_OWNED) {
    if (vma.pages && vma.flags & MAP_SHARED) return blame(codes.VIOLATION_LEAF_FRAME, slot, 0, <i32>frame);
    return holdFrames(frame, 0, FRAME_ANON, 0);
  }
  const backing = backingFrame(vma, va);
  return (frame == backing && frame != 0) || blame(codes.VIOLATION_LEAF_FRAME, slot, <i32>backing, <i32>frame);
}

function isBehind(vma: Vma | null, va: u64): bool {
  return vma != null && vma.end <= va;
}

/** The frame that the area's page array has for `va`, or 0. */
function backingFrame(vma: Vma, va: u64): usize {
  const pages = vma.pages;
  if (!pages) return 0;
  const index = vma.pageOffset + <u32>((va - vma.start) >> PAGE_SHIFT);
  return index < pages.count ? load<usize>(pages.base + index * pages.stride) : 0;
}

/** Called after the last leaf of an area. A binder mapping has one leaf for each page with a frame. */
function leaveArea(): bool {
  const vma = walk.vma!;
  const leaves = walk.areaLeaves;
  walk.vma = spaceNextVma(walk.space, vma);
  walk.areaLeaves = 0;
  if (!vma.owner || changetype<OpenFile>(vma.owner).kind != FILE_BINDER) return true;
  const alloc = changetype<Proc>(changetype<OpenFile>(vma.owner).owner).alloc;
  if (!alloc.strategy.eager) return true;
  // a piece of a mapping of more than 4 MiB may begin after the last page that counts
  const left = max<i64>(<i64>alloc.pageCount - vma.pageOffset, 0);
  const mapped = <i32>min<i64>((vma.end - vma.start) >> PAGE_SHIFT, left);
  let frames = 0;
  for (let index = 0; index < mapped; index++) if (areaPage(alloc, vma.pageOffset + index).frame) frames++;
  return frames == leaves || blame(codes.VIOLATION_AREA_LEAVES, changetype<usize>(vma), frames, leaves);
}
