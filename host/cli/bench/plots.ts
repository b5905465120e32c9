/** The plots of the benchmark page, with the names of their cases. */

import { PERCENTS } from '../../../bench/quantiles.ts';
import type { BenchReport, CaseResult } from '../../../bench/report.ts';
import type { Limit } from '../../../bench/results.ts';
import { countText, exactBytesText, timeText } from '../../plot/figures.ts';
import { type Line, type LinePlot, linePlot, type Mark, type Point } from '../../plot/lineplot.ts';
import { type Range, rangePlot } from '../../plot/rangeplot.ts';
import { changeText, noiseText, spreadText } from './table.ts';

/** Cases that differ in the number at the end of their names: the line's name, and the cases' name without the number. */
type Series = readonly (readonly [line: string, group: string])[];

/** A line has the same look on all plots. */
const LOOKS: readonly string[] = [
  'round trip, libbinder',
  'round trip, host',
  'round trip, driver',
  'oneway, driver',
  'copy_from_user',
  'memory.copy',
];

const PAYLOAD: Series = [
  ['round trip, libbinder', 'round-trip/libbinder'],
  ['round trip, host', 'round-trip/host'],
  ['round trip, driver', 'round-trip/driver'],
  ['oneway, driver', 'oneway/driver'],
  ['copy_from_user', 'copy-from-user'],
  ['memory.copy', 'memory-copy'],
];
/** With the number of copies of the bytes. */
const SHARE: readonly (readonly [line: string, group: string, copies: number])[] = [
  ['copy_from_user', 'copy-from-user', 1],
  ['oneway, driver', 'oneway/driver', 1],
  ['round trip, driver', 'round-trip/driver', 2],
];
const SCALE: Series = [
  ['among processes', 'scale/processes'],
  ['among references', 'scale/refs'],
  ['oneway, others queued', 'scale/queued'],
];
const ALLOC: Series = [
  ['any goes', 'alloc-free'],
  ['the newest goes', 'alloc-free/lifo'],
];
const COPY = 'memory-copy';

interface Plots {
  payload: string;
  share: string;
  scale: string;
  alloc: string;
  latency: string;
}

/** A plot without measured cases is empty. */
export function plotsOf(report: BenchReport, asked: readonly Limit[]): Plots {
  const { cases, reference } = report;
  const plot = ({ title, series, x, xName }: { title: string; series: Series; x: LinePlot['x']; xName: string }) =>
    linePlot({
      title,
      lines: measured(series.map(([name, group]) => lineOf(name, pointsOf(cases, group, reference.nopCallNs)))),
      xName,
      yName: `time of one operation${x === 'bytes' ? ' (log scale)' : ''}`,
      xText: x === 'bytes' ? exactBytesText : manyText,
      yText: timeText,
      x,
      y: x === 'bytes' ? 'log' : 'linear',
    });
  const bytes = { x: 'bytes', xName: 'bytes of the message (log scale)' } as const;
  return {
    payload: plot({ title: 'Time of one operation against the bytes of a message', series: PAYLOAD, ...bytes }),
    share: sharePlot(report, asked),
    scale: plot({
      title: 'Time of a call against how many others there are',
      series: SCALE,
      x: 'count',
      xName: 'others',
    }),
    alloc: plot({
      title: 'One buffer freed and one made, against live buffers',
      series: ALLOC,
      x: 'count',
      xName: 'live buffers (log scale)',
    }),
    latency: latencyPlot(report),
  };
}

/** A line on only one plot gets its look from its place there. */
function lineOf(name: string, points: Point[]): Line {
  const known = LOOKS.indexOf(name);
  const place = [...SCALE, ...ALLOC].findIndex(([line]) => line === name);
  return { name, look: { color: known < 0 ? place : known }, points };
}

function measured(lines: readonly Line[]): Line[] {
  return lines.filter(({ points }) => points.length > 0);
}

/** The points of the cases whose name is the group's and a number; of a group `a/b` also those of `a/NUMBER/b`. */
function pointsOf(cases: readonly CaseResult[], group: string, nopCallNs: number): Point[] {
  return casesOf(cases, group).map(([x, { ns, low, high }]) => ({
    x,
    y: ns,
    ...(low === null || high === null ? {} : { low: low * nopCallNs, high: high * nopCallNs }),
  }));
}

/** With the numbers in their names. */
function casesOf(cases: readonly CaseResult[], group: string): [number, CaseResult][] {
  return cases.flatMap((one): [number, CaseResult][] => {
    const [, before = '', digits, after = ''] = /^(.*?)\/(\d+)(\/.*)?$/.exec(one.name) ?? [];
    return digits !== undefined && before + after === group ? [[Number(digits), one]] : [];
  });
}

function sharePlot({ cases }: BenchReport, asked: readonly Limit[]): string {
  const plain = new Map(casesOf(cases, COPY).map(([size, { perNopCall }]) => [size, perNopCall]));
  const lines = SHARE.map(([name, group, copies]) => {
    const points = casesOf(cases, group).flatMap(([size, one]) => {
      const copy = plain.get(size);
      return copy === undefined ? [] : [sharePoint(size, one, copies * copy)];
    });
    return lineOf(name, points);
  });
  const shown = measured(lines);
  const limits = shown.length > 0 ? asked.flatMap(askedMark) : [];
  return linePlot({
    title: 'Speed of plain memory.copy that is reached',
    lines: shown,
    limits,
    xName: 'bytes of the message (log scale)',
    yName: 'share of the speed of memory.copy, %',
    xText: exactBytesText,
    yText: percent,
    x: 'bytes',
    y: 'linear',
  });
}

/** A faster round has a greater share. */
function sharePoint(x: number, { perNopCall, low, high }: CaseResult, copy: number): Point {
  const share = (cost: number) => (100 * copy) / cost;
  const y = share(perNopCall);
  return low === null || high === null ? { x, y } : { x, y, low: share(high), high: share(low) };
}

/** The mark of a limit that is a share of a plain copy. */
function askedMark({ of, share }: Limit): Mark[] {
  const [, size] = new RegExp(`^${COPY}/(\\d+)$`).exec(of ?? '') ?? [];
  if (share === undefined || size === undefined) return [];
  return [{ x: Number(size), y: 100 * share, text: `${percent(100 * share)} asked of oneway` }];
}

/** Percentiles of each latency: the dots are 50, 90, 95 and 99 per cent. */
function latencyPlot({ latency }: BenchReport): string {
  const ranges = latency.map(
    ({ name, percentiles }): Range => ({
      name: name.replace('latency/', ''),
      low: percentiles[50],
      high: percentiles[99],
      dots: PERCENTS.map((percent) => ({
        value: percentiles[percent],
        text: `${percent} % take at most ${timeText(percentiles[percent])}`,
      })),
      note: `${timeText(percentiles[50])} – ${timeText(percentiles[99])}`,
    }),
  );
  return rangePlot({
    title: 'Latency: 50, 90, 95 and 99 per cent of all calls',
    axisName: 'Time within which that share of the calls is done, in the logarithm.',
    ranges,
    text: timeText,
    axis: 'log',
  });
}

/** Without a baseline the rounds around their median; with one the change, and the noise around no change. */
export function spreadPlot({ cases, baseline }: BenchReport): string {
  const ranges = baseline === undefined ? cases.flatMap(roundsRange) : cases.flatMap(changeRange);
  const title = baseline === undefined ? 'Rounds against the median of their case' : 'Cost now against then';
  const axisName = baseline === undefined ? 'Distance from the median of the case, %.' : 'Change of the cost, %.';
  return rangePlot({ title, axisName, ranges, text: signedPercent, axis: 'linear' });
}

function roundsRange(one: CaseResult): Range[] {
  const { name, perNopCall, low, high, rounds } = one;
  if (low === null || high === null) return [];
  const off = (value: number) => 100 * (value / perNopCall - 1);
  const dots = rounds.map((round) => ({ value: off(round), text: `${round.toFixed(1)} nop calls` }));
  return [{ name, low: off(low), high: off(high), dots, note: spreadText(one) }];
}

function changeRange({ name, baseline }: CaseResult): Range[] {
  if (baseline === null || baseline === undefined) return [];
  const { changePercent, noisePercent, verdict } = baseline;
  const noise = noisePercent ?? 0;
  const text = `${changeText(baseline)}, noise ${noiseText(baseline)}`;
  const weight = verdict === 'faster' || verdict === 'slower' ? 'strong' : 'plain';
  return [{ name, low: -noise, high: noise, dots: [{ value: changePercent, text }], note: text, weight }];
}

/** "10,000". */
function manyText(count: number): string {
  return count.toLocaleString('en-US');
}

function percent(value: number): string {
  return `${countText(Math.round(value))} %`;
}

function signedPercent(value: number): string {
  return `${value > 0 ? '+' : ''}${countText(Number(value.toFixed(1)))} %`;
}
