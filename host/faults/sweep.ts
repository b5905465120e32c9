/**
 * All that can go wrong in a subject, one after another: each allocation, copy, sleep and step by its number. A run without a
 * failure counts them first.
 */
import type { Injection } from '../injector.ts';
import type { BootOptions } from '../machine.ts';
import { DeadlockError } from '../sim/deadlock.ts';
import type { Journal } from '../trace/journal.ts';
import { faultRun, performAll, type Subject, type SubjectWork } from './faultrun.ts';
import { ScriptRuns } from './scriptruns.ts';
import { SteppedRuns } from './steppedruns.ts';
import { type Answers, type FaultRun, IdleError, type Limits, NO_LIMITS } from './watch.ts';

type FaultKind = Injection['what'];

export const FAULT_KINDS: readonly FaultKind[] = [
  'frame',
  'object',
  'buffer',
  'copy',
  'signal',
  'timer',
  'death',
  'shrinker',
];

export interface SweepOptions {
  readonly boot: BootOptions;
  readonly kinds: readonly FaultKind[];
  /** The first and the last number. */
  readonly from: number;
  readonly to: number;
  /** Distance of the numbers that are tried. */
  readonly every: number;
  /** Which part of how many: one number after another goes to the next part. Default: all. */
  readonly part?: number;
  readonly parts?: number;
}

/** A run that is not sound. */
export interface UnsoundRun {
  readonly injection: Injection;
  readonly message: string;
  /** null when the whole run is sound, and only one from the moment before the failure is not. */
  readonly journal: Journal | null;
}

/** What the runs of a kind came to. */
export interface KindTally {
  runs: number;
  /** Runs in which the subject went on to its end; ended with an error; had threads that wait for ever. */
  ended: number;
  failed: number;
  stuck: number;
  /** In how many runs each errno and BR_ word came that does not come without the failure. */
  readonly answers: Record<string, number>;
}

/** How far along a sweep is. */
export interface SweepPlace {
  readonly kind: FaultKind;
  readonly nth: number;
  readonly last: number;
}

/** A copy faults at its first byte, and after some bytes. */
const COPY_BYTES: readonly number[] = [0, 10];
/** A run may take this multiple of what the run without a failure takes, and more. */
const FACTOR = 4;
const STEPS_MORE = 2000;
/** More turns in a row without a step. A program that polls once in a millisecond may do so for more than a minute. */
const IDLE_TURNS_MORE = 100_000;

/** How the runs of a kind are made. */
interface Runs {
  /** The one in which nothing goes wrong. */
  readonly without: FaultRun;
  run(injection: Injection, limits: Limits): Promise<FaultRun>;
}

export class Sweep {
  readonly tallies = new Map<FaultKind, KindTally>();
  readonly unsound: UnsoundRun[] = [];
  /** The error of the subject when nothing fails; null for none. */
  complaint: string | null = null;

  constructor(
    private readonly subject: Subject,
    private readonly options: SweepOptions,
    private readonly told: (place: SweepPlace) => void = () => {},
  ) {}

  async run(): Promise<void> {
    for (const kind of this.options.kinds) await this.#sweep(kind);
  }

  async #sweep(kind: FaultKind): Promise<void> {
    const { from, to, every, part = 0, parts = 1 } = this.options;
    const runs = await this.#runsOf(kind);
    const { without } = runs;
    this.complaint = without.unsound ?? without.error?.message ?? null;
    const tally: KindTally = { runs: 0, ended: 0, failed: 0, stuck: 0, answers: {} };
    this.tallies.set(kind, tally);
    const limits = {
      steps: without.steps * FACTOR + STEPS_MORE,
      idleTurns: without.idleTurns * FACTOR + IDLE_TURNS_MORE,
    };
    const last = Math.min(to, without.passed);
    for (let nth = from + part * every; nth <= last; nth += parts * every) {
      this.told({ kind, nth, last });
      for (const bytes of kind === 'copy' ? COPY_BYTES : [0]) {
        const injection = { what: kind, nth, bytes };
        this.#judge(tally, injection, await runs.run(injection, limits), without.answers);
      }
    }
  }

  /** The runs of a kind: short ones, and the whole one where a short one is not sound, or not possible. */
  async #runsOf(kind: FaultKind): Promise<Runs> {
    const { subject } = this;
    const { boot } = this.options;
    const { work } = subject;
    const whole: SubjectWork = typeof work === 'function' ? work : (machine) => performAll(machine, work);
    const long = (injection: Injection, limits: Limits) => faultRun(subject, whole, injection, boot, limits);
    const either = (short: (injection: Injection, limits: Limits) => Promise<FaultRun | null>) => {
      return async (injection: Injection, limits: Limits): Promise<FaultRun> => {
        const first = await short(injection, limits);
        if (first?.unsound === null) return first;
        const run = await long(injection, limits);
        return { ...run, unsound: run.unsound ?? first?.unsound ?? null };
      };
    };
    if (typeof work !== 'function') {
      const stepped = new SteppedRuns(subject, work, kind, boot);
      return { without: stepped.without, run: either(async (injection) => stepped.run(injection)) };
    }
    const scripted = new ScriptRuns(subject, work, kind, boot);
    const without = await scripted.without();
    if (!scripted.needsJournal) return { without, run: either((...words) => scripted.run(...words)) };
    return { without: await long({ what: kind, nth: 0 }, NO_LIMITS), run: long };
  }

  #judge(tally: KindTally, injection: Injection, run: FaultRun, usual: Answers): void {
    tally.runs++;
    if (run.error instanceof DeadlockError || run.error instanceof IdleError) tally.stuck++;
    else if (run.error !== null) tally.failed++;
    else tally.ended++;
    for (const [name, count] of run.answers) {
      if (count > (usual.get(name) ?? 0)) tally.answers[name] = (tally.answers[name] ?? 0) + 1;
    }
    const { unsound: message, journal } = run;
    if (message !== null) this.unsound.push({ injection, message, journal });
  }
}
