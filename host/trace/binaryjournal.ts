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
import type { FileSink } from '../wasm/filesink.ts';
import { crc32 } from '../wire/crc32.ts';
import type { Field } from '../wire/kinds.ts';
import { INPUTS, isOp, OUTPUTS } from '../wire/operations.ts';
import { bytesOfText, textOfBytes } from '../wire/text.ts';
import { ENTRY_NAMES, EntryError, EntryWriter } from './entries.ts';
import type { Journal, JournalHeader, Step } from './journal.ts';
import { checkStep, JournalError, parseHeader } from './journaltext.ts';
import type { BlockWriter } from './recorder.ts';
import { type Block, offsetOf, RECORDED_OPS, type RecordedOp, StepReader } from './stepreader.ts';

const MAGIC = bytesOfText('binderlab journal 1\n');
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
export function isBinaryJournal(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Writes a journal as its blocks come. */
export class BinaryWriter implements BlockWriter {
  #index: (IndexEntry & { readonly names: number })[] = [];
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
    const { body } = blockAt(this.sink.read(), offset);
    const entries = body.slice(STEPS_HEAD);
    const kept = entries.subarray(0, offsetOf({ first, steps, entries }, step));
    this.#index = this.#index.filter((block) => block.offset < offset);
    this.#size = offset;
    this.sink.truncate(offset);
    this.#names = names; // the block has its own entry of names
    this.#steps({ first, steps: Math.min(steps, step - first), entries: kept });
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
    this.#index.push({ offset: this.#size, first, steps, names: this.#names });
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

/** A journal in its binary form. Its steps become objects when they are first read. */
export class BinaryJournal implements Journal {
  readonly header: JournalHeader;
  /** Why it is not whole; null when it is. */
  readonly problem: string | null;
  readonly blocks: readonly Block[];
  readonly ops: readonly RecordedOp[];
  #steps: Step[] | null = null;

  /** @throws JournalError when not even its head can be read. */
  constructor(
    bytes: Uint8Array,
    private readonly file: string,
  ) {
    const fail = (problem: string): never => {
      throw new JournalError(file, 0, problem);
    };
    const head = blockAt(bytes, MAGIC.length);
    if (head.problem !== null || head.type !== TYPE_HEAD) fail(`byte ${MAGIC.length}: ${head.problem ?? 'no head block'}`);
    const { ops, header } = jsonOf(head.body, file) as { ops: unknown; header: unknown };
    this.ops = opsOf(ops, file);
    const body = stepsOf(bytes, head.end);
    this.blocks = body.blocks;
    this.problem = body.problem;
    const line = body.end === null ? header : (jsonOf(body.end, file) as { header: unknown }).header;
    this.header = parseHeader(String(line), file, 0);
    if (body.end === null) this.header.steps = this.blocks.reduce((sum, { steps }) => sum + steps, 0);
  }

  get steps(): Step[] {
    this.#steps ??= this.#read();
    return this.#steps;
  }

  /** @throws JournalError for entries that are none, or cannot be performed. */
  #read(): Step[] {
    const reader = new StepReader([], this.ops);
    let first = 0;
    try {
      for (const block of this.blocks) {
        first = block.first;
        reader.read(block.entries, first);
      }
      reader.close();
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      throw new JournalError(this.file, 0, `the block that begins with step ${first} has ${error.message}`);
    }
    for (const step of reader.steps) checkStep(step, this.file, 0);
    return reader.steps;
  }
}

/** A block of the file. With a problem it has no body. */
interface FileBlock {
  readonly type: number;
  readonly body: Uint8Array;
  readonly end: number;
  readonly problem: string | null;
}

function blockAt(bytes: Uint8Array, offset: number): FileBlock {
  const none = { type: 0, body: new Uint8Array(0), end: offset };
  const left = bytes.length - offset;
  if (left < BLOCK_HEAD) return { ...none, problem: 'the file ends here, before its end block' };
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, BLOCK_HEAD);
  const [type, size, sum] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)];
  if (size > left - BLOCK_HEAD) {
    return { ...none, problem: `a block of ${size} bytes begins here, and the file has ${left - BLOCK_HEAD} more: it was cut, or is damaged` };
  }
  const end = offset + BLOCK_HEAD + size;
  const body = bytes.subarray(offset + BLOCK_HEAD, end);
  if (sum !== checksum(bytes.subarray(offset, offset + BLOCK_HEAD), body)) {
    return { ...none, problem: 'the block that begins here is damaged: its checksum is wrong' };
  }
  return { type, body, end, problem: null };
}

/** The steps blocks from `from` on, up to the first that is not good; the body of the end block, if the file is whole. */
function stepsOf(bytes: Uint8Array, from: number): { blocks: Block[]; end: Uint8Array | null; problem: string | null } {
  const blocks: Block[] = [];
  let offset = from;
  while (true) {
    const { type, body, end, problem } = blockAt(bytes, offset);
    if (problem !== null) return { blocks, end: null, problem: `byte ${offset}: ${problem}` };
    if (type === TYPE_END) {
      const more = end < bytes.length ? `byte ${end}: more follows the end block` : null;
      return { blocks, end: body, problem: more };
    }
    if (type !== TYPE_STEPS || body.length < STEPS_HEAD) {
      return { blocks, end: null, problem: `byte ${offset}: a block of the unknown type ${type}` };
    }
    const view = new DataView(body.buffer, body.byteOffset);
    blocks.push({ first: view.getUint32(0, true), steps: view.getUint32(4, true), entries: body.subarray(STEPS_HEAD) });
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
  const entry = new EntryWriter().begin(ENTRY_NAMES).u32(names.length);
  for (const name of names) entry.field(name);
  return entry.end();
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
