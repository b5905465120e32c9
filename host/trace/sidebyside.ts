/**
 * Two decoded outputs side by side, for people who look for differences. Owns the rows of an output and their
 * alignment:
 *
 *       recorded                    emulator
 *       ret 0                       ret 0
 *       BR_NOOP                     BR_NOOP
 *     !   code=1                      code=2
 */
import { answersOf } from './call.ts';
import { hexDump } from './hexdump.ts';
import type { Output, StepInput, WriteReadOutput } from './journal.ts';

/** A row: its left and its right text; null where one side has no row. */
type Row = readonly [left: string | null, right: string | null];

/** Rows shown before the first difference, and in all. */
const ROWS_BEFORE = 12;
const ROWS_MAX = 40;

/** Fields that hold bytes. */
const BYTES: readonly string[] = ['read', 'read_over', 'bytes', 'content'];

/** Two hex dumps of this width fit side by side. */
const BYTES_PER_ROW = 8;

/** Above this product of lengths, rows are paired by number instead of by the longest common subsequence. */
const ALIGN_MAX = 1_000_000;

/**
 * @param step The step of both outputs. Its operation decides how to decode the bytes.
 * @param columns Width of the whole in characters.
 */
export function sideBySide(step: StepInput, expected: Output | null, actual: Output | null, columns = 110): string[] {
  const rows = align(outputRows(step, expected), outputRows(step, actual));
  const first = rows.findIndex(([left, right]) => left !== right);
  const start = Math.max(0, first - ROWS_BEFORE);
  const shown = rows.slice(start, start + ROWS_MAX);
  const fit = Math.floor((columns - 5) / 2);
  const width = Math.min(fit, Math.max(10, ...shown.map(([left]) => left?.length ?? 0)));
  const line = (mark: string, left: string, right: string): string =>
    `${mark} ${cut(left, width).padEnd(width)}   ${cut(right, fit)}`.trimEnd();
  const lines = [line(' ', 'recorded', 'emulator')];
  if (start > 0) lines.push(`  (${start} equal rows above)`);
  for (const [left, right] of shown) lines.push(line(left === right ? ' ' : '!', left ?? '-', right ?? '-'));
  const rest = rows.length - start - shown.length;
  if (rest > 0) lines.push(`  (${rest} rows below)`);
  return lines;
}

/** An output, one fact a row. Bytes are decoded where their format is known and they are valid hex. */
function outputRows(step: StepInput, out: Output | null): string[] {
  return Object.entries(out ?? {}).flatMap(([field, value]): string[] => {
    if (value === undefined) return [];
    if (field === 'text' && typeof value === 'string') return value.trimEnd().split('\n');
    if (!BYTES.includes(field) || !isHex(value)) return [`${field} ${String(value)}`];
    const words = field === 'read' && step.op === 'wr' ? answersOf(step.in, out as WriteReadOutput) : [];
    return [...words.flatMap(wordRows), ...hexDump(value, `${field} `, BYTES_PER_ROW)];
  });
}

/** A recording may have any value there. */
function isHex(value: unknown): value is string {
  return typeof value === 'string' && value.length % 2 === 0 && !/[^0-9a-f]/.test(value);
}

/** `BR_INCREFS ptr=0x1 cookie=0x2` as a row for the word and one for each field. */
function wordRows(text: string): string[] {
  const [word = '', ...fields] = text.split(' ');
  return [word, ...fields.map((field) => `  ${field}`)];
}

function align(left: readonly string[], right: readonly string[]): Row[] {
  if (left.length * right.length > ALIGN_MAX) return alignByNumber(left, right);
  // lengths[i][j]: length of the longest common subsequence from i and from j on
  const stride = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * stride);
  const lengthAt = (i: number, j: number): number => lengths[i * stride + j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const both = left[i] === right[j];
      lengths[i * stride + j] = both ? lengthAt(i + 1, j + 1) + 1 : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }
  const rows: Row[] = [];
  for (let i = 0, j = 0; i < left.length || j < right.length; i++, j++) {
    const [fromLeft, fromRight] = [i, j];
    while (left[i] !== right[j]) {
      const isLeft = j >= right.length || (i < left.length && lengthAt(i + 1, j) >= lengthAt(i, j + 1));
      if (isLeft) i++;
      else j++;
    }
    for (const row of alignByNumber(left.slice(fromLeft, i), right.slice(fromRight, j))) rows.push(row);
    if (i < left.length) rows.push([left[i] ?? null, right[j] ?? null]);
  }
  return rows;
}

function alignByNumber(left: readonly string[], right: readonly string[]): Row[] {
  const count = Math.max(left.length, right.length);
  return Array.from({ length: count }, (_, n) => [left[n] ?? null, right[n] ?? null] as const);
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
