/**
 * A branch: the journal up to a position, then something else, then the journal's remaining steps as far as they are possible.
 *
 *     journal   0 1 2 3 4 5 6            at 2: kill app
 *     branch    0 1 2 K 3   5 6          4 is a step of app
 *
 * A machine tries every step to see which are possible. That takes a while for a long journal, so it is done in turns.
 */
import { type History, START } from '../history.ts';
import { Machine } from '../machine.ts';
import type { RecordedSteps } from '../recordedsteps.ts';
import type { Journal, Step, StepInput, StepOf } from '../trace/journal.ts';
import { thrownText } from '../wire/thrown.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { newErrors, type Outcome } from './outcome.ts';

export interface BranchPlan {
  /** What is done, as a title: "app is killed". */
  readonly title: string;
  /** The position after which it happens. */
  readonly at: number;
  /** Steps that are performed there. */
  readonly insert: readonly StepInput[];
  /** The guest counts allocations or copies from there on, and lets one fail: it is of interest what that comes to. */
  readonly failure?: StepOf<'inject'>['in'];
  /** By position: what is performed instead of the journal's step; null takes it out. */
  readonly change?: ReadonlyMap<number, StepInput | null>;
}

/** Steps that are performed between two looks at the clock. */
const STRIDE = 32;
/** Steps after a failure in which its first consequence is looked for. */
const CONSEQUENCE_MAX = 200;

/** A branch on its way. */
export class BranchRun {
  readonly title: string;
  /** Steps of the journal. */
  readonly count: number;
  /** Steps of the journal that were performed, or left out. */
  done = 0;
  #skipped = 0;
  #outcome: Outcome | null = null;
  /** Position of the step in which something failed; null until then. */
  #struck: number | null = null;
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
    const { at, change } = this.plan;
    if (this.done === 0 && at === START) this.#insert();
    while (this.done < this.count) {
      const position = this.done++;
      const changed = change?.get(position);
      if (changed === undefined) this.#perform(position, null);
      else if (changed !== null) this.#perform(position, changed);
      if (position === at) this.#insert();
      if (this.done % STRIDE === 0 && performance.now() > until) return null;
    }
    const lane = new Lane(this.journal, { ...this.options, recorded: this.#recorded.branch(this.#order) });
    return new Branch(this.plan, lane, this.#origins, { skipped: this.#skipped, outcome: this.#outcomeAtEnd() });
  }

  #insert(): void {
    const { at, insert, failure } = this.plan;
    const injected: StepInput[] = failure === undefined ? [] : [{ op: 'inject', in: failure }];
    for (const input of [...insert, ...injected]) this.#perform(at, input);
  }

  /** @param changed Null: the journal's step. */
  #perform(position: number, changed: StepInput | null): void {
    try {
      if (this.#isWatching(position)) this.#watch(position, changed);
      else this.#machine.redo(changed ?? this.#recorded.inputAt(position));
    } catch (error) {
      this.#skipped++;
      if (this.#isWatching(position) && this.#hasStruck) {
        this.#outcome = { position, says: thrownText(error) };
      }
      return;
    }
    this.#order.push(changed === null ? position : ({ ...changed, i: this.#order.length } as Step));
    this.#origins.push(position);
  }

  /** Whether it is not known yet what the failure comes to. */
  #isWatching(position: number): boolean {
    const { failure, at } = this.plan;
    if (failure === undefined || this.#outcome !== null || position <= at) return false;
    return this.#struck === null || position <= this.#struck + CONSEQUENCE_MAX;
  }

  get #hasStruck(): boolean {
    const { failure } = this.plan;
    return failure !== undefined && this.#machine.guest.raw.injectionPassed() >= failure.nth;
  }

  /** Performs a step, and looks at how it ends. */
  #watch(position: number, changed: StepInput | null): void {
    const input = changed ?? this.#recorded.inputAt(position);
    if ('entries' in input) this.#machine.performEntries(input);
    else this.#machine.perform(input);
    if (!this.#hasStruck) return;
    this.#struck ??= position;
    const errors = newErrors(this.#machine.lastStep as Step, this.#recorded.at(position));
    if (errors !== null) this.#outcome = { position, says: errors };
  }

  #outcomeAtEnd(): Outcome | null {
    const { failure } = this.plan;
    if (failure === undefined || this.#outcome !== null) return this.#outcome;
    if (this.#struck !== null) return { position: this.#struck, says: 'no call ends in an error' };
    const passed = this.#machine.guest.raw.injectionPassed();
    return { position: null, says: `it does not come to that: there are only ${passed} until the end` };
  }
}

/** What making a branch has shown. */
interface BranchFacts {
  /** Steps of the journal that were not possible. */
  readonly skipped: number;
  /** Of a failure by request; null for other branches. */
  readonly outcome: Outcome | null;
}

export class Branch {
  readonly title: string;
  readonly at: number;

  constructor(
    plan: BranchPlan,
    readonly lane: Lane,
    private readonly origins: readonly number[],
    readonly facts: BranchFacts,
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
