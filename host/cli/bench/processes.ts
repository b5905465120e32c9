/**
 * The processes of benchmarks. Each case has its own, so that no case runs code that the engine has optimized for
 * another. They run without the engine's first, slow wasm compiler. They answer by messages, since benny prints.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Latency, Round } from '../../../bench/results.ts';
import { engineFlags } from '../../wasm/engine.ts';
import { checkBuilt } from '../boot.ts';
import type { MachineChoice } from '../machineoptions.ts';
import { ROOT } from '../packagefile.ts';

const PROGRAM = 'dist/bundle/bench.js';
/** Files that the processes need, below the package's folder. */
const NEEDED = [PROGRAM, 'build/release.wasm', 'build/bench.wasm'];
const PROFILED = 'build/profile.wasm';
const ENGINE_FLAGS = ['--no-liftoff', ...engineFlags()];
/**
 * The number of processes over which the rounds of a case are distributed. The engine lays out code and memory anew in
 * each, which alone makes a case some per cent faster or slower. Rounds in one process cannot show that.
 */
const PROCESSES = 3;

/**
 * @param isLimited Whether the case has a limit: then every round has its own process.
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

/** Times single calls; repeated `rounds` times, unless all rounds are equal. */
export async function measureLatency(name: string, choice: MachineChoice, rounds: number): Promise<Latency> {
  return (await answerOf(['latency', name, ...machineWords(choice), String(rounds)])) as Latency;
}

/** Runs a case on the build with names, for `ms` milliseconds, with further flags for the engine. */
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

/** The number of rounds of each process, as equal as possible. */
function shares(rounds: number, processes: number): number[] {
  return Array.from({ length: processes }, (_, index) => Math.ceil((rounds - index) / processes));
}

/** @throws UsageError when the benchmarks are not built, Error with the output of a process that fails */
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
