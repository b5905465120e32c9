/**
 * Whence the bytes of a Binder mapping come, which decides what of them another way of mapping pages may show otherwise.
 * Owns the words for it; who knows the answers is a `Provenance`.
 */

/** Not in a Binder mapping. */
export const OUTSIDE = 0;
/** No message was ever written there, or what was is zeroed: a byte of a page that is new, or not there at all. */
export const UNTOUCHED = 1;
/** Written last by a message that its receiver has not been told of, yet or ever; the message itself may be gone. */
export const UNDELIVERED = 2;
/** Between or behind the parts of a message that was delivered last there: what was there before, or zero. */
export const PADDING = 3;
/** Written last by a message that was delivered; it may have been freed since. */
export const DELIVERED = 4;

export interface Origins {
  /** Of each byte in [from, from + length) of a thread's process: one of the numbers above. */
  of(thread: string, from: number, length: number): Uint8Array;
}
