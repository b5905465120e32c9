/**
 * The processes that benchmarks run in: some for each case, so that none meets code that the engine has shaped for another,
 * without the engine's first, slow compiler of wasm. They answer by messages, since benny prints.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Latency, Round } from '../../../bench/results.ts';
import { checkBuilt } from '../boot.ts';
import type { MachineChoice } from '../machineoptions.ts';
import { ROOT } from '../packagefile.ts';

const PROGRAM = 'dist/bundle/bench.js';
/** What its processes need, below the package's folder. */
const NEEDED = [PROGRAM, 'build/release.wasm', 'build/bench.wasm'];
const PROFILED = 'build/profile.wasm';
const ENGINE_FLAGS = ['--no-liftoff'];
/**
 * The rounds of a case are dealt over so many processes: the engine lays its code out anew in each, and memory comes to lie
 * elsewhere, which by itself makes a case some per cent faster or slower. No number of rounds in one process would show that.
 */
const PROCESSES = 3;

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

/** @throws UsageError when the benchmarks have not been built, Error with what the process said when it fails */
function answerOf(words: readonly string[], engineFlags: readonly string[] = []): Promise<unknown> {
  checkBuilt(NEEDED);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...ENGINE_FLAGS, ...engineFlags, join(ROOT, PROGRAM), ...words], {
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
