/**
 * Physical memory: poison, frame table, free lists, and slab pages. The holders of frames check what the frames are used
 * for. Here each block in use claims its reference count, and each slab page its place in its cache.
 */
import {
  VIOLATION_FRAME_LISTS,
  VIOLATION_FRAME_REFS,
  VIOLATION_FRAME_TABLE,
  VIOLATION_KEEPER,
  VIOLATION_POISON,
  VIOLATION_SLAB_LIVE,
  VIOLATION_SLAB_PAGE,
} from '../abi/check';
import { CACHE_COUNT, FRAME_SLAB, POISON_BYTE, POISON_END } from '../abi/machine';
import { bitmapFindZero } from '../lib/bitmap';
import {
  SLAB_BITMAP,
  slabCapacity,
  slabLive,
  slabObject,
  slabObjectSize,
  slabPageCheck,
  slabPartial,
  slabUsed,
} from '../lib/slab';
import { frameKeeper, frameKind, frameOwner, frameRefcount, framesCheck } from '../mem/frames';
import { kmemCacheAt } from '../mem/kmem';
import { claimLink, listHold } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

/** The free objects of the current slab page. */
const free: usize = memory.data(SLAB_BITMAP, 8);

/** Checks poison, frame table and free lists. */
export function checkFrames(): bool {
  const bad = framesCheck();
  if (!bad) return true;
  if (bad < 0) return blame(VIOLATION_FRAME_LISTS, 0);
  if (bad >= POISON_END) return blame(VIOLATION_FRAME_TABLE, bad);
  // The address of byte 0 is given as 1, because 0 means no violation.
  const at: usize = bad == 1 && load<u8>(0) != POISON_BYTE ? 0 : bad;
  return blame(VIOLATION_POISON, at, POISON_BYTE, load<u8>(at));
}

/** Checks the caches: their counts, and their lists of pages with free objects. */
export function checkCaches(): bool {
  for (let id = 0; id < CACHE_COUNT; id++) {
    const cache = kmemCacheAt(id);
    if (!slabObjectSize(cache)) continue; // not declared
    claim(VIOLATION_SLAB_LIVE, cache, slabLive(cache));
    if (!listHold(slabPartial(cache))) return false;
  }
  return true;
}

/** Checks one block of frames in use. */
export function checkBlock(block: usize): bool {
  claim(VIOLATION_FRAME_REFS, block, frameRefcount(block));
  if (frameKeeper(block)) claim(VIOLATION_KEEPER, block, 1);
  return frameKind(block) != FRAME_SLAB || checkSlab(block);
}

/** Number of the first object in use, from number `from` on, of the slab page that checkBlock checked last; -1: there is none. */
export function pageNextUsed(page: usize, from: i32): i32 {
  return bitmapFindZero(free, slabCapacity(kmemCacheAt(<i32>frameOwner(page))), from);
}

/** Object `index` of the slab page at `page`. */
export function pageObject(page: usize, index: i32): usize {
  return slabObject(kmemCacheAt(<i32>frameOwner(page)), page, index);
}

/** Clears the static records of this file. */
export function memoryClear(): void {
  memory.fill(free, 0, SLAB_BITMAP);
}

function checkSlab(page: usize): bool {
  const id = <i32>frameOwner(page);
  memory.fill(free, 0, SLAB_BITMAP);
  if (<u32>id >= <u32>CACHE_COUNT || !slabObjectSize(kmemCacheAt(id))) return blame(VIOLATION_SLAB_PAGE, page);
  const cache = kmemCacheAt(id);
  if (!slabPageCheck(cache, page, free)) return blame(VIOLATION_SLAB_PAGE, page);
  hold(VIOLATION_SLAB_LIVE, cache, slabUsed(page));
  hold(VIOLATION_FRAME_REFS, page);
  claimLink(page);
  return true;
}
