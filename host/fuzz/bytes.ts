/** A buffer of little-endian values that is filled again and again. */
import { TWO_32 } from '../wire/endian.ts';

export class Bytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Bytes so far. */
  length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Whether that many bytes more fit. */
  hasRoom(size: number): boolean {
    return this.length + size <= this.#bytes.length;
  }

  u32(value: number): this {
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
    return this;
  }

  /** A whole number of any sign below 2^64; a negative one as its complement. */
  u64(value: number): this {
    return this.u32(value % TWO_32).u32(Math.floor(value / TWO_32));
  }

  raw(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** Bytes that count up from `first`, so that their origin is visible. */
  counting(size: number, first: number): this {
    for (let i = 0; i < size; i++) this.#bytes[this.length++] = first + i;
    return this;
  }

  /** Zeros up to that length. */
  upTo(length: number): this {
    if (length > this.length) this.#bytes.fill(0, this.length, length);
    this.length = Math.max(this.length, length);
    return this;
  }

  /** A copy of all. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  clear(): this {
    this.length = 0;
    return this;
  }
}
