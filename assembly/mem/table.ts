/**
 * Page tables of three levels: 39-bit virtual addresses, tables of 512 entries of 8 bytes, each table one frame.
 *
 *     va  38       30 29       21 20       12 11        0
 *         +----------+-----------+-----------+-----------+
 *         | level 1  |  level 2  |  level 3  |  offset   |
 *         +----|-----+-----|-----+-----|-----+-----------+
 *              v           v           v
 *     root -> table ----> table ----> page of 4 KiB
 *                     \-> block of 2 MiB
 *
 * Bits above 38 are ignored here: the caller knows whether the address is the kernel's or a user's. This file moves
 * through tables and makes and frees them; what the leaves mean, and the counting of writes, is the space's.
 */
import { FRAME_TABLE, PAGE_MASK, PAGE_SIZE } from '../abi/machine';
import { frameAllocZero, framePut } from './frames';
import { pteFrame, pteIsBlock, pteIsTable, pteIsValid, pteOfBlock, pteTable } from './pte';

/** Bytes that one entry of level 2 and of level 1 covers. */
export const LEVEL2_BYTES: u64 = 1 << 21;
export const LEVEL1_BYTES: u64 = 1 << 30;

const LEVEL3_SHIFT: u64 = 12;
const LEVEL2_SHIFT: u64 = 21;
const LEVEL1_SHIFT: u64 = 30;
const INDEX_MASK: usize = 511;

/** An empty table: linear address of its root; 0 if there is no memory. */
export function tableCreate(owner: usize): usize {
  return frameAllocZero(0, FRAME_TABLE, owner);
}

/** The page entry that translates `va`, from a page or cut from a block; 0 if the hardware would fault. */
export function tableWalk(root: usize, va: u64): u64 {
  const level1 = load<u64>(slotOf(root, va, LEVEL1_SHIFT));
  if (!pteIsValid(level1)) return 0;
  const level2 = load<u64>(slotOf(pteFrame(level1), va, LEVEL2_SHIFT));
  if (!pteIsValid(level2)) return 0;
  if (pteIsBlock(level2)) return pteOfBlock(level2, va & (LEVEL2_BYTES - 1));
  const level3 = load<u64>(slotOf(pteFrame(level2), va, LEVEL3_SHIFT));
  return pteIsValid(level3) ? level3 : 0;
}

/**
 * Address of the entry that does or could map the page of `va`: of the block on level 2 if there is one, else of the
 * entry of level 3 (which may be zero). 0 if there is no table for that page.
 */
export function tableLookup(root: usize, va: u64): usize {
  const level1 = load<u64>(slotOf(root, va, LEVEL1_SHIFT));
  if (level1 == 0) return 0;
  const slot = slotOf(pteFrame(level1), va, LEVEL2_SHIFT);
  const level2 = load<u64>(slot);
  if (level2 == 0 || pteIsBlock(level2)) return level2 == 0 ? 0 : slot;
  return slotOf(pteFrame(level2), va, LEVEL3_SHIFT);
}

/** The descriptor that a walk for `va` meets on `level`, 1 to 3; 0 if it does not get there, or nothing is there. */
export function tableDescriptor(root: usize, va: u64, level: i32): u64 {
  const level1 = load<u64>(slotOf(root, va, LEVEL1_SHIFT));
  if (level == 1 || level1 == 0) return level == 1 ? level1 : 0;
  const level2 = load<u64>(slotOf(pteFrame(level1), va, LEVEL2_SHIFT));
  if (level == 2 || level2 == 0 || pteIsBlock(level2)) return level == 2 ? level2 : 0;
  return load<u64>(slotOf(pteFrame(level2), va, LEVEL3_SHIFT));
}

/** Address of the level-3 entry of `va`; makes the tables that are missing. 0 if there is no memory for them. */
export function tableEnsure(root: usize, va: u64, owner: usize): usize {
  const slot = tableEnsureBlock(root, va, owner);
  if (slot == 0) return 0;
  assert(!pteIsBlock(load<u64>(slot)), 'tableEnsure: a block is in the way');
  const table = ensureNext(slot, owner);
  return table == 0 ? 0 : slotOf(table, va, LEVEL3_SHIFT);
}

/** Address of the level-2 entry of `va`, for a block; makes its table if it is missing. 0 if there is no memory. */
export function tableEnsureBlock(root: usize, va: u64, owner: usize): usize {
  const table = ensureNext(slotOf(root, va, LEVEL1_SHIFT), owner);
  return table == 0 ? 0 : slotOf(table, va, LEVEL2_SHIFT);
}

/** The lowest address in [from, end) with a present leaf (inside a block: any); `end` if there is none. */
export function tableNext(root: usize, from: u64, end: u64): u64 {
  let va = from & ~(<u64>PAGE_MASK);
  while (va < end) {
    const level1 = load<u64>(slotOf(root, va, LEVEL1_SHIFT));
    if (level1 == 0) {
      va = (va | (LEVEL1_BYTES - 1)) + 1;
      continue;
    }
    const level2 = load<u64>(slotOf(pteFrame(level1), va, LEVEL2_SHIFT));
    if (level2 == 0) {
      va = (va | (LEVEL2_BYTES - 1)) + 1;
      continue;
    }
    if (pteIsBlock(level2)) return va;
    do {
      if (load<u64>(slotOf(pteFrame(level2), va, LEVEL3_SHIFT)) != 0) return va;
      va += PAGE_SIZE;
    } while (va < end && (va & (LEVEL2_BYTES - 1)) != 0);
  }
  return end;
}

/** Replaces the block that `slot` (level 2) holds by a table of 512 pages; false if there is no memory for it. */
export function tableSplit(slot: usize, owner: usize): bool {
  const block = load<u64>(slot);
  const table = tableCreate(owner);
  if (table == 0) return false;
  for (let index: usize = 0; index <= INDEX_MASK; index++) {
    store<u64>(table + (index << 3), pteOfBlock(block, (<u64>index) << LEVEL3_SHIFT));
  }
  store<u64>(slot, pteTable(table));
  return true;
}

/** Frees the tables that serve no address outside [from, end). No leaf may be present there. */
export function tablePrune(root: usize, from: u64, end: u64): void {
  for (let va = from & ~(LEVEL1_BYTES - 1); va < end; va += LEVEL1_BYTES) {
    const slot = slotOf(root, va, LEVEL1_SHIFT);
    const level1 = load<u64>(slot);
    if (level1 == 0) continue;
    pruneLevel2(pteFrame(level1), max(va, from), min(va + LEVEL1_BYTES, end));
    if (va >= from && va + LEVEL1_BYTES <= end) freeTable(slot);
  }
}

/** Frees all tables, the root too. Leaves are not followed: their frames are the caller's. */
export function tableFree(root: usize): void {
  tablePrune(root, 0, LEVEL1_BYTES << 9);
  framePut(root);
}

/** Frees the level-3 tables below one level-2 table that serve no address outside [from, end). */
function pruneLevel2(table: usize, from: u64, end: u64): void {
  const first = (from + LEVEL2_BYTES - 1) & ~(LEVEL2_BYTES - 1);
  for (let va = first; va + LEVEL2_BYTES <= end; va += LEVEL2_BYTES) {
    const slot = slotOf(table, va, LEVEL2_SHIFT);
    if (load<u64>(slot) != 0) freeTable(slot);
  }
}

function freeTable(slot: usize): void {
  const entry = load<u64>(slot);
  assert(pteIsTable(entry), 'tablePrune: a leaf is still there');
  if (!ASC_NO_ASSERT) assertEmpty(pteFrame(entry));
  store<u64>(slot, 0);
  framePut(pteFrame(entry));
}

function assertEmpty(table: usize): void {
  for (let at = table; at < table + PAGE_SIZE; at += 8) assert(load<u64>(at) == 0, 'tablePrune: a leaf is still there');
}

/** The table that `slot` (level 1 or 2) leads to, made if it is missing; 0 if there is no memory. */
function ensureNext(slot: usize, owner: usize): usize {
  const entry = load<u64>(slot);
  if (entry != 0) return pteFrame(entry);
  const table = tableCreate(owner);
  if (table != 0) store<u64>(slot, pteTable(table));
  return table;
}

/** Address of the entry for `va` in a table of the level with that shift. */
function slotOf(table: usize, va: u64, shift: u64): usize {
  return table + ((<usize>(va >> shift) & INDEX_MASK) << 3);
}
