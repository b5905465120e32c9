/**
 * A lane: one machine that walks one journal under one strategy. A still is one moment of it. What a still shows is
 * read from the machine when it is asked for, and kept.
 */
import { History, START } from '../history.ts';
import { frameKinds } from '../inspect/memory.ts';
import { Names } from '../inspect/tables/names.ts';
import { Machine, type Strategy } from '../machine.ts';
import type { Moment } from '../picture/moment.ts';
import { eventsOf, Onlooker } from '../picture/onlooker.ts';
import { type Sending, sendingsOf } from '../picture/sending.ts';
import { type Entries, entriesOf, lastPair, type Pair, type Stage, stageOf } from '../picture/stage.ts';
import type { RecordedSteps } from '../recordedsteps.ts';
import type { TraceEvent } from '../trace/events.ts';
import type { Journal, JournalHeader, Step } from '../trace/journal.ts';
import type { Counters } from '../wire/counters.ts';

export interface LaneOptions {
  readonly guest: WebAssembly.Module;
  readonly strategy: Strategy;
  readonly memoryMiB: number;
  /** The journal's steps, or those of a branch, where they are read already. */
  readonly recorded?: RecordedSteps | undefined;
}

/** In a longer journal the step that sent a message is not looked for. */
const LOOK_BACK_MAX = 3000;
/** Steps that are performed between two looks at the clock. */
const STRIDE = 128;
/** Milliseconds of work before the page gets its turn. */
const SLICE_MS = 12;

export class Lane {
  readonly history: History;
  readonly strategy: Strategy;
  #still: Still | null = null;
  readonly #onlooker: Onlooker;
  /** Messages whose sending was seen on the way. */
  readonly #sendings = new Map<number, Sending>();
  /** The furthest position that was reached: up to there are snapshots. */
  #furthest = START;

  constructor(journal: Journal, options: LaneOptions) {
    const { guest: wasm, strategy, memoryMiB, recorded } = options;
    const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm, strategy, memoryMiB, journal: false });
    this.history = new History(journal, boot, recorded && { recorded });
    this.strategy = strategy;
    this.#onlooker = new Onlooker(this.history);
  }

  /** The still after the step at a position. @throws HistoryError when the machine cannot perform a step on the way. */
  at(position: number): Still {
    if (this.#still?.position === position) return this.#still;
    const { history } = this;
    let events: TraceEvent[] = [];
    let before = NOTHING;
    if (position === START) history.goto(START);
    else {
      history.goto(position - 1);
      before = this.#still?.position === position - 1 ? this.#still.mapped : mappedIn(history.machine);
      events = this.#eventsOf(position);
      history.next();
    }
    this.#furthest = Math.max(this.#furthest, position);
    this.#still = new Still(history, events, before, (transaction) => this.#sendingOf(transaction));
    return this.#still;
  }

  /** The events of the step that comes now. It is performed on the side: a machine that records is not the journal's. */
  #eventsOf(position: number): TraceEvent[] {
    const { machine, recorded } = this.history;
    const moment = machine.snapshot();
    try {
      const events = eventsOf(machine.guest, () => machine.redo(recorded.inputAt(position)));
      for (const sending of sendingsOf(recorded.numberAt(position), events)) {
        this.#sendings.set(sending.transaction, sending);
      }
      return events;
    } catch {
      return []; // the step itself will say why it is not possible
    } finally {
      machine.restore(moment);
    }
  }

  /** How a message was sent. In a long journal only that is known which was seen on the way. */
  #sendingOf(transaction: number): Sending | null {
    const isShort = this.history.recorded.count <= LOOK_BACK_MAX;
    return this.#sendings.get(transaction) ?? (isShort ? this.#onlooker.sendingOf(transaction) : null);
  }

  /** Whether the way to a position is short, since there are snapshots. */
  isNear(position: number): boolean {
    return position <= this.#furthest + STRIDE;
  }

  /** Walks towards a position, for one turn of the page. @returns Whether it is near now. */
  approach(position: number): boolean {
    const { history } = this;
    const until = performance.now() + SLICE_MS;
    while (!this.isNear(position)) {
      this.#furthest = Math.min(this.#furthest + STRIDE, position);
      history.goto(this.#furthest);
      if (performance.now() > until) break;
    }
    return this.isNear(position);
  }
}

/** What is mapped at one moment, and what every frame is. */
interface Mapped {
  readonly entries: Entries;
  /** By number of the frame: an index of FRAME_NAMES. */
  readonly kinds: Uint8Array;
}

const NOTHING: Mapped = { entries: new Map(), kinds: new Uint8Array(0) };

function mappedIn(machine: Machine): Mapped {
  return { entries: entriesOf(machine), kinds: frameKinds(machine.inspect.kernel) };
}

/** What the stage is asked to show. */
export interface StageChoice {
  /** Names of processes; null: those of the last message. */
  readonly left: string | null;
  readonly right: string | null;
  /** Frames that are shown in any case, by linear address. */
  readonly frames: readonly number[];
}

export class Still {
  readonly position: number;
  readonly step: Step | null;
  /** The processes of the last message. */
  readonly pair: Pair | null;
  #counters: Counters | null = null;
  #kept = new Map<string, unknown>();

  constructor(
    private readonly history: History,
    readonly events: readonly TraceEvent[],
    private readonly before: Mapped,
    private readonly sendingOf: Moment['sendingOf'],
  ) {
    this.position = history.position;
    this.step = history.step;
    this.pair = lastPair(history.machine, events);
  }

  /** The machine at this moment. */
  get machine(): Machine {
    if (this.history.position !== this.position) this.history.goto(this.position);
    return this.history.machine;
  }

  get mapped(): Mapped {
    return this.kept('mapped', mappedIn);
  }

  /** Frames that have become something else in the step, by number. */
  get changedFrames(): ReadonlySet<number> {
    return this.kept('changed frames', () => {
      const [before, after] = [this.before.kinds, this.mapped.kinds];
      const changed = new Set<number>();
      for (let frame = 0; frame < before.length; frame++) if (before[frame] !== after[frame]) changed.add(frame);
      return changed;
    });
  }

  /** The chosen processes where they are alive; else those of the last message. */
  pairOf({ left, right }: StageChoice): Pair | null {
    const pidOf = (name: string | null) =>
      name === null ? undefined : this.processes.find((process) => process.name === name)?.pid;
    const [chosenFrom, chosenTo, last] = [pidOf(left), pidOf(right), this.pair];
    const from = chosenFrom ?? (chosenTo !== undefined && chosenTo === last?.from ? last.to : last?.from);
    const to = chosenTo ?? (from !== undefined && from === last?.to ? last.from : last?.to);
    return from === undefined || to === undefined ? null : { from, to };
  }

  stage(choice: StageChoice): Stage {
    const pair = this.pairOf(choice);
    return this.kept(`stage ${pair?.from} ${pair?.to} ${choice.frames}`, (machine) => {
      const { step, events } = this;
      const wanted = new Set(choice.frames);
      return stageOf(machine, pair, { step, events, before: this.before.entries, after: this.mapped.entries, wanted });
    });
  }

  /** Processes that are alive. */
  get processes(): readonly { readonly name: string; readonly pid: number }[] {
    return this.kept('alive', (machine) =>
      machine.processes.filter(({ alive }) => alive).map(({ name, pid }) => ({ name, pid })),
    );
  }

  get counters(): Counters {
    this.#counters ??= this.machine.counters();
    return this.#counters;
  }

  /** Number of the step that sent a message; null when it is not known. */
  sentIn(transaction: number): number | null {
    return this.kept(`sent ${transaction}`, () => this.sendingOf(transaction)?.step ?? null);
  }

  /** A picture of the moment, made once. */
  picture<T>(name: string, make: (moment: Moment) => T): T {
    return this.kept(name, ({ inspect, processes }) => {
      const { step, events, sendingOf } = this;
      return make({ inspect, names: new Names(processes), step, events, sendingOf });
    });
  }

  /** What is read of the machine, once. */
  kept<T>(name: string, read: (machine: Machine) => T): T {
    if (!this.#kept.has(name)) this.#kept.set(name, read(this.machine));
    return this.#kept.get(name) as T;
  }
}
