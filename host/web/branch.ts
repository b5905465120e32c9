/**
 * A branch: the journal up to a position, then something else, then the journal's remaining steps as far as they are possible.
 *
 *     journal   0 1 2 3 4 5 6            at 2: kill app
 *     branch    0 1 2 K 3   5 6          4 is a step of app
 *
 * A machine tries every step to see which are possible. That takes a while for a long journal, so it is done in turns.
 */
import type { History } from '../history.ts';
import { Machine } from '../machine.ts';
import type { RecordedSteps } from '../recordedsteps.ts';
import type { Journal, Step, StepInput } from '../trace/journal.ts';
import { Lane, type LaneOptions } from './lane.ts';

export interface BranchPlan {
  /** What is done, as a title: "app is killed". */
  readonly title: string;
  /** The position after which it happens. */
  readonly at: number;
  /** Steps that are performed there. */
  readonly insert: readonly StepInput[];
  /** By position: what is performed instead of the journal's step; null takes it out. */
  readonly change?: ReadonlyMap<number, StepInput | null>;
}

/** Steps that are performed between two looks at the clock. */
const STRIDE = 32;

/** A branch on its way. */
export class BranchRun {
  readonly title: string;
  /** Steps of the journal. */
  readonly count: number;
  /** Steps of the journal that were performed, or left out. */
  done = 0;
  #skipped = 0;
  /** By position in the branch: the journal's position. */
  readonly #origins: number[] = [];
  readonly #order: (number | Step)[] = [];
  readonly #machine: Machine;
  readonly #recorded: RecordedSteps;

  constructor(
    { recorded }: History,
    private readonly journal: Journal,
    private readonly plan: BranchPlan,
    private readonly options: LaneOptions,
  ) {
    const { guest: wasm, strategy, memoryMiB } = options;
    this.title = plan.title;
    this.count = recorded.count;
    this.#recorded = recorded;
    this.#machine = Machine.fromHeader(journal.header, { wasm, strategy, memoryMiB, journal: false });
  }

  /** Performs steps for some milliseconds. @returns The branch, when it is complete. */
  advance(milliseconds: number): Branch | null {
    const until = performance.now() + milliseconds;
    const { at, insert, change } = this.plan;
    while (this.done < this.count) {
      const position = this.done++;
      const changed = change?.get(position);
      if (changed === undefined) this.#perform(position, null);
      else if (changed !== null) this.#perform(position, changed);
      if (position === at) for (const input of insert) this.#perform(position, input);
      if (this.done % STRIDE === 0 && performance.now() > until) return null;
    }
    const lane = new Lane(this.journal, { ...this.options, recorded: this.#recorded.branch(this.#order) });
    return new Branch(this.plan, lane, this.#origins, this.#skipped);
  }

  /** @param changed Null: the journal's step. */
  #perform(position: number, changed: StepInput | null): void {
    try {
      this.#machine.redo(changed ?? this.#recorded.inputAt(position));
    } catch {
      this.#skipped++;
      return;
    }
    this.#order.push(changed === null ? position : ({ ...changed, i: this.#order.length } as Step));
    this.#origins.push(position);
  }
}

export class Branch {
  readonly title: string;
  readonly at: number;

  /** @param skipped Steps of the journal that were not possible. */
  constructor(
    plan: BranchPlan,
    readonly lane: Lane,
    private readonly origins: readonly number[],
    readonly skipped: number,
  ) {
    this.title = plan.title;
    this.at = plan.at;
  }

  /** The branch's position at the time of a position of the journal. */
  positionOf(position: number): number {
    let [low, high] = [0, this.origins.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.origins[middle] as number) <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
