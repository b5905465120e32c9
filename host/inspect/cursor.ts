/**
 * The guest's cursors, as rows: each row is a copy of one record, so that it stays what it was when the machine runs on.
 * The record itself is blank again when a list has been read: looking leaves guest memory as it was.
 */
import { RECORD_WORDS } from '../../assembly/abi/inspect.ts';
import type { Guest } from '../guest/guest.ts';

const TWO_32 = 0x1_0000_0000;

/** One object of a list. Words are numbered as in abi/inspect. */
export class Row {
  constructor(
    /** Linear address of the object. */
    readonly handle: number,
    private readonly words: Uint32Array,
  ) {}

  u32(word: number): number {
    return this.words[word] as number;
  }

  i32(word: number): number {
    return this.u32(word) | 0;
  }

  flag(word: number): boolean {
    return this.u32(word) !== 0;
  }

  /** 64 bits that are a size or a user address, exact below 2^53. */
  u64(word: number): number {
    return this.u32(word) + this.u32(word + 1) * TWO_32;
  }

  /** All 64 bits. */
  big(word: number): bigint {
    return BigInt(this.u32(word)) | (BigInt(this.u32(word + 1)) << 32n);
  }
}

export class Cursors {
  readonly #guest: Guest;
  readonly #record: number;

  constructor(guest: Guest) {
    this.#guest = guest;
    this.#record = guest.raw.inspectRecord() >> 2;
  }

  /**
   * A whole list.
   *
   * @param cursor CURSOR_* of abi/inspect.
   * @param owner Handle of the object whose list it is; 0 where the machine has only one.
   */
  rows(cursor: number, owner = 0): Row[] {
    const { raw } = this.#guest;
    const rows: Row[] = [];
    for (let handle = raw.inspect(cursor, owner, 0); handle !== 0; handle = raw.inspect(cursor, owner, handle)) {
      rows.push(this.#row(handle));
    }
    return rows; // at its end a cursor has blanked the record
  }

  /** How a process (handle 0: the kernel) translates an address; null when its space has no such address. */
  walk(process: number, address: bigint): Row | null {
    const { raw } = this.#guest;
    return this.#one(raw.inspectWalk(process, high(address), low(address)));
  }

  /** The walk of the lowest address in [from, end) that has a leaf in the page table; null when none has. */
  leaf(process: number, from: bigint, end: bigint): Row | null {
    const { raw } = this.#guest;
    return this.#one(raw.inspectLeaf(process, high(from), low(from), high(end), low(end)));
  }

  /** The frame that holds a linear address; null outside of memory. */
  frame(address: number): Row | null {
    return this.#one(this.#guest.raw.inspectFrame(address));
  }

  #one(found: number): Row | null {
    const row = found === 0 ? null : this.#row(0);
    this.#guest.raw.inspectEnd();
    return row;
  }

  #row(handle: number): Row {
    return new Row(handle, this.#guest.u32.slice(this.#record, this.#record + RECORD_WORDS));
  }
}

function low(address: bigint): number {
  return Number(address & 0xffffffffn);
}

function high(address: bigint): number {
  return Number((address >> 32n) & 0xffffffffn);
}
