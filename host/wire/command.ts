/**
 * One command to the driver. All commands are objects of one class with the same fields: code that writes a list of them
 * stays monomorphic, which keeps it fast.
 */
import type { Attached } from './payload.ts';

/**
 * The number of payload bytes after the word decides which fields are used:
 *
 *     0               nothing
 *     8               u64 first; or u32 first, u32 second, where there is a second one
 *     12              u32 first, u64 second
 *     16              u64 first, u64 second
 *     64 and more     binder_transaction_data for the handle `first` with the cookie `second`
 */
export class Command {
  /** @internal */ constructor(
    /** The BC_ word; 0 for raw bytes. */
    readonly word: number,
    /** First field of the payload; the handle of a transaction. */
    readonly first: bigint | number,
    /** Second field; the cookie of a transaction. */
    readonly second: bigint | number,
    readonly code: number,
    readonly flags: number,
    /** Data of a transaction, or raw bytes. */
    readonly bytes: Uint8Array | null,
    /** User address of data that is in user memory already; otherwise BROUGHT_ALONG. */
    readonly placedAt: number,
    readonly dataSize: number,
    /** @internal The other parts of a transaction's payload; null when there is data only. */
    readonly attached: Attached | null,
  ) {}

  static plain(word: number, first: bigint | number = 0, second: bigint | number = 0): Command {
    return new Command(word, first, second, 0, 0, null, 0, 0, null);
  }

  static raw(bytes: Uint8Array): Command {
    return new Command(0, 0, 0, 0, 0, bytes, 0, 0, null);
  }
}
