/**
 * One run of a script or journal in which something goes wrong: whether the machine stays sound, what it answers, and whether
 * anything is left behind.
 */
import { BreakError } from '../condition.ts';
import type { Injection } from '../injector.ts';
import type { BootOptions, Machine } from '../machine.ts';
import type { Journal, Output, Step } from '../trace/journal.ts';
import { BinderlabError } from '../wire/error.ts';

/** What is run again and again. */
export interface Subject {
  readonly name: string;
  boot(options: BootOptions): Machine;
  /** Does its work. Throws what the work throws. */
  run(machine: Machine): void | Promise<void>;
  /** Whether an error is the subject's own, thrown by its code or by a check in it, and none of binderlab. */
  isOwn(error: Error): boolean;
}

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
  readonly journal: Journal;
}

/** Words that report a failure. */
const FAILURE_WORD = /^BR_(ERROR|DEAD_REPLY|FAILED_REPLY|FROZEN_REPLY)\b/;

/** @param stepsMax A run that needs more has no end. */
export async function faultRun(
  subject: Subject,
  injection: Injection,
  options: BootOptions,
  stepsMax: number,
): Promise<FaultRun> {
  const machine = subject.boot({ ...options, journal: true });
  const frames = machine.freeFrames();
  const answers = new Map<string, number>();
  let unsound: string | null = null;
  let error: Error | null = null;
  const injected = machine.inject(injection);
  machine.on('step', (step) => {
    noteAnswers(answers, step);
    unsound ??= violationOf(machine);
  });
  machine.break(() => machine.nextStep > stepsMax);
  try {
    await subject.run(machine);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (error instanceof BreakError) unsound ??= `it did not end in ${stepsMax} steps`;
    else if (!(error instanceof BinderlabError) && !subject.isOwn(error)) unsound ??= describe(error);
  }
  const { passed } = injected;
  const { journal, nextStep: steps } = machine;
  unsound ??= leftBehind(machine, frames);
  return { passed, steps, answers, error, unsound, journal };
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
