/** Looks at a run step by step: whether the machine stays sound, what it answers, and whether anything is left behind. */
import { BR_DEAD_REPLY, BR_ERROR, BR_FAILED_REPLY, BR_FROZEN_REPLY } from '../../assembly/abi/protocol.ts';
import type { BootOptions, Machine } from '../machine.ts';
import type { Call } from '../os/call.ts';
import type { Observer, Task } from '../os/system.ts';
import { WriteReadCall } from '../os/writeread.ts';
import type { Journal } from '../trace/journal.ts';
import { u32At } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import type { Op } from '../wire/operations.ts';
import { wordName } from '../wire/words.ts';

/** How often each errno and each BR_ word of a failure was answered. */
export type Answers = ReadonlyMap<string, number>;

export interface FaultRun {
  /** Occasions for what goes wrong. */
  readonly passed: number;
  readonly steps: number;
  /** Turns of programs in a row that made no step, at most. */
  readonly idleTurns: number;
  readonly answers: Answers;
  /** The subject's error; null when it ran to its end. */
  readonly error: Error | null;
  /** What is wrong with the machine or with binderlab; null for nothing. */
  readonly unsound: string | null;
  /** Of a run that is not sound, and began at the start. */
  readonly journal: Journal | null;
}

/** What a run may need: with more it has no end. */
export interface Limits {
  readonly steps: number;
  /** Turns of programs in a row that make no step: they poll their own variables, and the machine stays as it is. */
  readonly idleTurns: number;
}

export const NO_LIMITS: Limits = { steps: Number.POSITIVE_INFINITY, idleTurns: Number.POSITIVE_INFINITY };

/** Words that report a failure. */
const FAILURE_WORDS: readonly number[] = [BR_ERROR, BR_DEAD_REPLY, BR_FAILED_REPLY, BR_FROZEN_REPLY];
const FAILURE_NAMES: ReadonlySet<string> = new Set(FAILURE_WORDS.flatMap((word) => wordName(word) ?? []));

/** A run that does not end. */
class EndlessError extends Error {}

/** What the programs of a run wait for never comes. */
export class IdleError extends BinderlabError {}

/** Ends a run whose programs make no more steps. */
export class Patience {
  /** The most turns in a row without a step so far. */
  longest = 0;
  #machine: Machine | null = null;
  #step = 0;
  #turns = 0;

  constructor(private readonly limit: number) {}

  /** What the machine calls before each turn. */
  readonly beforeTurn = (): void => {
    const { nextStep } = this.#machine as Machine;
    if (nextStep !== this.#step) this.#turns = 0;
    this.#step = nextStep;
    this.longest = Math.max(this.longest, ++this.#turns);
    if (this.#turns > this.limit) throw new IdleError(`${this.limit} turns in a row make no step.`);
  };

  /** Boots the machine. */
  boot(boot: (options: Pick<BootOptions, 'beforeTurn'>) => Machine): Machine {
    this.#machine = boot({ beforeTurn: this.beforeTurn });
    return this.#machine;
  }
}

export class RunWatch implements Observer {
  unsound: string | null = null;
  readonly answers = new Map<string, number>();
  #leave: () => void = () => {};

  /**
   * @param patience Whose `beforeTurn` the machine calls; null for a machine without programs.
   * @param frames Free frames of the machine before it did anything.
   */
  constructor(
    private readonly machine: Machine,
    private readonly limits: Limits,
    private readonly patience: Patience | null = null,
    private readonly frames = machine.freeFrames(),
  ) {}

  /** Looks at every step from now on. @param answers What was answered before. */
  start(answers: Answers = new Map()): void {
    for (const [name, count] of answers) this.answers.set(name, count);
    this.#leave = this.machine.listening.join(this);
  }

  begin(): void {}

  call(): void {}

  result(_task: Task, call: Call): void {
    if (call.errno !== null) this.#note(call.errno);
    if (!(call instanceof WriteReadCall) || !mayFail(call.bytes)) return;
    for (const text of call.words) {
      const [name = ''] = text.split(' ');
      if (FAILURE_NAMES.has(name)) this.#note(name);
    }
  }

  end(_op: Op, output: object | null): void {
    const { errno, signal } = (output ?? {}) as { errno?: string; signal?: string };
    const name = errno ?? signal;
    if (name !== undefined) this.#note(name);
    this.unsound ??= violationOf(this.machine);
    if (this.machine.nextStep > this.limits.steps) this.#stop();
  }

  /** The run is over. @param passed Occasions for what goes wrong. @param error What ended the subject. */
  conclude(passed: number, error: Error | null): FaultRun {
    const { machine, answers } = this;
    const steps = machine.nextStep;
    this.#leave();
    const unsound = this.unsound ?? leftBehind(machine, this.frames);
    const journal = unsound !== null && machine.keepsJournal ? machine.journal : null;
    const idleTurns = this.patience?.longest ?? 0;
    return { passed, steps, idleTurns, answers, error, unsound, journal };
  }

  #note(name: string): void {
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
  }

  #stop(): void {
    const message = `it did not end in ${this.limits.steps} steps`;
    this.unsound ??= message;
    const { simulation } = this.machine;
    const error = new EndlessError(message);
    if (simulation?.isRunning) simulation.stop(error);
    else throw error;
  }
}

/** What an error says that no subject should end with. */
export function describe(error: Error): string {
  if (error instanceof BinderlabError) return error.message;
  return error.name === 'RuntimeError' ? `the guest trapped: ${error.message}` : (error.stack ?? error.message);
}

/** Whether a read can have a word that reports a failure: a look at every fourth byte costs less than its text. */
function mayFail(read: Uint8Array): boolean {
  for (let at = 0; at + 4 <= read.length; at += 4) if (FAILURE_WORDS.includes(u32At(read, at))) return true;
  return false;
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
