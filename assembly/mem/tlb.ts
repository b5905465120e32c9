/**
 * The TLB of a space: pages that were touched lately, with their frames, so that a touch need not walk the page table.
 *
 *     slot of page n = va >> 12: number (n ^ n >> 4) & 31       0        4         8        12     16
 *                                                               +--------+---------+--------+------+
 *     n + 1, or 0 while the page may not be read, or written ─> |  read  |  write  | frame  |      |  x 32
 *                                                               +--------+---------+--------+------+
 *
 * As in hardware an entry is good until a valid leaf of the table changes; the writer of the leaf calls tlbFlush then. A page
 * that may be written through its entry is marked dirty already.
 */
import { PAGE_MASK, PAGE_SHIFT } from '../abi/machine';
import { pteAllows, pteFrame } from './pte';
import { tableWalk } from './table';

const SLOT_MASK: u32 = 31;
/** Buffers tend to begin at round addresses: without this they would share one slot. */
const FOLD_SHIFT: u32 = 4;
const SLOT_SHIFT: u32 = 4;
const WRITE: usize = 4;
const FRAME: usize = 8;

/** Bytes of a TLB, zeroed at first. */
export const TLB_SIZE: usize = 512;

/** Linear address of the byte at `va`, if its page is known and allows the access; else 0. */
export function tlbFind(tlb: usize, va: u64, isWrite: bool): usize {
  const slot = slotOf(tlb, va);
  const page = isWrite ? load<u32>(slot, WRITE) : load<u32>(slot);
  return <u64>page == (va >> PAGE_SHIFT) + 1 ? load<usize>(slot, FRAME) | (<usize>va & PAGE_MASK) : 0;
}

/** Keeps the translation of the page of `va`; `isDirty`: writes need not be noted any more. */
export function tlbKeep(tlb: usize, va: u64, entry: u64, isDirty: bool): void {
  const slot = slotOf(tlb, va);
  const page = <u32>(va >> PAGE_SHIFT) + 1;
  store<u32>(slot, page);
  store<u32>(slot, isDirty ? page : 0, WRITE);
  store<usize>(slot, pteFrame(entry), FRAME);
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
    if (!pteAllows(entry, written != 0) || pteFrame(entry) != load<usize>(slot, FRAME)) return false;
  }
  return true;
}

function slotOf(tlb: usize, va: u64): usize {
  const page = <u32>va >> PAGE_SHIFT;
  return tlb + (((page ^ (page >> FOLD_SHIFT)) & SLOT_MASK) << SLOT_SHIFT);
}
