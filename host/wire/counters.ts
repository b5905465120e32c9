/** The counters of the memory model, by name. All count from boot. */
import * as machine from '../../assembly/abi/machine.ts';
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
    copies: at(machine.COUNTER_COPIES),
    bytesCopied: at(machine.COUNTER_BYTES_COPIED),
    commandBytes: at(machine.COUNTER_COMMAND_BYTES),
    framesAllocated: at(machine.COUNTER_FRAMES_ALLOCATED),
    framesZeroed: at(machine.COUNTER_FRAMES_ZEROED),
    pteWrites: { user: at(machine.COUNTER_PTE_WRITES_USER), kernel: at(machine.COUNTER_PTE_WRITES_KERNEL) },
    tlbFlushes: at(machine.COUNTER_TLB_FLUSHES),
    faults: at(machine.COUNTER_FAULTS),
    kmaps: at(machine.COUNTER_KMAPS),
    walks: at(machine.COUNTER_WALKS),
  };
}
