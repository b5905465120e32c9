/**
 * Address spaces: the areas of a process or of the kernel, and the page table that realises them. This file owns the
 * records and the sorted list of areas. areas.ts and fork.ts change areas, leaves.ts changes leaves of the table, and
 * fault.ts handles page faults.
 *
 *     Space --> Vma [start, end) --> Vma --> ...       sorted, disjoint
 *       |        |
 *       |        +-- pages: PageArray or null          null: anonymous memory, zeroed when first touched
 *       +-- root: page table
 */
import { CACHE_PAGE_ARRAY, CACHE_SPACE, CACHE_VMA, VA_BITS, VMALLOC_START_HI, VMALLOC_START_LO } from '../abi/machine';
import { LIST_SIZE, listAddTail, listDel, listEmpty, listFirst, listInit, listNext } from '../lib/list';
import { COUNTERS_SIZE, Counters, countersAdd, machineCounters } from './counters';
import { kmemZalloc, kmemCache, kmemFree } from './kmem';
import { LEVEL1_BYTES, tableCreate, tablePrune } from './table';
import { TLB_SIZE } from './tlb';

/** The first address that no user space has. */
export const USER_END: u64 = (<u64>1) << VA_BITS;
const VMALLOC_START: u64 = ((<u64>VMALLOC_START_HI) << 32) | <u64>VMALLOC_START_LO;

/**
 * The pages of a mapping that is not anonymous: the first u32 of entry i, at base + i * stride, is the linear
 * address of the frame, or 0 if there is none. The frames are the array's owner's; a space never counts or frees them.
 */
@unmanaged
export class PageArray {
  base: usize;
  stride: u32; // bytes from one entry to the next
  count: u32; // entries
  installOnFault: bool; // a touch installs the page if the entry has a frame; otherwise only spaceInstall does
}

/** One range of addresses of a space (Linux: vm_area_struct). */
@unmanaged
export class Vma {
  next: usize; // link of the space's list, later of the list of closed areas
  prev: usize;
  start: u64; // first address, and the one after the last; multiples of 4096
  end: u64;
  prot: u32; // PROT_* that holds now
  flags: u32; // MAP_* as given to mmap
  pages: PageArray | null; // what is mapped; null: anonymous memory
  pageOffset: u32; // entry of `pages` at `start`
  owner: usize; // the open file that it maps, which gets to know of its end; 0: none
  mayWrite: bool; // mprotect may allow writing
  dontCopy: bool; // a forked child does not get it
}

@unmanaged
export class Space {
  root: usize; // linear address of the page table's first level
  owner: usize; // the space's owner; tables and anonymous frames have the space itself as owner
  counters: Counters; // right after this record; the kernel's are the machine's
  resident: i32; // pages of 4 KiB that leaves map, valid or PROT_NONE
  vmas: usize; // head of the list of areas
  vmasPrev: usize;
  recent: Vma | null; // the area that was found last, or null
  isKernel: bool;
  foreign: bool; // of a program outside of the machine: what no area has, the host has (client.ts)
  refs: i32; // holders of this record: the space's own life, and each mapping that still counts in it
  base: u64; // addresses that areas may have: [base, limit)
  limit: u64;
}

const LEVEL1_MASK: u64 = ~(LEVEL1_BYTES - 1);

/** The TLB and, in a user's space, the counters follow the record. */
const SPACE_TLB: usize = (offsetof<Space>() + 7) & ~7;
const SPACE_COUNTERS: usize = SPACE_TLB + TLB_SIZE;

const kernel = changetype<Space>(memory.data(offsetof<Space>() + <i32>TLB_SIZE + 8, 8));

/** Closed areas whose owners have not handled it yet: one list for the machine, oldest first. */
const closedAreas = memory.data(LIST_SIZE, 4);

/** Declares the slab caches and makes the kernel's space, with a vmalloc area of `vmallocBytes`. */
export function spacesBoot(vmallocBytes: u64): void {
  kmemCache(CACHE_SPACE, SPACE_COUNTERS + COUNTERS_SIZE);
  kmemCache(CACHE_VMA, offsetof<Vma>());
  kmemCache(CACHE_PAGE_ARRAY, offsetof<PageArray>());
  listInit(closedAreas);
  kernel.isKernel = true;
  kernel.counters = machineCounters;
  kernel.base = VMALLOC_START;
  kernel.limit = VMALLOC_START + vmallocBytes;
  kernel.root = tableCreate(changetype<usize>(kernel));
  listInit(areasOf(kernel));
  assert(kernel.root != 0, 'spacesBoot: no memory for the page table of the kernel');
}

export function kernelSpace(): Space {
  return kernel;
}

/** An empty user space; null if there is no memory. */
export function spaceCreate(owner: usize): Space | null {
  const address = kmemZalloc(CACHE_SPACE);
  if (address == 0) return null;
  const space = changetype<Space>(address);
  const root = tableCreate(address);
  if (root == 0) {
    kmemFree(CACHE_SPACE, address);
    return null;
  }
  space.root = root;
  space.owner = owner;
  space.counters = changetype<Counters>(address + SPACE_COUNTERS);
  space.limit = USER_END;
  space.refs = 1;
  listInit(areasOf(space));
  return space;
}

/** Keeps the record and its counters beyond the end of the space. */
export function spaceGet(space: Space): void {
  space.refs++;
}

/** Lets the record go; with the last holder it is freed, and the machine's counters inherit. */
export function spacePut(space: Space): void {
  assert(space.refs > 0, 'spacePut: space is not held');
  if (--space.refs > 0) return;
  countersAdd(machineCounters, space.counters);
  kmemFree(CACHE_SPACE, changetype<usize>(space));
}

export function spaceCounters(space: Space): Counters {
  return space.counters;
}

/** The TLB of the space (tlb.ts). */
export function spaceTlb(space: Space): usize {
  return changetype<usize>(space) + SPACE_TLB;
}

/** The pages of 4 KiB that the space's page table maps. */
export function spaceResident(space: Space): i32 {
  return space.resident;
}

/** The area that holds `va`; null if there is none. */
export function spaceVma(space: Space, va: u64): Vma | null {
  const recent = space.recent;
  if (recent && va >= recent.start && va < recent.end) return recent;
  const vma = spaceVmaAfter(space, va);
  if (!vma || va < vma.start) return null;
  space.recent = vma;
  return vma;
}

/** The first area that ends above `va`: the one that holds it, or the next one; null if there is none. */
export function spaceVmaAfter(space: Space, va: u64): Vma | null {
  let vma = spaceFirstVma(space);
  while (vma && vma.end <= va) vma = spaceNextVma(space, vma);
  return vma;
}

/** The area with the lowest addresses; null if there is none. */
export function spaceFirstVma(space: Space): Vma | null {
  return changetype<Vma | null>(listFirst(areasOf(space)));
}

export function spaceNextVma(space: Space, vma: Vma): Vma | null {
  return changetype<Vma | null>(listNext(changetype<usize>(vma), areasOf(space)));
}

/** Does a mapping of `owner` remain? */
export function spaceHasOwner(space: Space, owner: usize): bool {
  let vma = spaceFirstVma(space);
  while (vma && vma.owner != owner) vma = spaceNextVma(space, vma);
  return vma != null;
}

/** Frees the tables that serve no address outside the hole around `va`. No leaf may be present in it. */
export function spacePruneTables(space: Space, va: u64): void {
  let floor = space.base & LEVEL1_MASK; // no other space has anything below base or above limit
  let vma = spaceFirstVma(space);
  while (vma && vma.end <= va) {
    floor = vma.end;
    vma = spaceNextVma(space, vma);
  }
  assert(!vma || vma.start > va, 'spacePruneTables: there is no hole');
  tablePrune(space.root, floor, vma ? vma.start : (space.limit + ~LEVEL1_MASK) & LEVEL1_MASK);
}

/** A new area that is on no list yet; null if there is no memory. */
export function vmaCreate(start: u64, end: u64): Vma | null {
  const vma = changetype<Vma | null>(kmemZalloc(CACHE_VMA));
  if (!vma) return null;
  vma.start = start;
  vma.end = end;
  return vma;
}

export function vmaFree(vma: Vma): void {
  kmemFree(CACHE_VMA, changetype<usize>(vma));
}

/** Puts the area on the space's list, where its addresses belong. */
export function vmaInsert(space: Space, vma: Vma): void {
  const next = spaceVmaAfter(space, vma.start);
  assert(!next || next.start >= vma.end, 'vmaInsert: the range is taken');
  const before = next ? changetype<usize>(next) : areasOf(space);
  listAddTail(changetype<usize>(vma), before);
}

/** Takes the area off the space's list, for good: it is freed, or waits for spaceTakeClosed if it has an owner. */
export function vmaClose(space: Space, vma: Vma): void {
  listDel(changetype<usize>(vma));
  space.recent = null;
  if (vma.owner != 0) listAddTail(changetype<usize>(vma), closedAreas);
  else vmaFree(vma);
}

/** Does an area with an owner wait for spaceTakeClosed? */
export function spaceAnyClosed(): bool {
  return !listEmpty(closedAreas);
}

/**
 * The area that was closed first, of those with an owner, or null. The caller informs the owner, then calls vmaFree.
 * Of an area that was split every piece is closed on its own, and says the same owner.
 */
export function spaceTakeClosed(): Vma | null {
  const link = listFirst(closedAreas);
  if (link != 0) listDel(link);
  return changetype<Vma | null>(link);
}

function areasOf(space: Space): usize {
  return changetype<usize>(space) + offsetof<Space>('vmas');
}
