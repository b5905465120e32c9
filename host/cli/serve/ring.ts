/** The memory that programs share with the server: native/ring.h says what is where. */
import { availableParallelism } from 'node:os';
import { BinderlabError } from '../../wire/error.ts';
import type { Addon } from './native.ts';

/** What a call asks for: OP_* there. */
export const HELLO = 1;
export const OPEN = 2;
export const CLOSE = 3;
export const DUP = 4;
export const MMAP = 5;
export const MUNMAP = 6;
export const IOCTL = 7;
export const POLL = 8;
export const SETUID = 9;
export const ENDED = 10;
export const EPOLL_CTL = 11;
export const EPOLL_WAIT = 12;
export const SETFL = 13;

/** Bits of what is pending. */
export const CALL = 1;
export const CANCEL = 2;
export const BYE = 4;

/** What a thread is asked for. */
export const PAIR = 4;
export const RECEIVE = 5;
export const DEVICE = 7;

const SLOTS = 2048;
const SLOT_BYTES = 4096;
const SLOT_WORDS = SLOT_BYTES / 4;
// of a slot, in words
const TID = 0;
const PID = 1;
const SEQUENCE = 5;
const CANCELLED = 6;
const OP = 7;
const FD = 8;
const ASKED = 11;
const ARGS = 12;
const RESULT = 22;
const VALUE = 24;
const SENT_BYTES = 122;
const KEPT_WORDS = 4;
const HELPER = 927;
// of the ring, in words
const SERVER = 3;
const USED = 4;
const ANSWERED_COUNT = 6;
const ANSWERED = 7;
const ANSWERED_MAX = 512;

/** How long the server looks for a call before it sleeps: shorter than a sleep and a wake take. */
const SPIN_NS = 50_000;
const TWO_32 = 2 ** 32;
/** How long a thread may take for what it is asked for. */
const ASK_MS = 100;

export class Ring {
  readonly words: Int32Array;
  readonly #spin = availableParallelism() > 1 ? SPIN_NS : 0;

  constructor(
    readonly addon: Addon,
    path: string,
  ) {
    const buffer = addon.map(path, SLOTS * SLOT_BYTES);
    if (typeof buffer === 'number') throw new BinderlabError(`${path} cannot be mapped: errno ${-buffer}`);
    this.words = new Int32Array(buffer);
    this.words[SERVER] = process.pid;
  }

  static readonly size = SLOTS * SLOT_BYTES;

  /** Waits for a call. @returns The slot's index * 8 + what is pending; 0 after `timeoutMs`, -1 after SIGINT. */
  next(timeoutMs: number): number {
    return this.addon.next(this.#spin, timeoutMs);
  }

  /** The slots that a process has. */
  slotsOf(pid: number): number[] {
    return [...this.#used()].filter((slot) => new RingSlot(this, slot).pid === pid);
  }

  /** The processes that have slots. */
  owners(): Set<number> {
    return new Set([...this.#used()].map((slot) => new RingSlot(this, slot).pid).filter((pid) => pid !== 0));
  }

  *#used(): Iterable<number> {
    for (let slot = 1; slot < (this.words[USED] as number); slot++) yield slot;
  }
}

/** A binder descriptor that a program has; copies of it have the same file. */
export interface Kept {
  readonly fd: number;
  readonly file: number;
}

/** The slot of one thread: its call. */
export class RingSlot {
  readonly #words: Int32Array;
  readonly #base: number;

  constructor(
    private readonly ring: Ring,
    readonly index: number,
  ) {
    this.#words = ring.words;
    this.#base = index * SLOT_WORDS;
  }

  get pid(): number {
    return this.#word(PID);
  }

  get tid(): number {
    return this.#word(TID);
  }

  /** The process that makes the calls of the slot's thread: its own, or a helper. */
  get maker(): number {
    return this.#word(HELPER) || this.pid;
  }

  get op(): number {
    return this.#word(OP);
  }

  get fd(): number {
    return this.#word(FD);
  }

  arg(index: number): number {
    return this.#long(ARGS + 2 * index);
  }

  /** The first `count` descriptors that exec has kept, of a hello. */
  kept(count: number): Kept[] {
    return Array.from({ length: count }, (_, index) => {
      const at = SENT_BYTES + index * KEPT_WORDS;
      return { fd: this.#word(at), file: this.#long(at + 2) };
    });
  }

  /** Whether a signal has ended the last call. */
  get isCancelled(): boolean {
    return this.#word(CANCELLED) === this.#word(SEQUENCE);
  }

  /** The thread stores the bytes at `address` when its call returns. @returns How many of them. */
  store(address: number, bytes: Uint8Array): number {
    return this.ring.addon.keep(this.index, address, bytes);
  }

  /** The thread closes the descriptor when its call returns. */
  shut(fd: number): void {
    this.ring.addon.shut(this.index, fd);
  }

  /** Answers the call. The thread learns of it before the next call, so that one wake may do for several. */
  answer(result: number, value = 0): void {
    const words = this.#words;
    let count = words[ANSWERED_COUNT] as number;
    if (count === ANSWERED_MAX) {
      this.ring.addon.tell();
      count = 0;
    }
    this.#setLong(RESULT, result);
    this.#setLong(VALUE, value);
    words[ANSWERED + count] = this.index;
    words[ANSWERED_COUNT] = count + 1;
  }

  /** Asks the thread, which waits for an answer, for something. @returns What it says; null if it says nothing in time. */
  ask(what: number): number | null {
    return this.ring.addon.ask(this.index, what, ASK_MS) === 1 ? this.#word(ASKED) : null;
  }

  #word(index: number): number {
    return this.#words[this.#base + index] as number;
  }

  #setLong(index: number, value: number): void {
    this.#words[this.#base + index] = value;
    this.#words[this.#base + index + 1] = Math.floor(value / TWO_32);
  }

  #long(index: number): number {
    return (this.#word(index) >>> 0) + this.#word(index + 1) * TWO_32;
  }
}
