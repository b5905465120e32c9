/** Latency in wall time: each call is timed, so that a single slow call is visible. */

import { measureReferences, warmUp } from './measure.ts';
import { median, percentilesOf } from './quantiles.ts';
import type { WallLatency } from './results.ts';

/** Calls in a round: 200 of them are beyond the 99th percentile. */
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

/** Times of single calls, ns. Each includes one reading of the clock. */
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
