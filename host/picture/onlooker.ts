/** The moments of a history. Finds the events of a step, and the step that sent a message, by performing steps once more. */
import { EVENT_CAPACITY, EVENT_SIZE } from '../../assembly/abi/events.ts';
import type { Guest } from '../guest/guest.ts';
import { type History, START } from '../history.ts';
import { Names } from '../inspect/tables/names.ts';
import { EventRing, type TraceEvent } from '../trace/events.ts';
import type { Moment } from './moment.ts';
import { type Sending, sendingsOf } from './sending.ts';

/** Steps that are performed once more at first, to find the sender of a message; then twice as many. */
const LOOK_BACK = 256;

export class Onlooker {
  readonly #history: History;
  /** By transaction; null where no step of the history sent it. A history is always the same, so what is known once stays known. */
  readonly #sendings = new Map<number, Sending | null>();
  #position: number | null = null;
  #events: readonly TraceEvent[] = [];

  constructor(history: History) {
    this.#history = history;
  }

  /** The moment at which the history is. It is good until the history moves. */
  now(): Moment {
    const { machine, position } = this.#history;
    if (this.#position !== position) {
      this.#events = position === START ? [] : this.#eventsAfter(position - 1, position);
      this.#position = position;
    }
    return {
      inspect: machine.inspect,
      names: new Names(machine.processes),
      step: this.#history.step,
      events: this.#events,
      sendingOf: (transaction) => this.sendingOf(transaction),
    };
  }

  /** How a message was sent, if this was asked before; the history does not move. */
  recall(transaction: number): Sending | null {
    return this.#sendings.get(transaction) ?? null;
  }

  /** How a message was sent that is there now. */
  sendingOf(transaction: number): Sending | null {
    if (!this.#sendings.has(transaction)) {
      this.#lookBack(this.#messages());
      if (!this.#sendings.has(transaction)) this.#sendings.set(transaction, null);
    }
    return this.recall(transaction);
  }

  /** Numbers of the messages in all areas. */
  #messages(): number[] {
    const { inspect } = this.#history.machine;
    const buffers = inspect.procs().flatMap((proc) => inspect.buffers(proc));
    return buffers.flatMap((buffer) => (buffer.free ? [] : [buffer.id]));
  }

  /** Goes back until all of these messages are known. */
  #lookBack(transactions: readonly number[]): void {
    let to = this.#history.position;
    for (let steps = LOOK_BACK; to > START && !transactions.every((id) => this.#sendings.has(id)); steps *= 2) {
      const from = Math.max(START, to - steps);
      this.#eventsAfter(from, to);
      to = from;
    }
  }

  /** Performs steps once more, with events. Remembers what they sent. @returns The events of the last one. */
  #eventsAfter(from: number, to: number): TraceEvent[] {
    const { machine, recorded } = this.#history;
    const ring = new EventRing(machine.guest);
    let events: TraceEvent[] = [];
    this.#history.again(from, to, (position) => {
      if (position === from) {
        ring.record(true);
        ring.restart();
        return;
      }
      events = newestOf(ring);
      for (const sending of sendingsOf(recorded.numberAt(position), events)) {
        this.#sendings.set(sending.transaction, sending);
      }
      if (position === to) ring.record(false); // the way back is not recorded
    });
    return events;
  }
}

/** The events of what `act` does; the newest ones when there are more than the guest keeps. */
export function eventsOf(guest: Guest, act: () => void): TraceEvent[] {
  const ring = startedRing(guest);
  try {
    act();
  } finally {
    ring.record(false);
  }
  return newestOf(ring);
}

/** The same on a machine that never recorded before: afterwards its memory is as if it never had. */
export function secretEventsOf(guest: Guest, act: () => void): TraceEvent[] {
  const { raw } = guest;
  if (raw.traceHead() !== 0) throw new Error('secretEventsOf: the machine has recorded events');
  try {
    return eventsOf(guest, act);
  } finally {
    const base = raw.traceBase();
    guest.u8.fill(0, base, base + Math.min(raw.traceHead() >>> 0, EVENT_CAPACITY) * EVENT_SIZE);
    raw.traceRewind(0);
  }
}

function startedRing(guest: Guest): EventRing {
  const ring = new EventRing(guest);
  ring.record(true);
  return ring;
}

function newestOf(ring: EventRing): TraceEvent[] {
  ring.skipLost();
  return ring.take();
}
