/**
 * How a message was sent: the sender, and which bytes the driver copied where. A buffer does not keep that: the events of the
 * sending step say it.
 */
import { eventsNamed, type TraceEvent } from '../trace/events.ts';

/** Bytes that the driver copied from the sender's memory. */
export interface Copy {
  /** User address in the sender. */
  readonly source: number;
  /** The receiver's pid, and bytes from the start of its mapping. */
  readonly pid: number;
  readonly offset: number;
  readonly size: number;
  /** Linear address to which they were copied. */
  readonly written: number;
}

export interface Sending {
  readonly transaction: number;
  /** Number of the step. */
  readonly step: number;
  readonly tid: number;
  readonly copies: readonly Copy[];
}

/** The messages that a step sent, in their order. @param events Those of the step. */
export function sendingsOf(step: number, events: readonly TraceEvent[]): Sending[] {
  const starts = eventsNamed(events, 'transaction_alloc_buf');
  return starts.map((start, number) => {
    const next = starts[number + 1];
    const own = events.slice(events.indexOf(start), next === undefined ? events.length : events.indexOf(next));
    const copies = eventsNamed(own, 'copy').filter(({ tid, args }) => tid === start.tid && args.source !== 0n);
    return {
      transaction: start.args.transaction,
      step,
      tid: start.tid,
      copies: copies.map(({ args: { source, proc, offset, size, target } }) => ({
        source: Number(source),
        pid: proc,
        offset,
        size,
        written: target,
      })),
    };
  });
}
