/**
 * The walk cache of a space: where the level-3 tables lie that were walked to last. Hardware has the like (arm64: the
 * walk caches of the TLB), and a walk that hits reads one entry instead of three.
 *
 *     slot of region r = va >> 21: number r & 3          0                   8         16
 *                                                        +-------------------+---------+
 *     r + 1, or 0 while the slot is empty ─────────────> |      region       |  table  |  x 4
 *                                                        +-------------------+---------+
 *
 * It holds tables, never leaves: a leaf may change at any time, a table stays until it is freed. Who frees a table
 * calls walksForget.
 */
import { tableLeafSlot, tableOf } from './table';

const SLOT_MASK: u64 = 3;
const REGION_SHIFT: u64 = 21;
const TABLE: usize = 8;
const SLOT_SIZE: usize = 16;

/** Bytes of a cache, zeroed at first. */
export const WALK_CACHE_SIZE: i32 = 64;

/** The level-3 entry of `va` if its table is in the cache (it may be invalid), else 0. */
export function walkCached(cache: usize, va: u64): u64 {
  const slot = slotOf(cache, va);
  return load<u64>(slot) == (va >> REGION_SHIFT) + 1 ? load<u64>(tableLeafSlot(load<usize>(slot, TABLE), va)) : 0;
}

/** Keeps the table that serves `va`; none where a block lies. */
export function walkRemember(cache: usize, root: usize, va: u64): void {
  const table = tableOf(root, va);
  if (table == 0) return;
  const slot = slotOf(cache, va);
  store<u64>(slot, (va >> REGION_SHIFT) + 1);
  store<usize>(slot, table, TABLE);
}

export function walksForget(cache: usize): void {
  for (let at: usize = 0; at < (WALK_CACHE_SIZE as usize); at += 8) store<u64>(cache + at, 0);
}

/** Whether all that is kept is what a walk would come to. */
export function walksCheck(cache: usize, root: usize): bool {
  for (let slot = cache; slot < cache + WALK_CACHE_SIZE; slot += SLOT_SIZE) {
    const region = load<u64>(slot);
    if (region != 0 && tableOf(root, (region - 1) << REGION_SHIFT) != load<usize>(slot, TABLE)) return false;
  }
  return true;
}

function slotOf(cache: usize, va: u64): usize {
  return cache + ((((va >> REGION_SHIFT) & SLOT_MASK) as usize) << 4);
}
