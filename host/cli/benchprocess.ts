/**
 * The processes that benchmarks run in: one for each case, so that none meets code that the engine has shaped for another,
 * without the engine's first, slow compiler of wasm. They answer by messages, since benny prints.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MachineChoice } from './machineflags.ts';

const PROGRAM = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
const ENGINE_FLAGS = ['--no-liftoff'];

/** One round of a case: times of one operation and of both references, in ns. */
export interface Round {
  nopCallNs: number;
  copy4KiBNs: number;
  ns: number;
}

/** @returns The names of all cases. */
export async function caseNames(): Promise<string[]> {
  return (await answerOf(['list'])) as string[];
}

export async function measureCase(name: string, choice: MachineChoice, rounds: number): Promise<Round[]> {
  return (await answerOf(['measure', name, choice.strategy, String(choice.memory), String(rounds)])) as Round[];
}

/** Runs a case on the build that has names, for `ms` milliseconds, with more flags for the engine. */
export async function spinCase(
  name: string,
  choice: MachineChoice,
  ms: number,
  engineFlags: readonly string[],
): Promise<void> {
  await answerOf(['spin', name, choice.strategy, String(choice.memory), String(ms)], engineFlags);
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
