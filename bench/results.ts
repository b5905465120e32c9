/** What the benchmarks answer with: the rounds of a case, latencies, and all that can be measured. */
import type { Percentiles } from './quantiles.ts';

/** The references, timed beside what is measured: ns. */
export interface References {
  nopCallNs: number;
  copy4KiBNs: number;
}

/** One round of a case: times of one operation and of both references, in ns. */
export interface Round extends References {
  ns: number;
}

/** Calls that were timed one by one, in wall time. */
export interface WallLatency {
  time: 'wall';
  calls: number;
  /** What reading the clock takes, ns; taken off each time. */
  clockNs: number;
  rounds: (References & { percentiles: Percentiles })[];
}

/** Calls on a simulated schedule, whose time is a model's and the same on every machine. */
export interface VirtualLatency {
  time: 'virtual';
  calls: number;
  percentiles: Percentiles;
  rounds: References[];
}

export type Latency = WallLatency | VirtualLatency;

/** What a case is to stay under: so many times as long as another (null: as a nop call), or the other's share of it. */
export interface Limit {
  case: string;
  of: string | null;
  /** At most so many times as long. */
  most?: number;
  /** The other takes at least this share of the case's time, as a copy does of a call that makes it. */
  share?: number;
}

/** All that can be measured. */
export interface Catalogue {
  cases: readonly string[];
  latencies: readonly string[];
  /** What the cases below a name do, in the order of the cases. */
  groups: readonly { name: string; what: string }[];
  limits: readonly Limit[];
}
