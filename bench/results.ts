/** Results of the benchmarks: the rounds of a case, latencies, and the catalogue. */
import type { Percentiles } from './quantiles.ts';

/** The references, timed together with the case: ns. */
export interface References {
  nopCallNs: number;
  copy4KiBNs: number;
}

/** One round of a case: times of one operation and of both references, in ns. */
export interface Round extends References {
  ns: number;
}

/** Single calls, timed in wall time. */
export interface WallLatency {
  time: 'wall';
  calls: number;
  /** Time of reading the clock, ns; subtracted from each time. */
  clockNs: number;
  rounds: (References & { percentiles: Percentiles })[];
}

/** Calls on a simulated schedule. Their time comes from a model, and is the same on every machine. */
export interface VirtualLatency {
  time: 'virtual';
  calls: number;
  percentiles: Percentiles;
  rounds: References[];
}

export type Latency = WallLatency | VirtualLatency;

/** The limit of a case: a multiple of another case (null: of a nop call), or the other's share of it. */
export interface Limit {
  case: string;
  of: string | null;
  /** The case takes at most this multiple of the other's time. */
  most?: number;
  /** The other takes at least this share of the case's time, e.g. the copy that a call makes. */
  share?: number;
}

/** All cases and latencies. */
export interface Catalogue {
  cases: readonly string[];
  latencies: readonly string[];
  /** Descriptions of groups of cases, in the order of the cases. */
  groups: readonly { name: string; what: string }[];
  limits: readonly Limit[];
}
