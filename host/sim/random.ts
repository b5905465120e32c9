/** Random numbers from a seed: the same seed gives the same numbers on every machine. */
import { TWO_32 } from '../wire/endian.ts';

/** Steps of splitmix32: the counter's stride, and the two multipliers that mix it. */
const STRIDE = 0x9e3779b9;
const MIX_FIRST = 0x21f0aaad;
const MIX_SECOND = 0x735a2d97;

export class Random {
  #state: number;

  /** @param seed A whole number; only its low 32 bits are used. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** @returns A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.#next() / TWO_32) * bound);
  }

  /** @returns 32 random bits. */
  #next(): number {
    this.#state = (this.#state + STRIDE) | 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), MIX_FIRST);
    bits = Math.imul(bits ^ (bits >>> 15), MIX_SECOND);
    return (bits ^ (bits >>> 15)) >>> 0;
  }
}
