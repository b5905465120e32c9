/**
 * One command to the driver, ready to be written. All of them are objects of one form, whatever they say: who writes a
 * list of them then meets one form only, and that is what keeps it quick.
 */
import type { Attached } from './payload.ts';

/**
 * What follows the word is told by how many bytes that is:
 *
 *     0               nothing
 *     4               u32 first
 *     8               u64 first; or u32 first, u32 second, where there is a second one
 *     12              u32 first, u64 second
 *     16              u64 first, u64 second
 *     64 and more     binder_transaction_data for the handle `first` with the cookie `second`
 */
export class Command {
  /** @internal */ constructor(
    /** The BC_ word; 0 for bytes as they are. */
    readonly word: number,
    /** What follows the word; the handle of a transaction. */
    readonly first: bigint | number,
    /** What follows that; the cookie of a transaction. */
    readonly second: bigint | number,
    readonly code: number,
    readonly flags: number,
    /** The data that a transaction brings along, or bytes as they are. */
    readonly bytes: Uint8Array | null,
    /** Address of data that lies in user memory already; BROUGHT_ALONG when it does not. */
    readonly placedAt: number,
    readonly dataSize: number,
    /** @internal Whatever a transaction has beside its data; null when that is all. */
    readonly attached: Attached | null,
  ) {}

  static plain(word: number, first: bigint | number = 0, second: bigint | number = 0): Command {
    return new Command(word, first, second, 0, 0, null, 0, 0, null);
  }

  static raw(bytes: Uint8Array): Command {
    return new Command(0, 0, 0, 0, 0, bytes, 0, 0, null);
  }
}
