/** A thread of a program outside of the machine: the call that it waits for. */
import type { Thread } from '../../os/thread.ts';
import type { OutsideProgram } from './program.ts';
import type { Slot } from './ring.ts';

/** Bytes of the program that the server has read in advance. */
interface Known {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export class ProgramThread {
  #known: Known | null = null;

  constructor(
    readonly thread: Thread,
    readonly slot: Slot,
    readonly program: OutsideProgram,
  ) {}

  /** The call will read these bytes of the program. */
  know(address: number, bytes: Uint8Array): void {
    this.#known = { address, bytes };
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
    this.slot.answer(result, value);
  }
}
