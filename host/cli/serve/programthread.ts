/** A thread of a program outside of the machine: the call that it waits for. */
import { EFAULT } from '../../../assembly/abi/errno.ts';
import type { Thread } from '../../os/thread.ts';
import type { OutsideProgram } from './program.ts';
import type { Known } from './readahead.ts';
import type { RingSlot } from './ring.ts';

export class ProgramThread {
  #known: Known | null = null;

  constructor(
    readonly thread: Thread,
    readonly slot: RingSlot,
    readonly program: OutsideProgram,
  ) {}

  /** The call will read these bytes of the program. */
  know(known: Known): void {
    this.#known = known;
  }

  /** Copies what is known of the program's memory while the call lasts. @returns False when it is not known. */
  recall(address: number, target: Uint8Array): boolean {
    if (this.#known === null) return false;
    const from = address - this.#known.address;
    if (from < 0 || from + target.length > this.#known.bytes.length) return false;
    target.set(this.#known.bytes.subarray(from, from + target.length));
    return true;
  }

  answer(result: number, value = 0): void {
    this.#known = null;
    this.slot.answer(this.program.memory.takeFault(this.thread.tid) ? -EFAULT : result, value);
  }
}
