/**
 * The processes that benchmarks run in: some for each case, so that none meets code that the engine has shaped for another,
 * without the engine's first, slow compiler of wasm. They answer by messages, since benny prints.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkBuilt } from './boot.ts';
import type { MachineChoice } from './machineoptions.ts';
import type { Percentiles } from './quantiles.ts';

const PROGRAM = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
/** What its processes need, below the package's folder. */
const NEEDED = ['dist/bench/main.js', 'build/release.wasm', 'build/bench.wasm'];
const PROFILED = 'build/profile.wasm';
const ENGINE_FLAGS = ['--no-liftoff'];
/**
 * The rounds of a case are dealt over so many processes: the engine lays its code out anew in each, and memory comes to lie
 * elsewhere, which by itself makes a case some per cent faster or slower. No number of rounds in one process would show that.
 */
const PROCESSES = 3;

/** The references, timed beside what is measured: ns. */
export interface References {
  nopCallNs: number;
  copy4KiBNs: number;
}

/** One round of a case: times of one operation and of both references, in ns. */
export interface Round extends References {
  ns: number;
}

/** Calls that were timed one by one, in wall time. */
export interface WallLatency {
  time: 'wall';
  calls: number;
  /** What reading the clock takes, ns; taken off each time. */
  clockNs: number;
  rounds: (References & { percentiles: Percentiles })[];
}

/** Calls on a simulated schedule, whose time is a model's and the same on every machine. */
export interface VirtualLatency {
  time: 'virtual';
  calls: number;
  percentiles: Percentiles;
  rounds: References[];
}

export type Latency = WallLatency | VirtualLatency;

/** What a case is to stay under: so many times as long as another (null: as a nop call), or the other's share of it. */
export interface Limit {
  case: string;
  of: string | null;
  /** At most so many times as long. */
  most?: number;
  /** The other takes at least this share of the case's time, as a copy does of a call that makes it. */
  share?: number;
}

/** All that can be measured. */
export interface Catalogue {
  cases: string[];
  latencies: string[];
  /** What the cases below a name do, in the order of the cases. */
  groups: { name: string; what: string }[];
  limits: Limit[];
}

/** @throws UsageError when the benchmarks have not been built */
export async function catalogue(): Promise<Catalogue> {
  checkBuilt(NEEDED);
  return (await answerOf(['list'])) as Catalogue;
}

/**
 * @param isLimited Whether a limit hangs on it: then every round has a process of its own.
 * @returns All rounds, those of the first process first.
 */
export async function measureCase(
  name: string,
  choice: MachineChoice,
  rounds: number,
  isLimited: boolean,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (const share of shares(rounds, isLimited ? rounds : Math.min(rounds, PROCESSES))) {
    measured.push(...((await answerOf(['measure', name, ...machineWords(choice), String(share)])) as Round[]));
  }
  return measured;
}

/** Times single calls; `rounds` times where that is not the same every time. */
export async function measureLatency(name: string, choice: MachineChoice, rounds: number): Promise<Latency> {
  return (await answerOf(['latency', name, ...machineWords(choice), String(rounds)])) as Latency;
}

/** Runs a case on the build that has names, for `ms` milliseconds, with more flags for the engine. */
export async function spinCase(
  name: string,
  choice: MachineChoice,
  ms: number,
  engineFlags: readonly string[],
): Promise<void> {
  checkBuilt([PROFILED]);
  await answerOf(['spin', name, ...machineWords(choice), String(ms)], engineFlags);
}

function machineWords({ strategy, memory, seed }: MachineChoice): string[] {
  return [strategy, String(memory), String(seed)];
}

/** The rounds of each process, as even as can be. */
function shares(rounds: number, processes: number): number[] {
  return Array.from({ length: processes }, (_, index) => Math.ceil((rounds - index) / processes));
}

/** @throws Error with what the process said when it fails */
function answerOf(words: readonly string[], engineFlags: readonly string[] = []): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...ENGINE_FLAGS, ...engineFlags, PROGRAM, ...words], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let answer: unknown;
    let complaint = '';
    child.on('message', (message) => {
      answer = message;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(answer);
      else reject(new Error(`${words.join(' ')}: ended with ${signal ?? `exit code ${code}`}\n${complaint}`));
    });
  });
}
