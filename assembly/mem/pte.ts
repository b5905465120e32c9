/**
 * The descriptors of a page table, in the format of arm64 (VMSAv8-64, stage 1, 4 KiB granule):
 *
 *     63 59   58   57    56   55  54  53   52  51 48 47          12 11 10 9 8  7  6  5  4  2    1     0
 *     +----+----+----+-----+---+---+---+----+-------+--------------+--+--+---+--+--+---+----+----+-----+
 *     |    |NONE|LENT|OWNED|COW|UXN|PXN|CONT|       | frame, table |nG|AF|SH |RO|US|   |ATTR|PAGE|VALID|
 *     +----+----+----+-----+---+---+---+----+-------+--------------+--+--+---+--+--+---+----+----+-----+
 *           \__ for software __/
 *
 *     VALID  the hardware uses the entry                RO    AP[2]: no writes
 *     PAGE   level 3: a page; levels 1 and 2: a table,  US    AP[1]: user space may access
 *            else a block (level 2: 2 MiB)              AF    accessed, always set here
 *     CONT   one of 16 entries that map 64 KiB in one   nG    belongs to one process
 *     ATTR   0: normal memory                           SH    3: inner shareable
 *
 *     COW    read-only for the time being: a write gets a copy of the frame
 *     OWNED  the space holds a reference to the frame, and drops it with the entry
 *     LENT   the frame is lent to a message: the copy that a write makes is one of the message's
 *     NONE   PROT_NONE: VALID is clear, everything else is kept
 *
 * A zero entry maps nothing; any other leaf is present. A present leaf is VALID or NONE.
 */
import { PAGE_MASK, PROT_EXEC, PROT_WRITE } from '../abi/machine';

const PTE_VALID: u64 = 1 << 0;
const PTE_PAGE: u64 = 1 << 1;
const PTE_USER: u64 = 1 << 6;
export const PTE_READ_ONLY: u64 = 1 << 7;
const PTE_SHAREABLE: u64 = 3 << 8;
const PTE_ACCESSED: u64 = 1 << 10;
const PTE_NOT_GLOBAL: u64 = 1 << 11;
export const PTE_CONTIGUOUS: u64 = 1 << 52;
const PTE_PXN: u64 = 1 << 53;
const PTE_UXN: u64 = 1 << 54;
export const PTE_COW: u64 = 1 << 55;
export const PTE_OWNED: u64 = 1 << 56;
export const PTE_LENT: u64 = 1 << 57;
const PTE_NONE: u64 = 1 << 58;

const LEAF: u64 = PTE_VALID | PTE_PAGE | PTE_SHAREABLE | PTE_ACCESSED | PTE_PXN;

/** Entry of level 1 or 2 that leads to the table in the frame at linear address `table`. */
export function pteTable(table: usize): u64 {
  return <u64>table | PTE_PAGE | PTE_VALID;
}

/** A user page at linear address `frame`, readable; with PROT_NONE it is present but not valid. */
export function pteUser(frame: usize, prot: u32): u64 {
  return pteWithProt(<u64>frame | LEAF | PTE_USER | PTE_NOT_GLOBAL, prot);
}

/** A page of the kernel at linear address `frame`, writable, never executed. */
export function pteKernel(frame: usize): u64 {
  return <u64>frame | LEAF | PTE_UXN;
}

/** The page entry as a block of level 2: the frame is the first of 512. */
export function pteBlock(page: u64): u64 {
  return page & ~PTE_PAGE;
}

/** The page entry of the page at byte `offset` of the block. */
export function pteOfBlock(block: u64, offset: u64): u64 {
  return (block + (offset & ~(<u64>PAGE_MASK))) | PTE_PAGE;
}

/** The same user page with what `prot` allows; an entry with COW stays read-only. */
export function pteWithProt(entry: u64, prot: u32): u64 {
  let result = (entry & ~PTE_NONE) | PTE_VALID | PTE_READ_ONLY | PTE_UXN;
  if ((prot & PROT_WRITE) != 0 && (entry & PTE_COW) == 0) result &= ~PTE_READ_ONLY;
  if ((prot & PROT_EXEC) != 0) result &= ~PTE_UXN;
  return prot == 0 ? (result & ~PTE_VALID) | PTE_NONE : result;
}

/** Linear address of the frame, or of the table, that the entry points at. */
export function pteFrame(entry: u64): usize {
  return <usize>entry & ~PAGE_MASK;
}

export function pteIsValid(entry: u64): bool {
  return (entry & PTE_VALID) != 0;
}

/** Does this entry of level 1 or 2 lead to a table? */
export function pteIsTable(entry: u64): bool {
  return (entry & (PTE_VALID | PTE_PAGE)) == (PTE_VALID | PTE_PAGE);
}

/** Is this present entry of level 2 a block (and no table)? */
export function pteIsBlock(entry: u64): bool {
  return entry != 0 && (entry & PTE_PAGE) == 0;
}

/** May user space read (or, with `write`, write) through this leaf? */
export function pteAllows(entry: u64, write: bool): bool {
  const mask = PTE_VALID | PTE_USER | (write ? PTE_READ_ONLY : 0);
  return (entry & mask) == (PTE_VALID | PTE_USER);
}
