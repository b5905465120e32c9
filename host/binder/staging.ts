/** Memory of a thread for a message that is too large to follow its commands. */

import type { Thread } from '../os/thread.ts';
import type { Placed } from '../wire/objects.ts';

/** Larger messages do not fit after the commands. */
const INLINE_MAX = 32 * 1024;

export class Staging {
  /** Size of the largest message so far. */
  #memory: Placed = { address: 0, length: 0 };

  /**
   * @param alloc Allocates memory of the process.
   * @returns The bytes themselves, or their address; valid until the next call.
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
