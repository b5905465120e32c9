/**
 * Runs journals again. `replay` feeds a journal's inputs to a machine and compares what comes out with what was
 * recorded; `record` takes the inputs only and returns the journal that this machine makes of them.
 */
import { AsleepError } from './kernel/error.ts';
import { callBegin } from './trace/call.ts';
import { compareSteps, isInputsOnly, type StepDifference } from './trace/compare.ts';
import type { Journal, JournalEmulator, JournalHeader, Output, Step, StepInput, Woken } from './trace/journal.ts';
import type { Origins } from './trace/origins.ts';
import { sideBySide } from './trace/sidebyside.ts';

/** What a replay needs of a machine. */
export interface Performer {
  /** Performs one step, with everything that follows until nothing can run. */
  perform(input: StepInput): Step;
  /** Verifies its own invariants. @throws an error that says which one does not hold */
  check?(): void;
}

/** Makes a machine in the state that a journal's header tells. */
export type Boot = (header: JournalHeader) => Performer;

export interface ReplayOptions {
  /**
   * Leave `dump` steps out of the comparison and of the counts. They are performed all the same: reading debugfs may
   * queue work, and what follows depends on it.
   */
  skipDumps?: boolean;
  /** Verify the machine's invariants after each step; the first violation is a difference, with the field `check`. */
  check?: boolean;
  /**
   * For a machine that maps pages in another way than the one that was recorded: makes what performs the same steps
   * beside it and tells whence the bytes of mappings come. What only the other way can tell apart is equal then.
   */
  origins?: (header: JournalHeader) => Origins & { perform(input: StepInput): void };
}

/** Strategies that bring a page, and let it go, exactly when the recorded kernel did. */
const AS_LINUX: readonly string[] = ['kmap', 'vmalloc'];

/** Whether a machine of one strategy shows every byte of a mapping as one of the other does. */
export function mapsAlike(one: string, other: string): boolean {
  return one === other || (AS_LINUX.includes(one) && AS_LINUX.includes(other));
}

/** The first difference of one step. */
export interface Difference extends StepDifference {
  /** The journal's name. */
  trace: string;
  /** Number of the step in the journal. */
  step: number;
}

export interface ReplayResult {
  /** Steps of the journal, without skipped dumps. */
  steps: number;
  /** Steps that are as recorded; a step that was recorded without outputs counts, once it has been performed. */
  equal: number;
  /** One entry for each step that differs. When the machine cannot go on, or is broken, that step is the last entry. */
  different: Difference[];
  /** The first difference in words, decoded, side by side; empty when there is none. */
  text: string[];
}

/** What a journal asks for and the machine refused: it cannot be, or this emulator cannot do it. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';

  /**
   * @param step The step that was refused; null when it is the machine itself that could not be made.
   * @param reason Why, in words.
   * @param cause What the machine threw.
   */
  constructor(trace: string, step: Step | null, reason: string, cause: unknown) {
    super(`${step ? headline(trace, step) : trace}: ${reason}`, { cause });
  }
}

/**
 * Performs every step of a journal and compares it with the recording.
 *
 * A step that cannot be made is reported with the field `error` and ends the replay: the steps behind it are counted in
 * `steps` but not in `equal`. A machine that is found broken is reported with the field `check`, and ends the replay too. A
 * machine that cannot be booted is reported at the first step.
 */
export function replay(journal: Journal, boot: Boot, options: ReplayOptions = {}): ReplayResult {
  const isSkipped = (step: Step) => options.skipDumps === true && step.op === 'dump';
  const steps = journal.steps.filter((step) => !isSkipped(step)).length;
  const result: ReplayResult = { steps, equal: 0, different: [], text: [] };
  const trace = journal.header.name;
  const numbers = new StepNumbers();
  let origins: ReturnType<NonNullable<ReplayOptions['origins']>> | undefined;
  let machine: Performer | null = null;
  for (const expected of journal.steps) {
    let actual: Step;
    try {
      machine ??= boot(journal.header);
      origins ??= options.origins?.(journal.header);
      actual = numbers.renumber(machine.perform(inputOf(expected)), expected.i);
      origins?.perform(inputOf(expected));
    } catch (error) {
      refuse(result, trace, expected, 'error', numbers.reasonOf(error, journal));
      return result;
    }
    if (isSkipped(expected)) continue;
    const found = isInputsOnly(expected) || isBare(journal) ? null : compareSteps(expected, actual, origins);
    if (found !== null) {
      if (result.different.length === 0) result.text = describe(trace, expected, actual, found, journal);
      result.different.push({ trace, step: expected.i, ...found });
    }
    try {
      if (options.check) machine.check?.();
    } catch (error) {
      refuse(result, trace, expected, 'check', messageOf(error));
      return result;
    }
    if (found === null) result.equal++;
  }
  return result;
}

/** Notes why a machine gave up in or after a step. */
function refuse(result: ReplayResult, trace: string, step: Step, field: string, message: string): void {
  if (result.different.length === 0) result.text = [`${headline(trace, step)}: ${message}`];
  result.different.push({ trace, step: step.i, field, expected: null, actual: message });
}

/**
 * Performs every step of a journal, whatever its recorded outputs, and returns the journal with this machine's.
 *
 * @param emulator Noted in the header: which machine it was.
 * @throws ReplayError when the machine cannot be booted, or refuses a step
 */
export function record(journal: Journal, boot: Boot, emulator: JournalEmulator): Journal {
  const numbers = new StepNumbers();
  const machine = bootFor(journal, boot);
  const steps = journal.steps.map((step) => {
    try {
      return numbers.renumber(machine.perform(inputOf(step)), step.i);
    } catch (error) {
      throw new ReplayError(journal.header.name, step, numbers.reasonOf(error, journal), error);
    }
  });
  return { header: { ...journal.header, emulator, steps: steps.length }, steps };
}

/** The machine counts the steps it performs, a journal may have gaps: this goes from the one count to the other. */
export class StepNumbers {
  readonly #numbers = new Map<number, number>();

  /** The step with the journal's number in place of the machine's, also in `woken`. */
  renumber(step: Step, number: number): Step {
    this.#numbers.set(step.i, number);
    const woken = step.woken?.map((entry): Woken => ({ ...entry, i: this.#numbers.get(entry.i) ?? entry.i }));
    return { ...step, i: number, ...(woken ? { woken } : {}) };
  }

  /** Why the machine could not make a step of the journal, in words. */
  reasonOf(error: unknown, { steps }: Journal): string {
    if (!(error instanceof AsleepError)) return messageOf(error);
    const number = this.#numbers.get(error.step);
    const call = steps.find(({ i }) => i === number);
    if (call === undefined) return messageOf(error);
    return `${error.thread} cannot act, for here it still sleeps in step ${call.i}: ${callBegin(call, call.bc).begin} ...`;
  }
}

function bootFor(journal: Journal, boot: Boot): Performer {
  try {
    return boot(journal.header);
  } catch (error) {
    throw new ReplayError(journal.header.name, null, messageOf(error), error);
  }
}

const bareJournals = new WeakMap<Journal, boolean>();

/** Whether no step of the journal has any output, so that an absent `woken` says nothing either. */
function isBare(journal: Journal): boolean {
  let bare = bareJournals.get(journal);
  if (bare === undefined) {
    bare = journal.steps.every((step) => !step.out && !step.parked && !step.woken);
    bareJournals.set(journal, bare);
  }
  return bare;
}

/** The step without anything that came of it. */
export function inputOf(step: Step): StepInput {
  const { op, by, in: input } = step;
  return (by === undefined ? { op, in: input } : { op, by, in: input }) as StepInput;
}

function describe(trace: string, expected: Step, actual: Step, found: StepDifference, journal: Journal): string[] {
  const lines = [`${headline(trace, expected)}: ${found.field} differs`, callLine(expected)];
  const thread = /^woken\.(.*\.\d+)(\.|$)/.exec(found.field)?.[1];
  if (thread === undefined) {
    return [...lines, ...sideBySide(expected, outcome(expected), outcome(actual))];
  }
  const before = expected.woken?.find((entry) => entry.by === thread);
  const after = actual.woken?.find((entry) => entry.by === thread);
  const parkedIn = journal.steps.find((step) => step.i === (before ?? after)?.i) ?? expected;
  lines.push(`  ${thread} was parked in step ${parkedIn.i}:`, callLine(parkedIn));
  return [...lines, ...sideBySide(parkedIn, before?.out ?? null, after?.out ?? null)];
}

/** The call as far as its inputs go. */
function callLine(step: Step): string {
  return `  ${callBegin(step, step.bc).begin} ...`;
}

/** What a step shows for its own call: the output, or that it sleeps. */
function outcome(step: Step): Output | null {
  if (step.parked) return { parked: true } as unknown as Output;
  return step.out ?? null;
}

function headline(trace: string, step: Step): string {
  return `${trace}, step ${step.i}: ${stepName(step)}`;
}

function stepName(step: Step): string {
  return step.by === undefined ? step.op : `${step.op} by ${step.by}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
