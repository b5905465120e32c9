/** The report of `bench`: its JSON format, and its calculation from the rounds. */
import { availableParallelism, cpus, release, type } from 'node:os';
import { type Baseline, type CaseChange, changeSince, type Measured } from './baseline.ts';
import { byPercent, median, type Percentiles, percentile } from './quantiles.ts';
import type { Latency, Limit, References, Round } from './results.ts';

/** A case. `ns` is the time of `perNopCall` nop calls, at the speed of the reference. */
export interface CaseResult {
  name: string;
  ns: number;
  perNopCall: number;
  /** Lower and upper quartile of the rounds, nop calls; null with fewer than three rounds. */
  low: number | null;
  high: number | null;
  /** Each round, nop calls. */
  rounds: number[];
  /** The change since `--baseline`; null when the baseline does not have the case. */
  baseline?: CaseChange | null;
}

/** A latency. Wall time has the format of a case. Virtual time comes from a model, and is not a multiple of a reference. */
export interface LatencyResult {
  name: string;
  time: 'wall' | 'virtual';
  calls: number;
  /** The median. */
  ns: number;
  perNopCall: number | null;
  /** Quartiles of the rounds' medians, nop calls; virtual time has no rounds. */
  low: number | null;
  high: number | null;
  /** Percentiles, ns: 50, 90, 95 and 99 per cent of the calls take at most this time. */
  percentiles: Percentiles;
  /** Time of reading the clock, which is subtracted; wall time only. */
  clockNs: number | null;
  baseline?: CaseChange | null;
}

interface LimitResult {
  case: string;
  /** The limit, e.g. "at most 190 nop calls". */
  limit: string;
  /** The value of this run, e.g. "214.2". */
  measured: string;
  holds: boolean;
}

/** The machine that ran the benchmarks. */
export interface BenchMachine {
  cpu: string;
  processors: number;
  os: string;
  node: string;
  v8: string;
  strategy: string;
  memoryMiB: number;
  seed: number;
  rounds: number;
  date: string;
}

type Asked = Pick<BenchMachine, 'strategy' | 'memoryMiB' | 'seed' | 'rounds'>;

export interface BenchReport {
  reference: References;
  cases: CaseResult[];
  latency: LatencyResult[];
  limits: LimitResult[];
  machine: BenchMachine;
  baseline?: { file: string; machine: Readonly<Record<string, unknown>> | null };
}

/** All measurements of a run, the input of a report. */
export interface Measurements {
  cases: { name: string; rounds: Round[] }[];
  latencies: { name: string; latency: Latency }[];
}

/** A smaller distance from a whole number is a rounding error of divisions. */
const WHOLE = 1e-9;
const QUARTILES = [25, 75] as const;
/** The minimum of rounds for a spread: each comes from another process. Fewer rounds understate the spread. */
export const SPREAD_ROUNDS_MIN = 3;

export function reportOf(
  { cases, latencies }: Measurements,
  machine: BenchMachine,
  limits: readonly Limit[],
  baseline: Baseline | null,
): BenchReport {
  const reference = referenceOf([
    ...cases.flatMap(({ rounds }) => rounds),
    ...latencies.flatMap(({ latency }) => latency.rounds),
  ]);
  const results = cases.map(({ name, rounds }) => caseResult(name, rounds, reference.nopCallNs));
  const latency = latencies.map((one) => latencyResult(one.name, one.latency, reference.nopCallNs));
  const report: BenchReport = { reference, cases: results, latency, limits: limitResults(limits, results), machine };
  return baseline === null ? report : compared(report, baseline);
}

/** The options of the run, and this machine. */
export function benchMachine({ strategy, memoryMiB, seed, rounds }: Asked): BenchMachine {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown processor',
    processors: availableParallelism(),
    os: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    strategy,
    memoryMiB,
    seed,
    rounds,
    date: new Date().toISOString(),
  };
}

function referenceOf(all: readonly References[]): References {
  const nopCallNs = median(all.map((round) => round.nopCallNs));
  return { nopCallNs, copy4KiBNs: nopCallNs * median(all.map((round) => round.copy4KiBNs / round.nopCallNs)) };
}

function caseResult(name: string, measured: readonly Round[], nopCallNs: number): CaseResult {
  const rounds = measured.map((round) => round.ns / round.nopCallNs);
  const perNopCall = median(rounds);
  return { name, ns: perNopCall * nopCallNs, perNopCall, ...quartiles(rounds), rounds };
}

function latencyResult(name: string, latency: Latency, nopCallNs: number): LatencyResult {
  const { time, calls } = latency;
  if (time === 'virtual') {
    const { percentiles } = latency;
    return { name, time, calls, ns: percentiles[50], ...NO_ROUNDS, percentiles, clockNs: null };
  }
  const perNopCalls = byPercent((percent) => {
    return median(latency.rounds.map((round) => round.percentiles[percent] / round.nopCallNs));
  });
  const percentiles = byPercent((percent) => perNopCalls[percent] * nopCallNs);
  const medians = latency.rounds.map((round) => round.percentiles[50] / round.nopCallNs);
  const perNopCall = perNopCalls[50];
  const { clockNs } = latency;
  return { name, time, calls, ns: percentiles[50], perNopCall, ...quartiles(medians), percentiles, clockNs };
}

const NO_ROUNDS = { perNopCall: null, low: null, high: null };

function quartiles(rounds: readonly number[]): { low: number | null; high: number | null } {
  if (rounds.length < SPREAD_ROUNDS_MIN) return { low: null, high: null };
  const [low, high] = QUARTILES.map((percent) => percentile(rounds, percent)) as [number, number];
  return { low, high };
}

/** The limits whose cases were measured. */
function limitResults(limits: readonly Limit[], cases: readonly CaseResult[]): LimitResult[] {
  const costOf = (name: string | null) => (name === null ? 1 : cases.find((one) => one.name === name)?.perNopCall);
  return limits.flatMap(({ case: name, of, most, share }) => {
    const [cost, other] = [costOf(name), costOf(of)];
    if (cost === undefined || other === undefined) return [];
    if (share !== undefined) {
      const measured = other / cost;
      const limit = `at least ${Math.round(100 * share)} % of the speed of ${of}`;
      return [{ case: name, limit, measured: `${shown(measured, 100, Math.floor)} %`, holds: measured >= share }];
    }
    const measured = cost / other;
    const limit = of === null ? `at most ${most} nop calls` : `at most ${most} times ${of}`;
    const digits = of === null ? 1 : 2;
    const parts = 10 ** digits;
    const text = (shown(measured, parts, Math.ceil) / parts).toFixed(digits);
    return [{ case: name, limit, measured: text, holds: measured <= (most ?? 0) }];
  });
}

/** `parts` times the value, rounded so that a missed limit looks missed. */
function shown(measured: number, parts: number, towards: (value: number) => number): number {
  const value = measured * parts;
  const whole = Math.round(value);
  return Math.abs(value - whole) < WHOLE ? whole : towards(value);
}

/** The report with the changes since the baseline. */
function compared(report: BenchReport, { file, machine, cases, latency }: Baseline): BenchReport {
  const change = (then: Measured | undefined, now: Measured) => (then === undefined ? null : changeSince(then, now));
  return {
    ...report,
    cases: report.cases.map((one) => ({ ...one, baseline: change(cases.get(one.name), caseMeasured(one)) })),
    latency: report.latency.map((one) => ({ ...one, baseline: change(latency.get(one.name), latencyMeasured(one)) })),
    baseline: { file, machine },
  };
}

function caseMeasured({ perNopCall, low, high }: CaseResult): Measured {
  return { value: perNopCall, low, high };
}

/** Virtual time is exact: its noise is 0. */
function latencyMeasured({ ns, perNopCall, low, high }: LatencyResult): Measured {
  return perNopCall === null ? { value: ns, low: ns, high: ns } : { value: perNopCall, low, high };
}
