/**
 * Compares two recordings of one program. The driver's id counter is never reset, so ids are compared relative to its
 * value at the beginning.
 */
import { EXTENDED_ERROR_ID } from '../assembly/abi/wire.ts';
import { compareSteps } from '../host/trace/compare.ts';
import type { Journal, Step } from '../host/trace/journal.ts';

/** The first difference. */
export interface RecordingDifference {
  /** Number of the step. */
  step: number;
  /** `op`, `by`, `in`, `length`, or a field of the step's result. */
  field: string;
  expected: unknown;
  actual: unknown;
}

/** @returns null when the steps are equal, in inputs and results */
export function recordingDifference(expected: Journal, actual: Journal): RecordingDifference | null {
  for (const [index, step] of expected.steps.entries()) {
    const other = actual.steps[index];
    if (other === undefined) break;
    const found = stepDifference(
      relativeStep(step, expected.header.last_debug_id),
      relativeStep(other, actual.header.last_debug_id),
    );
    if (found !== null) return { step: step.i, ...found };
  }
  const [wanted, given] = [expected.steps.length, actual.steps.length];
  if (wanted === given) return null;
  return { step: Math.min(wanted, given), field: 'length', expected: wanted, actual: given };
}

function stepDifference(expected: Step, actual: Step): Omit<RecordingDifference, 'step'> | null {
  for (const field of ['op', 'by', 'in'] as const) {
    const [wanted, given] = [canonical(expected[field]), canonical(actual[field])];
    if (wanted !== given) return { field, expected: wanted, actual: given };
  }
  if (isCut(expected) || isCut(actual)) return null;
  const found = compareSteps(expected, actual);
  if (found !== null) return found;
  const [wanted, given] = [orderOf(expected), orderOf(actual)];
  return wanted === given ? null : { field: 'woken.order', expected: wanted, actual: given };
}

function isCut(step: Step): boolean {
  return step.op === 'dump' && step.out?.cut === true;
}

function orderOf({ woken = [] }: Step): string {
  return woken.map(({ by, order }) => `${by} ${order}`).join(', ');
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'nothing';
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The step with ids relative to `base`; "+3" in texts. */
function relativeStep(step: Step, base: number): Step {
  if (step.op === 'dump' && step.out) {
    // older recordings have null for the text of a missing file
    const text = relativeText((step.out.text as string | null) ?? '', base);
    return { ...step, out: { ...step.out, text } };
  }
  if (step.op !== 'ioctl' || step.in.name !== 'BINDER_GET_EXTENDED_ERROR' || step.out === undefined) return step;
  // after a fault the bytes end within the id
  if (step.out.ret !== 0) return { ...step, out: { ...step.out, bytes: '' } };
  return { ...step, out: { ...step.out, bytes: relativeError(step.out.bytes ?? '', base) } };
}

/** struct binder_extended_error. */
function relativeError(hex: string, base: number): string {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < EXTENDED_ERROR_ID + 4) return hex;
  const id = bytes.readUInt32LE(EXTENDED_ERROR_ID);
  if (id > base) bytes.writeUInt32LE(id - base, EXTENDED_ERROR_ID);
  return bytes.toString('hex');
}

function relativeText(text: string, base: number): string {
  const relative = (id: string) => (Number(id) > base ? `+${Number(id) - base}` : id);
  return text
    .replace(/^(\d+)(: (?:call |async|reply) from)/gm, (_, id: string, rest: string) => relative(id) + rest)
    .replace(
      /\b(node|ref|buffer|transaction|node work) (\d+)/g,
      (_, what: string, id: string) => `${what} ${relative(id)}`,
    );
}
