/** The counters of the memory model, by name. All count from boot. */
import {
  COUNTER_BYTES_COPIED,
  COUNTER_COMMAND_BYTES,
  COUNTER_COPIES,
  COUNTER_FAULTS,
  COUNTER_FRAMES_ALLOCATED,
  COUNTER_FRAMES_ZEROED,
  COUNTER_KMAPS,
  COUNTER_PTE_WRITES_KERNEL,
  COUNTER_PTE_WRITES_USER,
  COUNTER_TLB_FLUSHES,
  COUNTER_WALKS,
} from '../../assembly/abi/machine.ts';
import { u64At } from './endian.ts';

export interface Counters {
  /** Copies of message bodies, and their bytes. */
  copies: number;
  bytesCopied: number;
  /** Bytes of binder_write_read and of command and return streams. */
  commandBytes: number;
  framesAllocated: number;
  framesZeroed: number;
  pteWrites: { user: number; kernel: number };
  /** Valid entries that were changed or removed. */
  tlbFlushes: number;
  faults: number;
  kmaps: number;
  /** Walks of a page table. */
  walks: number;
}

/** @param block Address of the counters in `memory`: u64 each, in the order of their numbers. */
export function countersAt(memory: Uint8Array, block: number): Counters {
  const at = (counter: number) => u64At(memory, block + 8 * counter);
  return {
    copies: at(COUNTER_COPIES),
    bytesCopied: at(COUNTER_BYTES_COPIED),
    commandBytes: at(COUNTER_COMMAND_BYTES),
    framesAllocated: at(COUNTER_FRAMES_ALLOCATED),
    framesZeroed: at(COUNTER_FRAMES_ZEROED),
    pteWrites: { user: at(COUNTER_PTE_WRITES_USER), kernel: at(COUNTER_PTE_WRITES_KERNEL) },
    tlbFlushes: at(COUNTER_TLB_FLUSHES),
    faults: at(COUNTER_FAULTS),
    kmaps: at(COUNTER_KMAPS),
    walks: at(COUNTER_WALKS),
  };
}
