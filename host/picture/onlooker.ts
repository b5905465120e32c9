/** The moments of a history. Finds the events of a step, and the step that sent a message, by walking there and back. */
import { type History, START } from '../history.ts';
import { Names } from '../inspect/tables/names.ts';
import { EventRing, type TraceEvent } from '../trace/events.ts';
import type { Step } from '../trace/journal.ts';
import type { Moment } from './moment.ts';
import { type Sending, sendingsOf } from './sending.ts';

export class Onlooker {
  readonly #history: History;
  /** By transaction. A history is always the same, so what is known once stays known. */
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
      this.#events = this.#eventsAt(position);
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
    const known = this.#sendings.get(transaction);
    if (known !== undefined) return known;
    const sent = this.#history.whoWrote({
      name: `message ${transaction}`,
      read: (inspect) => {
        const isThere = inspect
          .procs()
          .some((proc) => inspect.buffers(proc).some((buffer) => !buffer.free && buffer.id === transaction));
        return isThere ? { transaction } : null;
      },
    });
    if (sent !== null) this.#eventsAt(sent.position);
    if (!this.#sendings.has(transaction)) this.#sendings.set(transaction, null);
    return this.#sendings.get(transaction) ?? null;
  }

  /** Performs the step of a position once more, with events. The history was there before, so it takes no snapshot. */
  #eventsAt(position: number): TraceEvent[] {
    const history = this.#history;
    if (position === START) return [];
    const here = history.position;
    history.goto(position - 1);
    const events = eventsOf(history.machine.guest, () => history.next());
    for (const sending of sendingsOf((history.step as Step).i, events)) {
      this.#sendings.set(sending.transaction, sending);
    }
    history.goto(here);
    return events;
  }
}

/** The events of what `act` does; the newest ones when there are more than the guest keeps. */
export function eventsOf(guest: ConstructorParameters<typeof EventRing>[0], act: () => void): TraceEvent[] {
  const ring = new EventRing(guest);
  ring.record(true);
  try {
    act();
  } finally {
    ring.record(false);
  }
  ring.skipLost();
  return ring.take();
}
