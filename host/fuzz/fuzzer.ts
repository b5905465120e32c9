/**
 * Makes programs, runs them, and reports what breaks. Program number n of a seed is always the same. With branch counters it
 * also depends on the branches that earlier programs reached.
 */
import { Call } from '../os/call.ts';
import type { Journal } from '../trace/journal.ts';
import type { Strategy } from '../wire/strategy.ts';
import { BranchCounters, type GuestBranch } from './branchcounters.ts';
import { Dice } from './dice.ts';
import { Mutation } from './mutation.ts';
import { type Breach, breach, messageOf, ORACLES, type Oracle, type OracleOptions } from './oracles.ts';
import { type Shown, Shrinker } from './shrinker.ts';
import { type FuzzStep, StepMaker } from './steps.ts';
import { fuzzStepOf, journaled, journalOf, Target } from './target.ts';
import { FuzzWorld } from './world.ts';

export interface FuzzOptions extends Omit<OracleOptions, 'strategy'> {
  /** Each program draws one of them. */
  readonly strategies: readonly Strategy[];
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

/** A program that was run. */
interface FuzzProgram {
  readonly number: number;
  readonly strategy: Strategy;
  readonly steps: readonly FuzzStep[];
  /** What it broke; null for nothing. */
  readonly breach: Breach | null;
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
  readonly #targets = new Map<Strategy, Target>();
  readonly #counters = new WeakMap<Target, BranchCounters>();
  /** All branches of the guest; null without branch counters. */
  readonly #branches: readonly GuestBranch[] | null;
  /** By number of the branch: whether a program took it. */
  #reached = new Uint8Array(0);

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#oracles = options.oracles ?? ORACLES;
    this.#recordings = options.recordings.map(({ steps }) => steps.map(fuzzStepOf));
    const counters = this.#countersOf(this.#targetOf(options.strategies[0] as Strategy));
    this.#branches = counters?.branches ?? null;
    if (counters !== null) this.#reached = new Uint8Array(counters.counts.length);
  }

  /** Numbers of the branches that were reached; null without branch counters. */
  get branches(): number[] | null {
    return this.#branches?.flatMap(({ id }) => (this.#reached[id] === 1 ? [id] : [])) ?? null;
  }

  /** How many branches the guest has; 0 without branch counters. */
  get branchesOf(): number {
    return this.#branches?.length ?? 0;
  }

  /** Runs program number `number`. */
  run(number: number): FuzzProgram {
    const { thoroughEvery, seed, strategies } = this.#options;
    const dice = new Dice((Math.imul(seed + 1, SEED_STRIDE) + Math.imul(number, NUMBER_STRIDE)) >>> 0);
    const strategy = dice.of(strategies);
    const target = this.#targetOf(strategy);
    const { steps, isWhole, breach: atOnce } = this.#play(target, dice);
    let found = atOnce;
    this.tally.programs++;
    this.tally.steps += steps.length;
    this.tally.commands = this.#maker.stream.commands;
    if (found === null) this.#keepReaching(target, steps);
    if (found === null && isWhole && thoroughEvery > 0 && dice.below(thoroughEvery) === 0) {
      this.tally.judged++;
      for (const [name, oracle] of Object.entries(this.#oracles)) {
        if (name !== ALWAYS) found ??= judged(name, oracle, { ...this.#options, strategy }, steps);
      }
    }
    if (found !== null) this.#targets.delete(strategy);
    return { number, strategy, steps, breach: found };
  }

  /** Makes a program that breaks something as short as it gets in the time. */
  async shrink({ number, strategy, steps, breach: found }: BrokenProgram, isOver: () => boolean): Promise<Finding> {
    const options = { ...this.#options, strategy };
    const oracle = this.#oracles[found.oracle] as Oracle;
    const shown = (some: readonly FuzzStep[]): Shown => ({ steps: some.map(journaled), journal: NO_JOURNAL });
    // the oracle looks after each step, so it may see the breach earlier
    const first = judged(found.oracle, oracle, options, steps) ?? found;
    let least = first;
    const shrinker = new Shrinker(shown(steps.slice(0, first.at + 1)), {
      isOver,
      judge: (tried) => {
        const some = tried.map(fuzzStepOf);
        const again = judged(found.oracle, oracle, options, some);
        if (again?.signature !== first.signature) return Promise.resolve(null);
        least = again;
        return Promise.resolve(shown(some));
      },
    });
    const shortest = (await shrinker.run()).steps.map(fuzzStepOf);
    const name = `fuzz-${found.oracle}-${options.seed}-${number}`;
    const journal = journalOf(options, shortest, name, `found by fuzz: ${least.message.split('\n')[0]}`);
    return { program: number, breach: least, stepsBefore: steps.length, journal };
  }

  /** Plays a program; `isWhole` unless the host refused its last step. */
  #play(target: Target, dice: Dice): { steps: FuzzStep[]; isWhole: boolean; breach: Breach | null } {
    const { checkEvery } = this.#options;
    const steps: FuzzStep[] = [];
    let isWhole = true;
    target.reset();
    const maker = this.#maker;
    maker.clear();
    const world = new FuzzWorld(target.parts, dice);
    const length = dice.between(STEPS_MIN, STEPS_MAX);
    const source = this.#source(dice);
    const mutation = source === null ? maker : new Mutation(world, maker, source);
    try {
      for (let vain = 0; isWhole && steps.length < length && vain < VAIN_MAX; ) {
        const step = mutation.draw(world);
        if (step === null) {
          vain++;
          continue;
        }
        steps.push(step);
        isWhole = target.tries(step, (returned) => {
          this.#count(returned);
          world.learn(step, returned);
        });
        if (checkEvery > 0 && steps.length % checkEvery === 0) target.machine.check();
      }
      const left = target.leftBehind();
      return { steps, isWhole, breach: left === null ? null : breach(ALWAYS, steps, steps.length, left) };
    } catch (error) {
      return { steps, isWhole, breach: breach(ALWAYS, steps, steps.length - 1, messageOf(error)) };
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
  #keepReaching(target: Target, steps: readonly FuzzStep[]): void {
    const counters = this.#countersOf(target);
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

  #countersOf(target: Target): BranchCounters | null {
    const counters = this.#counters.get(target) ?? BranchCounters.of(target.machine.guest);
    if (counters !== null) this.#counters.set(target, counters);
    return counters;
  }

  /** The machine of a strategy. One that broke is made anew. */
  #targetOf(strategy: Strategy): Target {
    const target = this.#targets.get(strategy) ?? new Target({ ...this.#options, strategy });
    this.#targets.set(strategy, target);
    return target;
  }
}

/** The judgement of an oracle. A program that cannot be run again as it was played is a breach, also one that was made shorter. */
function judged(name: string, oracle: Oracle, options: OracleOptions, steps: readonly FuzzStep[]): Breach | null {
  try {
    return oracle(options, steps);
  } catch (error) {
    return breach(name, steps, steps.length - 1, messageOf(error));
  }
}

/** A program that broke something. */
export type BrokenProgram = FuzzProgram & { readonly breach: Breach };

/** A judge of the shrinker's has steps, and no journal of them. */
const NO_JOURNAL = {} as Journal;
