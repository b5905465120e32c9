/**
 * `npm run exhaust`: the allocator's exhaustive test, 750,000 runs, on the release build. Exit code 0 when all runs hold,
 * 1 when one does not, 2 for an invalid command line.
 *
 *     --strategy S   a mapping strategy; default: kmap
 *     --every N      every Nth combination of alignments only
 *     --json         one JSON document on stdout: {runs, failures, seconds, cpuSeconds, nopCallNs, failed}
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compileGuest } from '../host/guest/code.ts';
import { Guest } from '../host/guest/guest.ts';
import { STRATEGIES, strategyNumber } from '../host/wire/strategy.ts';
import { type ExhaustExports, type ExhaustFailure, failureText } from './exhaustfailure.ts';
import { exhaust } from './exhaustruns.ts';
import { ALIGNMENTS_COUNT } from './guest/exhaustcases.ts';
import { median } from './quantiles.ts';
import { nopCalls } from './reference.ts';
import { good } from './scene.ts';

const MEMORY_MIB = 8;
const VMALLOC_MIB = 8;
const BYTES_PER_MIB = 1024 * 1024;

/** Nop calls, timed between the runs, since machines change their speed: the number of calls, and the interval. */
const NOP_COUNT = 10_000;
const LAYOUTS_PER_SAMPLE = 10;
const NS_PER_MS = 1e6;
const MS_PER_S = 1e3;
const US_PER_S = 1e6;

/** What `--json` prints. */
interface Report {
  runs: number;
  failures: number;
  /** Wall time of the runs, with some milliseconds of nop calls. `cpuSeconds` is the processor's time for them, which is less on a busy machine. */
  seconds: number;
  cpuSeconds: number;
  nopCallNs: number;
  failed: ExhaustFailure[];
}

function choice() {
  const { values } = parse();
  const { strategy, every } = values;
  const number = strategyNumber(strategy);
  if (number === undefined) wrongUse(`there is no strategy "${strategy}"; there are ${STRATEGIES.join(', ')}`);
  if (!/^[1-9]\d*$/.test(every) || Number(every) > ALIGNMENTS_COUNT) {
    wrongUse(`--every takes a number from 1 to ${ALIGNMENTS_COUNT}, not "${every}"`);
  }
  return { strategy: number, every: Number(every), json: values.json };
}

function parse() {
  try {
    return parseArgs({
      options: {
        strategy: { type: 'string', default: STRATEGIES[0] as string },
        every: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return wrongUse((error as Error).message);
  }
}

/** Makes machines with one area each. */
function booter(strategy: number): () => ExhaustExports {
  const wasm = compileGuest(readFileSync(new URL('../../build/bench.wasm', import.meta.url)));
  return () => {
    const { raw } = new Guest(wasm, MEMORY_MIB);
    good(raw.boot(MEMORY_MIB * BYTES_PER_MIB, strategy, VMALLOC_MIB));
    const guest = raw as unknown as ExhaustExports;
    good(guest.exhaustStart(strategy));
    return guest;
  };
}

function measured(strategy: number, every: number): Report {
  const samples = [nopSample()];
  let done = 0;
  const boot = booter(strategy);
  const [start, cpuStart] = [performance.now(), process.cpuUsage()];
  const { runs, failures } = exhaust(boot, {
    every,
    onLayout: () => {
      if (++done % LAYOUTS_PER_SAMPLE === 0) samples.push(nopSample());
    },
  });
  const seconds = (performance.now() - start) / MS_PER_S;
  const cpuSeconds = process.cpuUsage(cpuStart).user / US_PER_S;
  return { runs, failures: failures.length, seconds, cpuSeconds, nopCallNs: median(samples), failed: failures };
}

/** Time of one nop call, ns. */
function nopSample(): number {
  const start = performance.now();
  nopCalls(NOP_COUNT);
  return ((performance.now() - start) * NS_PER_MS) / NOP_COUNT;
}

function text({ runs, failures, seconds, cpuSeconds, nopCallNs, failed }: Report): string {
  return [
    ...failed.map(failureText),
    `runs      ${runs}`,
    `failures  ${failures}`,
    `seconds   ${seconds.toFixed(2)}, of the processor ${cpuSeconds.toFixed(2)}`,
    `nop call  ${nopCallNs.toFixed(2)} ns`,
  ].join('\n');
}

function wrongUse(problem: string): never {
  process.stderr.write(`exhaust: ${problem}\n`);
  process.exit(2);
}

const { strategy, every, json } = choice();
const report = measured(strategy, every);
console.log(json ? JSON.stringify(report, null, 2) : text(report));
process.exitCode = report.failures === 0 ? 0 : 1;
