/**
 * Measures one case with benny, in turns with the references: machines change their speed by the second, so what is to be
 * compared has to be measured at the same time. benny's own floor is a few nanoseconds a call; so it times turns of many.
 */
import benny from 'benny';
import type { Case, Setting } from './cases.ts';
import { copies, nopCalls } from './reference.ts';

/** One round: times of one operation, in ns. */
export interface Round {
  nopCallNs: number;
  copy4KiBNs: number;
  ns: number;
}

const NOP_COUNT = 10_000;
const COPY_COUNT = 1000;
/** Seconds: of one sample, and of all samples of a case in a round. */
const SAMPLE_TIME = 0.0002;
const CASE_TIME = 0.02;
const SAMPLES_MIN = 5;
/** Which sample counts, of all in order: other programs only ever make a sample longer, so it is not the middle one. */
const QUANTILE = 0.2;
const NS_PER_S = 1e9;

/** Turns before anything is measured, and how long they go on at least, in ms: until the engine has compiled everything. */
const WARM_TURNS = 20;
const WARM_MS = 100;

export async function measure(one: Case, setting: Setting, rounds: number): Promise<Round[]> {
  const run = one.prepare(setting);
  const end = performance.now() + WARM_MS;
  for (let turn = 0; turn < WARM_TURNS || performance.now() < end; turn++) run(one.count);
  const results: Round[] = [];
  for (let round = 0; round < rounds; round++) results.push(await measureRound(one, run));
  return results;
}

async function measureRound({ name, count }: Case, run: (count: number) => void): Promise<Round> {
  const { results } = await benny.suite(
    name,
    benny.add('nop', () => nopCalls(NOP_COUNT)),
    benny.add('copy', () => copies(COPY_COUNT)),
    benny.add(name, () => run(count)),
    benny.configure({ cases: { minTime: SAMPLE_TIME, maxTime: CASE_TIME, minSamples: SAMPLES_MIN, delay: 0 } }),
  );
  const [nopCallNs = 0, copy4KiBNs = 0, ns = 0] = [NOP_COUNT, COPY_COUNT, count].map(
    (calls, index) => (quantile(results[index]?.details.sampleResults ?? []) * NS_PER_S) / calls,
  );
  return { nopCallNs, copy4KiBNs, ns };
}

function quantile(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * QUANTILE)] ?? Number.NaN;
}
