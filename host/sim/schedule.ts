/**
 * Who runs next. Owns the choice among the threads that can run, and the record of it: with the same choices a
 * simulation goes the same way again.
 */
import { BinderlabError } from '../wire/error.ts';
import { Random } from './random.ts';

/**
 * `fifo`: a thread runs until it sleeps, then whoever became ready first. `random`: any thread that is ready, by the
 * seed, before each system call.
 */
export type Order = 'fifo' | 'random';

export class Schedule {
  /** Every choice among more than one thread, in order: the place of the chosen one in the list of those ready. */
  readonly choices: number[] = [];
  #made = 0;
  readonly #random: Random;

  /**
   * @param given Choices to make first; the order decides from there on.
   * @param keep Whether to keep the choices; a long run makes many.
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
   * Chooses one of `count` threads; number 0 is the one that goes on, or has waited longest.
   *
   * @throws BinderlabError when the choice that was given beforehand is not possible.
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
