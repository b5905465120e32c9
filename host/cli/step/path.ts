/**
 * The way through a history, and branches off it. On a branch the machine does something else than was recorded; after that
 * every thread goes on with the calls that it made in the recording, as far as it can.
 *
 *     recorded   0 . . . 33 34 35 36 ...
 *                         └─ kill app, 34, 36 ...      a branch: 35 was a call of app
 *
 * Steps of a branch are steps of the same machine. Each has a snapshot of the moment before it, so that back is a restore.
 */
import { type History, START } from '../../history.ts';
import { Names } from '../../inspect/tables/names.ts';
import { type CallPicture, callPicture } from '../../picture/calls.ts';
import type { Moment } from '../../picture/moment.ts';
import { eventsOf, Onlooker } from '../../picture/onlooker.ts';
import { type Sending, sendingsOf } from '../../picture/sending.ts';
import type { Snapshot } from '../../snapshot.ts';
import type { TraceEvent } from '../../trace/events.ts';
import type { Step, StepInput } from '../../trace/journal.ts';
import { BinderlabError } from '../../wire/error.ts';
import type { CallList } from '../screen/callspane.ts';
import { StepCalls } from './calls.ts';

/** A step on a branch. */
interface BranchStep {
  /** The moment before it. */
  readonly before: Snapshot;
  readonly step: Step;
  readonly events: readonly TraceEvent[];
  readonly sendings: readonly Sending[];
  /** Position of the recorded step that it repeats; null for one that was never recorded. */
  readonly position: number | null;
}

/** A recorded step that is still to come. */
interface Candidate {
  readonly position: number;
  readonly step: Step;
}

/** Recorded steps after the branch that are looked at, for those that can run. */
const AHEAD = 1000;

export class Path {
  readonly #onlooker: Onlooker;
  /** Null on the recorded path. */
  #branch: BranchStep[] | null = null;
  /** Decoded once for a branch. */
  #ahead: { readonly from: number; readonly steps: readonly Candidate[] } | null = null;

  constructor(readonly history: History) {
    this.#onlooker = new Onlooker(history);
  }

  get isBranch(): boolean {
    return this.#branch !== null;
  }

  /** Number of steps since the branch point. */
  get branchSteps(): number {
    return this.#branch?.length ?? 0;
  }

  /** The step performed last; null at the start. */
  get step(): Step | null {
    return this.#branch?.at(-1)?.step ?? this.history.step;
  }

  /** The step that runs next; null when there is none. */
  get upcoming(): Step | null {
    return this.#branch === null ? this.history.upcoming : (this.candidates()[0]?.step ?? null);
  }

  /** One step on. @returns Whether there was one. @throws HistoryError when it cannot be performed. */
  next(): boolean {
    if (this.#branch === null) return this.history.next();
    for (const { position, step } of this.candidates()) if (this.#tried(step, position)) return true;
    return false;
  }

  /** One step back; from the branch point, back to the recorded path. @returns Whether there was one. */
  back(): boolean {
    if (this.#branch === null) return this.history.back();
    const last = this.#branch.pop();
    if (last !== undefined) this.history.machine.restore(last.before);
    if (this.#branch.length === 0) this.#branch = null;
    return true;
  }

  /** On until the predicate holds, or to the end. @returns Whether it held. */
  until(holds: (step: Step) => boolean): boolean {
    while (this.next()) if (holds(this.step as Step)) return true;
    return false;
  }

  /** To a step by its index in the list: on the branch, or on the recorded path. */
  choose(index: number): void {
    const { position, last } = this.history;
    if (this.#branch === null || index <= position) {
      this.goto(Math.min(index, last));
      return;
    }
    while (this.#branch !== null && position + this.branchSteps > index) this.back();
    if (position + this.branchSteps < index) this.next();
  }

  /** To the end: of the recorded path, or as far as the branch goes. */
  end(): void {
    if (this.#branch === null) this.history.goto(this.history.last);
    else this.until(() => false);
  }

  /** To a recorded position. Leaves the branch. */
  goto(position: number): void {
    this.leave();
    this.history.goto(position);
  }

  /** Back to the recorded path, where it was left. */
  leave(): void {
    const [first] = this.#branch ?? [];
    if (first !== undefined) this.history.machine.restore(first.before);
    this.#branch = null;
  }

  /**
   * Performs a step that was not recorded, or not yet, and so begins a branch or goes on with one.
   *
   * @param position Of the recorded step that it repeats.
   * @throws BinderlabError when it cannot be performed; then nothing has changed.
   */
  perform(input: StepInput, position: number | null = null): Step {
    const { machine } = this.history;
    const before = machine.snapshot();
    let step: Step | undefined;
    try {
      const events = eventsOf(machine.guest, () => {
        step = machine.perform(input);
      });
      const done = step as unknown as Step;
      const sendings = sendingsOf(done.i, events);
      this.#branch = [...(this.#branch ?? []), { before, step: done, events, sendings, position }];
      return done;
    } catch (error) {
      machine.restore(before);
      throw error;
    }
  }

  /** The first recorded step of each thread that is still to come and can be performed now, in the recorded order. */
  candidates(): Candidate[] {
    const done = new Set(this.#branch?.map(({ position }) => position));
    const seen = new Set<string>();
    const found: Candidate[] = [];
    for (const { position, step } of this.#stepsAhead()) {
      if (done.has(position)) continue;
      const actor = step.by ?? '';
      if (seen.has(actor)) continue;
      seen.add(actor);
      if (this.#isAble(step)) found.push({ position, step });
    }
    return found;
  }

  /** The moment now. */
  moment(): Moment {
    const branch = this.#branch;
    const last = branch?.at(-1);
    if (last === undefined) return this.#onlooker.now();
    return { ...this.#bareMoment(), step: last.step, events: last.events };
  }

  /** Looks at the moment before the last step; null at the start. */
  before<T>(look: (moment: Moment) => T): T | null {
    const { history } = this;
    const last = this.#branch?.at(-1);
    if (last === undefined) {
      if (history.position === START) return null;
      const here = history.position;
      history.goto(here - 1);
      // the step may have freed a message that was never looked at
      const seen = look({ ...this.#bareMoment(), sendingOf: (transaction) => this.#onlooker.sendingOf(transaction) });
      history.goto(here);
      return seen;
    }
    const now = history.machine.snapshot();
    history.machine.restore(last.before);
    const seen = look(this.#bareMoment());
    history.machine.restore(now);
    return seen;
  }

  /** The steps as a list: those recorded up to the branch, those of the branch, and the next one. */
  list(selected: number | null): CallList {
    const { recorded, position, last } = this.history;
    const branch = this.#branch;
    if (branch === null) {
      const at = (index: number): CallPicture =>
        callPicture(index === position ? (this.history.step as Step) : recorded.at(index));
      const next = position < last ? position + 1 : null;
      const label = (index: number) => String(recorded.numberAt(index));
      const difference = new StepCalls(this.history).difference();
      return { count: recorded.count, current: position, next, selected: selected ?? position, label, at, difference };
    }
    const candidate = this.upcoming;
    const first = position + 1;
    const count = first + branch.length + (candidate === null ? 0 : 1);
    const current = position + branch.length;
    const at = (index: number): CallPicture => {
      if (index < first) return callPicture(recorded.at(index));
      return callPicture(branch[index - first]?.step ?? (candidate as Step));
    };
    const label = (index: number) => (index < first ? String(recorded.numberAt(index)) : `+${index - position}`);
    const next = candidate === null ? null : count - 1;
    return { count, current, next, selected: selected ?? current, label, at, difference: null };
  }

  /** A step by its index in the list. */
  stepAt(index: number): Step | null {
    const { recorded, position, step } = this.history;
    if (index < 0) return null;
    if (this.#branch !== null && index > position) return this.#branch[index - position - 1]?.step ?? this.upcoming;
    return index === position ? step : recorded.at(index);
  }

  /** Recorded steps after the position. */
  #stepsAhead(): readonly Candidate[] {
    const { recorded, position: from, last } = this.history;
    if (this.#ahead?.from !== from) {
      const count = Math.min(last - from, AHEAD);
      const steps = Array.from({ length: count }, (_, index): Candidate => {
        const position = from + 1 + index;
        return { position, step: recorded.at(position) };
      });
      this.#ahead = { from, steps };
    }
    return this.#ahead.steps;
  }

  #bareMoment(): Moment {
    const { machine, step } = this.history;
    const branch = this.#branch ?? [];
    return {
      inspect: machine.inspect,
      names: new Names(machine.processes),
      step,
      events: [],
      sendingOf: (transaction) =>
        branch.flatMap(({ sendings }) => sendings).findLast((sending) => sending.transaction === transaction) ??
        this.#onlooker.recall(transaction),
    };
  }

  #tried(step: Step, position: number): boolean {
    try {
      this.perform(step, position);
      return true;
    } catch (error) {
      if (error instanceof BinderlabError) return false;
      throw error;
    }
  }

  /** Whether its thread is there and awake. */
  #isAble({ by }: Step): boolean {
    if (by === undefined) return true;
    const threads = this.history.machine.processes.flatMap((process) => process.threads);
    const thread = threads.findLast(({ name }) => name === by);
    return thread?.alive === true && thread.call === null;
  }
}
