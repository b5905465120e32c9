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
  TAPE_END,
  TAPE_SIZE,
} from '../../assembly/abi/machine.ts';
import { Piece } from './piece.ts';

/** A chunk of the log. Its owner reads `piece` anew at each access, since the chunk may move. */
export class Reel {
  constructor(
    /** Linear memory while the entries are in the log; then memory of the host. */
    public piece: Piece,
    /** Subtracted from a linear address, it gives the offset in `piece`. */
    public base: number,
  ) {}
}

export class Tape {
  /** The chunk to which the guest appends. */
  reel: Reel;
  readonly #end: number;

  constructor(
    private readonly linear: Piece,
    /** Linear address of the log. */
    private readonly start: number,
  ) {
    this.reel = new Reel(linear, 0);
    this.#end = (start + TAPE_END) / 4;
  }

  /** Copies the entries out: when the log is nearly full, and before the guest's memory is replaced. */
  turn(): void {
    const { linear, reel, start } = this;
    const end = linear.i32[this.#end] as number;
    if (end === 0) return;
    reel.piece = new Piece(linear.u8.slice(start, start + end).buffer);
    reel.base = start;
    this.reel = new Reel(linear, 0);
    linear.i32[this.#end] = 0;
  }

  /** The same, unless much space is left. */
  turnFull(): void {
    if ((this.linear.i32[this.#end] as number) > TAPE_SIZE / 2) this.turn();
  }
}

/** @returns A chunk of one entry, at 0. */
export function reelOf(writeConsumed: number, readConsumed: number, read: Uint8Array): Reel {
  const piece = new Piece(new ArrayBuffer((RECORD_READ + read.length + 7) & ~7));
  setI64(piece, RECORD_WRITE_CONSUMED / 4, writeConsumed);
  setI64(piece, RECORD_READ_CONSUMED / 4, readConsumed);
  piece.i32[RECORD_LENGTH / 4] = read.length;
  piece.u8.set(read, RECORD_READ);
  return new Reel(piece, 0);
}

/** A program may leave any number in binder_write_read; it is reported as a signed one. */
function setI64(piece: Piece, index: number, value: number): void {
  if (value >= 0) piece.setU64(index, value);
  else piece.view.setBigInt64(4 * index, BigInt(value), true);
}
