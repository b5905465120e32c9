/**
 * Changes of the areas of a space: mmap, munmap, mprotect, and the removal of all areas. A range that cuts through an area
 * splits it first, so that all other code handles whole areas. Adjacent anonymous areas with equal properties are merged.
 */
import { EACCES, EEXIST, EINVAL, ENOMEM } from '../abi/errno';
import {
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
  POISON_END,
  PROT_EXEC,
  PROT_READ,
  PROT_SEM,
  PROT_WRITE,
} from '../abi/machine';
import { leavesCut, leavesProtect, leavesZap } from './leaves';
import {
  PageArray,
  Space,
  spaceFirstVma,
  spaceNextVma,
  spacePruneTables,
  spacePut,
  spaceVmaAfter,
  USER_END,
  Vma,
  vmaClose,
  vmaCreate,
  vmaInsert,
} from './space';
import { tableFree } from './table';

/** Rights that an area can have; mmap ignores any other. */
const PROT_ALL: u32 = PROT_READ | PROT_WRITE | PROT_EXEC;
/** Address from which the search for a free range goes down. */
const MAP_TOP: u64 = 0x7ff0000000;
/** Linux: mmap_min_addr; the kernel chooses no address below. */
const MAP_BOTTOM: u64 = POISON_END;

/** Arguments of mmap, and the pages that it maps. */
@unmanaged
export class MapRequest {
  addr: u64; // a wish, an order with MAP_FIXED or MAP_FIXED_NOREPLACE; 0: anywhere
  len: u64; // bytes, rounded up to pages
  prot: u32;
  flags: u32;
  pages: PageArray | null; // what is mapped, from entry `pageOffset` on; null: anonymous memory
  pageOffset: u32;
  owner: usize; // spaceTakeClosed returns it when the area is closed; 0: none
}

/**
 * mmap, after the file's own checks.
 * @returns the address, or -errno: EINVAL, ENOMEM, EEXIST as Linux. The area may be made writable later, and a forked
 *   child gets it, unless the caller changes mayWrite and dontCopy of spaceVma(space, address).
 */
export function spaceMap(space: Space, request: MapRequest): i64 {
  const place = spacePlace(space, request.addr, request.len, request.flags);
  if (place < 0) return place;
  const start = <u64>place;
  const bytes = pageAlign(request.len);
  if (!isFree(space, start, bytes)) {
    const error = spaceUnmap(space, start, bytes);
    if (error != 0) return error;
  }

  const vma = vmaCreate(start, start + bytes);
  if (!vma) return -ENOMEM;
  vma.prot = request.prot & PROT_ALL;
  vma.flags = request.flags;
  vma.pages = request.pages;
  vma.pageOffset = request.pageOffset;
  vma.owner = request.owner;
  vma.mayWrite = true;
  vmaInsert(space, vma);
  joinAround(space, start, start + bytes);
  return <i64>start;
}

/** The place that spaceMap would give an area: the address, or -EINVAL, -ENOMEM, -EEXIST. Nothing is changed. */
export function spacePlace(space: Space, addr: u64, len: u64, flags: u32): i64 {
  if (len == 0) return -EINVAL;
  if (len > USER_END) return -ENOMEM;
  const bytes = pageAlign(len);
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == 0) {
    const start = findRange(space, addr, bytes);
    return start == 0 ? -ENOMEM : <i64>start;
  }
  if (addr > USER_END - bytes) return -ENOMEM;
  if ((addr & PAGE_MASK) != 0) return -EINVAL;
  return (flags & MAP_FIXED_NOREPLACE) != 0 && !isFree(space, addr, bytes) ? -EEXIST : <i64>addr;
}

/**
 * munmap: whatever is mapped in the pages of [addr, addr + len) goes; holes are no error.
 * @returns 0; -EINVAL for an address that is no multiple of 4096, for length 0, and beyond the user's addresses;
 *   -ENOMEM if an area is to be split and there is no memory for it
 */
export function spaceUnmap(space: Space, addr: u64, len: u64): i32 {
  if ((addr & PAGE_MASK) != 0 || len == 0 || addr > USER_END || len > USER_END - addr) return -EINVAL;
  const end = addr + pageAlign(len);
  if (splitAt(space, addr) != 0 || splitAt(space, end) != 0) return -ENOMEM;

  let vma = spaceVmaAfter(space, addr);
  if (!vma || vma.start >= end) return 0;
  leavesZap(space, addr, end);
  while (vma && vma.start < end) {
    const next = spaceNextVma(space, vma);
    vmaClose(space, vma);
    vma = next;
  }
  spacePruneTables(space, addr);
  return 0;
}

/**
 * mprotect: from area to area until one refuses; what came before it is changed.
 * @returns 0; -EINVAL for an unaligned address or unknown bits of `prot`; -ENOMEM at a hole; -EACCES for PROT_WRITE
 *   where mayWrite is false. As in Linux, of an area that is split the record stays with the piece that changes.
 */
export function spaceProtect(space: Space, addr: u64, len: u64, prot: u32): i32 {
  if ((addr & PAGE_MASK) != 0) return -EINVAL;
  if (len == 0) return 0;
  const end = addr + pageAlign(len);
  if (end <= addr) return -ENOMEM;
  if ((prot & ~(PROT_ALL | PROT_SEM)) != 0) return -EINVAL;
  const rights = prot & PROT_ALL;

  let at = addr;
  let error = 0;
  while (at < end && error == 0) {
    const vma = spaceVmaAfter(space, at);
    if (!vma || vma.start > at) {
      error = -ENOMEM;
    } else {
      const to = min(vma.end, end);
      error = protectPiece(space, vma, at, to, rights);
      at = to;
    }
  }
  joinAround(space, addr, end);
  return error;
}

/** The end of a space: all areas are closed, then the tables are freed; the record goes with its last holder. */
export function spaceDestroy(space: Space): void {
  leavesZap(space, 0, USER_END);
  assert(space.resident == 0, 'spaceDestroy: the count of resident pages is wrong');
  for (let vma = spaceFirstVma(space); vma; vma = spaceFirstVma(space)) vmaClose(space, vma);
  tableFree(space.root);
  space.root = 0;
  space.foreign = false;
  spacePut(space);
}

/** Changes the rights of [from, to), a part of `vma`. 0, -EACCES or -ENOMEM. */
function protectPiece(space: Space, vma: Vma, from: u64, to: u64, prot: u32): i32 {
  if ((prot & PROT_WRITE) != 0 && !vma.mayWrite) return -EACCES;
  if (vma.prot == prot) return 0;
  if (splitBelow(space, vma, from) != 0 || splitAt(space, to) != 0) return -ENOMEM;
  vma.prot = prot;
  leavesProtect(space, from, to, prot);
  return 0;
}

/** Splits `vma` at `at`, if that is inside. Its record becomes the upper part, and the lower part gets a new one. 0 or -ENOMEM. */
function splitBelow(space: Space, vma: Vma, at: u64): i32 {
  if (vma.start >= at) return 0;
  if (leavesCut(space, at) != 0) return -ENOMEM;
  const lower = vmaCreate(vma.start, at);
  if (!lower) return -ENOMEM;
  copyKind(lower, vma);
  vma.pageOffset += <u32>((at - vma.start) >> PAGE_SHIFT);
  vma.start = at;
  vmaInsert(space, lower);
  return 0;
}

/** Splits the area with `at` inside, if there is one, into [start, at) and [at, end). 0 or -ENOMEM. */
function splitAt(space: Space, at: u64): i32 {
  const vma = spaceVmaAfter(space, at);
  if (!vma || vma.start >= at) return 0;
  if (leavesCut(space, at) != 0) return -ENOMEM;
  const upper = vmaCreate(at, vma.end);
  if (!upper) return -ENOMEM;
  copyKind(upper, vma);
  upper.pageOffset += <u32>((at - vma.start) >> PAGE_SHIFT);
  vma.end = at;
  vmaInsert(space, upper);
  return 0;
}

/** Makes a piece what the whole is, but for its addresses. */
function copyKind(piece: Vma, whole: Vma): void {
  piece.prot = whole.prot;
  piece.flags = whole.flags;
  piece.pages = whole.pages;
  piece.pageOffset = whole.pageOffset;
  piece.owner = whole.owner;
  piece.mayWrite = whole.mayWrite;
  piece.dontCopy = whole.dontCopy;
}

/** Joins neighbours that can be one area, from the one that ends at `start` to the one that begins at `end`. */
function joinAround(space: Space, start: u64, end: u64): void {
  let vma = spaceVmaAfter(space, start == 0 ? 0 : start - 1);
  while (vma && vma.end <= end) {
    const next = spaceNextVma(space, vma);
    if (next && areAlike(vma, next)) {
      vma.end = next.end;
      vmaClose(space, next);
    } else {
      vma = next;
    }
  }
}

/** Anonymous areas without an owner that touch and agree in everything. */
function areAlike(lower: Vma, upper: Vma): bool {
  return (
    lower.end == upper.start &&
    !lower.pages &&
    !upper.pages &&
    lower.owner == 0 &&
    upper.owner == 0 &&
    lower.prot == upper.prot &&
    lower.flags == upper.flags &&
    lower.mayWrite == upper.mayWrite &&
    lower.dontCopy == upper.dontCopy
  );
}

function isFree(space: Space, start: u64, bytes: u64): bool {
  const vma = spaceVmaAfter(space, start);
  return !vma || vma.start >= start + bytes;
}

/** A free range for `bytes`: at the wish if that is possible, else as high below MAP_TOP as it fits. 0: none. */
function findRange(space: Space, wish: u64, bytes: u64): u64 {
  const hint = max(wish & ~(<u64>PAGE_MASK), MAP_BOTTOM);
  if (wish >= <u64>PAGE_SIZE && hint <= USER_END - bytes && isFree(space, hint, bytes)) return hint;
  let found: u64 = 0;
  let floor = MAP_BOTTOM;
  let vma = spaceFirstVma(space);
  while (floor < MAP_TOP) {
    const ceiling = vma ? min(vma.start, MAP_TOP) : MAP_TOP;
    if (ceiling >= floor + bytes) found = ceiling - bytes;
    if (!vma) break;
    floor = max(floor, vma.end);
    vma = spaceNextVma(space, vma);
  }
  return found;
}

function pageAlign(bytes: u64): u64 {
  return (bytes + PAGE_MASK) & ~(<u64>PAGE_MASK);
}
