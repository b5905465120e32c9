/** The report of `bench` as one self-contained HTML page. */

import type { CaseChange } from '../../../bench/baseline.ts';
import { PERCENTS } from '../../../bench/quantiles.ts';
import type { BenchMachine, BenchReport, CaseResult } from '../../../bench/report.ts';
import type { Catalogue } from '../../../bench/results.ts';
import { besides, htmlPage } from '../../plot/page.ts';
import { markup } from '../../plot/svg.ts';
import { plotsOf, spreadPlot } from './plots.ts';
import {
  baselineText,
  changeText,
  latencyThen,
  NO_SPREAD,
  noiseText,
  nsText,
  spreadText,
  verdictText,
} from './table.ts';

export function benchPage(report: BenchReport, { groups, limits }: Pick<Catalogue, 'groups' | 'limits'>): string {
  const { payload, share, scale, alloc, latency } = plotsOf(report, limits);
  return htmlPage({
    title: 'binderlab bench',
    heading: 'What a Binder call costs in the emulator',
    intro: intro(
      report,
      [payload, share, scale, alloc].some((plot) => plot !== ''),
    ),
    sections: [
      { title: 'What is asked of it', body: limitTable(report) },
      { title: 'Cost against payload', body: payload },
      { title: 'How near to a plain copy', body: withText(SHARE_TEXT, share) },
      { title: 'While more and more else is there', body: withText(SCALE_TEXT, scale, alloc) },
      { title: 'Latency of single calls', body: latencyTable(report) + ranges(latency) },
      { title: report.baseline ? 'What has changed, and the noise' : 'Noise', body: noise(report) },
      { title: 'All cases', body: caseTable(report) },
      { title: 'What the cases do', body: glossary(report, groups) },
    ],
  });
}

const SHARE_TEXT =
  'A message is copied once by Binder, twice in a round trip. This is the time that memory.copy of the same bytes takes, as a share of the case’s time: 100 % would be a call that is nothing but its copies.';
const SCALE_TEXT =
  'A call should not become dearer because there is more else: processes, references, queued messages, live buffers.';

/** @param hasPoints Whether there is a plot with points. */
function intro({ reference, machine, baseline }: BenchReport, hasPoints: boolean): string {
  const { nopCallNs, copy4KiBNs } = reference;
  const bars = hasPoints ? ' Bars on points reach from the lower to the upper quartile of the rounds.' : '';
  const compared = baseline === undefined ? '' : `<br>Compared with ${markup(baselineText(baseline))}.`;
  return `<p>binderlab runs the Linux Binder driver inside of a WebAssembly instance, without a kernel. What a case takes is measured
against an empty call from JavaScript into wasm, in turns, so that the machine’s own speed cancels out: that nop call takes
${nopCallNs.toFixed(2)} ns here, a memory.copy of 4 KiB ${copy4KiBNs.toFixed(1)} ns.${bars}</p>
<p class="soft">${markup(machineText(machine))}${compared}</p>`;
}

function machineText({ cpu, processors, os, node, v8, strategy, memoryMiB, seed, rounds, date }: BenchMachine): string {
  return `${cpu}, ${processors} processors, ${os}, node ${node}, V8 ${v8}; strategy ${strategy}, ${memoryMiB} MiB, seed ${seed}, ${rounds} rounds, ${date}.`;
}

function withText(text: string, ...plots: string[]): string {
  const shown = plots.filter((plot) => plot !== '');
  return shown.length === 0 ? '' : `<p>${markup(text)}</p>${shown.length > 1 ? besides(shown) : shown.join('')}`;
}

/** A plot of ranges, with space for names and notes. */
function ranges(plot: string): string {
  return plot === '' ? '' : `<div class="ranges">${plot}</div>`;
}

function limitTable({ limits }: BenchReport): string {
  if (limits.length === 0) return '';
  const rows = limits.map(({ case: name, limit, measured, holds }) => [
    cell(name),
    cell(limit),
    number(measured),
    `<td class="${holds ? 'good' : 'bad'}">${holds ? 'holds' : 'missed'}</td>`,
  ]);
  return table([head('case'), head('limit'), numberHead('now'), head('')], rows);
}

function latencyTable(report: BenchReport): string {
  const { latency, baseline } = report;
  if (latency.length === 0) return '';
  const rows = latency.map((one) => [
    cell(one.name),
    ...PERCENTS.map((percent) => number(nsText(one.percentiles[percent]))),
    number(String(one.calls)),
    cell(one.clockNs === null ? 'virtual time' : `less ${nsText(one.clockNs)} ns (clock)`),
    ...(baseline ? changeCells(one.baseline, latencyThen(one)) : []),
  ]);
  const heads = [
    head('ns'),
    ...PERCENTS.map((percent) => numberHead(`${percent} %`)),
    numberHead('calls'),
    head(''),
    ...(baseline ? CHANGE_HEADS : []),
  ];
  return table(heads, rows);
}

function caseTable({ cases, baseline }: BenchReport): string {
  if (cases.length === 0) return '';
  const rows = cases.map((one: CaseResult) => [
    cell(one.name),
    number(nsText(one.ns)),
    number(one.perNopCall.toFixed(1)),
    number(spreadText(one)),
    ...(baseline ? changeCells(one.baseline, (earlier) => earlier.toFixed(1)) : []),
  ]);
  const heads = [head('case'), ...['ns', 'nop calls', 'spread'].map(numberHead), ...(baseline ? CHANGE_HEADS : [])];
  const note = cases.some(({ low }) => low === null) ? `<p class="soft">Spread: ${NO_SPREAD}.</p>` : '';
  return table(heads, rows) + note;
}

const CHANGE_HEADS = [...['then', 'change', 'noise'].map(numberHead), head('')];

function changeCells(change: CaseChange | null | undefined, text: (earlier: number) => string): string[] {
  if (change === null || change === undefined) return [number('–'), number(''), number(''), cell('not measured then')];
  const tone = { faster: 'good', slower: 'bad', same: 'soft', unknown: 'soft' }[change.verdict];
  return [
    number(text(change.earlier)),
    number(changeText(change)),
    number(noiseText(change)),
    `<td class="${tone}">${verdictText(change)}</td>`,
  ];
}

function noise(report: BenchReport): string {
  const plot = spreadPlot(report);
  if (plot === '') return '';
  const text = report.baseline
    ? 'Each dot is the cost of a case now against then. The thick line is the noise around no change: the sum of the interquartile ranges of both runs. A dot outside of its line, in red, has changed; one inside is not significant. A hollow dot is beyond the edge of the plot.'
    : 'Each dot is a round, against the median of its case; the thick line reaches from quartile to quartile, and a hollow dot is beyond the edge of the plot. The rounds run in three processes, since the engine lays out code anew in each; each round of a case with a limit has its own process.';
  return withText(text, ranges(plot));
}

/** Descriptions of the report's cases. */
function glossary({ cases, latency }: BenchReport, groups: Catalogue['groups']): string {
  const names = [...cases, ...latency].map(({ name }) => name);
  const shown = groups.filter((group) =>
    names.some((name) => name === group.name || name.startsWith(`${group.name}/`)),
  );
  return table(
    [head('name'), head('')],
    shown.map(({ name, what }) => [`<th>${markup(name)}</th>`, cell(what)]),
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const body = rows.map((cells) => `<tr>${cells.join('')}</tr>`);
  return `<div class="wide"><table><tr>${heads.join('')}</tr>${body.join('\n')}</table></div>`;
}

function head(text: string): string {
  return `<th>${markup(text)}</th>`;
}

function numberHead(text: string): string {
  return `<th class="number">${markup(text)}</th>`;
}

function cell(text: string): string {
  return `<td>${markup(text)}</td>`;
}

function number(text: string): string {
  return `<td class="number">${markup(text)}</td>`;
}
