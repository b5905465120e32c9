/**
 * What operations take: for each of them its fields, and for each field a rule. Scripts in plain JavaScript may hand over
 * anything; what a rule does not accept is an error here that names the field, what was given, and what is accepted.
 *
 * Hot calls look at their arguments by themselves, and come here when something is odd.
 */
import { PAGE_SIZE, SECCTX_MAX, WINDOW_SIZE } from '../../assembly/abi/machine.ts';
import { isCompiled } from '../guest/code.ts';
import { BinderlabError } from './error.ts';
import { DEVICES, type Field, KINDS, oneOf, type Rule } from './kinds.ts';
import { INPUTS, type InputOf, type Op, type PlainOp } from './operations.ts';
import { STRATEGIES } from './strategy.ts';

/** The fields of an operation, by name. */
type Form = Readonly<Record<string, Rule>>;

function optional({ says, accepts }: Rule): Rule {
  return { says: `${says}, or nothing`, accepts: (value) => value === undefined || accepts(value) };
}

const { fd, int, word, count, size, id, uid, bytes, process_name, thread_name } = KINDS;
const LONG: Rule = {
  says: 'a whole number, or a bigint for more than 53 bits',
  accepts: (value) => typeof value === 'bigint' || Number.isSafeInteger(value),
};
const DEVICE = oneOf(Object.keys(DEVICES));
const SEED: Rule = { says: 'a whole number', accepts: Number.isSafeInteger };
const TEXT: Rule = { says: 'text', accepts: (value) => typeof value === 'string' };
const LIST: Rule = { says: 'a list', accepts: Array.isArray };
const FUNCTION: Rule = { says: 'a function', accepts: (value) => typeof value === 'function' };
const BOOT: Rule = { says: 'a function, (header) => Machine.fromHeader(header)', accepts: FUNCTION.accepts };
const JOURNAL: Rule = {
  says: 'a journal, as machine.journal has it, parseJournal(text, name) or BinaryJournal.of(bytes, name)',
  accepts: (value) => isRecord(value) && isRecord(value.header) && 'steps' in value,
};
const CONDITION: Rule = {
  says: 'a condition such as "BR_REPLY" or "buffers > 3", or a function',
  accepts: (value) => typeof value === 'string' || typeof value === 'function',
};
const MILLISECONDS: Rule = {
  says: 'a number of milliseconds, 0 or more',
  accepts: (value) => typeof value === 'number' && value >= 0 && value < Infinity,
};
const WAIT_TIMEOUT: Rule = {
  says: 'a whole number of milliseconds, or null for no timeout',
  accepts: (value) => value === null || (count.accepts(value) && (value as number) <= 0x7fff_ffff),
};
const EVENTS_MAX: Rule = {
  says: 'a whole number from 1 to 1024',
  accepts: (value) => count.accepts(value) && (value as number) >= 1 && (value as number) <= 1024,
};
const POWER_OF_TWO: Rule = {
  says: 'a power of two',
  accepts: (value) => Number.isInteger(value) && (value as number) > 0 && Number.isInteger(Math.log2(value as number)),
};
const COMMANDS: Rule = {
  says: 'a list of commands, [bc.enterLooper()]',
  accepts: Array.isArray,
};
const KEEPING: Rule = {
  says: 'true, false, "all", { last: 100 } or { file: "run.journal" }',
  accepts: (value) =>
    typeof value === 'boolean' ||
    value === 'all' ||
    (isRecord(value) &&
      Object.keys(value).every((name) => ['last', 'bytes', 'file'].includes(name)) &&
      ((count.accepts(value.last) && value.last !== 0 && optional(size).accepts(value.bytes)) ||
        typeof value.file === 'string' ||
        isRecord(value.file))),
};
const PAYLOAD: Rule = {
  says: 'text, a typed array such as Uint8Array, or what process.place() gave',
  accepts: (value) =>
    typeof value === 'string' ||
    ArrayBuffer.isView(value) ||
    (isRecord(value) && size.accepts(value.address) && count.accepts(value.length)),
};
const BUFFER: Rule = {
  says: 'a Uint8Array, or what process.place() gave',
  accepts: (value) => typeof value !== 'string' && PAYLOAD.accepts(value),
};

const BUFFERS = ['[object ArrayBuffer]', '[object SharedArrayBuffer]'];
const WASM: Rule = {
  says: 'the bytes of release.wasm or debug.wasm, or a module compiled of them',
  accepts: (value) =>
    isCompiled(value) || ArrayBuffer.isView(value) || BUFFERS.includes(Object.prototype.toString.call(value)),
};
/** Kernel address space ends some 256 GiB above the beginning of the vmalloc area. */
const VMALLOC_MIB_MAX = 128 * 1024;
const VMALLOC: Rule = {
  says: `a whole number of MiB up to ${VMALLOC_MIB_MAX}`,
  accepts: (value) => size.accepts(value) && (value as number) <= VMALLOC_MIB_MAX,
};
const CONTEXT: Rule = {
  says: `null, or a Uint8Array of at most ${SECCTX_MAX} bytes`,
  accepts: (value) => value === null || (bytes.accepts(value) && (value as Uint8Array).length <= SECCTX_MAX),
};
const ARENA: Rule = {
  says: `{ address, size }, both multiples of ${PAGE_SIZE}, with ${WINDOW_SIZE} bytes at least`,
  accepts: (value) =>
    isRecord(value) &&
    [value.address, value.size].every((one) => size.accepts(one) && (one as number) % PAGE_SIZE === 0) &&
    (value.size as number) >= WINDOW_SIZE,
};

const NONE = {};
const WRITE_READ_OPTIONS = ['readSize', 'mayFail'];

/** Fields of every call and reply. */
const MESSAGE: Form = {
  code: optional(word),
  flags: optional(word),
  cookie: optional(LONG),
  data: optional(PAYLOAD),
  objects: optional(LIST),
  offsets: optional(LIST),
  buffersSize: optional(size),
};
const NODE: Form = { ptr: LONG, cookie: optional(LONG), flags: optional(word) };
const REFERENCE: Form = { handle: count, cookie: optional(LONG), flags: optional(word) };

/** The objects that a message may carry, by their type. */
const OBJECTS: Readonly<Record<string, Form>> = {
  binder: NODE,
  'weak-binder': NODE,
  handle: REFERENCE,
  'weak-handle': REFERENCE,
  fd: { fd, cookie: optional(LONG) },
  ptr: { data: BUFFER, flags: optional(word), parent: optional(size), parentOffset: optional(size) },
  fda: { count: size, parent: size, parentOffset: optional(size) },
};
const OBJECT: Form = { type: oneOf(Object.keys(OBJECTS)), at: optional(size) };

const FORMS = {
  boot: {
    wasm: optional(WASM),
    vmallocMiB: VMALLOC,
    seed: SEED,
    arena: ARENA,
    lastDebugId: { says: 'a whole number from 0 to 2^31 - 1', accepts: (value) => value === 0 || id.accepts(value) },
    contextMgrUid: { says: `null, or ${uid.says}`, accepts: (value) => value === null || uid.accepts(value) },
    secctx: CONTEXT,
    debugMask: word,
  },
  spawn: { name: process_name, uid, pid: id },
  fork: { name: process_name, pid: id },
  thread: { name: thread_name, tid: id },
  program: { program: { says: 'a generator function, function* () { ... }', accepts: FUNCTION.accepts } },
  simulate: { seed: SEED, order: oneOf(['fifo', 'random']), choices: LIST },
  'ServiceManager.start': { name: process_name, uid, device: DEVICE, declared: optional(LIST) },
  addService: { dumpPriority: count },
  sleep: { ms: MILLISECONDS },
  until: { holds: FUNCTION, what: TEXT, timeoutMs: { ...optional(MILLISECONDS), accepts: isTimeout } },
  'simulation.run': { until: FUNCTION, turnsMax: size, pollingMaxMs: { says: MILLISECONDS.says, accepts: isLimit } },
  on: {
    event: oneOf(['step', 'log', 'transaction', 'command', 'return', 'page', 'fault', 'wake', 'death']),
    listener: FUNCTION,
  },
  break: { condition: CONDITION, reached: optional(FUNCTION) },
  property: { name: TEXT, holds: FUNCTION },
  explore: {
    script: FUNCTION,
    preemptions: optional(size),
    random: optional(size),
    stepsMax: optional(size),
    turnsMax: optional(size),
    progress: optional(FUNCTION),
  },
  History: { journal: JOURNAL, boot: BOOT },
  replay: { journal: JOURNAL, boot: BOOT },
  record: { journal: JOURNAL, boot: BOOT },
  'BinaryJournal.of': { bytes, file: TEXT },
  note: { text: TEXT },
  inject: {
    what: oneOf(['frame', 'object', 'buffer', 'copy', 'signal', 'timer', 'death', 'shrinker']),
    nth: count,
    bytes: optional(count),
  },
  dump: { file: TEXT },
  keepJournal: { keep: KEEPING },
  shrink: { pages: count },
  alloc: { length: size, align: POWER_OF_TWO },
  place: { bytes, align: POWER_OF_TWO },
  'process.read': { address: size, length: size },
  'process.write': { address: size, bytes },
  open: { device: DEVICE },
  fdinfo: { fd },
  dup: { fd, to: fd },
  mmap: { flags: word, strategy: optional(oneOf(STRATEGIES)) },
  setUid: { uid },
  setContext: {
    context: { says: 'text, or null', accepts: (value: unknown) => value === null || TEXT.accepts(value) },
  },
  memfd: { content: bytes },
  read: { fd, length: count },
  write: { fd, bytes },
  poll: { fd, events: word },
  epollCtl: { command: oneOf(['add', 'modify', 'delete']) },
  epollWait: { epfd: fd, eventsMax: EVENTS_MAX, timeoutMs: WAIT_TIMEOUT },
  ioctl: { fd, cmd: word, arg: size, poke: bytes, outLen: count },
  writeRead: { fd, commands: COMMANDS, readSize: count },
  setMaxThreads: { count },
  freeze: { pid: int, timeoutMs: count },
  nodeInfoForRef: { handle: count },
  awaitTimeout: { ms: count },
  'bc.transaction': { handle: LONG, ...MESSAGE },
  'bc.raw': { bytes },
  'bc.reply': { handle: optional(LONG), ...MESSAGE },
} satisfies Readonly<Record<string, Form>>;

/**
 * @param others What an object of options has beside those fields: nothing, unless a name is misspelt.
 * @throws BinderlabError when a field of an operation is not what the operation takes.
 */
export function checkForm(operation: keyof typeof FORMS, fields: object, others: object = NONE): void {
  for (const name in others) throw unknownField(operation, name, Object.keys(fields));
  checkFields(operation, FORMS[operation], fields as Record<string, unknown>);
}

/** @throws BinderlabError when an object has a field that is none of those. */
export function checkNames(what: string, given: object, known: readonly string[]): void {
  if (!isRecord(given)) throw new BinderlabError(`${what}: ${shown(given)} is no object of options.`);
  for (const name in given) if (!known.includes(name)) throw unknownField(what, name, known);
}

/** The same for options of writeRead: quick while nothing is odd, as the call is hot. */
export function checkReading(options: { readonly readSize?: number }): void {
  let isOdd = options.readSize === undefined;
  for (const name in options) if (name !== 'readSize' && name !== 'mayFail') isOdd = true;
  if (isOdd) checkNames('writeRead', options, WRITE_READ_OPTIONS);
}

function unknownField(what: string, name: string, known: readonly string[]): BinderlabError {
  const others = known.length === 1 ? `the only one is ${known[0]}` : `there are ${known.join(', ')}`;
  return new BinderlabError(`${what}: there is no field "${name}"; ${others}.`);
}

/** What scripts call fields of operations that have short names in journals. */
const SPELLED: Readonly<Record<string, string>> = { addr: 'address', len: 'length' };

/** @throws BinderlabError when an input of an operation is not what its row says. */
export function checkInput<O extends PlainOp>(op: O, input: InputOf<O>): void {
  for (const { machineName, kind } of INPUTS[op].values()) {
    checkField(op, SPELLED[machineName] ?? machineName, kind, input[machineName as keyof typeof input]);
  }
}

/** @throws BinderlabError when it is no object for a message. @param index Its place among them. */
export function checkObject(object: unknown, index: number): void {
  const what = `object ${index} of a message`;
  if (!isRecord(object)) throw new BinderlabError(`${what} is ${shown(object)}; it is to be { type: ..., ... }.`);
  checkFields(what, OBJECT, object);
  const ofType = `${what}, of the type ${object.type}`;
  const form = OBJECTS[object.type as string] as Form;
  checkNames(ofType, object, [...Object.keys(OBJECT), ...Object.keys(form)]);
  checkFields(ofType, form, object);
}

function checkFields(what: string, form: Form, fields: Readonly<Record<string, unknown>>): void {
  for (const [name, rule] of Object.entries(form)) checkField(what, name, rule, fields[name]);
}

function checkField(what: string, name: string, { says, accepts }: Rule, value: unknown): void {
  if (!accepts(value)) throw new BinderlabError(`${what}: ${name} is ${shown(value)}; it is to be ${says}.`);
}

/** @throws BinderlabError unless a field is a whole number. */
export function checkLong(what: string, name: string, value: unknown): void {
  checkField(what, name, LONG, value);
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

/** @throws BinderlabError for an input that the machine cannot take. */
export function checkInputs(op: Op, known: readonly Field[], input: Readonly<Record<string, unknown>>): void {
  for (const { name, machineName, kind, optional, nullable } of known) {
    const value = input[machineName];
    if (kind.accepts(value) || (optional && value === undefined) || (nullable && value === null)) continue;
    throw new BinderlabError(`"${name}" of ${op} is ${shown(value)}; it must be ${kind.says}`);
  }
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
