/**
 * Explores a script: runs it under every schedule with a bounded number of preemptions, or under random ones.
 *
 * A preemption is a turn of another thread while the one that ran last goes on of its own accord. A switch costs nothing
 * when that thread sleeps, yields or has ended. Schedules with fewer preemptions come first.
 *
 * Programs are generators, which cannot go back. So each run begins at the boot, repeats the turns of a branch, and goes on
 * from there. It ends where another run has been: in an equal state, with as many preemptions left.
 */
import { type BootOptions, Machine } from '../machine.ts';
import { Reboots } from '../reboots.ts';
import { Random } from '../sim/random.ts';
import type { Journal } from '../trace/journal.ts';
import { checkForm } from '../wire/forms.ts';
import { type FailedProperty, type Juncture, ScheduleRun } from './run.ts';
import { Frontier, type ScheduleBranch, threadsUpTo } from './schedule.ts';

export type ExploredScript = (machine: Machine) => unknown;

export interface ExploreOptions {
  /** What each machine is booted with. */
  boot?: Omit<BootOptions, 'journal'>;
  /** Maximum number of preemptions in a schedule; default 2. */
  preemptions?: number;
  /** Runs that many random schedules instead of all. The seed is that of `boot`. */
  random?: number;
  /** Ends after that many steps; default: no limit. */
  stepsMax?: number;
  /** Maximum number of turns in a schedule; default 10,000. */
  turnsMax?: number;
  /** @internal Called with the state before every live turn. */
  onState?: (state: string) => void;
  /** Called between two runs. @returns Whether to go on. */
  progress?: (counts: ExploreCounts) => boolean;
}

export interface ExploreCounts {
  /** Runs: schedules that end differently. */
  schedules: number;
  /** Those of them that ended in a state where another had been. */
  merged: number;
  /** Different states between two turns. */
  states: number;
  /** Steps of all runs. */
  steps: number;
  /** Those that were judged: the others repeat steps of earlier runs. */
  judged: number;
  /** Branches that are still to be tried. */
  left: number;
}

/** A schedule under which something does not hold. */
export interface ExploreFailure extends FailedProperty {
  /** The threads in the order of their turns. */
  readonly schedule: readonly string[];
  readonly preemptions: number;
  /** Whether no schedule with fewer turns fails like this, with that many preemptions at most. */
  readonly isShortest: boolean;
  /** The run up to that step. */
  readonly journal: Journal;
}

export interface Exploration extends ExploreCounts {
  readonly preemptions: number;
  /** Whether all schedules were tried, none of which was too long. */
  readonly isComplete: boolean;
  /** Why no two states counted as equal; null when they did. */
  readonly unlike: string | null;
  readonly failure: ExploreFailure | null;
}

const PREEMPTIONS = 2;
const TURNS_MAX = 10_000;
/** How many times the steps up to a failure the search for a shorter one may take. */
const SHORTEN_FACTOR = 3;
const SHORTEN_STEPS_MIN = 300_000;

/** How a state was reached. */
interface Reached {
  readonly preemptions: number;
  readonly turns: number;
}

interface Failed {
  readonly breach: FailedProperty;
  readonly schedule: readonly string[];
  readonly turns: number;
  readonly preemptions: number;
}

/**
 * Runs a script under all schedules with a bounded number of preemptions, or under random ones, until something does not hold:
 * an invariant of the machine, a property that the script states, or its end without an error.
 */
export async function explore(script: ExploredScript, options: ExploreOptions = {}): Promise<Exploration> {
  const { preemptions, random, stepsMax, turnsMax, progress, boot, onState, ...others } = options;
  checkForm('explore', { script, preemptions, random, stepsMax, turnsMax, progress, boot, onState }, others);
  return new Explorer(script, options).explore();
}

class Explorer {
  readonly #counts: ExploreCounts = { schedules: 0, merged: 0, states: 0, steps: 0, judged: 0, left: 0 };
  readonly #calls = new Map<string, string>();
  readonly #seen = new Map<string, Reached>();
  #frontier = new Frontier(false);
  #bound: number;
  #turnsMax: number;
  #stepsMax: number;
  readonly #reboots = new Reboots();
  #wasTooLong = false;
  /** Why states that look equal do not end runs; null when they do. */
  #unlike: string | null = null;

  constructor(
    private readonly script: ExploredScript,
    private readonly options: ExploreOptions,
  ) {
    this.#bound = options.preemptions ?? PREEMPTIONS;
    this.#turnsMax = options.turnsMax ?? TURNS_MAX;
    this.#stepsMax = options.stepsMax ?? Number.POSITIVE_INFINITY;
  }

  async explore(): Promise<Exploration> {
    const { random } = this.options;
    const preemptions = this.#bound;
    const failed = random === undefined ? await this.#search() : await this.#wander(random);
    const isComplete = random === undefined && !this.#wasTooLong && this.#frontier.size === 0 && failed === null;
    const counts = { ...this.#counts };
    const failure = failed === null ? null : await this.#shortened(failed);
    return { preemptions, ...counts, isComplete, unlike: this.#unlike, failure };
  }

  /** All schedules. @returns The first failure; null when there is none, or the search was ended. */
  async #search(): Promise<Failed | null> {
    let branch: ScheduleBranch | null = null;
    do {
      const run: ScheduleRun = await this.#run(branch, (juncture) => this.#next(juncture));
      if (run.breach !== null) return failedOf(run, run.breach);
      if (!this.#mayGoOn()) return null;
      if (run.unlike !== null && this.#unlike === null) return this.#searchWithoutMerging(run.unlike);
      branch = this.#frontier.next();
    } while (branch !== null);
    return null;
  }

  /** Begins anew, when a run has shown that states that look equal need not be. */
  #searchWithoutMerging(unlike: string): Promise<Failed | null> {
    this.#unlike = unlike;
    this.#seen.clear();
    this.#frontier = new Frontier(false);
    return this.#search();
  }

  /** Looks for a shorter schedule with the same failure: all schedules again, the shortest ones first. */
  async #shortened(first: Failed): Promise<ExploreFailure> {
    let failed = first;
    this.#seen.clear();
    this.#frontier = new Frontier(true);
    this.#bound = failed.preemptions;
    this.#turnsMax = failed.turns - 1;
    this.#stepsMax = this.#counts.steps + Math.max(SHORTEN_FACTOR * this.#counts.steps, SHORTEN_STEPS_MIN);
    let branch: ScheduleBranch | null = null;
    do {
      const run: ScheduleRun = await this.#run(branch, (juncture) => this.#next(juncture));
      if (run.breach?.property === failed.breach.property) failed = failedOf(run, run.breach);
      this.#turnsMax = failed.turns - 1;
      branch = this.#frontier.next();
    } while (branch !== null && this.#mayGoOn());
    const journal = await this.#journalOf(failed);
    const { breach, schedule, preemptions } = failed;
    return { ...breach, schedule, preemptions, isShortest: branch === null, journal };
  }

  /** Decides a turn: adds the other threads' branches, and goes on with the thread that ran last. */
  #next(juncture: Juncture): number | null {
    const { prefix, preemptions, runnable, current } = juncture;
    const { breadth } = this.#frontier;
    const state = juncture.state();
    this.options.onState?.(state);
    const turns = prefix?.turns ?? 0;
    const before = this.#seen.get(state);
    const isKnown = before !== undefined && before.preemptions <= preemptions && (!breadth || before.turns <= turns);
    if (isKnown && this.#unlike === null) {
      this.#counts.merged++;
      return null;
    }
    if (before === undefined) this.#counts.states++;
    this.#seen.set(state, { preemptions, turns });
    if (turns >= this.#turnsMax) {
      this.#wasTooLong = true;
      return null;
    }
    if (runnable.length === 1) return 0;
    const saved = juncture.saved();
    const first = current ?? runnable[0];
    for (const thread of breadth ? runnable : [...runnable].reverse()) {
      const cost = preemptions + (current === null || thread === current ? 0 : 1);
      if (cost > this.#bound || (thread === first && !breadth)) continue;
      this.#frontier.add({ prefix, thread: thread.name, preemptions: cost, ...saved });
    }
    return breadth ? null : runnable.indexOf(first as (typeof runnable)[number]);
  }

  /** Random schedules. */
  async #wander(count: number): Promise<Failed | null> {
    const random = new Random(this.options.boot?.seed ?? 0);
    for (let number = 0; number < count; number++) {
      let turns = 0;
      const run = await this.#run(null, ({ runnable, state }) => {
        this.options.onState?.(state());
        if (turns++ < this.#turnsMax) return random.below(runnable.length);
        this.#wasTooLong = true;
        return null;
      });
      if (run.breach !== null) return failedOf(run, run.breach);
      if (!this.#mayGoOn()) return null;
    }
    return null;
  }

  #mayGoOn(): boolean {
    this.#counts.left = this.#frontier.size;
    return this.#counts.steps < this.#stepsMax && (this.options.progress?.({ ...this.#counts }) ?? true);
  }

  async #run(branch: ScheduleBranch | null, chooser: (juncture: Juncture) => number | null): Promise<ScheduleRun> {
    const run = new ScheduleRun(branch, chooser, this.#calls);
    const machine = this.#reboots.next((guest) => Machine.boot({ ...this.options.boot, director: run, ...guest }));
    await run.follow(this.script, machine);
    this.#counts.schedules++;
    this.#counts.steps += machine.nextStep;
    this.#counts.judged += run.judged;
    return run;
  }

  /** The journal of a failure, up to the step that shows it. */
  async #journalOf({ breach, schedule }: Failed): Promise<Journal> {
    const run = new ScheduleRun(
      null,
      ({ runnable, prefix }) => {
        const thread = schedule[prefix?.turns ?? 0];
        return thread === undefined ? null : runnable.findIndex(({ name }) => name === thread);
      },
      this.#calls,
    );
    const machine = Machine.boot({ ...this.options.boot, director: run, journal: true });
    await run.follow(this.script, machine);
    const { header, steps } = machine.journal;
    const kept = steps.slice(0, breach.step + 1);
    return { header: { ...header, steps: kept.length }, steps: kept };
  }
}

function failedOf({ prefix, preemptions }: ScheduleRun, breach: FailedProperty): Failed {
  return { breach, schedule: threadsUpTo(prefix), turns: prefix?.turns ?? 0, preemptions };
}
