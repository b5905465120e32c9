/**
 * One run of a script under one schedule. It repeats the turns of a branch, which an earlier run has judged. From there on
 * it is *live*: every step is judged, and the search decides each turn.
 */
import type { Machine } from '../machine.ts';
import { findViolation } from '../os/violation.ts';
import type { Director } from '../sim/director.ts';
import type { SimThread } from '../sim/thread.ts';
import type { Step } from '../trace/journal.ts';
import { Digest } from './digest.ts';
import { fingerprintOf } from './fingerprint.ts';
import { Positions } from './positions.ts';
import { type Prefix, prefixAfter, type ScheduleBranch, threadsUpTo } from './schedule.ts';

/** A run ends here: an exception that no script is meant to catch. */
const CUT = new Error('this schedule is not followed any further');

/** Steps that depend on what the fingerprint leaves out: the order of the LRU, and what is to fail next. */
const UNLIKE: ReadonlySet<string> = new Set(['shrink', 'inject']);

export interface FailedProperty {
  /** What does not hold: a property's name, or one of binderlab's own. */
  readonly property: string;
  /** More about it; the name alone says it when empty. */
  readonly message: string;
  /** Number of the step after which it did not hold. */
  readonly step: number;
}

/** A moment at which a turn is to be chosen. */
export interface Juncture {
  readonly prefix: Prefix | null;
  readonly preemptions: number;
  readonly runnable: readonly SimThread[];
  /** The thread that ran last, if it goes on of its own accord. */
  readonly current: SimThread | null;
  /** The state of everything. */
  state(): string;
  /** What branches need. */
  saved(): Pick<ScheduleBranch, 'positions' | 'held'>;
}

/** Decides a live turn. @returns Index of the thread that runs, or null: the run ends here. */
type Chooser = (moment: Juncture) => number | null;

export class ScheduleRun implements Director {
  /** The first thing that did not hold. */
  breach: FailedProperty | null = null;
  /** Whether the search ended it. */
  wasCut = false;
  prefix: Prefix | null;
  /** Steps that were judged. */
  judged = 0;
  /** Whether it made a step whose effect depends on more than the state that is compared. */
  isUnlike = false;
  readonly #prefix: readonly string[];
  #turns = 0;
  preemptions: number;
  #machine: Machine | null = null;
  #positions: Positions | null = null;

  constructor(
    private readonly branch: ScheduleBranch | null,
    private readonly chooser: Chooser,
    private readonly calls: Map<string, string>,
  ) {
    this.prefix = branch?.prefix ?? null;
    this.#prefix = branch === null ? [] : threadsUpTo(branch.prefix);
    this.preemptions = branch?.preemptions ?? 0;
  }

  /** Runs the script. */
  async follow(script: (machine: Machine) => unknown, machine: Machine): Promise<void> {
    this.#machine = machine;
    if (this.branch === null) this.#goLive();
    try {
      await script(machine);
    } catch (error) {
      if (!this.#isOver) this.#fail('the script ends without an error', textOf(error));
    }
    this.#look();
    const unmet = machine.properties.unmet();
    if (!this.#isOver && unmet !== null) this.#fail(unmet, 'it has to hold at some time, and never did');
  }

  choose(runnable: readonly SimThread[], current: SimThread | null): number {
    if (this.#isOver) throw CUT;
    const { branch } = this;
    const turn = this.#turns++;
    if (turn < this.#prefix.length) return indexOf(runnable, this.#prefix[turn] as string);
    if (turn === this.#prefix.length && branch !== null) {
      this.#goLive();
      return this.#taken(runnable, indexOf(runnable, branch.thread));
    }
    this.#look();
    if (this.#isOver) throw CUT;
    const chosen = this.chooser(this.#moment(runnable, current));
    if (chosen === null) {
      this.wasCut = true;
      throw CUT;
    }
    if (current !== null && runnable[chosen] !== current) this.preemptions++;
    return this.#taken(runnable, chosen);
  }

  ended(): void {
    if (!this.#isOver && this.#positions !== null) this.#positions.script(this.#state(null));
  }

  get #isOver(): boolean {
    return this.wasCut || this.breach !== null;
  }

  /** From here on every step is judged. */
  #goLive(): void {
    const machine = this.#machine as Machine;
    this.#positions = new Positions(machine, this.calls);
    if (this.branch !== null) {
      this.#positions.restore(this.branch.positions);
      machine.properties.hold(this.branch.held);
    }
    machine.on('step', (step) => this.#judge(step));
  }

  #judge(step: Step): void {
    if (this.#isOver) return;
    this.judged++;
    if (UNLIKE.has(step.op)) this.isUnlike = true;
    const strayed = (this.#positions as Positions).step(step);
    const { guest } = this.#machine as Machine;
    const violation = findViolation(guest.raw);
    const found =
      (violation === null ? null : ([`the invariant ${violation.name}`, violation.text] as const)) ??
      this.#violated() ??
      (strayed === null ? null : ([SHARED, sharedText(strayed)] as const));
    if (found !== null) this.#fail(found[0], found[1], step.i);
  }

  /** Judges what programs have noted since the last step. */
  #look(): void {
    const found = this.#isOver ? null : this.#violated();
    if (found !== null) this.#fail(found[0], found[1]);
  }

  /** The property that does not hold, and more about it. */
  #violated(): readonly [property: string, message: string] | null {
    try {
      const violated = (this.#machine as Machine).properties.violated();
      return violated === null ? null : [violated, 'it has to hold always'];
    } catch (error) {
      return ['the predicates of properties return', textOf(error)];
    }
  }

  #fail(property: string, message: string, step = (this.#machine as Machine).nextStep - 1): void {
    this.breach = { property, message, step };
    const { simulation } = this.#machine as Machine;
    if (simulation?.isRunning) simulation.stop(CUT);
  }

  /** Notes the turn that a thread gets. @returns The same index. */
  #taken(runnable: readonly SimThread[], index: number): number {
    const thread = runnable[index] as SimThread;
    const { now } = this.#machine as Machine;
    this.prefix = prefixAfter(this.prefix, thread.name);
    this.#positions?.turn(thread.name, `${now} ${givenText(thread)}`);
    return index;
  }

  #moment(runnable: readonly SimThread[], current: SimThread | null): Juncture {
    return {
      prefix: this.prefix,
      preemptions: this.preemptions,
      runnable,
      current,
      state: () => this.#state(runnable.length > 1 ? current : null),
      saved: () => ({
        positions: (this.#positions as Positions).save(),
        held: (this.#machine as Machine).properties.held,
      }),
    };
  }

  /** A digest of the machine, of the programs' positions and of the simulation. */
  #state(current: SimThread | null): string {
    const { guest, processes, simulation, properties } = this.#machine as Machine;
    const digest = new Digest();
    fingerprintOf(guest).add(
      digest,
      processes.filter(({ alive }) => alive).map(({ pointer }) => pointer),
    );
    this.#positions?.add(digest);
    for (const thread of simulation?.threads ?? []) {
      const { name, state, rest } = thread;
      digest.text(
        `${name} ${thread.ended ? 'ended' : state} ${simulation?.isFrozen(thread)} ${givenText(thread)} ${rest}`,
      );
    }
    for (const number of simulation?.waits ?? []) digest.word(number);
    digest.text(`${current?.name} ${properties.held.join()}`);
    return digest.value;
  }
}

const SHARED = 'programs of different processes share the machine alone';

function sharedText(thread: string): string {
  return `${thread} has made another system call than before, though its process was given the same: name what it reads with machine.shares()`;
}

/** An answer that is no result of a system call. */
function givenText({ given }: SimThread): string {
  return typeof given === 'boolean' ? String(given) : '';
}

function indexOf(runnable: readonly SimThread[], name: string): number {
  const index = runnable.findIndex((thread) => thread.name === name);
  if (index >= 0) return index;
  const there = runnable.map((thread) => thread.name).join(', ');
  throw new Error(`${name} could run there before, and now ${there} can: the script depends on more than the schedule`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
