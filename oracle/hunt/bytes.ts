/** A growing buffer of little-endian values, as in the wire structures. */
const MASK_64 = 0xffff_ffff_ffff_ffffn;

export class Bytes {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  u32(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >>> shift) & 0xff);
    return this;
  }

  u64(value: bigint | number): this {
    const all = BigInt(value) & MASK_64;
    return this.u32(Number(all & 0xffff_ffffn)).u32(Number(all >> 32n));
  }

  raw(bytes: ArrayLike<number>): this {
    for (let at = 0; at < bytes.length; at++) this.#bytes.push(bytes[at] as number);
    return this;
  }

  /** Bytes that count up from `first`, so that their origin is visible. */
  counting(size: number, first: number): this {
    for (let at = 0; at < size; at++) this.#bytes.push((first + at) & 0xff);
    return this;
  }

  /** Zeros up to a multiple of `unit`. */
  align(unit: number): this {
    while (this.#bytes.length % unit !== 0) this.#bytes.push(0);
    return this;
  }

  /** Zeros up to that length. */
  upTo(length: number): this {
    while (this.#bytes.length < length) this.#bytes.push(0);
    return this;
  }

  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  toHex(): string {
    return Buffer.from(this.#bytes).toString('hex');
  }
}
