/**
 * Entries of the step log: the inputs and outputs of steps as bytes. The guest writes calls and results of
 * BINDER_WRITE_READ (assembly/writeread.ts); all others are written here. Fields are those of the table of operations, in
 * its order, and operations have their numbers from there.
 *
 *     entry    u32 kind | words << 8, then by kind, then zeros up to a whole word
 *     step     u32 actor | u32 op | fields of its input                      actor: number of the thread; NO_ACTOR
 *     output   u32 op | fields of its output
 *     woken    u32 actor | u32 step | u32 rank | u32 op | fields             the call that the thread made in that step is done
 *     over     field: bytes stored after those of the result before it
 *     choices  u32 count | for each: u32 chosen, u32 names, a field for each name
 *     klog     u32 count | a field for each line
 *     names    u32 count | a field for each thread that is new       thread numbers count on from those before
 *     text     field: the whole step as a line of JSON
 *     field    u8 type | value; lengths of bytes and texts are u32
 */
import { ENTRY_CALL, ENTRY_RESULT } from '../../assembly/abi/machine.ts';
import type { ScheduleChoice } from '../os/system.ts';
import type { Field } from '../wire/kinds.ts';
import { INPUTS, OP_NUMBERS, OPERATIONS, type Op, OUTPUTS } from '../wire/operations.ts';
import { entryHead, entryKind, entryLength } from '../wire/steplog.ts';
import { bytesOfText, textOfBytes } from '../wire/text.ts';

/** Kinds of entries. The guest writes the first two. */
export const ENTRY = {
  CALL: ENTRY_CALL,
  RESULT: ENTRY_RESULT,
  /** A RESULT of another step's call. */
  WOKEN_RESULT: 3,
  STEP: 4,
  OUTPUT: 5,
  WOKEN: 6,
  OVER: 7,
  CHOICES: 8,
  KLOG: 9,
  TEXT: 10,
  NAMES: 11,
} as const;

/** Types of fields. */
const TYPE_ABSENT = 0;
const TYPE_NULL = 1;
const TYPE_FALSE = 2;
const TYPE_TRUE = 3;
const TYPE_INT = 4; // i32
const TYPE_NUMBER = 5; // f64
const TYPE_BYTES = 6;
const TYPE_TEXT = 7;

export const NO_ACTOR = 0xffff_ffff;

const HEAD_SIZE = 4;

type Fields = Readonly<Record<string, unknown>>;

/** An operation as a journal has it: with the fields that there were when it was written. */
export interface RecordedOp {
  readonly op: Op;
  readonly inputs: readonly Field[];
  readonly outputs: readonly Field[];
}

/** The operations of this program, by number. */
export const RECORDED_OPS: readonly RecordedOp[] = (Object.keys(OPERATIONS) as Op[]).map((op) => ({
  op,
  inputs: [...INPUTS[op].values()],
  outputs: [...OUTPUTS[op].values()],
}));

/** Builds entries, each in the same memory. */
export class EntryWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #kind = 0;
  #at = 0;

  begin(kind: number): this {
    this.#kind = kind;
    this.#at = HEAD_SIZE;
    return this;
  }

  u32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  /** The number of an operation, and its inputs as the machine has them. */
  input(op: Op, values: object): this {
    return this.u32(OP_NUMBERS[op]).#fields(INPUTS[op], values);
  }

  /** The same with its outputs. */
  output(op: Op, values: object): this {
    return this.u32(OP_NUMBERS[op]).#fields(OUTPUTS[op], values);
  }

  field(value: unknown): this {
    this.#reserve(9);
    if (typeof value === 'number') return this.#number(value);
    if (value instanceof Uint8Array) return this.#block(TYPE_BYTES, value);
    if (typeof value === 'string') return this.#block(TYPE_TEXT, bytesOfText(value));
    if (typeof value === 'boolean') return this.#type(value ? TYPE_TRUE : TYPE_FALSE);
    return this.#type(value === null ? TYPE_NULL : TYPE_ABSENT);
  }

  texts(texts: readonly string[]): this {
    this.u32(texts.length);
    for (const text of texts) this.field(text);
    return this;
  }

  choices(choices: readonly ScheduleChoice[]): this {
    this.u32(choices.length);
    for (const { chose, of } of choices) this.u32(chose).texts(of);
    return this;
  }

  /** The record of a result, as the guest writes it. */
  record(writeConsumed: number, readConsumed: number, read: Uint8Array): this {
    for (const consumed of [writeConsumed, readConsumed]) this.u32(consumed).u32(Math.floor(consumed / 2 ** 32));
    this.u32(read.length).#reserve(read.length);
    this.#bytes.set(read, this.#at);
    this.#at += read.length;
    return this;
  }

  /** @returns The entry; valid until the next one begins. */
  end(): Uint8Array {
    const length = (this.#at + 3) & ~3;
    this.#reserve(4);
    this.#bytes.fill(0, this.#at, length);
    this.#view.setUint32(0, entryHead(this.#kind, length), true);
    return this.#bytes.subarray(0, length);
  }

  #fields(known: ReadonlyMap<string, Field>, values: object): this {
    for (const { machineName } of known.values()) this.field((values as Fields)[machineName]);
    return this;
  }

  #number(value: number): this {
    if (Object.is(value, value | 0)) {
      this.#type(TYPE_INT);
      this.#view.setInt32(this.#at, value, true);
      this.#at += 4;
    } else {
      this.#type(TYPE_NUMBER);
      this.#view.setFloat64(this.#at, value, true);
      this.#at += 8;
    }
    return this;
  }

  #block(type: number, bytes: Uint8Array): this {
    this.#reserve(5 + bytes.length);
    this.#type(type).u32(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  #type(type: number): this {
    this.#bytes[this.#at++] = type;
    return this;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const bytes = new Uint8Array(2 * (this.#at + length));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** An entry is not what its kind has to be. */
export class EntryError extends Error {
  override readonly name = 'EntryError';
}

/** Reads entries in order, and the values in each. */
export class EntryReader {
  /** Kind of the entry. */
  kind = 0;
  readonly #view: DataView;
  #at = 0;
  #end = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Where the entry ends, and the next one begins. */
  get end(): number {
    return this.#end;
  }

  /** Goes to the next entry. @returns Whether there is one. @throws EntryError for an impossible size. */
  next(): boolean {
    const at = this.#end;
    if (at === this.bytes.length) return false;
    this.#at = at;
    this.#end = this.bytes.length;
    const head = this.u32();
    const length = entryLength(head);
    if (length < HEAD_SIZE || at + length > this.bytes.length)
      throw new EntryError(`an entry of ${length} bytes at ${at}`);
    this.kind = entryKind(head);
    this.#end = at + length;
    return true;
  }

  u32(): number {
    this.#check(4);
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  /** A signed number of 64 bits, as in the record of a result. */
  i64(): number {
    const low = this.u32();
    return low + (this.u32() | 0) * 2 ** 32;
  }

  take(length: number): Uint8Array {
    this.#check(length);
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** Values of those fields, as the machine has them. */
  fields(known: readonly Field[]): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const { machineName } of known) {
      const value = this.field();
      if (value !== undefined) values[machineName] = value;
    }
    return values;
  }

  texts(): string[] {
    return Array.from({ length: this.count() }, () => String(this.field()));
  }

  op(ops: readonly RecordedOp[]): RecordedOp {
    const number = this.u32();
    const op = ops[number];
    if (op === undefined) throw new EntryError(`the unknown operation number ${number}`);
    return op;
  }

  /** A number of things of at least one byte each, which are in the entry. */
  count(): number {
    const count = this.u32();
    if (count > this.#end - this.#at) throw new EntryError(`${count} parts in an entry that is too short for them`);
    return count;
  }

  field(): unknown {
    const type = this.take(1)[0];
    switch (type) {
      case TYPE_ABSENT:
        return undefined;
      case TYPE_NULL:
        return null;
      case TYPE_FALSE:
        return false;
      case TYPE_TRUE:
        return true;
      case TYPE_INT:
        return this.u32() | 0;
      case TYPE_NUMBER:
        this.#check(8);
        this.#at += 8;
        return this.#view.getFloat64(this.#at - 8, true);
      case TYPE_BYTES:
        return this.take(this.u32());
      case TYPE_TEXT:
        return textOfBytes(this.take(this.u32()));
      default:
        throw new EntryError(`a field of the unknown type ${type}`);
    }
  }

  #check(length: number): void {
    if (length < 0 || this.#at + length > this.#end) throw new EntryError(`an entry that ends in the middle`);
  }
}
