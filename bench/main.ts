/**
 * The program that `binderlab bench` runs in a process of its own for each case. benny prints, so results go to the parent
 * as a message.
 *
 *     main.js list                                    -> string[]: names of all cases
 *     main.js measure CASE STRATEGY MEMORY_MIB ROUNDS  -> Round[]
 *     main.js spin CASE STRATEGY MEMORY_MIB MS         nothing is measured: the case runs for a profiler to watch
 */
import { readFileSync } from 'node:fs';
import type { Strategy } from '../host/machine.ts';
import { CASES, type Case, type Setting } from './cases.ts';
import { measure } from './measure.ts';

const [task, name, strategy, memory, amount] = process.argv.slice(2);

function moduleOf(build: string): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url))));
}

function setting(release: string): Setting {
  return {
    release: moduleOf(release),
    bench: moduleOf('bench'),
    strategy: strategy as Strategy,
    memoryMiB: Number(memory),
  };
}

function found(): Case {
  const one = CASES.find((each) => each.name === name);
  if (one === undefined) throw new Error(`there is no case "${name}"`);
  return one;
}

function spin(one: Case, ms: number): void {
  const run = one.prepare(setting('profile'));
  const end = performance.now() + ms;
  while (performance.now() < end) run(one.count);
}

if (task === 'list') process.send?.(CASES.map((one) => one.name));
else if (task === 'measure') process.send?.(await measure(found(), setting('release'), Number(amount)));
else if (task === 'spin') spin(found(), Number(amount));
else throw new Error(`main.js list|measure|spin, not "${task}"`);
