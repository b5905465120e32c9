/**
 * The results log: the guest appends the results of BINDER_WRITE_READs in linear memory, and the host reads each entry there.
 * When the log is full, or about to change, the host copies it out as one chunk. An array for every read would cost more than
 * the whole system call.
 *
 *     log in linear memory    | entry | entry | ... the chunk of all calls since the last turn
 *     turn()                  copies the entries into the host's memory; a new chunk begins
 */
import {
  RECORD_LENGTH,
  RECORD_READ,
  RECORD_READ_CONSUMED,
  RECORD_WRITE_CONSUMED,
  RESULTS_END,
  RESULTS_SIZE,
} from '../../assembly/abi/machine.ts';
import { WordView } from './wordview.ts';

/** A chunk of the log. Its owner reads `memory` anew at each access, since the chunk may move. */
export class ResultChunk {
  constructor(
    /** Linear memory while the entries are in the log; then memory of the host. */
    public memory: WordView,
    /** Subtracted from a linear address, it gives the offset in `memory`. */
    public base: number,
  ) {}
}

export class ResultLog {
  /** The chunk to which the guest appends. */
  chunk: ResultChunk;
  readonly #end: number;

  constructor(
    private readonly linear: WordView,
    /** Linear address of the log. */
    private readonly start: number,
  ) {
    this.chunk = new ResultChunk(linear, 0);
    this.#end = (start + RESULTS_END) / 4;
  }

  /** Copies the entries out: when the log is nearly full, and before the guest's memory is replaced. */
  detach(): void {
    const { linear, chunk, start } = this;
    const end = linear.i32[this.#end] as number;
    if (end === 0) return;
    chunk.memory = new WordView(linear.u8.slice(start, start + end).buffer);
    chunk.base = start;
    this.chunk = new ResultChunk(linear, 0);
    linear.i32[this.#end] = 0;
  }

  /** The same, unless much space is left. */
  detachFull(): void {
    if ((this.linear.i32[this.#end] as number) > RESULTS_SIZE / 2) this.detach();
  }
}

/** @returns A chunk of one entry, at 0. */
export function chunkOf(writeConsumed: number, readConsumed: number, read: Uint8Array): ResultChunk {
  const memory = new WordView(new ArrayBuffer((RECORD_READ + read.length + 7) & ~7));
  setI64(memory, RECORD_WRITE_CONSUMED / 4, writeConsumed);
  setI64(memory, RECORD_READ_CONSUMED / 4, readConsumed);
  memory.i32[RECORD_LENGTH / 4] = read.length;
  memory.u8.set(read, RECORD_READ);
  return new ResultChunk(memory, 0);
}

/** A program may leave any number in binder_write_read; it is reported as a signed one. */
function setI64(memory: WordView, index: number, value: number): void {
  if (value >= 0) memory.setU64(index, value);
  else memory.view.setBigInt64(4 * index, BigInt(value), true);
}
