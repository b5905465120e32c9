/**
 * The program that `binderlab bench` runs in a separate process for each case. benny prints, so results go to the parent
 * as a message. MACHINE stands for three words: the strategy, MiB of memory, the seed.
 *
 *     main.js measure CASE MACHINE ROUNDS   -> Round[]
 *     main.js latency CASE MACHINE ROUNDS   -> Latency
 *     main.js spin CASE MACHINE MS          measures nothing: the case runs for a profiler
 *     main.js repeat CASE MACHINE COUNT BUILD   the same for a number of repetitions, with a build of the guest
 */
import { readFileSync } from 'node:fs';
import { compileGuest } from '../host/guest/code.ts';
import type { Strategy } from '../host/machine.ts';
import { CASES, type Case, type Setting } from './cases.ts';
import { LATENCIES } from './latencies.ts';
import { measure } from './measure.ts';

const [task, name = '', strategy, memory, seed, amount, build = 'release'] = process.argv.slice(2);

function moduleOf(build: string): WebAssembly.Module {
  return compileGuest(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
}

function setting(release: string): Setting {
  return {
    release: moduleOf(release),
    bench: moduleOf('bench'),
    strategy: strategy as Strategy,
    memoryMiB: Number(memory),
    seed: Number(seed),
  };
}

function found<T extends { name: string }>(all: readonly T[]): T {
  const one = all.find((each) => each.name === name);
  if (one === undefined) throw new Error(`there is no case "${name}"`);
  return one;
}

function spin(one: Case, ms: number): void {
  const run = one.prepare(setting('profile'));
  const end = performance.now() + ms;
  while (performance.now() < end) run(one.count);
}

if (task === 'measure') process.send?.(await measure(found(CASES), setting('release'), Number(amount)));
else if (task === 'latency') process.send?.(await found(LATENCIES).measure(setting('release'), Number(amount)));
else if (task === 'spin') spin(found(CASES), Number(amount));
else if (task === 'repeat') found(CASES).prepare(setting(build))(Number(amount));
else throw new Error(`main.js measure|latency|spin|repeat, not "${task}"`);
