/**
 * The step log: the guest appends the results of BINDER_WRITE_READs in linear memory, and the calls when a journal is kept; the
 * host appends all else that a journal needs. The host reads results there. When the log is full, or about to change, the
 * host copies it out as one chunk. An array for every read would cost more than the whole system call.
 *
 *     log in linear memory    | entry | entry | ... the chunk of all entries since the last turn
 *     detach()                copies the entries into the host's memory; a new chunk begins
 */
import * as machine from '../../assembly/abi/machine.ts';
import { WordView } from './wordview.ts';

// Local copies: V8 looks up an imported constant at every use.
const FIRST = machine.LOG_FIRST;
const SIZE = machine.LOG_SIZE;
/** Beyond this the longest call and a long result may not fit. */
const NEARLY_FULL = machine.LOG_SIZE - machine.LOG_CALL_MAX - 8192;
const KIND_MASK = (1 << machine.ENTRY_KIND_BITS) - 1;

/** A chunk of the log. Its owner reads `memory` anew at each access, since the chunk may move. */
export class LogChunk {
  constructor(
    /** Linear memory while the entries are in the log; then memory of the host. */
    public memory: WordView,
    /** Subtracted from a linear address, it gives the offset in `memory`. */
    public base: number,
  ) {}

  /** The word at a linear address. */
  get(address: number): number {
    return this.memory.i32[(address - this.base) >> 2] as number;
  }

  /** Sets it. */
  set(address: number, value: number): void {
    this.memory.i32[(address - this.base) >> 2] = value;
  }
}

export class StepLog {
  /** The chunk to which entries are appended. */
  chunk: LogChunk;
  /** Called with the entries that are copied out, and whether they are one long entry; null when no journal is kept. */
  onDetach: ((entries: Uint8Array, isAlone: boolean) => void) | null = null;
  readonly #end: number;
  /** Memory for the next long entry. */
  #spare: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly linear: WordView,
    /** Linear address of the log. */
    private readonly start: number,
  ) {
    this.chunk = new LogChunk(linear, 0);
    this.#end = (start + machine.LOG_END) / 4;
  }

  /** Bytes of the entries in the log. */
  get length(): number {
    return Math.max((this.linear.i32[this.#end] as number) - FIRST, 0);
  }

  /** The entries in the log from byte `from` on; valid until the next one is appended. */
  entries(from = 0): Uint8Array {
    const first = this.start + FIRST;
    return this.linear.u8.subarray(first + from, first + this.length);
  }

  /** Copies the entries out: when the log is nearly full, and before the guest's memory is replaced. */
  detach(): void {
    const { linear, chunk, start } = this;
    const end = linear.i32[this.#end] as number;
    if (end === 0) return;
    chunk.memory = new WordView(linear.u8.slice(start, start + end).buffer);
    chunk.base = start;
    this.#clear();
    this.onDetach?.(chunk.memory.u8.subarray(FIRST), false);
  }

  /** The same, unless much space is left. */
  detachFull(): void {
    if ((this.linear.i32[this.#end] as number) > NEARLY_FULL) this.detach();
  }

  /** The same, unless `length` bytes fit. */
  reserve(length: number): void {
    if (FIRST + this.length + length > SIZE) this.detach();
  }

  /** Forgets entries that came with memory that was restored. */
  forget(): void {
    this.#clear();
  }

  /** Goes on after the entries that came with memory that was restored. */
  resume(): void {
    this.chunk = new LogChunk(this.linear, 0);
  }

  /** Appends an entry, whose head says its size. @returns Its place: a chunk, and a linear address there. */
  append(entry: Uint8Array): readonly [chunk: LogChunk, address: number] {
    const { linear } = this;
    this.reserve(entry.length);
    if (FIRST + entry.length > SIZE) return this.#appendAlone(entry);
    const end = Math.max(linear.i32[this.#end] as number, FIRST);
    linear.u8.set(entry, this.start + end);
    linear.i32[this.#end] = end + entry.length;
    return [this.chunk, this.start + end];
  }

  /** Takes back the memory of a long entry that is read no more. */
  recycle(entries: Uint8Array): void {
    this.#spare = entries;
  }

  /** An entry that is longer than the log is a chunk by itself. */
  #appendAlone(entry: Uint8Array): readonly [LogChunk, number] {
    const memory = new WordView(this.#copyOf(entry).buffer as ArrayBuffer);
    this.onDetach?.(memory.u8, true);
    return [new LogChunk(memory, 0), 0];
  }

  /** New memory is slow, as the system hands it out page by page: memory of the same size is used again. */
  #copyOf(entry: Uint8Array): Uint8Array {
    const spare = this.#spare;
    if (spare.length !== entry.length) return entry.slice();
    this.#spare = new Uint8Array(0);
    spare.set(entry);
    return spare;
  }

  #clear(): void {
    this.chunk = new LogChunk(this.linear, 0);
    this.linear.i32[this.#end] = 0;
  }
}

/** Head of an entry. @param length Its bytes, a multiple of 4. */
export function entryHead(kind: number, length: number): number {
  return kind | ((length / 4) << machine.ENTRY_KIND_BITS);
}

export function entryKind(head: number): number {
  return head & KIND_MASK;
}

/** Bytes of an entry. */
export function entryLength(head: number): number {
  return (head >>> machine.ENTRY_KIND_BITS) * 4;
}

/** @returns A chunk with one record, at 0. */
export function chunkOf(writeConsumed: number, readConsumed: number, read: Uint8Array): LogChunk {
  const memory = new WordView(new ArrayBuffer((machine.RECORD_READ + read.length + 3) & ~3));
  setI64(memory, machine.RECORD_WRITE_CONSUMED / 4, writeConsumed);
  setI64(memory, machine.RECORD_READ_CONSUMED / 4, readConsumed);
  memory.i32[machine.RECORD_LENGTH / 4] = read.length;
  memory.u8.set(read, machine.RECORD_READ);
  return new LogChunk(memory, 0);
}

/** A program may leave any number in binder_write_read; it is reported as a signed one. */
function setI64(memory: WordView, index: number, value: number): void {
  if (value >= 0) memory.setU64(index, value);
  else memory.view.setBigInt64(4 * index, BigInt(value), true);
}
