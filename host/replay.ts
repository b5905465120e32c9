/**
 * Runs journals again. `replay` feeds a journal's inputs to a machine and compares the outputs with the recorded ones;
 * `record` takes only the inputs and returns this machine's own journal.
 */

import type { RecordedEntries } from './steps.ts';
import { BinaryJournal, keepsKernelLog } from './trace/binaryjournal.ts';
import { callBegin } from './trace/call.ts';
import { compareKernelLogs, compareSteps, isInputsOnly, type StepDifference } from './trace/compare.ts';
import { ENTRY } from './trace/entries.ts';
import type { Journal, JournalEmulator, JournalHeader, Output, Step, StepInput, Woken } from './trace/journal.ts';
import type { Origins } from './trace/origins.ts';
import { sideBySide } from './trace/sidebyside.ts';
import { u32At } from './wire/endian.ts';
import { AsleepError } from './wire/error.ts';
import { checkForm, checkNames } from './wire/forms.ts';
import { entryKind, entryLength } from './wire/steplog.ts';
import { thrownText } from './wire/thrown.ts';

/** The part of a machine that a replay needs. */
export interface Performer {
  /** Performs one step, with everything that follows until no thread can run. */
  perform(input: StepInput): Step;
  /** The same for a step as a journal recorded it. @returns What this machine recorded of it; good until the next step. */
  performEntries?(recorded: RecordedEntries): Uint8Array;
  /** The step that was performed last. */
  readonly lastStep?: Step | null;
  /** Whether its steps have the lines of the kernel log. */
  keepKernelLog?(keep: boolean): void;
  /** Verifies its invariants. @throws an error that names the violated one */
  check?(): void;
}

/** Boots a machine in the state of a journal's header. */
export type Boot = (header: JournalHeader) => Performer;

export interface ReplayOptions {
  /**
   * Leave `dump` steps out of the comparison and of the counts. They are performed all the same: reading debugfs may
   * queue work that changes later steps.
   */
  skipDumps?: boolean;
  /** Verify the machine's invariants after each step. The first violation is a difference, in the field `check`. */
  check?: boolean;
  /**
   * For a machine with another strategy than the recorded one: makes a shadow `kmap` machine that performs the same steps and
   * says where each byte of a mapping comes from. Bytes that legitimately differ then count as equal.
   */
  origins?: (header: JournalHeader) => Origins & { perform(input: StepInput): void };
}

const REPLAY_OPTIONS: readonly (keyof ReplayOptions)[] = ['skipDumps', 'check', 'origins'];

/** Strategies that map and unmap a page exactly when the recorded kernel does. */
const AS_LINUX: readonly string[] = ['kmap', 'vmalloc'];

/** Whether machines of two strategies show the same bytes of a mapping. */
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
  /** Steps equal to the recording. A step recorded without outputs counts when it was performed. */
  equal: number;
  /** One entry for each step that differs. A step at which the machine stops or breaks is the last entry. */
  different: Difference[];
  /** The first difference as text, decoded, side by side; empty when all steps are equal. */
  text: string[];
}

/** The machine refused a step of the journal: the step is impossible, or the emulator does not support it. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';

  /**
   * @param step The refused step; null when the machine could not be booted.
   * @param reason The reason as text.
   * @param cause The error of the machine.
   */
  constructor(trace: string, step: Step | null, reason: string, cause: unknown) {
    super(`${step ? headline(trace, step) : trace}: ${reason}`, { cause });
  }
}

/**
 * Performs every step of a journal and compares it with the recording.
 *
 * A step that cannot be performed is reported in the field `error` and ends the replay: later steps count in `steps`, not in
 * `equal`. A broken machine is reported in the field `check`, and ends the replay too. A machine that cannot be booted is
 * reported at the first step.
 */
export function replay(journal: Journal, boot: Boot, options: ReplayOptions = {}): ReplayResult {
  checkForm('replay', { journal, boot });
  checkNames('replay', options, REPLAY_OPTIONS);
  if (journal instanceof BinaryJournal && !options.skipDumps && !options.origins) {
    return replayEntries(journal, boot, options);
  }
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
      machine ??= bootLike(journal, boot);
      origins ??= options.origins?.(journal.header);
      actual = numbers.renumber(machine.perform(inputOf(expected)), expected.i);
      origins?.perform(inputOf(expected));
    } catch (error) {
      refuse(result, trace, expected, 'error', numbers.reasonOf(error, journal));
      return result;
    }
    if (isSkipped(expected)) continue;
    const found = isInputsOnly(expected) || isBare(journal) ? null : differenceOf(expected, actual, journal, origins);
    if (found !== null) note(result, expected, actual, found, journal);
    if (!isSound(machine, options, result, trace, () => expected)) return result;
    if (found === null) result.equal++;
  }
  return result;
}

/**
 * The same for a journal in the binary form. A step whose entries this machine records to the byte is equal. Any other is
 * made an object, and compared as one.
 */
function replayEntries(journal: BinaryJournal, boot: Boot, options: ReplayOptions): ReplayResult {
  const { header, ops } = journal;
  const trace = header.name;
  const result: ReplayResult = { steps: header.steps, equal: 0, different: [], text: [] };
  const names: string[] = [];
  const numbers = new StepNumbers();
  let machine: Performer | null = null;
  for (const recorded of journal.eachEntries(names)) {
    const { i, entries } = recorded;
    const expected = () => journal.stepOf(recorded, names);
    let found: StepDifference | null = null;
    try {
      machine ??= bootLike(journal, boot);
      const own = machine.performEntries?.({ names, ops, entries });
      if (own === undefined || !isSame(entries, own)) {
        const wanted = expected();
        const step = own === undefined ? machine.perform(inputOf(wanted)) : (machine.lastStep as Step);
        const actual = numbers.renumber(step, i);
        found = isInputsOnly(wanted) || isBare(journal) ? null : differenceOf(wanted, actual, journal);
        if (found !== null) note(result, wanted, actual, found, journal);
      }
    } catch (error) {
      refuse(result, trace, expected(), 'error', numbers.reasonOf(error, journal));
      return result;
    }
    if (!isSound(machine, options, result, trace, expected)) return result;
    if (found === null) result.equal++;
  }
  return result;
}

/** Whether a machine recorded the same. The recorded step may also have choices of a schedule, at its end. */
function isSame(recorded: Uint8Array, own: Uint8Array): boolean {
  const more = recorded.length - own.length;
  if (more < 0) return false;
  for (let i = 0; i < own.length; i++) if (recorded[i] !== own[i]) return false;
  if (more === 0) return true;
  const head = u32At(recorded, own.length);
  return entryKind(head) === ENTRY.CHOICES && entryLength(head) === more;
}

function note(result: ReplayResult, expected: Step, actual: Step, found: StepDifference, journal: Journal): void {
  const trace = journal.header.name;
  if (result.different.length === 0) result.text = describe(trace, expected, actual, found, journal);
  result.different.push({ trace, step: expected.i, ...found });
}

/** Verifies the machine's invariants, if that was asked for. A violation is the last difference of the result. */
function isSound(
  machine: Performer,
  { check }: ReplayOptions,
  result: ReplayResult,
  trace: string,
  step: () => Step,
): boolean {
  try {
    if (check) machine.check?.();
    return true;
  } catch (error) {
    refuse(result, trace, step(), 'check', thrownText(error));
    return false;
  }
}

/** A machine whose steps have what the journal's have. */
function bootLike(journal: Journal, boot: Boot): Performer {
  const machine = boot(journal.header);
  if (keepsKernelLog(journal)) machine.keepKernelLog?.(true);
  return machine;
}

function differenceOf(expected: Step, actual: Step, journal: Journal, origins?: Origins): StepDifference | null {
  const found = compareSteps(expected, actual, origins);
  return found === null && keepsKernelLog(journal) ? compareKernelLogs(expected, actual) : found;
}

/** Notes why a machine stopped in or after a step. */
function refuse(result: ReplayResult, trace: string, step: Step, field: string, message: string): void {
  if (result.different.length === 0) result.text = [`${headline(trace, step)}: ${message}`];
  result.different.push({ trace, step: step.i, field, expected: null, actual: message });
}

/**
 * Performs every step of a journal, and returns the journal with this machine's outputs.
 *
 * @param emulator Describes this machine in the header.
 * @throws ReplayError when the machine cannot be booted, or refuses a step
 */
export function record(journal: Journal, boot: Boot, emulator: JournalEmulator): Journal {
  checkForm('record', { journal, boot });
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

/** Converts between the machine's step numbers and the journal's, which may have gaps. */
class StepNumbers {
  readonly #numbers = new Map<number, number>();

  /** The step with the journal's numbers instead of the machine's, also in `woken`. */
  renumber(step: Step, number: number): Step {
    this.#numbers.set(step.i, number);
    const woken = step.woken?.map((entry): Woken => ({ ...entry, i: this.#numbers.get(entry.i) ?? entry.i }));
    return { ...step, i: number, ...(woken ? { woken } : {}) };
  }

  /** Why the machine could not perform a step, as text. */
  reasonOf(error: unknown, { steps }: Journal): string {
    if (!(error instanceof AsleepError)) return thrownText(error);
    const number = this.#numbers.get(error.step);
    const call = steps.find(({ i }) => i === number);
    if (call === undefined) return thrownText(error);
    return `${error.thread} cannot act, for here it still sleeps in step ${call.i}: ${callBegin(call, call.bc).begin} ...`;
  }
}

function bootFor(journal: Journal, boot: Boot): Performer {
  try {
    return bootLike(journal, boot);
  } catch (error) {
    throw new ReplayError(journal.header.name, null, thrownText(error), error);
  }
}

const bareJournals = new WeakMap<Journal, boolean>();

/** Whether no step of the journal has any output. Then an absent `woken` means nothing either. */
function isBare(journal: Journal): boolean {
  let bare = bareJournals.get(journal);
  if (bare === undefined) {
    bare = journal.steps.every((step) => !step.out && !step.parked && !step.woken);
    bareJournals.set(journal, bare);
  }
  return bare;
}

/** The step without its outputs. */
function inputOf(step: Step): StepInput {
  const { op, by, in: input } = step;
  return (by === undefined ? { op, in: input } : { op, by, in: input }) as StepInput;
}

function describe(trace: string, expected: Step, actual: Step, found: StepDifference, journal: Journal): string[] {
  const lines = [`${headline(trace, expected)}: ${found.field} differs`, callLine(expected)];
  if (found.field === 'klog') return [...lines, ...kernelLogText(found)];
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

function kernelLogText({ expected, actual }: StepDifference): string[] {
  const shown = (lines: unknown) => (lines as string[]).map((line) => `    ${line}`);
  return ['  recorded lines of the kernel log:', ...shown(expected), '  and here:', ...shown(actual)];
}

/** The inputs of the call. */
function callLine(step: Step): string {
  return `  ${callBegin(step, step.bc).begin} ...`;
}

/** The result of a step's own call: the output, or that it parked. */
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
