/**
 * Counters of the memory model. Every space has a block of counters. The machine has one for what belongs to no process:
 * frames, the kernel's own mappings, and the counts of spaces that are gone. The fields are in the order of COUNTER_* in
 * abi/machine. The host reads the block by those numbers.
 */
import { COUNTER_COUNT, COUNTER_WALKS } from '../abi/machine';

@unmanaged
export class Counters {
  copies: u64; // copies of transaction bodies and of socket messages; second copies included
  bytesCopied: u64;
  commandBytes: u64; // bytes of binder_write_read and of the command streams, copied or parsed in place
  framesAllocated: u64;
  framesZeroed: u64;
  pteWritesUser: u64;
  pteWritesKernel: u64;
  tlbFlushes: u64; // how often a valid entry of a page table became another one, or none
  faults: u64;
  kmaps: u64; // pages that were addressed through the direct map for one copy
  walks: u64; // page tables walked, once for each page that an access touches
}

export const COUNTERS_SIZE = COUNTER_COUNT * 8;

if (offsetof<Counters>() != COUNTERS_SIZE) ERROR('Counters has not the fields of COUNTER_*');
if (offsetof<Counters>('walks') != COUNTER_WALKS * 8) ERROR('Counters is not in the order of COUNTER_*');

/** The machine's own block; the counters of the kernel's space. */
export const machineCounters = changetype<Counters>(memory.data(COUNTERS_SIZE, 8));

/** Adds every counter of `from` to the one of `to`. */
export function countersAdd(to: Counters, from: Counters): void {
  const target = changetype<usize>(to);
  const source = changetype<usize>(from);
  for (let at: usize = 0; at < <usize>COUNTERS_SIZE; at += 8) {
    store<u64>(target + at, load<u64>(target + at) + load<u64>(source + at));
  }
}
