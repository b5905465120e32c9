/** Latency in wall time: calls that are timed one by one, so that what happens to a single one is seen. */

import { measureReferences, warmUp } from './measure.ts';
import { median, percentilesOf } from './quantiles.ts';
import type { WallLatency } from './results.ts';

/** Calls in a round: enough for ten beyond the 99th percentile, a hundred times over. */
const CALLS = 20_000;
const NS_PER_MS = 1e6;

/** @param once Makes one call. */
export async function wallLatency(once: () => void, rounds: number): Promise<WallLatency> {
  const stamps = new Float64Array(CALLS + 1);
  warmUp(() => timed(once, stamps));
  const found: WallLatency['rounds'] = [];
  const clocks: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const references = await measureReferences();
    const clockNs = median(timed(nothing, stamps));
    const times = timed(once, stamps).map((ns) => Math.max(ns - clockNs, 0));
    clocks.push(clockNs);
    found.push({ ...references, percentiles: percentilesOf(times) });
  }
  return { time: 'wall', calls: CALLS * rounds, clockNs: median(clocks), rounds: found };
}

function nothing(): void {}

/** Times of single calls, ns, each with one reading of the clock in it. */
function timed(once: () => void, stamps: Float64Array): number[] {
  stamps[0] = performance.now();
  for (let call = 1; call < stamps.length; call++) {
    once();
    stamps[call] = performance.now();
  }
  return Array.from({ length: stamps.length - 1 }, (_, call) => {
    return ((stamps[call + 1] as number) - (stamps[call] as number)) * NS_PER_MS;
  });
}
