/**
 * Journals as text. Owns the check of the input: a line that cannot be performed is refused here, with its number and
 * the cause. Later code does not check again. Outputs are not checked.
 */
import { HISTORICAL_BUGS } from '../wire/historicalbugs.ts';
import { journalRule, KINDS } from '../wire/kinds.ts';
import { hasActor, INPUTS, isOp, OPERATIONS } from '../wire/operations.ts';
import type { Journal, JournalHeader, Step } from './journal.ts';

/** The text is not a journal. The message has the file, the line and the cause. */
export class JournalError extends Error {
  override readonly name = 'JournalError';

  /** @param line Counted from 1; 0 for the file as a whole. */
  constructor(
    readonly file: string,
    readonly line: number,
    readonly problem: string,
  ) {
    super(line === 0 ? `${file}: ${problem}` : `${file}:${line}: ${problem}`);
  }
}

/**
 * Reads a whole journal.
 *
 * @param file Its name in errors.
 * @throws JournalError at the first line that is not a header or a step.
 */
export function parseJournal(text: string, file: string): Journal {
  const lines = text.split('\n');
  while (lines.length > 0 && lines[lines.length - 1]?.trim() === '') lines.pop();
  if (lines.length === 0) throw new JournalError(file, 0, 'is empty: a journal begins with a header line');
  const header = parseHeader(lines[0] ?? '', file, 1);
  const steps: Step[] = [];
  let previous = -1;
  for (let index = 1; index < lines.length; index++) {
    const step = parseStep(lines[index] ?? '', file, index + 1);
    if (step.i <= previous) {
      throw new JournalError(file, index + 1, `step ${step.i} comes after step ${previous}: "i" must rise`);
    }
    previous = step.i;
    steps.push(step);
  }
  return { header, steps };
}

/** Reads the header line. */
export function parseHeader(line: string, file: string, lineNumber: number): JournalHeader {
  const value = parseObject(line, file, lineNumber);
  const fail = (problem: string): never => {
    throw new JournalError(file, lineNumber, problem);
  };
  if (value.t !== 'header') fail('is not the header of a journal: "t" is not "header"');
  if (value.format !== 1) fail(`has format ${JSON.stringify(value.format)}; this program reads format 1`);
  if (typeof value.name !== 'string') fail('the header has no "name"');
  if (!Number.isInteger(value.last_debug_id)) fail('the header has no "last_debug_id" (a whole number)');
  if (value.context_mgr_uid !== null && !Number.isInteger(value.context_mgr_uid)) {
    fail('"context_mgr_uid" of the header is neither a uid nor null');
  }
  if (value.secctx !== null && !KINDS.bytes.inJournals.accepts(value.secctx)) {
    fail('"secctx" of the header is neither a byte string in hex nor null');
  }
  const arena = value.arena as { addr?: unknown; size?: unknown } | null | undefined;
  if (typeof arena !== 'object' || !KINDS.address.inJournals.accepts(arena?.addr) || !Number.isInteger(arena?.size)) {
    fail('the header has no "arena" with "addr" and "size"');
  }
  const bugs: unknown = value.historical_bugs ?? [];
  if (!Array.isArray(bugs) || !bugs.every((bug) => HISTORICAL_BUGS.includes(bug))) {
    fail(`"historical_bugs" of the header is no list of ${HISTORICAL_BUGS.join(', ')}`);
  }
  return value as unknown as JournalHeader;
}

/** Reads the line of one step. Checks its inputs, but not its outputs. */
export function parseStep(line: string, file: string, lineNumber: number): Step {
  return checkStep(parseObject(line, file, lineNumber), file, lineNumber);
}

/** @throws JournalError for a value that is no step, or whose inputs the machine cannot take. */
export function checkStep(given: object, file: string, lineNumber: number): Step {
  const value = given as Record<string, unknown>;
  const fail = (problem: string): never => {
    throw new JournalError(file, lineNumber, problem);
  };
  if (!Number.isInteger(value.i)) fail('the step has no number "i"');
  const name = `step ${String(value.i)}`;
  if (typeof value.op !== 'string') fail(`${name} has no "op"`);
  const op = value.op as string;
  if (!isOp(op)) return fail(`${name} has the unknown op "${op}"; known are ${Object.keys(OPERATIONS).join(', ')}`);
  if (hasActor(op) && typeof value.by !== 'string') fail(`${name} (${op}) has no "by": which thread acts?`);
  value.in ??= {};
  if (!isObject(value.in)) fail(`"in" of ${name} (${op}) is not an object`);
  const input = value.in as Record<string, unknown>;
  for (const field of INPUTS[op].values()) {
    const given = input[field.name];
    const { says, accepts } = journalRule(field);
    if (accepts(given)) continue;
    const written = given === undefined ? 'is missing' : `is ${shorten(JSON.stringify(given))}`;
    fail(`"in.${field.name}" of ${name} (${op}) ${written}; it must be ${says}`);
  }
  if (value.out !== undefined && !isObject(value.out)) fail(`"out" of ${name} (${op}) is not an object`);
  if (value.woken !== undefined) {
    if (!Array.isArray(value.woken) || !value.woken.every(isWoken)) {
      fail(`"woken" of ${name} (${op}) is not a list of {by, i, out}`);
    }
  }
  return value as unknown as Step;
}

/** The header as one line, without the line feed. */
export function formatHeader(header: JournalHeader): string {
  return JSON.stringify(header);
}

/** The step as one line, without the line feed; its fields in the order of the format. */
export function formatStep(step: Step): string {
  const { i, op, by, in: input, parked, out, br, woken, bc, ...others } = step;
  return JSON.stringify({ i, op, by, in: input, parked, out, br, woken, bc, ...others });
}

/** The whole journal as text; the header counts the steps that follow it. */
export function formatJournal(journal: Journal): string {
  return `${[...journalLines(journal)].join('\n')}\n`;
}

/** The same, line by line. */
export function* journalLines(journal: Journal): Generator<string> {
  const { header } = journal;
  const made = journal.eachStep?.();
  yield formatHeader(made === undefined ? { ...header, steps: journal.steps.length } : header);
  for (const step of made ?? journal.steps) yield formatStep(step);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWoken(entry: unknown): boolean {
  return isObject(entry) && typeof entry.by === 'string' && Number.isInteger(entry.i) && isObject(entry.out);
}

function parseObject(line: string, file: string, lineNumber: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new JournalError(file, lineNumber, `is not JSON (${(error as Error).message})`);
  }
  if (!isObject(value)) throw new JournalError(file, lineNumber, 'is JSON, but not an object');
  return value;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
