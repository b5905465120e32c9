/**
 * What came of BINDER_WRITE_READs, as the guest records it on its tape: the host finds a record where it lies, and when the
 * tape is full, or about to change, takes it away as one piece. An array of its own for every read would cost more than the
 * whole system call.
 *
 *     tape in linear memory   | record | record | ... the reel of all calls since the last turn
 *     turn()                  the records go to memory of the host's own, the reel with them; a new one begins
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

/** A stretch of the tape. Whoever holds a place in it looks it up in `piece` each time. */
export class Reel {
  constructor(
    /** Linear memory, as long as the tape is there; then memory of the host's own. */
    public piece: Piece,
    /** What is to be taken off a linear address to get the place in `piece`. */
    public base: number,
  ) {}
}

export class Tape {
  /** The one that the guest writes to. */
  reel: Reel;
  readonly #end: number;

  constructor(
    private readonly linear: Piece,
    /** Linear address of the tape. */
    private readonly start: number,
  ) {
    this.reel = new Reel(linear, 0);
    this.#end = (start + TAPE_END) / 4;
  }

  /** Takes the records away: before the guest's memory becomes another, and when there are many. */
  turn(): void {
    const { linear, reel, start } = this;
    const end = linear.i32[this.#end] as number;
    if (end === 0) return;
    reel.piece = new Piece(linear.u8.slice(start, start + end).buffer);
    reel.base = start;
    this.reel = new Reel(linear, 0);
    linear.i32[this.#end] = 0;
  }

  /** The same, unless there is still much room. */
  turnFull(): void {
    if ((this.linear.i32[this.#end] as number) > TAPE_SIZE / 2) this.turn();
  }
}

/** @returns A reel of one record, at 0. */
export function reelOf(writeConsumed: number, readConsumed: number, read: Uint8Array): Reel {
  const piece = new Piece(new ArrayBuffer((RECORD_READ + read.length + 7) & ~7));
  setI64(piece, RECORD_WRITE_CONSUMED / 4, writeConsumed);
  setI64(piece, RECORD_READ_CONSUMED / 4, readConsumed);
  piece.i32[RECORD_LENGTH / 4] = read.length;
  piece.u8.set(read, RECORD_READ);
  return new Reel(piece, 0);
}

/** What a program lets lie in binder_write_read may be any number, and is told as a signed one. */
function setI64(piece: Piece, index: number, value: number): void {
  if (value >= 0) piece.setU64(index, value);
  else piece.view.setBigInt64(4 * index, BigInt(value), true);
}
