/**
 * The kernel's vmalloc area: ranges of kernel addresses whose pages are mapped one by one, in the kernel's table.
 * Every range is an area of the kernel's space; the page after it stays free, so that an overrun faults.
 */
import { PAGE_MASK, PAGE_SHIFT } from '../abi/machine';
import { leavesZap, spaceInstall, spaceZap } from './leaves';
import { pteFrame } from './pte';
import {
  kernelSpace,
  spaceFirstVma,
  spaceNextVma,
  spacePruneTables,
  spaceVma,
  vmaClose,
  vmaCreate,
  vmaInsert,
} from './space';
import { tableWalk } from './table';

/**
 * Reserves kernel addresses for `pages` pages and a guard page: the lowest range that is large enough.
 * @returns its address; 0 if the area is used up (or memory for the record is)
 */
export function vmallocReserve(pages: u32): u64 {
  const space = kernelSpace();
  const bytes = (<u64>pages + 1) << PAGE_SHIFT;
  let start = space.base;
  let next = spaceFirstVma(space);
  while (next && next.start - start < bytes) {
    start = next.end;
    next = spaceNextVma(space, next);
  }
  if (space.limit - start < bytes) return 0;
  const vma = vmaCreate(start, start + bytes);
  if (!vma) return 0;
  vmaInsert(space, vma);
  return start;
}

/** Gives a range back that vmallocReserve gave, with whatever is still mapped in it. */
export function vmallocRelease(va: u64, pages: u32): void {
  const space = kernelSpace();
  const vma = spaceVma(space, va)!;
  assert(vma.start == va, 'vmallocRelease: no range begins there');
  assert(vma.end == va + ((<u64>pages + 1) << PAGE_SHIFT), 'vmallocRelease: the range is of another size');
  leavesZap(space, vma.start, vma.end);
  vmaClose(space, vma);
  spacePruneTables(space, va);
}

/** Maps the frame at linear address `frame` at kernel address `va`, inside a reserved range. 0, or -ENOMEM. */
export function kernelInstall(va: u64, frame: usize): i32 {
  return spaceInstall(kernelSpace(), va, frame, true);
}

/** Unmaps the page at kernel address `va`, if one is mapped there. */
export function kernelZap(va: u64): void {
  spaceZap(kernelSpace(), va);
}

/** Linear address of the byte at kernel address `va`, by the kernel's page table; 0 if no page is mapped there. */
export function kernelAddress(va: u64): usize {
  const space = kernelSpace();
  space.counters.walks++;
  const entry = tableWalk(space.root, va);
  return entry == 0 ? 0 : pteFrame(entry) | (<usize>va & PAGE_MASK);
}

/** Bytes of the vmalloc area that are reserved, guard pages included. */
export function kernelReservedBytes(): u64 {
  const space = kernelSpace();
  let bytes: u64 = 0;
  let vma = spaceFirstVma(space);
  while (vma) {
    bytes += vma.end - vma.start;
    vma = spaceNextVma(space, vma);
  }
  return bytes;
}
