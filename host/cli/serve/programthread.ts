/** A thread of a program outside of the machine: the call that it waits for, and the answer that grows. */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import type { Thread } from '../../os/thread.ts';
import { Answer } from './wire.ts';

/** Bytes of the program that are known while a call lasts. */
interface Known {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export class ProgramThread {
  readonly #file: number;
  readonly #answer = new Answer();
  #known: Known[] = [];

  /** @param fifo Path of the FIFO for answers; it is unlinked. */
  constructor(
    readonly thread: Thread,
    fifo: string,
  ) {
    this.#file = openFifo(fifo);
  }

  /** The call reads these bytes of the program; they came with the request, or were read in advance. */
  know(address: number, bytes: Uint8Array): void {
    this.#known.push({ address, bytes });
  }

  /** Copies what is known. @returns False when it is not. */
  recall(address: number, target: Uint8Array): boolean {
    for (const known of this.#known) {
      const from = address - known.address;
      if (from < 0 || from + target.length > known.bytes.length) continue;
      target.set(known.bytes.subarray(from, from + target.length));
      return true;
    }
    return false;
  }

  store(address: number, bytes: Uint8Array): void {
    this.#answer.store(address, bytes);
  }

  answer(result: number, value = 0): void {
    this.#known = [];
    try {
      this.#answer.send(this.#file, result, value);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; // it has been killed
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Refuses a thread that has said hello. */
export function refuse(fifo: string, errno: number): void {
  const file = openFifo(fifo);
  new Answer().send(file, -errno, 0);
  closeSync(file);
}

/** Opens the FIFO for writing, and unlinks it. Its reader may have ended: an end for reading makes the open return. */
function openFifo(fifo: string): number {
  const both = openSync(fifo, 'r+');
  const file = openSync(fifo, 'w');
  closeSync(both);
  unlinkSync(fifo);
  return file;
}
