/**
 * The TLB of a space: pages that were touched lately, with their frames, so that a touch need not walk the page table.
 *
 *     slot of page n = va >> 12: number (n ^ n >> 4) & 31       0        4         8        12     16
 *                                                               +--------+---------+--------+------+
 *     n + 1, or 0 while the page may not be read, or written ─> |  read  |  write  | shift  |      |  x 32
 *                                                               +--------+---------+--------+------+
 *
 * The shift is what turns a user address of the page into a linear one: frame - (n << 12), modulo 2^32.
 *
 * As in hardware an entry is good until a valid leaf of the table changes; the writer of the leaf calls tlbFlush then. A page
 * that may be written through its entry is marked dirty already.
 */
import { PAGE_SHIFT } from '../abi/machine';
import { pteAllows, pteFrame } from './pte';
import { tableWalk } from './table';

const SLOT_MASK: u32 = 31;
/** Buffers tend to begin at round addresses: without this they would share one slot. */
const FOLD_SHIFT: u32 = 4;
const SLOT_SHIFT: u32 = 4;
const WRITE: usize = 4;
const SHIFT: usize = 8;

/** Bytes of a TLB, zeroed at first. */
export const TLB_SIZE: usize = 512;

/** The slot that the page of `va` would be in. */
export function tlbSlot(tlb: usize, va: u64): usize {
  const page = <u32>va >> PAGE_SHIFT;
  return tlb + (((page ^ (page >> FOLD_SHIFT)) & SLOT_MASK) << SLOT_SHIFT);
}

/** Whether a slot has the page of `va`, and it allows the access. */
export function tlbHas(slot: usize, va: u64, isWrite: bool): bool {
  const page = isWrite ? load<u32>(slot, WRITE) : load<u32>(slot);
  return <u64>page == (va >> PAGE_SHIFT) + 1;
}

/** Linear address of the byte at `va`, whose page the slot has. */
export function tlbAddress(slot: usize, va: u64): usize {
  return <usize>va + load<usize>(slot, SHIFT);
}

/** Keeps the translation of the page of `va`; `isDirty`: writes need not be noted any more. */
export function tlbKeep(tlb: usize, va: u64, entry: u64, isDirty: bool): void {
  const slot = tlbSlot(tlb, va);
  const page = <u32>(va >> PAGE_SHIFT);
  store<u32>(slot, page + 1);
  store<u32>(slot, isDirty ? page + 1 : 0, WRITE);
  store<usize>(slot, pteFrame(entry) - (page << PAGE_SHIFT), SHIFT);
}

export function tlbFlush(tlb: usize): void {
  for (let slot = tlb; slot < tlb + TLB_SIZE; slot += 1 << SLOT_SHIFT) store<u64>(slot, 0);
}

/** Whether a walk comes to the same for all that is kept. */
export function tlbCheck(tlb: usize, root: usize): bool {
  for (let slot = tlb; slot < tlb + TLB_SIZE; slot += 1 << SLOT_SHIFT) {
    const page = load<u32>(slot);
    const written = load<u32>(slot, WRITE);
    if (written != 0 && written != page) return false;
    if (page == 0) continue;
    const entry = tableWalk(root, (<u64>(page - 1)) << PAGE_SHIFT);
    const frame = load<usize>(slot, SHIFT) + ((page - 1) << PAGE_SHIFT);
    if (!pteAllows(entry, written != 0) || pteFrame(entry) != frame) return false;
  }
  return true;
}
