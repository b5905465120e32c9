/**
 * Makes programs, runs them, and reports what breaks. Program number n of a seed is always the same. With branch counters it
 * also depends on the branches that earlier programs reached.
 */
import { Call } from '../os/call.ts';
import type { Journal } from '../trace/journal.ts';
import { BinderlabError } from '../wire/error.ts';
import { BranchCounters } from './branchcounters.ts';
import { Dice } from './dice.ts';
import { Mutation } from './mutation.ts';
import { type Breach, breach, messageOf, ORACLES, type Oracle, type OracleOptions } from './oracles.ts';
import { type Shown, Shrinker } from './shrinker.ts';
import { type FuzzStep, StepMaker } from './steps.ts';
import { fuzzStepOf, journaled, journalOf, Target } from './target.ts';
import { FuzzWorld } from './world.ts';

export interface FuzzOptions extends OracleOptions {
  readonly seed: number;
  /** Interval of steps at which the invariants are verified; 0: at the end of each program only. */
  readonly checkEvery: number;
  /** One of that many programs is judged by the other oracles, too; 0: none. */
  readonly thoroughEvery: number;
  /** Recordings that programs are made of. */
  readonly recordings: readonly Journal[];
  /** By name; default: all that there are. */
  readonly oracles?: Readonly<Record<string, Oracle>>;
}

/** Counts over all programs so far. */
export interface FuzzTally {
  programs: number;
  steps: number;
  /** BC_ commands in streams. */
  commands: number;
  /** Calls that failed with an errno. */
  errors: number;
  /** Programs that the other oracles judged. */
  judged: number;
}

/** A fault that a program showed. */
export interface Finding {
  readonly program: number;
  readonly breach: Breach;
  /** Steps of the program that it was found with. */
  readonly stepsBefore: number;
  /** The shortest program that shows it. */
  readonly journal: Journal;
}

const STEPS_MIN = 20;
const STEPS_MAX = 300;
/** Steps that may be drawn in vain before a program ends. */
const VAIN_MAX = 200;
/** Distance of the programs' seeds: runs with neighbouring seeds share no program. */
const SEED_STRIDE = 0x9e37_79b1;
const NUMBER_STRIDE = 0x85eb_ca77;
/** The oracle that judges each program while it runs. */
const ALWAYS = 'sound';
/** Programs that reached a new branch; the oldest go first. */
const CORPUS_MAX = 1000;

export class Fuzzer {
  readonly tally: FuzzTally = { programs: 0, steps: 0, commands: 0, errors: 0, judged: 0 };
  readonly #options: FuzzOptions;
  readonly #oracles: Readonly<Record<string, Oracle>>;
  readonly #maker = new StepMaker();
  readonly #recordings: readonly (readonly FuzzStep[])[];
  readonly #corpus: (readonly FuzzStep[])[] = [];
  #target: Target;
  #counters: BranchCounters | null = null;
  /** By number of the branch: whether a program took it. */
  #reached = new Uint8Array(0);

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#oracles = options.oracles ?? ORACLES;
    this.#recordings = options.recordings.map(({ steps }) => steps.map(fuzzStepOf));
    this.#target = this.#boot();
    if (this.#counters !== null) this.#reached = new Uint8Array(this.#counters.counts.length);
  }

  /** Numbers of the branches that were reached; null without branch counters. */
  get branches(): number[] | null {
    if (this.#counters === null) return null;
    return this.#counters.branches.flatMap(({ id }) => (this.#reached[id] === 1 ? [id] : []));
  }

  /** How many branches the guest has; 0 without branch counters. */
  get branchesOf(): number {
    return this.#counters?.branches.length ?? 0;
  }

  /** Runs program number `number`. @returns What it breaks; its steps. */
  run(number: number): { breach: Breach | null; steps: FuzzStep[] } {
    const { checkEvery, thoroughEvery, seed } = this.#options;
    const dice = new Dice((Math.imul(seed + 1, SEED_STRIDE) + Math.imul(number, NUMBER_STRIDE)) >>> 0);
    const steps: FuzzStep[] = [];
    let found = this.#play(dice, steps, checkEvery);
    this.tally.programs++;
    this.tally.steps += steps.length;
    this.tally.commands = this.#maker.stream.commands;
    if (found === null) this.#keepReaching(steps);
    if (found === null && thoroughEvery > 0 && dice.below(thoroughEvery) === 0) {
      this.tally.judged++;
      for (const [name, oracle] of Object.entries(this.#oracles)) {
        if (name !== ALWAYS) found ??= oracle(this.#options, steps);
      }
    }
    if (found !== null) this.#target = this.#boot();
    return { breach: found, steps };
  }

  /** Makes a program that breaks something as short as it gets in the time. */
  async shrink(number: number, found: Breach, steps: readonly FuzzStep[], isOver: () => boolean): Promise<Finding> {
    const oracle = this.#oracles[found.oracle] as Oracle;
    const shown = (some: readonly FuzzStep[]): Shown => ({ steps: some.map(journaled), journal: NO_JOURNAL });
    let least = found;
    const shrinker = new Shrinker(shown(steps.slice(0, found.at + 1)), {
      isOver,
      judge: (tried) => {
        const some = tried.map(fuzzStepOf);
        const again = oracle(this.#options, some);
        if (again?.signature !== found.signature) return Promise.resolve(null);
        least = again;
        return Promise.resolve(shown(some));
      },
    });
    const shortest = (await shrinker.run()).steps.map(fuzzStepOf);
    const name = `fuzz-${found.oracle}-${this.#options.seed}-${number}`;
    const journal = journalOf(this.#options, shortest, name, `found by fuzz: ${least.message.split('\n')[0]}`);
    return { program: number, breach: least, stepsBefore: steps.length, journal };
  }

  #play(dice: Dice, steps: FuzzStep[], checkEvery: number): Breach | null {
    const target = this.#target;
    target.reset();
    const maker = this.#maker;
    maker.clear();
    const world = new FuzzWorld(target.parts, dice);
    const length = dice.between(STEPS_MIN, STEPS_MAX);
    const source = this.#source(dice);
    const mutation = source === null ? maker : new Mutation(world, maker, source);
    try {
      for (let vain = 0; steps.length < length && vain < VAIN_MAX; ) {
        const step = mutation.draw(world);
        if (step === null) {
          vain++;
          continue;
        }
        steps.push(step);
        const returned = target.perform(step);
        this.#count(returned);
        world.learn(step, returned);
        if (checkEvery > 0 && steps.length % checkEvery === 0) target.machine.check();
      }
      const left = target.leftBehind();
      return left === null ? null : breach(ALWAYS, steps, steps.length, left);
    } catch (error) {
      if (isRefusal(error)) {
        // the machine may have done a part of it, so the program ends here
        steps.pop();
        return null;
      }
      return breach(ALWAYS, steps, steps.length - 1, messageOf(error));
    }
  }

  /** The steps that a program is made of; null: none. */
  #source(dice: Dice): readonly FuzzStep[] | null {
    switch (dice.below(4)) {
      case 0:
        return dice.maybeOf(this.#recordings) ?? null;
      case 1:
        return dice.maybeOf(this.#corpus) ?? null;
      default:
        return null;
    }
  }

  #count(returned: unknown): void {
    const ret = returned instanceof Call ? returned.ret : returned;
    if (typeof ret === 'number' && ret < 0) this.tally.errors++;
  }

  /** Keeps a program that took a branch for the first time. */
  #keepReaching(steps: readonly FuzzStep[]): void {
    const counters = this.#counters;
    if (counters === null) return;
    let isNew = false;
    for (const { id } of counters.branches) {
      if (this.#reached[id] === 1 || counters.counts[id] === 0) continue;
      this.#reached[id] = 1;
      isNew = true;
    }
    if (!isNew) return;
    this.#corpus.push(steps);
    if (this.#corpus.length > CORPUS_MAX) this.#corpus.shift();
  }

  #boot(): Target {
    const target = new Target(this.#options);
    this.#counters = BranchCounters.of(target.machine.guest);
    return target;
  }
}

/** A judge of the shrinker's has steps, and no journal of them. */
const NO_JOURNAL = {} as Journal;

/** Whether the host refused a step, which is no fault. */
function isRefusal(error: unknown): boolean {
  return error instanceof BinderlabError && !error.message.startsWith('the machine is broken');
}
