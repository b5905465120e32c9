/**
 * Where the bytes that reads return are kept: one piece of memory after the other, each filled from its start to its
 * end. An array of its own for every read would cost more than the whole system call.
 */
import { Piece } from './piece.ts';

const PIECE_SIZE = 64 * 1024;
/** Up to here a loop is quicker than `set`, which needs a view. */
const SMALL = 512;

export class Tape {
  /** The piece that is being filled; it stays as it is while somebody holds it. */
  piece = new Piece(new ArrayBuffer(0));
  #end = 0;

  /** Copies bytes of linear memory to the end of the tape. @returns Where they begin in `piece`, a multiple of 8. */
  keep(memory: Piece, linear: number, length: number): number {
    const start = this.#end;
    const end = (start + length + 7) & ~7;
    if (end > this.piece.u8.length) return this.#begin(length).keep(memory, linear, length);
    this.#end = end;
    if (length > SMALL || (linear & 7) !== 0) {
      this.piece.u8.set(memory.u8.subarray(linear, linear + length), start);
      return start;
    }
    const to = this.piece.u64s;
    const from = memory.u64s;
    for (let i = start >> 3, j = linear >> 3; i < end >> 3; i++, j++) to[i] = from[j] as bigint;
    return start;
  }

  #begin(length: number): this {
    this.piece = new Piece(new ArrayBuffer(Math.max((length + 7) & ~7, PIECE_SIZE)));
    this.#end = 0;
    return this;
  }
}
