/** What the page shows now. Parts of the page read signals, and change them by the methods. */
import { computed, effect, type Signal, signal } from '@preact/signals';
import { START } from '../history.ts';
import { STRATEGIES, type Strategy } from '../machine.ts';
import { Timeline } from '../picture/timeline.ts';
import { BinaryJournal } from '../trace/binaryjournal.ts';
import { thrownText } from '../wire/thrown.ts';
import { type Branch, type BranchPlan, BranchRun } from './branch.ts';
import type { Embedded, EmbeddedFacts } from './embedded.ts';
import { Lane, type StageChoice, type Still } from './lane.ts';
import { entriesTo, frameKeys } from './things.ts';

export const TABS = ['bytes', 'area', 'driver', 'counters', 'change'] as const;
export type Tab = (typeof TABS)[number];

/** What stands beside the journal: another strategy, or a branch of it. */
type Beside = { readonly strategy: Strategy } | { readonly branch: Branch } | null;

const PLAY_MS = 1400;
/** What has just been asked for comes before the way ahead. */
const PAUSE_MS = 300;
/** Milliseconds of a branch before the page gets its turn. */
const BRANCH_MS = 12;
/** Steps in which the first message is looked for. */
const LOOK_AHEAD = 2000;

export class Store {
  readonly facts: EmbeddedFacts;
  readonly bytes: Uint8Array;
  readonly guest: WebAssembly.Module;
  readonly journal: BinaryJournal;
  readonly timeline: Timeline;
  readonly strategy: Signal<Strategy>;
  readonly beside = signal<Beside>(null);
  /** The position that is shown. */
  readonly position = signal(START);
  /** The position on the way to which the machine is; null when it is there. */
  readonly goal = signal<number | null>(null);
  readonly tab = signal<Tab>('bytes');
  /** A transaction, a frame or a thread that stays lit. */
  readonly selected = signal('');
  readonly playing = signal(false);
  /** The step of the tour; null when it is not shown. */
  readonly tour = signal<number | null>(null);
  /** Why a step cannot be performed. */
  readonly problem = signal<string | null>(null);
  /** The branch that is being made: steps that are done, of how many. */
  readonly making = signal<{ title: string; done: number; count: number } | null>(null);
  /** Names of the processes left and right; null: those of the last message. */
  readonly left = signal<string | null>(null);
  readonly right = signal<string | null>(null);
  readonly still;
  readonly besideStill;
  /** What the stages are asked to show. */
  readonly choice;
  #run: BranchRun | null = null;
  readonly #lanes = new Map<Strategy, Lane>();

  constructor({ facts, journal, guest }: Embedded) {
    this.facts = facts;
    this.bytes = journal;
    this.guest = guest;
    this.journal = BinaryJournal.of(journal, facts.source);
    this.strategy = signal(facts.strategy as Strategy);
    this.timeline = new Timeline(this.lane(this.strategy.value).history.recorded, this.journal.header);
    this.still = computed(() => this.#still(this.lane(this.strategy.value), this.position.value));
    this.besideStill = computed(() => {
      const beside = this.beside.value;
      if (beside === null) return null;
      if ('strategy' in beside) return this.#still(this.lane(beside.strategy), this.position.value);
      return this.#still(beside.branch.lane, beside.branch.positionOf(this.position.value));
    });
    this.choice = computed((): StageChoice => {
      const frames = this.selected.value.split(',').filter((key) => /^f\d+$/.test(key));
      return { left: this.left.value, right: this.right.value, frames: frames.map((key) => Number(key.slice(1))) };
    });
    effect(() => {
      if (!this.playing.value) return;
      const timer = setInterval(() => this.playOn(), PLAY_MS);
      return () => clearInterval(timer);
    });
  }

  get last(): number {
    return this.timeline.count - 1;
  }

  lane(strategy: Strategy): Lane {
    let lane = this.#lanes.get(strategy);
    if (lane === undefined) {
      const [known] = this.#lanes.values();
      const recorded = known?.history.recorded;
      lane = new Lane(this.journal, { guest: this.guest, strategy, memoryMiB: this.facts.memoryMiB, recorded });
      this.#lanes.set(strategy, lane);
    }
    return lane;
  }

  /** Goes to a position, or as near as there is one; far ones are reached in several turns of the page. */
  go(position: number): void {
    const goal = Math.max(START, Math.min(this.last, Math.round(position)));
    const isUnderWay = this.goal.value !== null;
    this.goal.value = goal;
    if (!isUnderWay) this.#travel();
  }

  by(steps: number): void {
    this.go((this.goal.value ?? this.position.value) + steps);
  }

  playOn(): void {
    if (this.position.value >= this.last) this.playing.value = false;
    else this.by(1);
  }

  /** The next or previous step in which a message is sent. */
  goToMessage(direction: 1 | -1): void {
    const { recorded } = this.lane(this.strategy.value).history;
    for (let at = this.position.value + direction; at >= 0 && at <= this.last; at += direction) {
      if (recorded.at(at).bc?.some((word) => /^BC_(TRANSACTION|REPLY)/.test(word))) {
        this.go(at);
        return;
      }
    }
  }

  /**
   * The first step that sends bytes to a thread that sleeps: there is something to see. One to a service goes before one to the
   * context manager. START when there is none.
   */
  firstMessage(): number {
    const { recorded } = this.lane(this.strategy.value).history;
    let first = START;
    for (let at = 0; at <= Math.min(this.last, LOOK_AHEAD); at++) {
      if (this.timeline.wakes(at).length === 0) continue;
      const call = recorded.at(at).bc?.find((word) => /^BC_TRANSACTION\b.* data_size=0x[1-9a-f]/.test(word));
      if (call === undefined) continue;
      if (!/ ptr=0x0\b/.test(call)) return at;
      if (first === START) first = at;
    }
    return first;
  }

  /** Keeps a frame lit, and shows a process that reaches it. A second time lets it go. */
  selectFrame(linear: number): void {
    const still = this.still.value;
    const keys = frameKeys(still, linear).join(',');
    this.selected.value = this.selected.value === keys ? '' : keys;
    const pair = still.pairOf(this.choice.value);
    const entries = entriesTo(still, linear).filter(({ pid }) => pid !== 0);
    const [entry] = entries;
    if (entry === undefined || entries.some(({ pid }) => pid === pair?.from || pid === pair?.to)) return;
    const name = still.processes.find(({ pid }) => pid === entry.pid)?.name ?? null;
    if (entry.area === 'mapping') this.right.value = name;
    else this.left.value = name;
  }

  /** Shows the next living process on a side; after the last one, that of the last message. */
  nextProcess(side: 'left' | 'right'): void {
    const names = [null, ...this.still.value.processes.map(({ name }) => name)];
    this[side].value = names[(names.indexOf(this[side].value) + 1) % names.length] ?? null;
  }

  setStrategy(strategy: Strategy): void {
    if (!STRATEGIES.includes(strategy)) return;
    this.strategy.value = strategy;
    this.#revisit();
  }

  setBeside(beside: Beside): void {
    this.beside.value = beside;
    this.#revisit();
  }

  /** Makes a branch in turns of the page, and shows it beside the journal. */
  makeBranch(plan: BranchPlan): void {
    const { history } = this.lane(this.strategy.value);
    const options = { guest: this.guest, strategy: this.strategy.value, memoryMiB: this.facts.memoryMiB };
    const run = new BranchRun(history, this.journal, plan, options);
    this.#run = run;
    const turn = () => {
      if (this.#run !== run) return; // another one was begun, or this one dropped
      try {
        const branch = run.advance(BRANCH_MS);
        const { title, done, count } = run;
        this.making.value = branch === null ? { title, done, count } : null;
        if (branch === null) setTimeout(turn, 0);
        else {
          this.setBeside({ branch });
          const at = branch.facts.outcome?.position ?? null;
          if (at !== null) this.go(at);
        }
      } catch (error) {
        this.dropBranch();
        this.problem.value = thrownText(error);
      }
    };
    turn();
  }

  /** Ends a branch that is being made. */
  dropBranch(): void {
    this.#run = null;
    this.making.value = null;
  }

  /** Lays snapshots on the whole way, in the page's pauses, so that the scrubber finds them. */
  warmUp(): void {
    const lane = this.lane(this.strategy.value);
    if (lane.isNear(this.last) || this.problem.value !== null) return;
    this.#guarded(() => lane.approach(this.last));
    setTimeout(() => this.warmUp(), 4);
  }

  #revisit(): void {
    this.problem.value = null;
    this.go(this.position.value);
    setTimeout(() => this.warmUp(), PAUSE_MS);
  }

  #lanesShown(): Lane[] {
    const beside = this.beside.value;
    const other = beside === null ? [] : ['strategy' in beside ? this.lane(beside.strategy) : beside.branch.lane];
    return [this.lane(this.strategy.value), ...other];
  }

  #travel(): void {
    const goal = this.goal.value;
    if (goal === null) return;
    const isThere = this.#guarded(() =>
      this.#lanesShown().every((lane) => lane.approach(Math.min(goal, lane.history.last))),
    );
    if (isThere === false) {
      setTimeout(() => this.#travel(), 0);
      return;
    }
    this.goal.value = null;
    if (isThere === true) this.position.value = goal;
  }

  #still(lane: Lane, position: number): Still {
    return this.#guarded(() => lane.at(Math.min(position, lane.history.last))) ?? lane.at(lane.history.position);
  }

  /** @returns null when a machine cannot perform a step. */
  #guarded<T>(go: () => T): T | null {
    try {
      return go();
    } catch (error) {
      queueMicrotask(() => {
        this.problem.value = thrownText(error);
      });
      return null;
    }
  }
}
