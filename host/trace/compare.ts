/**
 * Compares a step with its recording. Owns the comparison of outputs, field by field: results, bytes, signals, parked
 * threads, woken threads. `bc` and `br` follow from the bytes, and `order` is information: they are not compared.
 */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { addressOfHex } from '../wire/hex.ts';
import { OUTPUTS, opHasOutput } from '../wire/operations.ts';
import type { DumpOutput, PeekOutput, Step, StepOf, Woken } from './journal.ts';
import { DELIVERED, type Origins, OUTSIDE, PADDING, UNDELIVERED } from './origins.ts';

/** The first difference in a step. */
export interface StepDifference {
  /** `parked`, a field of `out`, or for a thread that woke `woken.THREAD` or `woken.THREAD.FIELD`. */
  field: string;
  /** The recorded value; null when the recording has none. */
  expected: unknown;
  /** The emulator's value; null when it has none. */
  actual: unknown;
}

/** Compared only if both sides have it: a driver may store the bytes that were there before. */
const FIELD_IF_BOTH = 'read_over';

/** The compared output fields, the most informative first. Other fields belong to a later format. */
const FIELDS: readonly string[] = [...new Set(Object.values(OUTPUTS).flatMap((fields) => [...fields.keys()]))];

/** Whether a step was recorded without its outputs, so that there is nothing to compare. */
export function isInputsOnly(step: Step): boolean {
  if (step.woken !== undefined || step.parked !== undefined || step.out !== undefined) return false;
  return opHasOutput(step.op);
}

/**
 * Compares the outputs of a step with its recording. A woken thread's `i` is compared as a number, so both sides must
 * number the steps alike.
 *
 * @param origins The origins of the bytes of mappings, when the machine maps pages in another way than the recorded one.
 *   Then these may differ: lines of dumps that count pages; the number of pages that the shrinker got; the presence of
 *   pages of a Binder mapping without a delivered message; the bytes there of undelivered messages; and the padding of
 *   delivered ones.
 * @returns the first difference, or null when they are equal
 */
export function compareSteps(expected: Step, actual: Step, origins?: Origins): StepDifference | null {
  const parked = expected.parked ?? false;
  if (parked !== (actual.parked ?? false)) return { field: 'parked', expected: parked, actual: !parked };
  return compareOwn(expected, actual, origins) ?? compareWoken(expected.woken ?? [], actual.woken ?? []);
}

/** Compares the lines of the kernel log of two steps, whatever the driver's module is called. */
export function compareKernelLogs(expected: Step, actual: Step): StepDifference | null {
  const [wanted, given] = [bareLines(expected), bareLines(actual)];
  return wanted.join('\n') === given.join('\n') ? null : difference('klog', wanted, given);
}

/** The lines without the names of modules. */
function bareLines({ klog = [] }: Step): string[] {
  return klog.map((line) => line.replace(/^\w+: /, ''));
}

/** Compares the outputs of the step itself, without woken threads. */
function compareOwn(expected: Step, actual: Step, origins?: Origins): StepDifference | null {
  if (expected.out !== undefined && actual.out !== undefined) {
    const isOtherwise = origins !== undefined;
    if (expected.op === 'dump') return compareDumps(expected.out, actual.out as DumpOutput, isOtherwise);
    if (isOtherwise && expected.op === 'shrink') return null;
    if (isOtherwise && expected.op === 'peek') return comparePeek(expected, actual as StepOf<'peek'>, origins);
  }
  return compareOutputs(expected.out, actual.out, '');
}

/** A missing file has no text, whether empty or null. A text that was cut is not compared. */
function compareDumps(wanted: DumpOutput, given: DumpOutput, butPages: boolean): StepDifference | null {
  if (wanted.exists !== given.exists) return difference('exists', wanted.exists, given.exists);
  if (!wanted.exists || wanted.cut || given.cut) return null;
  const textOf = ({ text }: DumpOutput) => (butPages && typeof text === 'string' ? withoutPages(text) : text);
  return textOf(wanted) === textOf(given) ? null : difference('text', wanted.text, given.text);
}

/** A dump's text without the lines that count pages. */
function withoutPages(text: string): string {
  return text.replace(/^ *pages(?: high watermark)?: .*\n/gm, '');
}

/** The bytes that both could read are equal, except those that may differ. The faults are equal, or a page may be missing. */
function comparePeek(expected: StepOf<'peek'>, actual: StepOf<'peek'>, origins: Origins): StepDifference | null {
  const [wanted, given] = [expected.out as PeekOutput, actual.out as PeekOutput];
  const found = compareOutputs(wanted, given, '');
  if (found === null || !(wanted.ret >= 0) || typeof wanted.bytes !== 'string') return found;
  const from = addressOfHex(expected.in.addr);
  const length = Math.min(wanted.ret, given.ret);
  const bytesOf = ({ bytes }: PeekOutput, at: number) => bytes.slice(2 * at, 2 * at + 2);
  const whence = origins.of(expected.by, from, length);
  for (let at = 0; at < length; at++) {
    const mayDiffer = whence[at] === UNDELIVERED || whence[at] === PADDING;
    if (!mayDiffer && bytesOf(wanted, at) !== bytesOf(given, at)) {
      return difference('bytes', wanted.bytes, given.bytes);
    }
  }
  const [{ bytes: _, ...how }, { bytes: __, ...otherwise }] = [wanted, given];
  if (wanted.ret === given.ret) return compareOutputs(how, otherwise, '');
  const { signal } = wanted.ret < given.ret ? wanted : given;
  return signal === 'SIGBUS' && mayBeMissing(expected.by, from + length, origins) ? null : found;
}

/** Whether the page of an address is in a Binder mapping and has no byte of a delivered message, freed or not. */
function mayBeMissing(thread: string, address: number, origins: Origins): boolean {
  const page = origins.of(thread, address - (address % PAGE_SIZE), PAGE_SIZE);
  return !page.includes(OUTSIDE) && !page.includes(DELIVERED);
}

function compareOutputs(expected: object | undefined, actual: object | undefined, path: string): StepDifference | null {
  const wanted = (expected ?? {}) as Readonly<Record<string, unknown>>;
  const given = (actual ?? {}) as Readonly<Record<string, unknown>>;
  for (const field of FIELDS) {
    const [one, other] = [wanted[field], given[field]];
    const isCompared = field !== FIELD_IF_BOTH || (one !== undefined && other !== undefined);
    if (isCompared && one !== other) return difference(path + field, one, other);
  }
  return null;
}

function compareWoken(expected: readonly Woken[], actual: readonly Woken[]): StepDifference | null {
  for (const entry of expected) {
    const match = actual.find((other) => other.by === entry.by);
    if (match === undefined) return difference(`woken.${entry.by}`, entry.out, undefined);
    if (match.i !== entry.i) return difference(`woken.${entry.by}.i`, entry.i, match.i);
    const found = compareOutputs(entry.out, match.out, `woken.${entry.by}.`);
    if (found) return found;
  }
  const extra = actual.find((entry) => !expected.some((other) => other.by === entry.by));
  return extra ? difference(`woken.${extra.by}`, undefined, extra.out) : null;
}

function difference(field: string, expected: unknown, actual: unknown): StepDifference {
  return { field, expected: expected ?? null, actual: actual ?? null };
}
