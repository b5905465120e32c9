/**
 * The origins of the bytes of a Binder mapping. The origin decides whether a byte may differ under another mapping
 * strategy. Owns the terms; a `Provenance` has the origin of each byte.
 */

/** Not in a Binder mapping. */
export const OUTSIDE = 0;
/** Never written by a message, or zeroed since: a byte of a new page, or of a page without a frame. */
export const UNTOUCHED = 1;
/** Written last by a message that was not delivered, yet or ever. The message itself may be freed. */
export const UNDELIVERED = 2;
/** Between or after the parts of the message that was delivered last there: the earlier byte, or zero. */
export const PADDING = 3;
/** Written last by a message that was delivered; it may have been freed since. */
export const DELIVERED = 4;

export interface Origins {
  /** One of the numbers above for each byte in [from, from + length) of a thread's process. */
  of(thread: string, from: number, length: number): Uint8Array;
}
