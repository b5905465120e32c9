/**
 * A view of memory as little-endian 32-bit words: linear memory, or an array of the host. 64-bit values are numbers when they
 * are sizes or user addresses (exact below 2^53).
 */
// Local copies: V8 looks up an imported constant at every use.
const TWO_32 = 0x1_0000_0000;
const INT_MAX = 0x7fff_ffff;

export class WordView {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly view: DataView;

  /** @param buffer Its length is a multiple of 4 bytes. */
  constructor(buffer: ArrayBufferLike) {
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.view = new DataView(buffer);
  }

  /** A copy of bytes, padded with zeros to a multiple of 8. */
  static of(bytes: Uint8Array): WordView {
    const memory = new WordView(new ArrayBuffer((bytes.length + 7) & ~7));
    memory.u8.set(bytes);
    return memory;
  }

  u32(index: number): number {
    return (this.i32[index] as number) >>> 0;
  }

  /** @param index Index of the low word, here and below. */
  u64(index: number): number {
    const high = this.i32[index + 1] as number;
    const low = (this.i32[index] as number) >>> 0;
    return high === 0 ? low : low + (high >>> 0) * TWO_32;
  }

  /** A signed number. */
  i64(index: number): number {
    const high = this.i32[index + 1] as number;
    const low = (this.i32[index] as number) >>> 0;
    return high === 0 ? low : low + high * TWO_32;
  }

  /** All 64 bits. */
  big(index: number): bigint {
    return this.view.getBigUint64(4 * index, true);
  }

  /** A size or an address: a whole number below 2^64. A larger one is stored as 2^64 - 1. */
  setU64(index: number, value: number): void {
    const { i32 } = this;
    i32[index] = value | 0;
    i32[index + 1] = 0;
    if (value > INT_MAX) this.#setLarge(index, value);
  }

  #setLarge(index: number, value: number): void {
    const isTooLarge = value >= TWO_32 * TWO_32;
    if (isTooLarge) this.i32[index] = -1;
    this.i32[index + 1] = isTooLarge ? -1 : Math.floor(value / TWO_32) | 0;
  }
}
