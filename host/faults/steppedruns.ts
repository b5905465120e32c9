/** The runs of a journal's steps. They begin at the last moment before what goes wrong. */
import type { Injected, Injection } from '../injector.ts';
import type { BootOptions, Machine } from '../machine.ts';
import type { Snapshot } from '../snapshot.ts';
import type { StepInput } from '../trace/journal.ts';
import { performAll, type Subject } from './faultrun.ts';
import { type Answers, describe, type FaultRun, NO_LIMITS, RunWatch } from './watch.ts';

/** A moment of a run without a failure. */
interface Moment {
  /** Index of the step that follows. */
  readonly at: number;
  readonly snapshot: Snapshot;
  /** Occasions before it. */
  readonly passed: number;
  readonly answers: Answers;
}

/** How many there are at most. */
const MOMENTS_MAX = 500;

export class SteppedRuns {
  readonly #machine: Machine;
  readonly #frames: number;
  readonly #moments: Moment[] = [];
  /** The run in which nothing goes wrong. */
  readonly without: FaultRun;

  constructor(
    subject: Subject,
    private readonly steps: readonly StepInput[],
    private readonly what: Injection['what'],
    options: BootOptions,
  ) {
    const machine = subject.boot({ ...options, journal: false });
    this.#machine = machine;
    this.#frames = machine.freeFrames();
    const watch = this.#watch();
    const injected = machine.inject({ what, nth: 0 });
    const every = Math.ceil(steps.length / MOMENTS_MAX);
    this.without = this.#play(watch, injected, 0, (at) => {
      if (at % every !== 0) return;
      this.#moments.push({
        at,
        snapshot: machine.snapshot(),
        passed: injected.passed,
        answers: new Map(watch.answers),
      });
    });
  }

  /** The run in which the nth goes wrong. */
  run(injection: Injection): FaultRun {
    const machine = this.#machine;
    const moment = this.#moments.filter(({ passed }) => passed < injection.nth).at(-1) as Moment;
    machine.restore(moment.snapshot);
    const watch = this.#watch(moment.answers);
    const injected = machine.inject({ ...injection, what: this.what, nth: injection.nth - moment.passed });
    return this.#play(watch, injected, moment.at, () => {});
  }

  /** Each step happens once, so that a run has an end. */
  #watch(answers: Answers = new Map()): RunWatch {
    const watch = new RunWatch(this.#machine, NO_LIMITS, null, this.#frames);
    watch.start(answers);
    return watch;
  }

  #play(watch: RunWatch, injected: Injected, from: number, before: (at: number) => void): FaultRun {
    let error: Error | null = null;
    try {
      for (let at = from; at < this.steps.length; at++) {
        before(at);
        performAll(this.#machine, this.steps.slice(at, at + 1));
      }
    } catch (thrown) {
      error = thrown as Error;
      watch.unsound ??= describe(error);
    }
    return watch.conclude(injected.passed, error);
  }
}
