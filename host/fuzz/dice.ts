/** Random choices: every one follows from the seed. */
import { Random } from '../sim/random.ts';

/** What can be drawn, each with its weight; a weight of 0 is never drawn. */
type Weighted<T> = readonly (readonly [weight: number, value: T])[];

export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** @returns A whole number from 0 up to and without `bound`. */
  below(bound: number): number {
    return this.#random.below(bound);
  }

  /** @returns A whole number from `low` up to and with `high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.below(1 << 20) < probability * (1 << 20);
  }

  /** One of a list that is not empty. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** One of a list; undefined when that is empty. */
  maybeOf<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : this.of(list);
  }

  weighted<T>(choices: Weighted<T>): T {
    const total = choices.reduce((sum, [weight]) => sum + weight, 0);
    let rest = (this.below(1 << 20) / (1 << 20)) * total;
    for (const [weight, value] of choices) {
      rest -= weight;
      if (rest < 0) return value;
    }
    return (choices.at(-1) as readonly [number, T])[1];
  }

  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    const drawn: T[] = [];
    while (rest.length > 0) drawn.push(...rest.splice(this.below(rest.length), 1));
    return drawn;
  }
}
