/** The measured latencies, by name. Sizes are bytes of a message. */

import { roundTrip } from './calls.ts';
import { choice, options, type Setting } from './cases.ts';
import { virtualLatency } from './clients.ts';
import { hostRoundTrip } from './hostcalls.ts';
import type { Latency } from './results.ts';
import { GuestScene } from './scene.ts';
import { wallLatency } from './walllatency.ts';

interface LatencyCase {
  readonly name: string;
  measure(setting: Setting, rounds: number): Promise<Latency>;
}

const SIZE = 4;
const VIRTUAL_SIZES = [4, 4096, 65536];

export const LATENCIES: readonly LatencyCase[] = [
  {
    name: `latency/wall/driver/${SIZE}`,
    measure: (setting, rounds) => wallLatency(roundTrip(new GuestScene(choice(setting)), SIZE), rounds),
  },
  {
    name: `latency/wall/host/${SIZE}`,
    measure: (setting, rounds) => wallLatency(hostRoundTrip(options(setting), SIZE), rounds),
  },
  ...VIRTUAL_SIZES.map((size) => ({
    name: `latency/virtual/${size}`,
    measure: (setting: Setting) => virtualLatency(options(setting), size),
  })),
];
