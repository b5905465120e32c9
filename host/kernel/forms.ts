/**
 * What operations take: for each of them its fields, and for each field a rule. Scripts in plain JavaScript may hand over
 * anything; what a rule does not accept is an error here that names the field, what was given, and what is accepted.
 *
 * Hot calls look at their arguments by themselves, and come here when something is odd.
 */
import { DEVICE_BINDER, DEVICE_HWBINDER, DEVICE_VNDBINDER } from '../../assembly/abi/machine.ts';
import { BinderlabError } from './error.ts';

/** What a field may be. */
interface Rule {
  /** In words that follow "it is to be". */
  readonly says: string;
  readonly accepts: (value: unknown) => boolean;
}

/** The fields of an operation, by name. */
type Form = Readonly<Record<string, Rule>>;

/** Numbers of the Binder devices, by name. */
export const DEVICES = {
  binder: DEVICE_BINDER,
  hwbinder: DEVICE_HWBINDER,
  vndbinder: DEVICE_VNDBINDER,
} as const;

const INT_MAX = 0x7fff_ffff;
const WORD_MAX = 0xffff_ffff;

function whole(from: number, to: number, says = `a whole number from ${from} to ${to}`): Rule {
  return { says, accepts: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to };
}

function oneOf(names: readonly string[]): Rule {
  return { says: names.map((name) => `"${name}"`).join(' or '), accepts: (value) => names.includes(value as string) };
}

function optional({ says, accepts }: Rule): Rule {
  return { says: `${says}, or nothing`, accepts: (value) => value === undefined || accepts(value) };
}

const DESCRIPTOR = whole(-INT_MAX - 1, INT_MAX, 'a whole number of 32 bits, as open() gives');
const INT = whole(-INT_MAX - 1, INT_MAX, 'a whole number of 32 bits');
const WORD = whole(-INT_MAX - 1, WORD_MAX, 'a whole number of 32 bits');
const COUNT = whole(0, WORD_MAX);
const HANDLE = whole(0, WORD_MAX);
const ADDRESS = whole(0, Number.MAX_SAFE_INTEGER, 'a whole number from 0 to 2^53 - 1');
const LONG: Rule = {
  says: 'a whole number, or a bigint for more than 53 bits',
  accepts: (value) => typeof value === 'bigint' || Number.isSafeInteger(value),
};
const ID = whole(1, INT_MAX);
const SEED = whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'a whole number');
const UID = whole(0, WORD_MAX);
const BYTES: Rule = { says: 'a Uint8Array', accepts: (value) => value instanceof Uint8Array };
const TEXT: Rule = { says: 'text', accepts: (value) => typeof value === 'string' };
const LIST: Rule = { says: 'a list', accepts: Array.isArray };
const FUNCTION: Rule = { says: 'a function', accepts: (value) => typeof value === 'function' };
const PROCESS_NAME: Rule = {
  says: 'a name without dots; threads are called NAME.0, NAME.1',
  accepts: (value) => typeof value === 'string' && /^[^.]+$/.test(value),
};
const THREAD_NAME: Rule = {
  says: 'a name',
  accepts: (value) => typeof value === 'string' && value !== '',
};
const MILLISECONDS: Rule = {
  says: 'a number of milliseconds, 0 or more',
  accepts: (value) => typeof value === 'number' && value >= 0 && value < Infinity,
};
const POWER_OF_TWO: Rule = {
  says: 'a power of two',
  accepts: (value) => Number.isInteger(value) && (value as number) > 0 && Number.isInteger(Math.log2(value as number)),
};
const COMMANDS: Rule = {
  says: 'a list of commands, [bc.enterLooper()]',
  accepts: Array.isArray,
};
const PAYLOAD: Rule = {
  says: 'text, a typed array such as Uint8Array, or what process.place() gave',
  accepts: (value) =>
    typeof value === 'string' ||
    ArrayBuffer.isView(value) ||
    (isRecord(value) && ADDRESS.accepts(value.address) && COUNT.accepts(value.length)),
};
const BUFFER: Rule = {
  says: 'a Uint8Array, or what process.place() gave',
  accepts: (value) => typeof value !== 'string' && PAYLOAD.accepts(value),
};

/** Fields of every call and reply. */
const MESSAGE: Form = {
  code: optional(WORD),
  flags: optional(WORD),
  cookie: optional(LONG),
  data: optional(PAYLOAD),
  objects: optional(LIST),
  offsets: optional(LIST),
  buffersSize: optional(ADDRESS),
};
const NODE: Form = { ptr: LONG, cookie: optional(LONG), flags: optional(WORD) };
const REFERENCE: Form = { handle: HANDLE, cookie: optional(LONG), flags: optional(WORD) };

/** The objects that a message may carry, by their type. */
const OBJECTS: Readonly<Record<string, Form>> = {
  binder: NODE,
  'weak-binder': NODE,
  handle: REFERENCE,
  'weak-handle': REFERENCE,
  fd: { fd: DESCRIPTOR, cookie: optional(LONG) },
  ptr: { data: BUFFER, flags: optional(WORD), parent: optional(ADDRESS), parentOffset: optional(ADDRESS) },
  fda: { count: ADDRESS, parent: ADDRESS, parentOffset: optional(ADDRESS) },
};
const OBJECT: Form = { type: oneOf(Object.keys(OBJECTS)), at: optional(ADDRESS) };

const FORMS = {
  spawn: { name: PROCESS_NAME, uid: UID, pid: ID },
  fork: { name: PROCESS_NAME, pid: ID },
  thread: { name: THREAD_NAME, tid: ID },
  program: { program: { says: 'a generator function, function* () { ... }', accepts: FUNCTION.accepts } },
  simulate: { seed: SEED, order: oneOf(['fifo', 'random']), choices: LIST },
  sleep: { ms: MILLISECONDS },
  until: { holds: FUNCTION, what: TEXT, timeoutMs: { ...optional(MILLISECONDS), accepts: isTimeout } },
  'simulation.run': { until: FUNCTION, turnsMax: ADDRESS, pollingMaxMs: { says: MILLISECONDS.says, accepts: isLimit } },
  on: { event: oneOf(['step', 'log']), listener: FUNCTION },
  note: { text: TEXT },
  dump: { file: TEXT },
  shrink: { pages: COUNT },
  alloc: { length: ADDRESS, align: POWER_OF_TWO },
  place: { bytes: BYTES, align: POWER_OF_TWO },
  'process.read': { address: ADDRESS, length: ADDRESS },
  'process.write': { address: ADDRESS, bytes: BYTES },
  open: { device: oneOf(Object.keys(DEVICES)) },
  close: { fd: DESCRIPTOR },
  fdinfo: { fd: DESCRIPTOR },
  dup: { fd: DESCRIPTOR, to: DESCRIPTOR },
  fcntl: { fd: DESCRIPTOR, cmd: WORD, arg: WORD },
  mmap: { fd: DESCRIPTOR, length: ADDRESS, address: ADDRESS, prot: WORD, flags: WORD },
  munmap: { address: ADDRESS, length: ADDRESS },
  mprotect: { address: ADDRESS, length: ADDRESS, prot: WORD },
  setUid: { uid: UID },
  setContext: {
    context: { says: 'text, or null', accepts: (value: unknown) => value === null || TEXT.accepts(value) },
  },
  memfd: { content: BYTES },
  ftruncate: { fd: DESCRIPTOR, length: ADDRESS },
  read: { fd: DESCRIPTOR, length: COUNT },
  write: { fd: DESCRIPTOR, bytes: BYTES },
  poll: { fd: DESCRIPTOR, events: WORD },
  ioctl: { fd: DESCRIPTOR, cmd: WORD, arg: ADDRESS, poke: BYTES, outLen: COUNT },
  writeRead: { fd: DESCRIPTOR, commands: COMMANDS, readSize: COUNT },
  setMaxThreads: { count: COUNT },
  freeze: { pid: INT, timeoutMs: COUNT },
  nodeInfoForRef: { handle: HANDLE },
  awaitTimeout: { ms: MILLISECONDS },
  'bc.transaction': { handle: LONG, ...MESSAGE },
  'bc.reply': { handle: optional(LONG), ...MESSAGE },
} satisfies Readonly<Record<string, Form>>;

/** @throws BinderlabError when a field of an operation is not what the operation takes. */
export function checkForm(operation: keyof typeof FORMS, fields: object): void {
  checkFields(operation, FORMS[operation], fields as Record<string, unknown>);
}

/** @throws BinderlabError when it is no object for a message. @param index Its place among them. */
export function checkObject(object: unknown, index: number): void {
  const what = `object ${index} of a message`;
  if (!isRecord(object)) throw new BinderlabError(`${what} is ${shown(object)}; it is to be { type: ..., ... }.`);
  checkFields(what, OBJECT, object);
  checkFields(`${what}, of the type ${object.type}`, OBJECTS[object.type as string] as Form, object);
}

function checkFields(what: string, form: Form, fields: Readonly<Record<string, unknown>>): void {
  for (const [name, { says, accepts }] of Object.entries(form)) {
    if (!accepts(fields[name])) {
      throw new BinderlabError(`${what}: ${name} is ${shown(fields[name])}; it is to be ${says}.`);
    }
  }
}

function isTimeout(value: unknown): boolean {
  return value === null || MILLISECONDS.accepts(value);
}

function isLimit(value: unknown): boolean {
  return value === Infinity || MILLISECONDS.accepts(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A value as an error shows it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > 40 ? `${value.slice(0, 40)}...` : value}"`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (!isRecord(value)) return value === undefined ? 'missing' : String(value);
  const kind = (value.constructor as { name?: string } | undefined)?.name ?? 'Object';
  return kind === 'Object'
    ? `an object with ${Object.keys(value).join(', ') || 'nothing in it'}`
    : `of the kind ${kind}`;
}
