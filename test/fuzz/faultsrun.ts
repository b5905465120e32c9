/**
 * `npm run fuzz:faults [NAME...]`: makes the guest with each deliberate fault of faults.ts, and fuzzes it until the fault is
 * found, for five minutes at most; one fault on each processor. Prints how long each took. Exit code 1 when fewer than nine of
 * ten are found.
 *
 * The guest is the debug build, without its asserts when `--no-asserts` is given: then only the checker, the leaks and the
 * comparisons are left to find it.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Fuzzer } from '../../host/fuzz/fuzzer.ts';
import { STRATEGIES } from '../../host/machine.ts';
import { ALL_SETS, recording, recordingNames } from '../conformance/recordings.ts';
import { FAULTS, type Fault } from './faults.ts';
import { guestWith } from './faultyguest.ts';

const LIMIT_S = 300;
const ENOUGH = 0.9;
const CHILD = '--child';
const NO_ASSERTS = '--no-asserts';

/** What came of one fault. */
interface Outcome {
  readonly name: string;
  readonly found: string | null;
  readonly seconds: number;
  readonly steps: number;
}

const words = process.argv.slice(2);
const isBare = words.includes(NO_ASSERTS);
if (words[0] === CHILD) {
  process.send?.(fuzzed(FAULTS.find(({ name }) => name === words[1]) as Fault));
} else {
  await main(words.filter((word) => word !== NO_ASSERTS));
}

async function main(names: readonly string[]): Promise<void> {
  const waiting = FAULTS.filter(({ name }) => names.length === 0 || names.includes(name));
  const outcomes: Outcome[] = [];
  const count = waiting.length;
  const work = async () => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const outcome = await inChild(fault.name);
      outcomes.push(outcome);
      const { name, found, seconds, steps } = outcome;
      console.log(`${name}: ${found === null ? 'NOT FOUND' : found} (${seconds.toFixed(1)} s, ${steps} steps)`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const found = outcomes.filter((outcome) => outcome.found !== null).length;
  console.log(`${found} of ${count} faults found`);
  process.exitCode = found >= ENOUGH * count ? 0 : 1;
}

/** A process of its own: the engine keeps all code that it has compiled. */
function inChild(name: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, [CHILD, name, ...(isBare ? [NO_ASSERTS] : [])]);
    let outcome: Outcome | null = null;
    child.on('message', (message) => (outcome = message as Outcome));
    child.on('error', reject);
    child.on('exit', () => {
      if (outcome === null) reject(new Error(`${name}: its process ended without an outcome`));
      else resolve(outcome);
    });
  });
}

function fuzzed(fault: Fault): Outcome {
  const wasm = new WebAssembly.Module(guestWith(fault, isBare));
  const recordings = ALL_SETS.filter((set) => set !== 'random').flatMap((set) =>
    recordingNames(set).map((name) => recording(name, set)),
  );
  const common = {
    wasm,
    other: wasm,
    strategies: STRATEGIES,
    memory: 16,
    seed: 0,
    checkEvery: 1,
    thoroughEvery: 20,
  } as const;
  const fuzzer = new Fuzzer({ ...common, recordings });
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  for (let number = 0; seconds() < LIMIT_S; number++) {
    const { breach } = fuzzer.run(number);
    if (breach === null) continue;
    const [first = ''] = breach.message.split('\n');
    const found = `${breach.oracle}: ${first.slice(0, 90)}`;
    return { name: fault.name, found, seconds: seconds(), steps: fuzzer.tally.steps };
  }
  return { name: fault.name, found: null, seconds: seconds(), steps: fuzzer.tally.steps };
}
