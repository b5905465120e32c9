/**
 * Where the bytes that reads return are kept: one piece of memory after the other, each filled from its start to its
 * end. An array of its own for every read would cost more than the whole system call.
 */
import type { Guest } from '../guest/guest.ts';

const PIECE_SIZE = 64 * 1024;
/** Up to here a loop over words is quicker than `set`, which needs a view. */
const SMALL = 512;

export class Tape {
  /** The piece that is being filled; it stays as it is while somebody holds it. */
  piece: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** The same memory. */
  view = new DataView(this.piece.buffer);
  #words: Int32Array = new Int32Array(0);
  #end = 0;

  /** Copies bytes of linear memory to the end of the tape. @returns Where they begin in `piece`. */
  keep(guest: Guest, linear: number, length: number): number {
    const start = this.#end;
    const end = start + length;
    if (end > this.piece.length) return this.#begin(Math.max(length, PIECE_SIZE)).keep(guest, linear, length);
    this.#end = (end + 3) & ~3;
    if (length > SMALL || (linear & 3) !== 0) {
      this.piece.set(guest.u8.subarray(linear, linear + length), start);
      return start;
    }
    const from = linear >> 2;
    const to = start >> 2;
    const count = (length + 3) >> 2;
    const { i32 } = guest;
    const words = this.#words;
    for (let i = 0; i < count; i++) words[to + i] = i32[from + i] as number;
    return start;
  }

  #begin(size: number): this {
    this.piece = new Uint8Array((size + 3) & ~3);
    this.view = new DataView(this.piece.buffer);
    this.#words = new Int32Array(this.piece.buffer);
    this.#end = 0;
    return this;
  }
}
