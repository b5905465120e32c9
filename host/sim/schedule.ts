/**
 * Chooses the next thread. Owns the choice among the ready threads, and the record of it. The same choices repeat a
 * simulation exactly.
 */
import { BinderlabError } from '../wire/error.ts';
import { Random } from './random.ts';

/**
 * `fifo`: a thread runs until it sleeps, then the thread that became ready first. `random`: before each system call the
 * seed chooses one of the ready threads.
 */
export type Order = 'fifo' | 'random';

export class Schedule {
  /** Every choice among two or more threads, in order: the index of the chosen one in the list of ready threads. */
  readonly choices: number[] = [];
  #made = 0;
  readonly #random: Random;

  /**
   * @param given Choices to make first; after them `order` decides.
   * @param keep Whether to keep the choices. A long run has many.
   */
  constructor(
    readonly order: Order,
    readonly seed: number,
    private readonly given: readonly number[],
    private readonly keep = true,
  ) {
    this.#random = new Random(seed);
  }

  /**
   * Chooses one of `count` threads. Number 0 is the thread that ran last, or has waited longest.
   *
   * @throws BinderlabError when a given choice is not possible.
   */
  choose(count: number): number {
    const given = this.given[this.#made];
    const choice = given ?? (this.order === 'random' ? this.#random.below(count) : 0);
    if (!Number.isInteger(choice) || choice < 0 || choice >= count) {
      throw new BinderlabError(
        `choice ${this.#made} is given as ${choice}, but ${count} threads are ready: 0 to ${count - 1} are possible. The choices belong to another script, or to another version of it.`,
      );
    }
    this.#made++;
    if (this.keep) this.choices.push(choice);
    return choice;
  }
}
