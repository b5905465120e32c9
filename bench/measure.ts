/**
 * Measures one case with benny, alternating with the references: machines change their speed by the second, so compared
 * values must be measured at the same time. benny's own cost is a few nanoseconds a call, so it times turns of many calls.
 */
import type { Case, Setting } from './cases.ts';
import { percentile } from './quantiles.ts';
import { copies, nopCalls } from './reference.ts';
import type { References, Round } from './results.ts';

const NOP_COUNT = 10_000;
const COPY_COUNT = 1000;
/** Seconds: one sample, and all samples of a case in a round. */
const SAMPLE_TIME = 0.0002;
const CASE_TIME = 0.02;
const SAMPLES_MIN = 5;
/** The percentile of the samples that counts. It is not the median, since other programs only make samples longer. */
const PERCENT = 20;
const NS_PER_S = 1e9;

/** Warm-up, until the engine has compiled everything: the minimum of turns, and of their time in ms. */
const WARM_TURNS = 20;
const WARM_MS = 100;

export async function measure(one: Case, setting: Setting, rounds: number): Promise<Round[]> {
  const run = one.prepare(setting);
  warmUp(() => run(one.count));
  const results: Round[] = [];
  for (let round = 0; round < rounds; round++) results.push(await measureRound(one, run));
  return results;
}

/** Runs turns until the engine has compiled everything in them. */
export function warmUp(turn: () => void): void {
  const end = performance.now() + WARM_MS;
  for (let turns = 0; turns < WARM_TURNS || performance.now() < end; turns++) turn();
}

/** The references alone. */
export async function measureReferences(): Promise<References> {
  const [nopCallNs = 0, copy4KiBNs = 0] = await timesOf([]);
  return { nopCallNs, copy4KiBNs };
}

async function measureRound({ name, count }: Case, run: (count: number) => void): Promise<Round> {
  const [nopCallNs = 0, copy4KiBNs = 0, ns = 0] = await timesOf([{ name, count, turn: () => run(count) }]);
  return { nopCallNs, copy4KiBNs, ns };
}

/** Times of one operation, ns: a nop call, a copy of 4 KiB, and each of the others. */
async function timesOf(others: { name: string; count: number; turn: () => void }[]): Promise<number[]> {
  const all = [
    { name: 'nop', count: NOP_COUNT, turn: () => nopCalls(NOP_COUNT) },
    { name: 'copy', count: COPY_COUNT, turn: () => copies(COPY_COUNT) },
    ...others,
  ];
  const { default: benny } = await import('benny'); // here, since a list of names does not need it
  const { results } = await benny.suite(
    'round',
    ...all.map(({ name, turn }) => benny.add(name, turn)),
    benny.configure({ cases: { minTime: SAMPLE_TIME, maxTime: CASE_TIME, minSamples: SAMPLES_MIN, delay: 0 } }),
  );
  return all.map(
    ({ count }, index) => (percentile(results[index]?.details.sampleResults ?? [], PERCENT) * NS_PER_S) / count,
  );
}
