/** A digest of words: 64 bits that differ, for all practical purposes, whenever the words do. */
const MIX_LOW = 0x85ebca6b;
const MIX_HIGH = 0xc2b2ae35;
const SPREAD = 0x9e3779b9;
const CHARS_SHIFT = 16;

export class Digest {
  #low = SPREAD | 0;
  #high = MIX_HIGH | 0;

  /** Adds a word of 32 bits. */
  word(word: number): void {
    const low = Math.imul(this.#low ^ word, MIX_LOW);
    const high = Math.imul(this.#high ^ word, MIX_HIGH);
    this.#low = ((low << 13) | (low >>> 19)) + high;
    this.#high = ((high << 17) | (high >>> 15)) ^ (low + SPREAD);
  }

  /** Adds words `from` up to `end` of an array. */
  words(array: Int32Array, from: number, end: number): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = from; at < end; at++) {
      const word = array[at] as number;
      const a = Math.imul(low ^ word, MIX_LOW);
      const b = Math.imul(high ^ word, MIX_HIGH);
      low = (((a << 13) | (a >>> 19)) + b) | 0;
      high = ((b << 17) | (b >>> 15)) ^ (a + SPREAD);
    }
    this.#low = low;
    this.#high = high;
  }

  text(text: string): void {
    this.word(text.length);
    for (let at = 0; at < text.length; at += 2) {
      this.word(text.charCodeAt(at) | ((at + 1 < text.length ? text.charCodeAt(at + 1) : 0) << CHARS_SHIFT));
    }
  }

  /** The digest so far. */
  get value(): string {
    return String.fromCharCode(
      this.#low & 0xffff,
      (this.#low >>> CHARS_SHIFT) & 0xffff,
      this.#high & 0xffff,
      (this.#high >>> CHARS_SHIFT) & 0xffff,
    );
  }
}
