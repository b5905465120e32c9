/**
 * A lane: one machine that walks one journal under one strategy. A still is one moment of it. What a still shows is
 * read from the machine when it is asked for, and kept.
 */
import { History, START } from '../history.ts';
import { frameKinds } from '../inspect/memory.ts';
import { Names } from '../inspect/tables/names.ts';
import { Machine, type Strategy } from '../machine.ts';
import { type Entries, entriesOf, type KnownEntries } from '../picture/entries.ts';
import type { Moment } from '../picture/moment.ts';
import { Onlooker, secretEventsOf } from '../picture/onlooker.ts';
import { type Sending, sendingsOf } from '../picture/sending.ts';
import { lastPair, type Pair, type Stage, stageOf } from '../picture/stage.ts';
import { RecordedSteps } from '../recordedsteps.ts';
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
/** Snapshots of a long journal; in a short one fewer steps are between them. */
const SNAPSHOTS = 128;
const EVERY_MIN = 64;
/** Milliseconds of work before the page gets its turn. */
const SLICE_MS = 12;

export class Lane {
  readonly history: History;
  readonly strategy: Strategy;
  #still: Still | null = null;
  readonly #onlooker: Onlooker;
  readonly #known: KnownEntries = new WeakMap();
  /** As they were when they were read last: while they are the same, so is this object. */
  #kinds: Uint8Array = new Uint8Array(0);
  /** Messages whose sending was seen on the way. */
  readonly #sendings = new Map<number, Sending>();
  /** The furthest position that was reached: up to there are snapshots. */
  #furthest = START;

  constructor(journal: Journal, options: LaneOptions) {
    const { guest: wasm, strategy, memoryMiB, recorded } = options;
    const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm, strategy, memoryMiB, journal: false });
    const steps = recorded ?? new RecordedSteps(journal);
    this.history = new History(journal, boot, { recorded: steps, every: strideOf(steps.count) });
    this.strategy = strategy;
    this.#onlooker = new Onlooker(this.history);
  }

  /** The still after the step at a position. @throws HistoryError when the machine cannot perform a step on the way. */
  at(position: number): Still {
    if (this.#still?.position === position) return this.#still;
    const { history } = this;
    const { machine } = history;
    const read = () => this.#mapped();
    const earlier = this.#still?.position === position - 1 ? this.#still : null;
    let events: TraceEvent[] = [];
    let before = NOTHING;
    history.gotoWatched(position, (perform) => {
      before = earlier?.mapped ?? read();
      events = secretEventsOf(machine.guest, perform);
    });
    const number = position === START ? START : history.recorded.numberAt(position);
    for (const sending of sendingsOf(number, events)) this.#sendings.set(sending.transaction, sending);
    this.#furthest = Math.max(this.#furthest, position);
    const sendingOf = (transaction: number) => this.#sendingOf(transaction);
    this.#still = new Still(history, { events, before, read, sendingOf });
    return this.#still;
  }

  #mapped(): Mapped {
    const { machine } = this.history;
    const kinds = frameKinds(machine.inspect.kernel);
    if (!isSame(kinds, this.#kinds)) this.#kinds = kinds;
    return { entries: entriesOf(machine, this.#known), kinds: this.#kinds };
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

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** Steps from one snapshot to the next: in the end a history of that length has as few. */
function strideOf(count: number): number {
  return Math.max(EVERY_MIN, 2 ** Math.ceil(Math.log2(Math.max(1, count / SNAPSHOTS))));
}

/** What is mapped at one moment, and what every frame is. */
interface Mapped {
  readonly entries: Entries;
  /** By number of the frame: an index of FRAME_NAMES. */
  readonly kinds: Uint8Array;
}

const NOTHING: Mapped = { entries: new Map(), kinds: new Uint8Array(0) };

/** What a still knows of its step besides the machine. */
interface Seen {
  readonly events: readonly TraceEvent[];
  /** What was mapped before the step. */
  readonly before: Mapped;
  /** Reads what is mapped now. */
  readonly read: () => Mapped;
  readonly sendingOf: Moment['sendingOf'];
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
    private readonly seen: Seen,
  ) {
    this.position = history.position;
    this.step = history.step;
    this.pair = lastPair(history.machine, seen.events);
  }

  /** The machine at this moment. */
  get machine(): Machine {
    if (this.history.position !== this.position) this.history.goto(this.position);
    return this.history.machine;
  }

  /** What happened in the step. */
  get events(): readonly TraceEvent[] {
    return this.seen.events;
  }

  get mapped(): Mapped {
    return this.kept('mapped', this.seen.read);
  }

  /** Frames that have become something else in the step, by number. */
  get changedFrames(): ReadonlySet<number> {
    return this.kept('changed frames', () => {
      const [before, after] = [this.seen.before.kinds, this.mapped.kinds];
      const changed = new Set<number>();
      if (before === after) return changed;
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
      const [before, after] = [this.seen.before.entries, this.mapped.entries];
      return stageOf(machine, pair, { step, events, before, after, wanted });
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
    return this.kept(`sent ${transaction}`, () => this.seen.sendingOf(transaction)?.step ?? null);
  }

  /** A picture of the moment, made once. */
  picture<T>(name: string, make: (moment: Moment) => T): T {
    return this.kept(name, ({ inspect, processes }) => {
      const { step, seen } = this;
      const { events, sendingOf } = seen;
      return make({ inspect, names: new Names(processes), step, events, sendingOf });
    });
  }

  /** What is read of the machine, once. */
  kept<T>(name: string, read: (machine: Machine) => T): T {
    if (!this.#kept.has(name)) this.#kept.set(name, read(this.machine));
    return this.#kept.get(name) as T;
  }
}
