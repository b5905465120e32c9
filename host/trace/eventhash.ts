/**
 * A hash of all events since boot, in order: every argument of every event, including the machine's own events. Two builds
 * of the guest with the same behaviour have the same hash.
 *
 * Frames are left out, since the size of a build's own data shifts them: the frame of `install`, and the target of
 * `copy` and `clear` except its offset in the page.
 */
import { EVENT_CAPACITY, EVENT_CLEAR, EVENT_COPY, EVENT_INSTALL, EVENT_SIZE } from '../../assembly/abi/events.ts';
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Guest } from '../guest/guest.ts';
import { BinderlabError } from '../wire/error.ts';
import { ARGUMENT_WORDS, EventRing } from './events.ts';

/** Words before the arguments: the event's number, the thread. */
const HEAD_WORDS = 2;
/** Places of words in an event: after those and two arguments. */
const INSTALL_FRAME = 4;
const COPY_TARGET = 4;

/** FNV-1a over words; the second lane has another basis and multiplier, so that both make 64 bits. */
const FIRST_BASIS = 0x811c9dc5;
const FIRST_PRIME = 0x01000193;
const SECOND_BASIS = 0x9747b28c;
const SECOND_PRIME = 0x85ebca6b;

export class EventHash {
  #guest: Guest | null = null;
  /** Wants the events: other readers of the guest begin and end by themselves. */
  #ring: EventRing | null = null;
  #read = 0;
  #count = 0;
  #first = FIRST_BASIS;
  #second = SECOND_BASIS;

  /** Continues with the events of this machine. Those of an earlier machine stay in the hash. */
  follow(guest: Guest): void {
    this.leave();
    this.#ring = new EventRing(guest);
    this.#ring.record(true);
    this.#guest = guest;
    this.#read = guest.raw.traceHead() >>> 0;
  }

  /** Takes no more events of the machine that it follows. */
  leave(): void {
    this.#ring?.record(false);
    this.#ring = null;
    this.#guest = null;
  }

  /**
   * Adds the events since the last call. Call it after each step.
   *
   * @throws BinderlabError when there are more than the guest keeps.
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

  /** Number of hashed events. */
  get count(): number {
    return this.#count;
  }

  /** Sixteen hex digits. */
  get value(): string {
    return [this.#first, this.#second].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mixEvent(data: DataView, at: number): void {
    const event = data.getUint32(at, true);
    const words = HEAD_WORDS + (ARGUMENT_WORDS.get(event) ?? 0);
    for (let place = 0; place < words; place++) {
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

/** The hashed part of a word of an event. */
function told(event: number, place: number, word: number): number {
  if (event === EVENT_INSTALL && place === INSTALL_FRAME) return 0;
  if ((event === EVENT_COPY || event === EVENT_CLEAR) && place === COPY_TARGET) return word % PAGE_SIZE;
  return word;
}
