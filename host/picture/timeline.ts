/**
 * When each thread runs and sleeps: a row for each thread, a bar for each call, by position. It is made of a journal without
 * making its steps, so that a long one opens quickly. `arrows` reads the steps of a stretch.
 *
 *     app.0      ####  ==========sleeps========
 *     greeter.0  =sleeps=####          ####
 *     position   0     1     2    3    4
 */
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import type { RecordedSteps } from '../recordedsteps.ts';
import type { RecordedEntries } from '../steps.ts';
import { ENTRY, EntryReader, NO_ACTOR, type RecordedOp } from '../trace/entries.ts';
import type { JournalHeader, Step } from '../trace/journal.ts';
import { parseStep } from '../trace/journaltext.ts';

/** The step has no thread. */
export const NO_ROW = -1;
/** The call never returns. */
export const NEVER = -1;

/** A thread that a step woke. */
interface Wake {
  readonly row: number;
  /** Position of the call that returns. */
  readonly call: number;
}

/** A message, or a call that ends: from one row to another. */
export interface Arrow {
  readonly from: { readonly row: number; readonly position: number };
  readonly to: { readonly row: number; readonly position: number };
  /** A call, a reply, or another reason to wake. */
  readonly kind: 'call' | 'reply' | 'wake';
}

const SENDS = /^BC_(TRANSACTION|REPLY)/;
const RECEIVES = /^BR_(TRANSACTION|REPLY)\b|^BR_TRANSACTION_SEC_CTX/;

/** A message on its way. Messages of one kind arrive in the order in which they were sent. */
interface Sent {
  readonly row: number;
  readonly position: number;
  readonly isReply: boolean;
  /** The row that a reply goes to; null when it is not known. */
  readonly to: number | null;
  readonly what: string;
}

/** What a message has on both sides: its code, and the size of its data. */
function whatOf(word: string): string {
  return (word.match(/ (code|data_size)=\S+/g) ?? []).join('');
}

function isOneWay(word: string): boolean {
  return (Number(/ flags=(\S+)/.exec(word)?.[1] ?? 0) & TF_ONE_WAY) !== 0;
}

export class Timeline {
  /** Names of threads, in the order in which they first act. */
  readonly rows: string[] = [];
  readonly count: number;
  /** By position: the row of the acting thread, or NO_ROW. */
  readonly row: Int16Array;
  /** By position: where a call that slept returns, or its process ends; its own position when it did not sleep; or NEVER. */
  readonly end: Int32Array;
  readonly #wakes = new Map<number, Wake[]>();
  readonly #rowOf = new Map<string, number>();
  readonly #processOf = new Map<string, string>();
  /** By row: the call in which the thread sleeps at the step that is read. */
  readonly #asleep = new Map<number, number>();
  /** By row: the positions at which its thread acts, in rising order. */
  readonly #acts: number[][] = [];

  /** @param header Says which threads a process has. */
  constructor(
    private readonly recorded: RecordedSteps,
    header: JournalHeader,
  ) {
    for (const { name, threads } of header.procs) for (const thread of threads) this.#processOf.set(thread.name, name);
    this.count = recorded.count;
    this.row = new Int16Array(this.count).fill(NO_ROW);
    this.end = new Int32Array(this.count).fill(NEVER);
    for (let position = 0; position < this.count; position++) {
      const input = recorded.inputAt(position);
      if ('entries' in input) this.#readEntries(position, input);
      else this.#readStep(position, input);
    }
  }

  /** The row of a thread; NO_ROW when it never acts. */
  rowOf(thread: string): number {
    return this.#rowOf.get(thread) ?? NO_ROW;
  }

  /** Threads that a step woke. */
  wakes(position: number): readonly Wake[] {
    return this.#wakes.get(position) ?? [];
  }

  /** The call in which a thread sleeps after a position; null when it is awake. */
  sleepOf(row: number, position: number): number | null {
    const acts = this.#acts[row] ?? [];
    let [low, high] = [0, acts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((acts[middle] as number) <= position) low = middle + 1;
      else high = middle;
    }
    const at = acts[low - 1];
    if (at === undefined) return null;
    const end = this.end[at] as number;
    return end === NEVER || end > position ? at : null;
  }

  /** Messages and wakeups between positions `from` and `to`, both included. */
  arrows(from: number, to: number): Arrow[] {
    const arrows: Arrow[] = [];
    const sent: Sent[] = [];
    const callers = new Map<number, number[]>();
    for (let position = Math.max(0, from); position <= Math.min(to, this.count - 1); position++) {
      const step = this.recorded.at(position);
      const row = this.row[position] as number;
      for (const word of (step.bc ?? []).filter((one) => SENDS.test(one))) {
        const isReply = word.startsWith('BC_REPLY');
        const to = isReply ? (callers.get(row)?.pop() ?? null) : null;
        sent.push({ row, position, isReply, to, what: whatOf(word) });
      }
      const received = [...(step.woken ?? []).map(({ by, br }) => ({ row: this.rowOf(by), br })), { row, br: step.br }];
      for (const { row: to, br } of received) {
        for (const word of (br ?? []).filter((one) => RECEIVES.test(one))) {
          const isReply = word.startsWith('BR_REPLY');
          const what = whatOf(word);
          const isSame = (one: Sent) => one.isReply === isReply && one.what === what && (one.to ?? to) === to;
          const at = sent.findIndex((one) => one.row !== to && isSame(one));
          const [from] = at < 0 ? [] : sent.splice(at, 1);
          if (from === undefined) continue;
          arrows.push({ from, to: { row: to, position }, kind: isReply ? 'reply' : 'call' });
          if (!isReply && !isOneWay(word)) callers.set(to, [...(callers.get(to) ?? []), from.row]);
        }
      }
    }
    return arrows;
  }

  #readEntries(position: number, input: RecordedEntries): void {
    const { names, entries } = input;
    const reader = new EntryReader(entries);
    const nameOf = (actor: number) => (actor === NO_ACTOR ? null : (names[actor] ?? null));
    while (reader.next()) {
      switch (reader.kind) {
        case ENTRY.CALL:
        case ENTRY.STEP: {
          const name = nameOf(reader.u32());
          if (name === null) this.end[position] = position;
          else this.#begin(position, name);
          if (reader.kind === ENTRY.STEP) this.#readOperation(position, reader.op(input.ops), reader, name);
          break;
        }
        case ENTRY.RESULT:
        case ENTRY.OUTPUT:
          this.#return(position, position);
          break;
        case ENTRY.WOKEN:
        case ENTRY.WOKEN_RESULT:
          this.#wake(position, nameOf(reader.u32()) ?? '', reader.u32());
          break;
        case ENTRY.TEXT:
          this.#readStep(position, parseStep(String(reader.field()), 'the journal', 0));
          break;
      }
    }
  }

  /** A process may end in it. */
  #readOperation(position: number, { op, inputs }: RecordedOp, reader: EntryReader, by: string | null): void {
    if (op === 'kill') this.#endProcess(position, String(reader.fields(inputs).proc));
    if (op === 'exit') this.#endProcess(position, this.#processOf.get(by ?? '') ?? '');
  }

  #readStep(position: number, step: Step): void {
    const { by, parked, woken } = step;
    if (by !== undefined) this.#begin(position, by);
    if (!parked) this.#return(position, position);
    if (step.op === 'kill') this.#endProcess(position, step.in.proc);
    if (step.op === 'exit') this.#endProcess(position, this.#processOf.get(step.by) ?? '');
    for (const one of woken ?? []) this.#wake(position, one.by, one.i);
  }

  #wake(position: number, thread: string, number: number): void {
    const call = this.recorded.numberAt(number) === number ? number : (this.recorded.find(number) ?? number);
    this.#return(call, position);
    const wakes = this.#wakes.get(position);
    const wake = { row: this.#row(thread), call };
    if (wakes === undefined) this.#wakes.set(position, [wake]);
    else wakes.push(wake);
  }

  #begin(position: number, thread: string): void {
    const row = this.#row(thread);
    this.row[position] = row;
    this.#asleep.set(row, position);
    this.#acts[row]?.push(position);
  }

  #return(call: number, position: number): void {
    this.end[call] = position;
    this.#asleep.delete(this.row[call] as number);
  }

  /** The calls of its threads end without a result. */
  #endProcess(position: number, process: string): void {
    for (const [row, call] of [...this.#asleep]) {
      if (this.#processOf.get(this.rows[row] as string) === process) this.#return(call, position);
    }
  }

  #row(thread: string): number {
    const known = this.#rowOf.get(thread);
    if (known !== undefined) return known;
    this.#rowOf.set(thread, this.rows.length);
    this.#acts.push([]);
    return this.rows.push(thread) - 1;
  }
}
