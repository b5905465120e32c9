/**
 * Is a step what the recording says? Owns the comparison of outputs, field by field: results, bytes, signals, who is
 * parked, who woke. `bc` and `br` follow from the bytes, and `order` is information: they are not compared.
 */
import { addressOfHex } from '../kernel/hex.ts';
import type { DumpOutput, Output, PeekOutput, Step, StepOf, Woken } from './journal.ts';
import { opHasOutput } from './journal.ts';
import type { Shown } from './shown.ts';

/** The first thing in a step that differs. */
export interface StepDifference {
  /** `parked`, a field of `out`, or for a thread that woke `woken.THREAD` or `woken.THREAD.FIELD`. */
  field: string;
  /** What was recorded; null when the recording has nothing there. */
  expected: unknown;
  /** What the emulator did; null when it did nothing of the kind. */
  actual: unknown;
}

/** The output fields that count, the most telling first. Fields not named here belong to some later format. */
const FIELDS = [
  'ret',
  'errno',
  'signal',
  'si_code',
  'write_consumed',
  'read_consumed',
  'read',
  'bytes',
  'revents',
  'file',
  'cloexec',
  'content',
  'exists',
  'text',
] as const;

/** Compared only where both sides have it: a driver may store the bytes that were there. */
const FIELD_IF_BOTH = 'read_over';

/** Whether a step was recorded without its outputs, so that there is nothing to compare. */
export function isInputsOnly(step: Step): boolean {
  if (step.woken !== undefined || step.parked !== undefined || step.out !== undefined) return false;
  return opHasOutput(step.op);
}

/**
 * Compares what came of a step with its recording. A woken thread's `i` is compared as it is, so both sides must
 * count the steps alike.
 *
 * @param shown What the recording's processes had been shown before the step, when the machine does not map pages as
 *   the recorded kernel did: then the counts of pages in dumps do not matter, nor do bytes of a Binder mapping that are
 *   not part of a message its owner holds.
 * @returns the first difference, or null when they are equal
 */
export function compareSteps(expected: Step, actual: Step, shown?: Shown): StepDifference | null {
  const parked = expected.parked ?? false;
  if (parked !== (actual.parked ?? false)) return { field: 'parked', expected: parked, actual: !parked };
  return compareOwn(expected, actual, shown) ?? compareWoken(expected.woken ?? [], actual.woken ?? []);
}

/** What the step answered itself. */
function compareOwn(expected: Step, actual: Step, shown?: Shown): StepDifference | null {
  if (shown !== undefined && expected.out !== undefined && actual.out !== undefined) {
    if (expected.op === 'dump') {
      return compareOutputs(withoutPages(expected.out), withoutPages(actual.out as DumpOutput), '');
    }
    if (expected.op === 'peek') return comparePeek(expected, actual as StepOf<'peek'>, shown);
  }
  return compareOutputs(expected.out, actual.out, '');
}

/** A dump without the lines that count pages. */
function withoutPages(out: DumpOutput): DumpOutput {
  return { ...out, text: out.text.replace(/^ *pages(?: high watermark)?: .*\n/gm, '') };
}

/** In a Binder mapping only the bytes count that the process was shown; a page without a frame is SIGBUS, never worse. */
function comparePeek(expected: StepOf<'peek'>, actual: StepOf<'peek'>, shown: Shown): StepDifference | null {
  const [wanted, given] = [expected.out as PeekOutput, actual.out as PeekOutput];
  const from = addressOfHex(expected.in.addr);
  const stretches = shown.stretches(expected.by, { from, to: from + expected.in.len });
  const isBad = wanted.signal === 'SIGSEGV' || given.signal === 'SIGSEGV';
  if (stretches === null || isBad) return compareOutputs(wanted, given, '');
  for (const stretch of stretches) {
    const part = ({ bytes }: PeekOutput) => bytes.slice(2 * (stretch.from - from), 2 * (stretch.to - from));
    if (part(wanted) !== part(given)) return difference('bytes', wanted.bytes, given.bytes);
  }
  return null;
}

function compareOutputs(expected: Output | undefined, actual: Output | undefined, path: string): StepDifference | null {
  const wanted = (expected ?? {}) as Readonly<Record<string, unknown>>;
  const given = (actual ?? {}) as Readonly<Record<string, unknown>>;
  for (const field of FIELDS) {
    if (wanted[field] !== given[field]) return difference(path + field, wanted[field], given[field]);
  }
  const both = wanted[FIELD_IF_BOTH] !== undefined && given[FIELD_IF_BOTH] !== undefined;
  if (both && wanted[FIELD_IF_BOTH] !== given[FIELD_IF_BOTH]) {
    return difference(path + FIELD_IF_BOTH, wanted[FIELD_IF_BOTH], given[FIELD_IF_BOTH]);
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
