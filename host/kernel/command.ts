/**
 * One command to the driver, ready to be written. All of them are objects of one form, whatever they say: who writes a
 * list of them then meets one form only, and that is what keeps it quick.
 */
import type { Payload } from './payload.ts';
import { payloadSize } from './words.ts';

/**
 * What follows the word:
 *
 *     bare            nothing
 *     handle          u32 first
 *     pair            u32 first, u32 second
 *     value           u64 first
 *     ptr-cookie      u64 first, u64 second
 *     handle-cookie   u32 first, u64 second
 *     transaction     binder_transaction_data for the handle `first` with the cookie `second`
 *     raw             there is no word, but the bytes as they are
 */
export type Shape = 'bare' | 'handle' | 'pair' | 'value' | 'ptr-cookie' | 'handle-cookie' | 'transaction' | 'raw';

export class Command {
  constructor(
    readonly shape: Shape,
    /** The BC_ word. */
    readonly word: number,
    /** Bytes that it takes in the stream. */
    readonly size: number,
    readonly first: bigint | number,
    readonly second: bigint | number,
    readonly code: number,
    readonly flags: number,
    readonly payload: Payload | null,
    /** Bytes that the payload takes behind the stream. */
    readonly room: number,
    readonly bytes: Uint8Array | null,
  ) {}

  static plain(shape: Shape, word: number, first: bigint | number = 0, second: bigint | number = 0): Command {
    return new Command(shape, word, 4 + payloadSize(word), first, second, 0, 0, null, 0, null);
  }

  static transaction(
    word: number,
    handle: number,
    cookie: bigint | number,
    code: number,
    flags: number,
    payload: Payload,
  ): Command {
    const size = 4 + payloadSize(word);
    return new Command('transaction', word, size, handle, cookie, code, flags, payload, payload.size, null);
  }

  static raw(bytes: Uint8Array): Command {
    return new Command('raw', 0, bytes.length, 0, 0, 0, 0, null, 0, bytes);
  }
}
