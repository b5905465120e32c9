/**
 * The first step at which the emulator departs from a journal of the kernel, and in what way. Later steps do not count:
 * their differences may be consequences.
 */
import type { Machine } from '../../host/machine.ts';
import { compareSteps, isInputsOnly } from '../../host/trace/compare.ts';
import type { Journal, JournalHeader, Step } from '../../host/trace/journal.ts';
import { inputOf } from './cast.ts';

/** In which way a step differs. Equal signatures usually mean one fault. */
export interface Departure {
  /** Place of the step in the journal. */
  readonly at: number;
  /** `parked`, a field of the output, `woken.THREAD.FIELD`, `refused` or `check`. */
  readonly field: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly signature: string;
}

/** The emulator refused a step, trapped, or its own check found it broken. */
export const REFUSED = 'refused';
export const BROKEN = 'check';
/** Length of a complaint in signatures. */
const COMPLAINT_LETTERS = 40;

/**
 * Performs a journal's steps on a machine up to the first difference.
 *
 * @param isRecorded Whether the steps have the kernel's answers; without them, only refusals and the checks count.
 * @param checkEvery Interval of steps at which the machine's invariants are verified, and at the end; 0: never.
 */
export function firstDeparture(
  journal: Journal,
  boot: (header: JournalHeader) => Machine,
  isRecorded: boolean,
  checkEvery = 0,
): Departure | null {
  const machine = boot(journal.header);
  for (const [at, expected] of journal.steps.entries()) {
    let actual: Step;
    try {
      actual = machine.perform(inputOf(expected));
    } catch (error) {
      return departure(at, expected, REFUSED, null, messageOf(error));
    }
    const wanted = withinLimits({ ...expected, i: at }, actual);
    const found = !isRecorded || isInputsOnly(expected) ? null : compareSteps(wanted, { ...actual, i: at });
    if (found !== null) return departure(at, expected, found.field, found.expected, found.actual);
    const isDue = checkEvery > 0 && (at % checkEvery === checkEvery - 1 || at === journal.steps.length - 1);
    const broken = isDue ? checkOf(machine) : null;
    if (broken !== null) return departure(at, expected, BROKEN, null, broken);
  }
  return null;
}

/** Greatest number of bytes of a read in recordings, when the driver reports more. */
const READ_MAX = 65536;

/**
 * A recorded step, completed by values of the emulator that no recording holds: consumed sizes too large for a JSON number,
 * which come from a binder_write_read in the middle of other data; memory after them; and bytes after a read that the
 * emulator does not watch.
 */
function withinLimits(expected: Step, actual: Step): Step {
  if (expected.op !== 'wr' || actual.op !== 'wr' || !expected.out || !actual.out) return expected;
  const [out, other] = [{ ...expected.out }, actual.out];
  for (const field of ['write_consumed', 'read_consumed'] as const) {
    if (isBeyond(out[field]) && isBeyond(other[field])) out[field] = other[field];
  }
  const isLong = (out.read_consumed ?? 0) > READ_MAX;
  if (isLong && out.read !== undefined && other.read?.startsWith(out.read)) out.read = other.read;
  if (other.read_over !== undefined && (isLong || out.read_over?.startsWith(other.read_over))) delete out.read_over;
  return { ...expected, out };
}

function isBeyond(value: number | null): boolean {
  return value !== null && !Number.isSafeInteger(value);
}

/** The complaint of the machine's check; null: none. */
export function checkOf(machine: { check(): void }): string | null {
  try {
    machine.check();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function departure(at: number, step: Step, field: string, expected: unknown, actual: unknown): Departure {
  return { at, field, expected, actual, signature: signatureOf(step, field, expected, actual) };
}

/** Operation, subject, field, and the kinds of values that differ. */
export function signatureOf(step: Step, field: string, expected: unknown, actual: unknown): string {
  const kind = field.replace(/^woken\.[^.]*\.\d+/, 'woken');
  if (kind === REFUSED || kind === BROKEN)
    return `${subject(step)} ${kind} ${shape(String(actual)).slice(0, COMPLAINT_LETTERS)}`;
  if (kind === 'text') return `${subject(step)} text ${differingLine(String(expected), String(actual))}`;
  return `${subject(step)} ${kind} ${valueKind(kind, expected)} ${valueKind(kind, actual)}`;
}

function subject(step: Step): string {
  if (step.op === 'dump') return `dump ${step.in.file.replace(/\d+/, 'PID')}`;
  if (step.op === 'ioctl') return step.in.name ?? 'ioctl';
  return step.op;
}

/** Bytes and amounts are ignored, errors count by number. */
function valueKind(field: string, value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'number') return isError(field, value) ? String(value) : 'fine';
  return /^(E[A-Z]+|SIG[A-Z]+|true|false)$/.test(String(value)) ? String(value) : 'some';
}

function isError(field: string, value: number): boolean {
  return field.endsWith('si_code') || (field.endsWith('ret') && value < 0);
}

/** The words of the first line that differs, on either side. */
function differingLine(expected: string, actual: string): string {
  const [wanted, given] = [expected.split('\n'), actual.split('\n')];
  const at = wanted.findIndex((line, index) => line !== given[index]);
  return `${shape(wanted[at] ?? '')}|${shape(given[at] ?? '')}`;
}

/** A line's words without its numbers. */
function shape(line: string): string {
  return line
    .trim()
    .replace(/\d[0-9a-fx.:]*/g, '#')
    .split(/\s+/)
    .slice(0, 2)
    .join(' ');
}
