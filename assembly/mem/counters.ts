/**
 * What the machine's memory did, counted. Every space has a block of counters, and the machine has one for what
 * belongs to no process: frames, the kernel's own mappings, and all that the spaces had counted which are gone.
 * The order of the fields is that of COUNTER_* in abi/machine; the host reads the block by those numbers.
 */
import { COUNTER_COUNT, COUNTER_WALKS } from '../abi/machine';

@unmanaged
export class Counters {
  /** Copies of transaction bodies and of socket messages; second copies included. */
  copies: u64;
  bytesCopied: u64;
  /** Bytes of binder_write_read and of the command streams, copied or parsed in place. */
  commandBytes: u64;
  framesAllocated: u64;
  framesZeroed: u64;
  pteWritesUser: u64;
  pteWritesKernel: u64;
  /** How often a valid entry of a page table became another one, or none. */
  tlbFlushes: u64;
  faults: u64;
  /** Pages that were addressed through the direct map for one copy. */
  kmaps: u64;
  /** Page tables walked, once for each page that an access touches. */
  walks: u64;
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
  for (let at: usize = 0; at < (COUNTERS_SIZE as usize); at += 8) {
    store<u64>(target + at, load<u64>(target + at) + load<u64>(source + at));
  }
}
