/**
 * A number that stands for all events since a machine began, in order: every word of every event, the machine's own
 * included. Two builds of the guest that do the same have the same number.
 *
 * Left out is which frame of memory a page got, since builds differ in how much memory their own data takes: of
 * `install` the frame, of `copy` and `clear` the target but for its place in the page.
 */
import { EVENT_CAPACITY, EVENT_CLEAR, EVENT_COPY, EVENT_INSTALL, EVENT_SIZE } from '../../assembly/abi/events.ts';
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Guest } from '../guest/guest.ts';
import { BinderlabError } from '../wire/error.ts';

const WORDS = EVENT_SIZE / 4;
/** Places of words in an event: behind its number, the thread and two arguments. */
const INSTALL_FRAME = 4;
const COPY_TARGET = 4;

/** FNV-1a over words; the second lane begins and multiplies otherwise, so that both make 64 bits. */
const FIRST_BASIS = 0x811c9dc5;
const FIRST_PRIME = 0x01000193;
const SECOND_BASIS = 0x9747b28c;
const SECOND_PRIME = 0x85ebca6b;

export class EventHash {
  #guest: Guest | null = null;
  #read = 0;
  #count = 0;
  #first = FIRST_BASIS;
  #second = SECOND_BASIS;

  /** Goes on with the events of a machine, from here on; an earlier one's are in the number already. */
  follow(guest: Guest): void {
    guest.raw.traceEnable(1);
    this.#guest = guest;
    this.#read = guest.raw.traceHead() >>> 0;
  }

  /**
   * Takes the events in that came since the last call: to be called after each step.
   *
   * @throws BinderlabError when there were more than the guest keeps.
   */
  take(): void {
    if (this.#guest === null) return;
    const { raw, data } = this.#guest;
    const head = raw.traceHead() >>> 0;
    if (head - this.#read > EVENT_CAPACITY) {
      throw new BinderlabError(`${head - this.#read} events in one step, and the ring holds ${EVENT_CAPACITY}`);
    }
    for (; this.#read < head; this.#read++) {
      this.#mixEvent(data, raw.traceBase() + (this.#read % EVENT_CAPACITY) * EVENT_SIZE);
      this.#count++;
    }
  }

  /** How many events the number stands for. */
  get count(): number {
    return this.#count;
  }

  /** Sixteen hex digits. */
  get value(): string {
    return [this.#first, this.#second].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mixEvent(data: DataView, at: number): void {
    const event = data.getUint32(at, true);
    for (let place = 0; place < WORDS; place++) {
      const word = data.getUint32(at + 4 * place, true);
      this.#mix(told(event, place, word));
    }
  }

  #mix(word: number): void {
    this.#first = Math.imul(this.#first ^ word, FIRST_PRIME);
    this.#first ^= this.#first >>> 15;
    this.#second = Math.imul(this.#second ^ word, SECOND_PRIME);
    this.#second ^= this.#second >>> 13;
  }
}

/** What counts of a word of an event. */
function told(event: number, place: number, word: number): number {
  if (event === EVENT_INSTALL && place === INSTALL_FRAME) return 0;
  if ((event === EVENT_COPY || event === EVENT_CLEAR) && place === COPY_TARGET) return word % PAGE_SIZE;
  return word;
}
