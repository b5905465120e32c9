/** The report of `bench` as a table for a terminal. */
import type { CaseChange } from '../../../bench/baseline.ts';
import { PERCENTS } from '../../../bench/quantiles.ts';
import { type BenchReport, type CaseResult, type LatencyResult, SPREAD_ROUNDS_MIN } from '../../../bench/report.ts';
import { aligned } from '../../plot/texttable.ts';

/** @returns Lines. */
export function tableLines(report: BenchReport): string[] {
  const { cases, latency, limits } = report;
  return [
    ...aligned(caseRows(report), isText),
    ...(latency.length > 0 ? ['', ...aligned(latencyRows(report), isText)] : []),
    ...(limits.length > 0 ? ['', ...aligned(limitRows(report), isText)] : []),
    ...notes(report, cases.length + latency.length),
  ];
}

function caseRows({ reference, cases, baseline }: BenchReport): string[][] {
  const { nopCallNs, copy4KiBNs } = reference;
  const compare = baseline !== undefined;
  return [
    ['case', 'ns', 'nop calls', 'spread', ...(compare ? CHANGE_HEADS : [])],
    ['nop call', nopCallNs.toFixed(2), '1'],
    ['copy of 4 KiB', copy4KiBNs.toFixed(1), (copy4KiBNs / nopCallNs).toFixed(1)],
    ...cases.map((one) => [
      one.name,
      nsText(one.ns),
      one.perNopCall.toFixed(1),
      spreadText(one),
      ...(compare ? changeCells(one.baseline, (earlier) => earlier.toFixed(1)) : []),
    ]),
  ];
}

function latencyRows({ latency, baseline }: BenchReport): string[][] {
  const compare = baseline !== undefined;
  return [
    ['latency, ns', ...PERCENTS.map((percent) => `${percent} %`), 'calls', ...(compare ? CHANGE_HEADS : [])],
    ...latency.map((one) => [
      one.name,
      ...PERCENTS.map((percent) => nsText(one.percentiles[percent])),
      String(one.calls),
      ...(compare ? changeCells(one.baseline, latencyThen(one)) : []),
    ]),
  ];
}

/** Wall time is compared in nop calls, virtual time in ns. */
export function latencyThen({ time }: LatencyResult): (earlier: number) => string {
  return time === 'wall' ? (earlier) => earlier.toFixed(1) : (earlier) => `${nsText(earlier)} ns`;
}

function limitRows({ limits }: BenchReport): string[][] {
  return [
    ['limit', 'now', ''],
    ...limits.map(({ case: name, limit, measured, holds }) => [
      `${name}: ${limit}`,
      measured,
      holds ? 'holds' : 'missed',
    ]),
  ];
}

const CHANGE_HEADS = ['then', 'change', 'noise', ''];

function changeCells(change: CaseChange | null | undefined, text: (earlier: number) => string): string[] {
  if (change === null || change === undefined) return ['-', '', '', 'not measured then'];
  return [text(change.earlier), changeText(change), noiseText(change), verdictText(change)];
}

/** "+3.1 %". */
export function changeText({ changePercent }: CaseChange): string {
  return `${changePercent < 0 ? '-' : '+'}${percentText(Math.abs(changePercent))} %`;
}

/** "2.0 %", or "?" when neither run has a spread. */
export function noiseText({ noisePercent }: CaseChange): string {
  return noisePercent === null ? '?' : `${percentText(noisePercent)} %`;
}

/** One decimal, or two for a value that would round to zero. */
function percentText(percent: number): string {
  return percent > 0 && percent < 0.05 ? percent.toFixed(2) : percent.toFixed(1);
}

/** The verdict as text. */
export function verdictText({ verdict }: CaseChange): string {
  return { faster: 'faster', slower: 'slower', same: 'within noise', unknown: 'noise unknown' }[verdict];
}

/** The note on a spread of "-". */
export const NO_SPREAD = `- with fewer than ${SPREAD_ROUNDS_MIN} rounds, too few to show how far rounds are apart`;

/** "±1.2 %": half the interquartile range of the rounds; "-" with too few rounds. */
export function spreadText({ perNopCall, low, high }: CaseResult): string {
  if (low === null || high === null) return '-';
  return `±${((50 * (high - low)) / perNopCall).toFixed(1)} %`;
}

/** Nanoseconds, rounded for readers. */
export function nsText(ns: number): string {
  return ns.toFixed(ns < 100 ? 1 : 0);
}

/** The notes below the table. */
function notes({ cases, latency, baseline, machine }: BenchReport, measured: number): string[] {
  const lines: string[] = [];
  if (cases.some(({ low }) => low === null)) lines.push(`spread: ${NO_SPREAD}`);
  if (latency.some(({ time }) => time === 'wall')) lines.push(wallNote(latency));
  if (latency.some(({ time }) => time === 'virtual')) {
    lines.push('virtual: time of the simulated schedule by the cost model of compare, the same on every machine');
  }
  if (baseline !== undefined && measured > 0) {
    lines.push(`then: ${baselineText(baseline)}; noise: the interquartile ranges of both runs' rounds, added up`);
    lines.push(...otherwise(baseline.machine ?? {}, machine));
  }
  return lines.length > 0 ? ['', ...lines] : [];
}

/** The options in which the earlier run differs, as far as it has them. */
function otherwise(then: Readonly<Record<string, unknown>>, now: BenchReport['machine']): string[] {
  return (['strategy', 'memoryMiB', 'seed'] as const)
    .filter((key) => then[key] !== undefined && then[key] !== now[key])
    .map((key) => `then ${key} was ${then[key]}, now it is ${now[key]}`);
}

function wallNote(latency: readonly LatencyResult[]): string {
  const clocks = latency.flatMap(({ clockNs }) => (clockNs === null ? [] : [clockNs]));
  const [least, most] = [nsText(Math.min(...clocks)), nsText(Math.max(...clocks))];
  const span = least === most ? most : `${least} to ${most}`;
  return `wall: single round trips, less ${span} ns for reading the clock`;
}

/** The baseline's file, and its machine. */
export function baselineText({ file, machine }: NonNullable<BenchReport['baseline']>): string {
  const { cpu, node, date } = machine ?? {};
  const known = [cpu, node === undefined ? undefined : `node ${node}`, date].filter((one) => typeof one === 'string');
  return known.length > 0 ? `${file} (${known.join(', ')})` : file;
}

/** Text is aligned to the left, numbers to the right. */
function isText(cell: string): boolean {
  return ['faster', 'slower', 'within noise', 'noise unknown', 'not measured then', 'holds', 'missed'].includes(cell);
}
