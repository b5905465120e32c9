/** One run of a script or journal in which something goes wrong, watched from its start. */
import type { Injection } from '../injector.ts';
import type { BootOptions, Machine } from '../machine.ts';
import { performStep } from '../steps.ts';
import type { StepInput } from '../trace/journal.ts';
import { BinderlabError } from '../wire/error.ts';
import { thrownText } from '../wire/thrown.ts';
import { describe, type FaultRun, type Limits, Patience, RunWatch } from './watch.ts';

/** What is run again and again. */
export interface Subject {
  readonly name: string;
  boot(options: BootOptions): Machine;
  /** What it does: a function that throws what goes wrong, or steps. */
  readonly work: SubjectWork | readonly StepInput[];
  /** Whether it may act when a run is over, so that no other machine can have the guest of that one. */
  readonly lingers: boolean;
  /** Whether an error is the subject's own, thrown by its code or by a check in it, and none of binderlab. */
  isOwn(error: Error): boolean;
}

export type SubjectWork = (machine: Machine) => void | Promise<void>;

/** One run. */
export async function faultRun(
  subject: Subject,
  work: SubjectWork,
  injection: Injection,
  options: BootOptions,
  limits: Limits,
): Promise<FaultRun> {
  const patience = new Patience(limits.idleTurns);
  const machine = patience.boot((turns) => subject.boot({ ...options, journal: true, ...turns }));
  const watch = new RunWatch(machine, limits, patience);
  watch.start();
  const injected = machine.inject(injection);
  const error = await outcomeOf(subject, work, machine, watch);
  return watch.conclude(injected.passed, error);
}

/** Does the work. @returns The error that ended it: one that is no answer is not sound. */
export async function outcomeOf(
  subject: Subject,
  work: SubjectWork,
  machine: Machine,
  watch: RunWatch,
): Promise<Error | null> {
  try {
    await work(machine);
    return null;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(thrownText(thrown));
    if (!(error instanceof BinderlabError) && !subject.isOwn(error)) watch.unsound ??= describe(error);
    return error;
  }
}

/** Performs steps. After a failure some are impossible, and left out. */
export function performAll(machine: Machine, steps: readonly StepInput[]): void {
  for (const step of steps) {
    try {
      performStep(machine.parts, step);
    } catch (error) {
      if (!(error instanceof BinderlabError)) throw error;
    }
  }
}
