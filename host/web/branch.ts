/**
 * A branch: the journal up to a position, then something else, then the journal's remaining steps as far as they are possible.
 *
 *     journal   0 1 2 3 4 5 6            at 2: kill app
 *     branch    0 1 2 K 3   5 6          4 is a step of app
 */
import type { History } from '../history.ts';
import { Machine, type Strategy } from '../machine.ts';
import type { JournalHeader, Step, StepInput } from '../trace/journal.ts';
import { Lane, type LaneOptions } from './lane.ts';

export interface BranchPlan {
  /** What is done, as a title: "app is killed". */
  readonly title: string;
  /** The position after which it happens. */
  readonly at: number;
  /** Steps that are performed there. */
  readonly insert: readonly StepInput[];
  /** Changes, or takes out, a later step of the journal. */
  readonly change?: (step: Step, position: number) => StepInput | null;
}

export class Branch {
  readonly title: string;
  readonly at: number;
  readonly lane: Lane;
  /** Steps of the journal that were not possible. */
  readonly skipped: number;
  /** By position in the branch: the journal's position. */
  readonly #origins: readonly number[];

  constructor(history: History, plan: BranchPlan, options: LaneOptions) {
    const { header, recorded } = history;
    const machine = bootOf(header, options.strategy, options);
    const steps: Step[] = [];
    const origins: number[] = [];
    let skipped = 0;
    const perform = (input: StepInput, origin: number): void => {
      try {
        const step = machine.perform(input);
        steps.push({ ...step, i: steps.length });
        origins.push(origin);
      } catch {
        skipped++;
      }
    };
    for (let position = 0; position < recorded.count; position++) {
      const step = recorded.at(position);
      const input = position > plan.at && plan.change ? plan.change(step, position) : step;
      if (input !== null) perform(inputOf(input), position);
      if (position === plan.at) for (const inserted of plan.insert) perform(inserted, position);
    }
    this.title = plan.title;
    this.at = plan.at;
    this.skipped = skipped;
    this.#origins = origins;
    this.lane = new Lane({ header: { ...header, steps: steps.length }, steps }, options);
  }

  /** The branch's position at the time of a position of the journal. */
  positionOf(position: number): number {
    let [low, high] = [0, this.#origins.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#origins[middle] as number) <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function inputOf(step: StepInput): StepInput {
  const { op, by, in: input } = step;
  return (by === undefined ? { op, in: input } : { op, by, in: input }) as StepInput;
}

function bootOf(header: JournalHeader, strategy: Strategy, { guest: wasm, memoryMiB }: LaneOptions): Machine {
  return Machine.fromHeader(header, { wasm, strategy, memoryMiB, journal: false });
}
