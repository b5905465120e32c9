/**
 * One run of a script or journal in which something goes wrong: whether the machine stays sound, what it answers, and whether
 * anything is left behind.
 */
import { BreakError } from '../condition.ts';
import type { Injected, Injection } from '../injector.ts';
import type { BootOptions, Machine } from '../machine.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Journal, Output, Step, StepInput } from '../trace/journal.ts';
import { BinderlabError } from '../wire/error.ts';

/** What is run again and again. */
export interface Subject {
  readonly name: string;
  boot(options: BootOptions): Machine;
  /** What it does: a function that throws what goes wrong, or steps. */
  readonly work: SubjectWork | readonly StepInput[];
  /** Whether an error is the subject's own, thrown by its code or by a check in it, and none of binderlab. */
  isOwn(error: Error): boolean;
}

export type SubjectWork = (machine: Machine) => void | Promise<void>;

/** How often each errno and each BR_ word of a failure was answered. */
export type Answers = ReadonlyMap<string, number>;

export interface FaultRun {
  /** Occasions for what goes wrong. */
  readonly passed: number;
  readonly steps: number;
  readonly answers: Answers;
  /** The subject's error; null when it ran to its end. */
  readonly error: Error | null;
  /** What is wrong with the machine or with binderlab; null for nothing. */
  readonly unsound: string | null;
  /** Of a run that is not sound, and began at the start. */
  readonly journal: Journal | null;
}

/** Words that report a failure. */
const FAILURE_WORD = /^BR_(ERROR|DEAD_REPLY|FAILED_REPLY|FROZEN_REPLY)\b/;

/** @param stepsMax A run that needs more has no end. */
export async function faultRun(
  subject: Subject,
  work: SubjectWork,
  injection: Injection,
  options: BootOptions,
  stepsMax: number,
): Promise<FaultRun> {
  const machine = subject.boot({ ...options, journal: true });
  const watch = new Watch(machine, machine.freeFrames(), new Map());
  const injected = machine.inject(injection);
  machine.break(() => machine.nextStep > stepsMax);
  let error: Error | null = null;
  try {
    await work(machine);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (error instanceof BreakError) watch.unsound ??= `it did not end in ${stepsMax} steps`;
    else if (!(error instanceof BinderlabError) && !subject.isOwn(error)) watch.unsound ??= describe(error);
  }
  return watch.end(injected, error);
}

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

/** After a failure some steps are impossible, and left out. */
export function performAll(machine: Machine, steps: readonly StepInput[]): void {
  for (const step of steps) {
    try {
      machine.perform(step);
    } catch (error) {
      if (!(error instanceof BinderlabError) || error instanceof BreakError) throw error;
    }
  }
}

/** The runs of steps. They begin at the last moment before what goes wrong. */
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
    const watch = new Watch(machine, this.#frames, new Map());
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
    const watch = new Watch(machine, this.#frames, new Map(moment.answers));
    const injected = machine.inject({ ...injection, what: this.what, nth: injection.nth - moment.passed });
    return this.#play(watch, injected, moment.at, () => {});
  }

  #play(watch: Watch, injected: Injected, from: number, before: (at: number) => void): FaultRun {
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
    return watch.end(injected, error);
  }
}

/** Looks at a run step by step. */
class Watch {
  unsound: string | null = null;
  readonly #unwatch: () => void;

  constructor(
    private readonly machine: Machine,
    private readonly frames: number,
    readonly answers: Map<string, number>,
  ) {
    this.#unwatch = machine.on('step', (step) => {
      noteAnswers(answers, step);
      this.unsound ??= violationOf(machine);
    });
  }

  end({ passed }: Injected, error: Error | null): FaultRun {
    const { machine, answers } = this;
    const steps = machine.nextStep;
    this.#unwatch();
    const unsound = this.unsound ?? leftBehind(machine, this.frames);
    const journal = unsound !== null && machine.keepsJournal ? machine.journal : null;
    return { passed, steps, answers, error, unsound, journal };
  }
}

function violationOf(machine: Machine): string | null {
  try {
    machine.check();
    return null;
  } catch (error) {
    return describe(error as Error);
  }
}

/** Ends all processes. @returns What they leave; null for nothing. */
function leftBehind(machine: Machine, framesBefore: number): string | null {
  try {
    machine.end();
    machine.check();
  } catch (error) {
    return describe(error as Error);
  }
  const frames = framesBefore - machine.freeFrames();
  const objects = machine.liveObjects();
  if (frames === 0 && objects === 0) return null;
  return `when all processes had ended, ${frames} frames and ${objects} objects were left`;
}

function describe(error: Error): string {
  if (error instanceof BinderlabError) return error.message;
  return error.name === 'RuntimeError' ? `the guest trapped: ${error.message}` : (error.stack ?? error.message);
}

function noteAnswers(answers: Map<string, number>, { out, br = [], woken = [] }: Step): void {
  for (const one of [{ out, br }, ...woken]) {
    const errno = errnoOf(one.out);
    const words = (one.br ?? []).flatMap((text) => FAILURE_WORD.exec(text)?.[0] ?? []);
    for (const name of errno === null ? words : [errno, ...words]) answers.set(name, (answers.get(name) ?? 0) + 1);
  }
}

/** The error of a call, or the signal of an access. */
function errnoOf(out: Output | undefined): string | null {
  const { errno, signal } = (out ?? {}) as { errno?: string; signal?: string };
  return errno ?? signal ?? null;
}
