/** Where a thread keeps the message that it is sending, when it is too large to go with the commands. */
import type { Placed } from '../kernel/objects.ts';
import type { Thread } from '../kernel/thread.ts';

/** Larger messages would not fit behind the commands. */
const INLINE_MAX = 32 * 1024;

export class Staging {
  /** The largest message so far fits. */
  #memory: Placed = { address: 0, length: 0 };

  /**
   * @param alloc Sets memory of the process aside.
   * @returns The bytes themselves, or where they have been stored; good until the next call.
   */
  place(bytes: Uint8Array, thread: Thread, alloc: (length: number) => number): Uint8Array | Placed {
    if (bytes.length <= INLINE_MAX) return bytes;
    if (this.#memory.length < bytes.length) {
      const length = 2 ** Math.ceil(Math.log2(bytes.length));
      this.#memory = { address: alloc(length), length };
    }
    thread.sys.poke(this.#memory.address, bytes);
    return { address: this.#memory.address, length: bytes.length };
  }
}
