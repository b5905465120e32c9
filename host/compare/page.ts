/** The comparison as one HTML page that needs nothing beside itself: the answer, plots, page tables, the table, sources. */
import type { Strategy } from '../kernel/strategy.ts';
import { barPlot } from '../plot/barplot.ts';
import { bytesText, timeText } from '../plot/figures.ts';
import { linePlot } from '../plot/lineplot.ts';
import { figures, htmlPage } from '../plot/page.ts';
import { markup, Styles } from '../plot/svg.ts';
import { answerLines, blocksOf, type Crossing, crossingsOf, seriesName, seriesOf } from './answer.ts';
import type { Conditions, Row } from './comparison.ts';
import { type CostProfile, shares } from './costs.ts';
import { type Moments, type Stretch, type Tables, tablesAroundCall } from './pagetables.ts';
import { tableLines } from './table.ts';
import { EVENTS } from './tally.ts';

const PAGE_BYTES = 4096;

/** @param conditions Those under which the rows were measured. */
export function comparePage(rows: readonly Row[], { boot, profile }: Conditions): string {
  const styles = new Styles();
  const strategies = [...new Set(rows.map(({ strategy }) => strategy))].filter((one): one is Strategy => one !== null);
  const sections = [
    { title: 'The answer', body: `<pre>${markup(answerLines(rows, profile).join('\n'))}</pre>` },
    ...blocksOf(rows).map((block) => ({ title: titleOf(block), body: figures(plots(block, profile, styles)) })),
    { title: 'Page tables around one call', body: strategies.length > 0 ? tablesText(strategies, boot) : '' },
    { title: 'All counts', body: `<pre>${markup(tableLines(rows, profile).join('\n'))}</pre>` },
    { title: 'What an event costs', body: sources(profile) },
  ];
  return htmlPage({
    title: 'binderlab compare',
    heading: 'What a message costs, by how pages are mapped',
    intro: `<p class="soft">Counted by the emulated memory of binderlab, turned into time by the cost of each event on ${markup(profile.machine)}.
System calls, scheduling and caches are no part of it.</p>`,
    sections,
  });
}

function titleOf(block: readonly Row[]): string {
  const [{ workload }] = block as readonly [Row, ...Row[]];
  return `Workload ${workload}`;
}

function plots(block: readonly Row[], profile: CostProfile, styles: Styles): string[] {
  const payloads = [...new Set(block.map(({ payload }) => payload))].sort((a, b) => a - b);
  const cost = costPlot(block, profile, styles);
  const byEvent = payloads.map((payload) =>
    barPlot(
      {
        title: `Where the time goes${payload === 0 ? '' : `, ${bytesText(payload)}`}`,
        bars: rowsAt(block, payload).map((row) => ({
          name: seriesName(row),
          parts: shares(row.perCall, profile).map(({ event, ns }) => ({ name: event, value: ns })),
        })),
        text: timeText,
      },
      styles,
    ),
  );
  const last = payloads[payloads.length - 1] ?? 0;
  const resident = barPlot(
    {
      title: `Memory that holds messages afterwards${last === 0 ? '' : `, ${bytesText(last)}`}`,
      bars: rowsAt(block, last).map((row) => ({
        name: seriesName(row),
        parts: [{ name: seriesName(row), value: row.framesResident * PAGE_BYTES }],
      })),
      text: bytesText,
    },
    styles,
  );
  return [cost, ...byEvent, resident];
}

/** Cost against payload on log axes, a line for each series, with the crossings marked. */
export function costPlot(block: readonly Row[], { machine }: CostProfile, styles: Styles): string {
  const series = seriesOf(block.filter(({ payload }) => payload > 0));
  return linePlot(
    {
      title: `Cost of a warm call against payload, on ${machine}`,
      lines: series.map(({ name, rows }) => ({
        name,
        points: rows.map((row) => ({ x: row.payload, y: row.modelNs })),
      })),
      marks: crossingsOf(series).map(markOf),
      xText: bytesText,
      yText: timeText,
    },
    styles,
  );
}

function rowsAt(block: readonly Row[], payload: number): Row[] {
  return block.filter((row) => row.payload === payload);
}

function markOf({ over, under, payload, ns }: Crossing): { x: number; y: number; text: string } {
  return { x: payload, y: ns, text: `${over} overtakes ${under} near ${bytesText(payload)}` };
}

function tablesText(strategies: readonly Strategy[], boot: Conditions['boot']): string {
  const rows = strategies.map((strategy) => {
    const moments = tablesAroundCall(strategy, boot);
    return `<tr><th>${markup(strategy)}</th>${cell(moments, 'before')}${cell(moments, 'held')}${cell(moments, 'after')}</tr>`;
  });
  return `<p>The client sends 4 pages that it has written; the server reads them all. Each line is a stretch of addresses, its
pages, the number of its first frame, and what may be done there.</p>
<div class="wide"><table><tr><th></th><th>before</th><th>while the server holds the message</th><th>after</th></tr>${rows.join('')}</table></div>`;
}

function cell(moments: Moments, moment: keyof Moments): string {
  const tables: Tables = moments[moment];
  const lines = (['client', 'server', 'kernel'] as const).flatMap((side) =>
    tables[side].map((stretch) => `<code>${side} ${markup(stretchText(stretch))}</code>`),
  );
  return `<td>${lines.join('<br>') || '<span class="soft">nothing mapped</span>'}</td>`;
}

function stretchText({ address, pages, frame, rights }: Stretch): string {
  return `0x${address.toString(16)} ${pages} → ${frame} ${rights}`;
}

function sources({ costs }: CostProfile): string {
  const rows = EVENTS.map(
    (event) => `<tr><td>${event}</td><td>${costs[event].ns} ns</td><td>${markup(costs[event].source)}</td></tr>`,
  );
  return `<div class="wide"><table><tr><th>event</th><th>cost</th><th>source</th></tr>${rows.join('')}</table></div>`;
}
