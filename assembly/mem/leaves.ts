/**
 * The leaves of a space's page table: the pages that are mapped. Only this file writes leaves, and it counts the writes. Each
 * write of a leaf is one of pteWrites. If the entry was valid before, the write flushes it from the TLB.
 *
 * A leaf with OWNED carries one reference to its frame. It goes with the entry, whatever replaces that.
 *
 * Runs of frames are mapped as large as alignment allows:
 *
 *     2 MiB  one block on level 2           virtual and physical address multiples of 2 MiB
 *     64 KiB 16 pages with the hint CONT    virtual and physical address multiples of 64 KiB
 *     4 KiB  one page
 */
import { ENOMEM } from '../abi/errno';
import { PAGE_SHIFT, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../abi/machine';
import { frameGet, framePut } from './frames';
import {
  PTE_CONTIGUOUS,
  PTE_COW,
  PTE_LENT,
  PTE_OWNED,
  PTE_READ_ONLY,
  pteBlock,
  pteFrame,
  pteIsBlock,
  pteIsValid,
  pteKernel,
  pteUser,
  pteWithProt,
} from './pte';
import { Space, spaceTlb, spaceVma } from './space';
import { LEVEL2_BYTES, tableEnsure, tableEnsureBlock, tableLookup, tableNext, tableSplit } from './table';
import { tlbFlush } from './tlb';

const CONTIGUOUS_BYTES: u64 = 1 << 16;
const BLOCK_PAGES = 512;

/**
 * Maps the frame at linear address `frame` at `va`; the space takes no reference to it.
 * @returns 0, or -ENOMEM if there is no memory for a table
 */
export function spaceInstall(space: Space, va: u64, frame: usize, writable: bool): i32 {
  const entry = pageEntry(space, va, frame, writable);
  return leafInstall(space, va, entry);
}

/** Makes the table that the page at `va` will be in. 0, or -ENOMEM. */
export function spaceReady(space: Space, va: u64): i32 {
  return tableEnsure(space.root, va, changetype<usize>(space)) == 0 ? -ENOMEM : 0;
}

/**
 * Maps `pages` contiguous frames from linear address `frame` on, in leaves as large as possible.
 * Nothing may be mapped there.
 * @returns 0, or -ENOMEM if there is no memory for a table; what was mapped until then stays
 */
export function spaceInstallRun(space: Space, va: u64, frame: usize, pages: u32, writable: bool): i32 {
  const entry = pageEntry(space, va, frame, writable);
  const shift = va - <u64>frame;
  const end = va + ((<u64>pages) << PAGE_SHIFT);
  let at = va;
  while (at < end) {
    const here = entry + (at - va);
    if (((at | shift) & (LEVEL2_BYTES - 1)) == 0 && at + LEVEL2_BYTES <= end) {
      const slot = tableEnsureBlock(space.root, at, changetype<usize>(space));
      if (slot == 0) return -ENOMEM;
      if (load<u64>(slot) == 0) {
        leafWrite(space, slot, pteBlock(here));
        space.resident += BLOCK_PAGES;
        at += LEVEL2_BYTES;
        continue;
      }
    }
    const group = at & ~(CONTIGUOUS_BYTES - 1);
    const isGroup = (shift & (CONTIGUOUS_BYTES - 1)) == 0 && group >= va && group + CONTIGUOUS_BYTES <= end;
    if (leafInstall(space, at, isGroup ? here | PTE_CONTIGUOUS : here) != 0) return -ENOMEM;
    at += PAGE_SIZE;
  }
  return 0;
}

/** Removes the page at `va`, if one is mapped there. A leaf that maps more is cut up first: -ENOMEM if that fails. */
export function spaceZap(space: Space, va: u64): i32 {
  if (leavesCut(space, va) != 0 || leavesCut(space, va + PAGE_SIZE) != 0) return -ENOMEM;
  leavesZap(space, va, va + PAGE_SIZE);
  return 0;
}

/**
 * Lends the frame of the anonymous page at `va`: the page becomes read-only, and a write gets a copy of it.
 * @returns the frame's linear address, with one reference for the caller; 0 if no such page is mapped there
 */
export function spaceLend(space: Space, va: u64): usize {
  const slot = tableLookup(space.root, va);
  if (slot == 0) return 0;
  const entry = load<u64>(slot);
  if ((entry & PTE_OWNED) == 0) return 0;
  const lent = entry | PTE_COW | PTE_LENT | PTE_READ_ONLY;
  if (lent != entry) leafWrite(space, slot, lent);
  frameGet(pteFrame(entry));
  return pteFrame(entry);
}

/** The entry of a new page of the space. A user's page has the rights of the area at its address. */
function pageEntry(space: Space, va: u64, frame: usize, writable: bool): u64 {
  if (space.isKernel) return pteKernel(frame);
  const vma = spaceVma(space, va);
  const rights = vma ? vma.prot : PROT_READ | PROT_WRITE;
  return pteUser(frame, writable ? rights : rights & ~PROT_WRITE);
}

/** Makes `entry` the leaf of the page at `va`, in place of whatever page was there. 0, or -ENOMEM. */
export function leafInstall(space: Space, va: u64, entry: u64): i32 {
  const slot = tableEnsure(space.root, va, changetype<usize>(space));
  if (slot == 0) return -ENOMEM;
  if (load<u64>(slot) == 0) space.resident++;
  leafWrite(space, slot, entry);
  return 0;
}

/** Writes one leaf, counts it, and drops the reference that the old entry held to another frame. */
export function leafWrite(space: Space, slot: usize, entry: u64): void {
  const old = load<u64>(slot);
  store<u64>(slot, entry);
  const counters = space.counters;
  if (space.isKernel) counters.pteWritesKernel++;
  else counters.pteWritesUser++;
  if (pteIsValid(old)) {
    counters.tlbFlushes++;
    tlbFlush(spaceTlb(space));
  }
  if ((old & PTE_OWNED) != 0 && pteFrame(old) != pteFrame(entry)) framePut(pteFrame(old));
}

/** Removes all leaves in [from, end). No leaf may reach across the ends (leavesCut). */
export function leavesZap(space: Space, from: u64, end: u64): void {
  for (let va = tableNext(space.root, from, end); va < end; va = tableNext(space.root, va, end)) {
    const slot = tableLookup(space.root, va);
    space.resident -= pteIsBlock(load<u64>(slot)) ? BLOCK_PAGES : 1;
    leafWrite(space, slot, 0);
  }
}

/** Gives all leaves in [from, end) the rights of `prot`; with PROT_NONE they stay, invalid. */
export function leavesProtect(space: Space, from: u64, end: u64, prot: u32): void {
  for (let va = tableNext(space.root, from, end); va < end; va = tableNext(space.root, va, end)) {
    const slot = tableLookup(space.root, va);
    const entry = load<u64>(slot);
    const next = pteWithProt(entry, prot);
    if (next != entry) leafWrite(space, slot, next);
    va += pteIsBlock(entry) ? LEVEL2_BYTES : PAGE_SIZE;
  }
}

/** Sees to it that no leaf reaches across `va`: cuts a block into pages, takes the hint CONT away. 0, or -ENOMEM. */
export function leavesCut(space: Space, va: u64): i32 {
  if ((va & (CONTIGUOUS_BYTES - 1)) == 0 && (va & (LEVEL2_BYTES - 1)) == 0) return 0;
  let slot = tableLookup(space.root, va);
  if (slot == 0) return 0;
  if (pteIsBlock(load<u64>(slot))) {
    if (!tableSplit(slot, changetype<usize>(space))) return -ENOMEM;
    countSplit(space);
    slot = tableLookup(space.root, va);
  }
  if ((va & (CONTIGUOUS_BYTES - 1)) == 0 || (load<u64>(slot) & PTE_CONTIGUOUS) == 0) return 0;
  const group = slot & ~127; // 16 entries of 8 bytes
  for (let at = group; at < group + 128; at += 8) {
    const entry = load<u64>(at);
    if ((entry & PTE_CONTIGUOUS) != 0) leafWrite(space, at, entry & ~PTE_CONTIGUOUS);
  }
  return 0;
}

/** Counts the split of a block into 512 pages: 512 writes, and a flush of the block's translation. */
function countSplit(space: Space): void {
  const counters = space.counters;
  if (space.isKernel) counters.pteWritesKernel += BLOCK_PAGES;
  else counters.pteWritesUser += BLOCK_PAGES;
  counters.tlbFlushes++;
}
