/**
 * The random draws of the generator (mulberry32). A seed stands for a program, so the numbers and the order of the draws never
 * change.
 */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b9 + 0x7f4a7c15) >>> 0;
  }

  /** From 0 to 1, without 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 to `bound`, without `bound`. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of them; undefined from an empty list, which takes a draw, too. */
  pick<T>(from: readonly [T, ...T[]]): T;
  pick<T>(from: readonly T[]): T | undefined;
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }

  /** Removes one from a list that is not empty: the first with that probability, else any. */
  take<T>(from: T[], firstWith: number): T {
    return from.splice(this.chance(firstWith) ? 0 : this.below(from.length), 1)[0] as T;
  }

  /** Removes any one from a list that is not empty. */
  takeAny<T>(from: T[]): T {
    return from.splice(this.below(from.length), 1)[0] as T;
  }

  /** A name, with probability in proportion to its weight. */
  weighted<N extends string>(weights: Readonly<Record<N, number>>): N {
    const names = Object.keys(weights) as N[];
    let left = this.fraction() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    return names[names.length - 1] as N;
  }
}
