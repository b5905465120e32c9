/**
 * One run of a script under one schedule. It repeats the turns of a branch, which an earlier run has judged. From there on
 * it is *live*: every step is judged, and the search decides each turn.
 */
import type { Machine } from '../machine.ts';
import { findViolation } from '../os/violation.ts';
import type { Director } from '../sim/director.ts';
import type { SimThread } from '../sim/thread.ts';
import type { Step } from '../trace/journal.ts';
import { thrownText } from '../wire/thrown.ts';
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
type Chooser = (juncture: Juncture) => number | null;

export class ScheduleRun implements Director {
  /** The first thing that did not hold. */
  breach: FailedProperty | null = null;
  /** Whether the search ended it. */
  wasCut = false;
  prefix: Prefix | null;
  /** Steps that were judged. */
  judged = 0;
  /** Why states that look equal may differ in this script; null as far as the run has shown. */
  unlike: string | null = null;
  /** The threads of the turns to repeat. */
  readonly #repeated: readonly string[];
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
    this.#repeated = branch === null ? [] : threadsUpTo(branch.prefix);
    this.preemptions = branch?.preemptions ?? 0;
  }

  /** Runs the script. */
  async follow(script: (machine: Machine) => unknown, machine: Machine): Promise<void> {
    this.#machine = machine;
    if (this.branch === null) this.#goLive();
    try {
      await script(machine);
    } catch (error) {
      if (!this.#isOver) this.#fail('the script ends without an error', thrownText(error));
    }
    this.#look();
    const unmet = machine.properties.unmet();
    if (!this.#isOver && unmet !== null) this.#fail(unmet, 'it has to hold at some time, and never did');
  }

  choose(runnable: readonly SimThread[], current: SimThread | null): number {
    if (this.#isOver) throw CUT;
    const { branch } = this;
    const turn = this.#turns++;
    if (turn < this.#repeated.length) return indexOf(runnable, this.#repeated[turn] as string);
    if (turn === this.#repeated.length && branch !== null) {
      this.#goLive();
      return this.#taken(runnable, indexOf(runnable, branch.thread));
    }
    this.#look();
    if (this.#isOver) throw CUT;
    const chosen = this.chooser(this.#juncture(runnable, current));
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
    const strayed = (this.#positions as Positions).step(step);
    if (UNLIKE.has(step.op)) this.unlike ??= `step ${step.i} depends on what is not compared (${step.op})`;
    if (strayed !== null) this.unlike ??= `${strayed} reads a variable of a program of another process`;
    const { guest } = this.#machine as Machine;
    const violation = findViolation(guest.raw);
    if (violation !== null) this.#fail(`the invariant ${violation.name}`, violation.text, step.i);
    else this.#look(step.i);
  }

  /** Judges the properties: after a step, and after what programs have noted since. */
  #look(step?: number): void {
    if (this.#isOver) return;
    try {
      const violated = (this.#machine as Machine).properties.violated();
      if (violated !== null) this.#fail(violated, 'it has to hold always', step);
    } catch (error) {
      this.#fail('the predicates of properties return', thrownText(error), step);
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

  #juncture(runnable: readonly SimThread[], current: SimThread | null): Juncture {
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
