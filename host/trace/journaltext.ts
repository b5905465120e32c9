/**
 * Journals as text. Owns the check of what is read: a line that cannot be performed is refused here, with its number
 * and what is wrong with it, so that nobody behind has to ask again. Outputs are taken as they are.
 */
import type { Journal, JournalHeader, Op, Step } from './journal.ts';

/** Text that is no journal: says which file, which line, and what is wrong with it. */
export class JournalError extends Error {
  override readonly name = 'JournalError';

  /** @param line Counted from 1; 0 when the file as a whole is meant. */
  constructor(
    readonly file: string,
    readonly line: number,
    readonly problem: string,
  ) {
    super(line === 0 ? `${file}: ${problem}` : `${file}:${line}: ${problem}`);
  }
}

/** How a field of `in` is written; a mark of interrogation behind it: may be absent. */
type FieldKind = 'name' | 'integer' | 'address' | 'bytes' | 'name?' | 'integer?' | 'bytes?' | 'name or null';

/** The fields that each operation's inputs must have. */
const INPUT_FIELDS: { [O in Op]: Readonly<Record<string, FieldKind>> } = {
  proc: { name: 'name', pid: 'integer', uid: 'integer' },
  spawn: { thread: 'name', tid: 'integer' },
  fork: { name: 'name', pid: 'integer' },
  texit: {},
  exit: {},
  kill: { proc: 'name', pid: 'integer' },
  signal: { thread: 'name', tid: 'integer' },
  await: { thread: 'name', ms: 'integer' },
  setuid: { uid: 'integer' },
  rlimit: { nofile: 'integer' },
  setcon: { context: 'bytes' },
  poke: { addr: 'address', bytes: 'bytes' },
  fill: { addr: 'address', len: 'integer', byte: 'integer' },
  peek: { addr: 'address', len: 'integer' },
  open: { flags: 'integer', device: 'integer?' },
  close: { fd: 'integer' },
  dup: { fd: 'integer', to: 'integer' },
  fcntl: { fd: 'integer', cmd: 'integer', arg: 'integer' },
  mmap: { addr: 'address', len: 'integer', prot: 'integer', flags: 'address', fd: 'integer', off: 'integer' },
  munmap: { addr: 'address', len: 'integer' },
  mprotect: { addr: 'address', len: 'integer', prot: 'integer' },
  poll: { fd: 'integer', events: 'integer', timeout: 'integer' },
  read: { fd: 'integer', addr: 'address', len: 'integer' },
  write: { fd: 'integer', addr: 'address', poke: 'bytes', len: 'integer' },
  ftruncate: { fd: 'integer', len: 'integer' },
  mkfd: { kind: 'name', fd: 'integer', fd2: 'integer?', content: 'bytes?' },
  fdinfo: { fd: 'integer' },
  ioctl: { fd: 'integer', cmd: 'address', name: 'name or null', arg: 'address', poke: 'bytes', out_len: 'integer' },
  wr: {
    fd: 'integer',
    arg: 'address',
    wbuf: 'address',
    poke: 'bytes',
    write_size: 'integer',
    write_consumed: 'integer',
    rbuf: 'address',
    read_size: 'integer',
    read_consumed: 'integer',
  },
  dump: { file: 'name' },
  shrink: { pages: 'integer' },
  note: { text: 'name?' },
};

/** Operations that nobody performs from within the machine: they have no `by`. */
const WITHOUT_ACTOR: ReadonlySet<Op> = new Set<Op>(['proc', 'kill', 'signal', 'await', 'dump', 'shrink', 'note']);

/**
 * Reads a whole journal.
 *
 * @param file What to call it in errors.
 * @throws JournalError at the first line that is no header or no step.
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
  if (value.secctx !== null && !isKind(value.secctx, 'bytes')) {
    fail('"secctx" of the header is neither a byte string in hex nor null');
  }
  const arena = value.arena as { addr?: unknown; size?: unknown } | null | undefined;
  if (typeof arena !== 'object' || !isKind(arena?.addr, 'address') || !isKind(arena?.size, 'integer')) {
    fail('the header has no "arena" with "addr" and "size"');
  }
  return value as unknown as JournalHeader;
}

/** Reads the line of one step. Its outputs are taken as they are; its inputs are checked. */
export function parseStep(line: string, file: string, lineNumber: number): Step {
  const value = parseObject(line, file, lineNumber);
  const fail = (problem: string): never => {
    throw new JournalError(file, lineNumber, problem);
  };
  if (!Number.isInteger(value.i)) fail('the step has no number "i"');
  const name = `step ${String(value.i)}`;
  if (typeof value.op !== 'string') fail(`${name} has no "op"`);
  const op = value.op as Op;
  if (!Object.hasOwn(INPUT_FIELDS, op)) {
    fail(`${name} has the unknown op "${op}"; known are ${Object.keys(INPUT_FIELDS).join(', ')}`);
  }
  if (!WITHOUT_ACTOR.has(op) && typeof value.by !== 'string') fail(`${name} (${op}) has no "by": which thread acts?`);
  value.in ??= {};
  if (!isObject(value.in)) fail(`"in" of ${name} (${op}) is not an object`);
  const input = value.in as Record<string, unknown>;
  for (const [field, kind] of Object.entries(INPUT_FIELDS[op])) {
    if (!isKind(input[field], kind)) {
      const written = input[field] === undefined ? 'is missing' : `is ${shorten(JSON.stringify(input[field]))}`;
      fail(`"in.${field}" of ${name} (${op}) ${written}; it must be ${KIND_WORDS[kind]}`);
    }
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
  const lines = [formatHeader({ ...journal.header, steps: journal.steps.length })];
  for (const step of journal.steps) lines.push(formatStep(step));
  return `${lines.join('\n')}\n`;
}

const KIND_WORDS: Readonly<Record<FieldKind, string>> = {
  name: 'a string',
  'name?': 'a string',
  'name or null': 'a string or null',
  integer: 'a whole number',
  'integer?': 'a whole number',
  address: 'a string like "0x10000000"',
  bytes: 'a string of hex digits, two a byte',
  'bytes?': 'a string of hex digits, two a byte',
};

function isKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case 'name':
      return typeof value === 'string';
    case 'name?':
      return value === undefined || typeof value === 'string';
    case 'name or null':
      return value === null || typeof value === 'string';
    case 'integer':
      return Number.isInteger(value);
    case 'integer?':
      return value === undefined || Number.isInteger(value);
    case 'address':
      return typeof value === 'string' && /^0x[0-9a-f]{1,16}$/.test(value);
    case 'bytes':
      return typeof value === 'string' && value.length % 2 === 0 && /^[0-9a-f]*$/.test(value);
    case 'bytes?':
      return value === undefined || isKind(value, 'bytes');
  }
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
