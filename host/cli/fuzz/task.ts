/** What the command and its worker threads tell each other. */
import type { Finding, FuzzTally } from '../../fuzz/fuzzer.ts';
import type { Strategy } from '../../wire/strategy.ts';

/** Builds of the guest that programs can run on. `coverage` counts branches, and programs that reach a new one are kept. */
export const FUZZED_BUILDS = ['release', 'debug', 'coverage'] as const;
type FuzzedBuild = (typeof FUZZED_BUILDS)[number];

/** The part of a worker thread. */
export interface FuzzTask {
  readonly build: FuzzedBuild;
  readonly strategies: readonly Strategy[];
  /** MiB. */
  readonly memory: number;
  readonly seed: number;
  readonly checkEvery: number;
  readonly thoroughEvery: number;
  /** Paths of recordings. */
  readonly recordings: readonly string[];
  /** Numbers of its programs: `first`, `first + stride`, ... */
  readonly first: number;
  readonly stride: number;
  /** It ends after that many steps, or that many milliseconds. */
  readonly stepsMax: number;
  readonly limitMs: number;
}

/** What a worker thread says. */
export interface FuzzNews {
  readonly tally: FuzzTally;
  /** Numbers of the branches reached so far; null for a build that does not count. */
  readonly branches: readonly number[] | null;
  /** All branches of the guest. */
  readonly branchesOf: number;
  /** The program that runs next. */
  readonly program: number;
  readonly finding: Finding | null;
}
