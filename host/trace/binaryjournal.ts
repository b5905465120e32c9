/**
 * The binary form of journals: blocks of entries as they came out of the step log. docs/journal.md describes it for others.
 *
 *     file     MAGIC | head block | steps block | steps block ... | end block
 *     block    u32 type | u32 bytes of the body | u32 CRC-32 of type, size and body | body, a multiple of 4 bytes
 *     head     JSON: {"ops": [{"op", "in": [field], "out": [field]}], "header": the header's line, as far as it is known}
 *     steps    u32 number of the first step | u32 steps that begin here | entries; an entry of names introduces threads
 *     end      JSON: {"header": the header's line, "blocks": [{"offset", "first", "steps"}]}
 *
 * JSON is padded with spaces. A file without its end block was cut, and is good up to there.
 */
import type { ByteSource, FileSink } from '../wasm/filesink.ts';
import { crc32 } from '../wire/crc32.ts';
import { u32At } from '../wire/endian.ts';
import { checkForm } from '../wire/forms.ts';
import type { Field } from '../wire/kinds.ts';
import { INPUTS, isOp, OUTPUTS } from '../wire/operations.ts';
import { bytesOfText, textOfBytes } from '../wire/text.ts';
import { ENTRY, EntryError, EntryReader, EntryWriter, RECORDED_OPS, type RecordedOp } from './entries.ts';
import type { Journal, JournalHeader, Step } from './journal.ts';
import { checkStep, JournalError, parseHeader } from './journaltext.ts';
import type { BlockWriter } from './recorder.ts';
import { type Block, eachStepEntries, offsetOf, type StepEntries, stepOf } from './stepreader.ts';

const MAGIC = bytesOfText('binderlab journal 1\n');
const NOT_BINARY = 'is no journal in the binary form; parseJournal(text, name) reads lines of JSON';
const BLOCK_HEAD = 12;
const TYPE_HEAD = 1;
const TYPE_STEPS = 2;
const TYPE_END = 3;
/** Bytes before the entries in the body of a steps block. */
const STEPS_HEAD = 8;

/** A steps block in the file. */
interface IndexEntry {
  readonly offset: number;
  readonly first: number;
  readonly steps: number;
}

/** Whether a file is a journal in its binary form. */
export function isBinaryJournal(source: ByteSource): boolean {
  const begin = source.read(0, MAGIC.length);
  return MAGIC.every((byte, index) => begin[index] === byte);
}

/** Bytes in memory, to be read in pieces. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A steps block that was written. */
interface WrittenBlock extends IndexEntry {
  offset: number;
  /** Names of threads in the file up to its end. */
  readonly names: number;
  /** Its body, once it has been taken back; null before. */
  body: Uint8Array | null;
}

/** Writes a journal as its blocks come. */
export class BinaryWriter implements BlockWriter {
  #index: WrittenBlock[] = [];
  /** How many of the blocks a saved moment has. */
  #saved = 0;
  /** Names of threads in the file. */
  #names = 0;
  #size = 0;

  /** @param header The header's line, as far as it is known. */
  constructor(
    private readonly sink: FileSink,
    header: string,
  ) {
    this.#put(MAGIC);
    const namesOf = (fields: readonly Field[]) => fields.map(({ name }) => name);
    const ops = RECORDED_OPS.map(({ op, inputs, outputs }) => ({ op, in: namesOf(inputs), out: namesOf(outputs) }));
    this.#block(TYPE_HEAD, jsonBytes({ ops, header }));
  }

  write(block: Block, names: readonly string[]): void {
    const introduced = names.length > this.#names ? namesEntry(names.slice(this.#names)) : new Uint8Array(0);
    this.#names = names.length;
    this.#steps(block, introduced);
  }

  rewind(step: number): void {
    const last = this.#index.filter(({ first }) => first <= step).at(-1);
    if (last === undefined) return;
    const { offset, first, steps, names } = last;
    const entries = blockAt(this.sink, offset).body.subarray(STEPS_HEAD);
    const kept = entries.subarray(0, offsetOf({ first, steps, entries }, step));
    this.#cut(this.#index.indexOf(last));
    this.#names = names; // the block has its own entry of names
    this.#steps({ first, steps: Math.min(steps, step - first), entries: kept });
  }

  save(): () => void {
    const blocks = [...this.#index];
    this.#saved = blocks.length;
    return () => this.#restore(blocks);
  }

  #restore(blocks: readonly WrittenBlock[]): void {
    let common = 0;
    while (common < blocks.length && blocks[common] === this.#index[common]) common++;
    this.#cut(common);
    for (const block of blocks.slice(common)) {
      block.offset = this.#size;
      this.#index.push(block);
      this.#block(TYPE_STEPS, block.body as Uint8Array);
      block.body = null;
    }
    this.#names = blocks.at(-1)?.names ?? 0;
    this.#saved = blocks.length;
  }

  /** Leaves the first `count` blocks. Of the others, memory keeps those that a saved moment has. */
  #cut(count: number): void {
    for (const block of this.#index.slice(count, this.#saved)) block.body = blockAt(this.sink, block.offset).body;
    this.#saved = Math.min(this.#saved, count);
    const first = this.#index[count];
    if (first === undefined) return;
    this.#index.length = count;
    this.#size = first.offset;
    this.sink.truncate(first.offset);
  }

  /** @param header The header's line. */
  end(header: string): void {
    const blocks = this.#index.map(({ offset, first, steps }): IndexEntry => ({ offset, first, steps }));
    this.#block(TYPE_END, jsonBytes({ header, blocks }));
    this.sink.close();
  }

  #steps({ first, steps, entries }: Block, names: Uint8Array = new Uint8Array(0)): void {
    if (entries.length + names.length === 0) return;
    const body = new Uint8Array(STEPS_HEAD + names.length + entries.length);
    const view = new DataView(body.buffer);
    view.setUint32(0, first, true);
    view.setUint32(4, steps, true);
    body.set(names, STEPS_HEAD);
    body.set(entries, STEPS_HEAD + names.length);
    this.#index.push({ offset: this.#size, first, steps, names: this.#names, body: null });
    this.#block(TYPE_STEPS, body);
  }

  #block(type: number, body: Uint8Array): void {
    const head = new DataView(new ArrayBuffer(BLOCK_HEAD));
    head.setUint32(0, type, true);
    head.setUint32(4, body.length, true);
    head.setUint32(8, checksum(new Uint8Array(head.buffer), body), true);
    this.#put(new Uint8Array(head.buffer));
    this.#put(body);
  }

  #put(bytes: Uint8Array): void {
    this.sink.write(bytes);
    this.#size += bytes.length;
  }
}

/** A journal in its binary form. Its steps become objects when they are read. */
export class BinaryJournal implements Journal {
  readonly header: JournalHeader;
  /** Why it is not whole; null when it is. */
  readonly problem: string | null;
  /** @internal */ readonly ops: readonly RecordedOp[];
  readonly #blocks: readonly FoundBlock[];
  #steps: Step[] | null = null;

  /** @throws JournalError when not even its head can be read. */
  constructor(
    private readonly source: ByteSource,
    private readonly file: string,
  ) {
    if (!isBinaryJournal(source)) throw new JournalError(file, 0, NOT_BINARY);
    const head = blockAt(source, MAGIC.length);
    if (head.type !== TYPE_HEAD) {
      throw new JournalError(file, 0, `byte ${MAGIC.length}: ${head.problem ?? 'this is no head block'}`);
    }
    const known = jsonOf(head.body, file) as { ops?: unknown; header?: unknown };
    const { blocks, end, problem } = indexOf(source, head.end);
    const { header } = end === null ? known : (jsonOf(end, file) as { header?: unknown });
    this.ops = opsOf(known.ops, file);
    this.problem = problem;
    this.#blocks = blocks;
    this.header = parseHeader(String(header), file, 0);
    if (end === null) this.header.steps = blocks.reduce((sum, { steps }) => sum + steps, 0);
  }

  /** A journal in memory. @param file Its name in errors. @throws JournalError when not even its head can be read. */
  static of(bytes: Uint8Array, file: string): BinaryJournal {
    checkForm('BinaryJournal.of', { bytes, file });
    return new BinaryJournal(sourceOf(bytes), file);
  }

  /** All steps. The first read makes them, later ones return the same. */
  get steps(): readonly Step[] {
    this.#steps ??= [...this.eachStep()];
    return this.#steps;
  }

  /**
   * The blocks, in order.
   *
   * @param names Gets the names of threads, by number, as blocks introduce them.
   * @internal
   */
  *blocks(names: string[]): Generator<Block> {
    for (const { offset, first, steps, size } of this.#blocks) {
      const entries = this.source.read(offset + BLOCK_HEAD, size).subarray(STEPS_HEAD); // good, says its checksum
      const reader = new EntryReader(entries);
      const introduces = this.guarded(first, () => reader.next()) && reader.kind === ENTRY.NAMES;
      if (introduces) names.push(...this.guarded(first, () => reader.texts()));
      yield { first, steps, entries: introduces ? entries.subarray(reader.end) : entries };
    }
  }

  /**
   * The steps, in order. They take the memory of one block at a time.
   *
   * @throws JournalError for invalid entries, and for a step that cannot be performed.
   */
  *eachStep(): Generator<Step> {
    const names: string[] = [];
    for (const entries of this.eachEntries(names)) yield this.stepOf(entries, names);
  }

  /**
   * The steps as they were recorded, in order.
   *
   * @param names Gets the names of threads, as for `blocks`.
   * @internal
   */
  *eachEntries(names: string[]): Generator<StepEntries> {
    const steps = eachStepEntries(this.blocks(names));
    while (true) {
      const { done, value } = this.guarded(0, () => steps.next());
      if (done) return;
      yield value;
    }
  }

  /** @internal Whether a step has an entry of that kind. */
  hasEntry(kind: number): boolean {
    return [...this.blocks([])].some(({ first, entries }) => this.guarded(first, () => hasEntry(entries, kind)));
  }

  /** @internal The step of such entries. */
  stepOf(entries: StepEntries, names: readonly string[]): Step {
    const step = this.guarded(entries.i, () => stepOf(entries, names, this.ops));
    return checkStep(step, this.file, 0);
  }

  /** @internal Reads entries. @throws JournalError instead of EntryError */
  guarded<T>(first: number, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      throw new JournalError(this.file, 0, `the block of step ${first} has ${error.message}`);
    }
  }
}

function hasEntry(entries: Uint8Array, kind: number): boolean {
  const reader = new EntryReader(entries);
  while (reader.next()) if (reader.kind === kind) return true;
  return false;
}

const logged = new WeakMap<Journal, boolean>();

/** Whether a journal has lines of the kernel log, which then are compared. */
export function keepsKernelLog(journal: Journal): boolean {
  const isBinary = journal instanceof BinaryJournal;
  const find = () => (isBinary ? journal.hasEntry(ENTRY.KLOG) : journal.steps.some(({ klog }) => klog !== undefined));
  const known = logged.get(journal) ?? find();
  logged.set(journal, known);
  return known;
}

/** A good steps block. */
interface FoundBlock extends IndexEntry {
  /** Bytes of its body. */
  readonly size: number;
}

/** A block of the file. With a problem it has no body, and type 0. */
interface FileBlock {
  readonly type: number;
  readonly body: Uint8Array;
  readonly end: number;
  readonly problem: string | null;
}

function blockAt(source: ByteSource, offset: number): FileBlock {
  const bad = (problem: string): FileBlock => ({ type: 0, body: new Uint8Array(0), end: offset, problem });
  const left = source.size - offset;
  if (left < BLOCK_HEAD) return bad('the file ends here, before its end block');
  const head = source.read(offset, BLOCK_HEAD);
  const [type, size, sum] = [u32At(head, 0), u32At(head, 4), u32At(head, 8)];
  if (size > left - BLOCK_HEAD) {
    return bad(
      `a block of ${size} bytes begins here, but only ${left - BLOCK_HEAD} follow: the file was cut, or is damaged`,
    );
  }
  const body = source.read(offset + BLOCK_HEAD, size);
  if (sum !== checksum(head, body)) return bad('the block that begins here is damaged: its checksum is wrong');
  return { type, body, end: offset + BLOCK_HEAD + size, problem: null };
}

/** The steps blocks from `from` on, up to the first that is not good; the body of the end block, if the file is whole. */
function indexOf(
  source: ByteSource,
  from: number,
): { blocks: FoundBlock[]; end: Uint8Array | null; problem: string | null } {
  const blocks: FoundBlock[] = [];
  let offset = from;
  while (true) {
    const { type, body, end, problem } = blockAt(source, offset);
    if (problem !== null) return { blocks, end: null, problem: `byte ${offset}: ${problem}` };
    if (type === TYPE_END) {
      const more = end < source.size ? `byte ${end}: more follows the end block` : null;
      return { blocks, end: body, problem: more };
    }
    if (type !== TYPE_STEPS || body.length < STEPS_HEAD) {
      return { blocks, end: null, problem: `byte ${offset}: a block of the unknown type ${type}` };
    }
    blocks.push({ offset, first: u32At(body, 0), steps: u32At(body, 4), size: body.length });
    offset = end;
  }
}

/** The operations of the file. One that this program does not have, or a field, is an error. */
function opsOf(ops: unknown, file: string): RecordedOp[] {
  const fail = (problem: string): never => {
    throw new JournalError(file, 0, problem);
  };
  if (!Array.isArray(ops)) return fail('its head has no list of operations');
  return ops.map((one: { op?: unknown; in?: unknown; out?: unknown }) => {
    const op = String(one?.op);
    if (!isOp(op)) return fail(`it has the operation "${op}", which this program does not know`);
    const fieldsOf = (known: ReadonlyMap<string, Field>, names: unknown): Field[] =>
      (Array.isArray(names) ? names : []).map(
        (name: unknown) => known.get(String(name)) ?? fail(`its ${op} has the unknown field "${String(name)}"`),
      );
    return { op, inputs: fieldsOf(INPUTS[op], one.in), outputs: fieldsOf(OUTPUTS[op], one.out) };
  });
}

function checksum(head: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(head.subarray(0, 8)));
}

function namesEntry(names: readonly string[]): Uint8Array {
  return new EntryWriter().begin(ENTRY.NAMES).texts(names).end();
}

function jsonBytes(value: object): Uint8Array {
  const bytes = bytesOfText(JSON.stringify(value));
  const padded = new Uint8Array((bytes.length + 3) & ~3).fill(0x20);
  padded.set(bytes);
  return padded;
}

function jsonOf(body: Uint8Array, file: string): object {
  try {
    return Object(JSON.parse(textOfBytes(body)));
  } catch (error) {
    throw new JournalError(file, 0, `a block is not JSON (${(error as Error).message})`);
  }
}
