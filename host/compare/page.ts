/** The comparison as a self-contained HTML page: the answer, plots, page tables, counts, sources. */

import { barPlot } from '../plot/barplot.ts';
import { bytesText, exactBytesText, timeText } from '../plot/figures.ts';
import { linePlot } from '../plot/lineplot.ts';
import { besides, htmlPage } from '../plot/page.ts';
import { colorOf, markup } from '../plot/svg.ts';
import type { Strategy } from '../wire/strategy.ts';
import { answerIntro, crossingText, type Standing, standings } from './answer.ts';
import type { Conditions, Row } from './comparison.ts';
import { costPlot } from './costplot.ts';
import { type CostProfile, shares } from './costs.ts';
import { type Name, nameOf, namesText } from './curve.ts';
import { eventLook, lookOf } from './looks.ts';
import { type Moments, type Stretch, tablesAroundCall } from './pagetables.ts';
import type { Study } from './study.ts';
import { blockTitle, COLUMNS, sendLegend } from './table.ts';
import { EVENTS } from './tally.ts';
import { EVENT_WORDS, STRATEGY_WHAT } from './words.ts';

const PAGE_BYTES = 4096;

/** @param conditions The conditions of the measurement. */
export function comparePage(studies: readonly Study[], { machines, profile }: Conditions): string {
  const rows = studies.flatMap((study) => study.rows);
  const strategies = [...new Set(rows.map(({ strategy }) => strategy))].filter((one): one is Strategy => one !== null);
  const sections = [
    { title: 'The answer', body: answer(studies, profile) },
    ...studies.map((study) => ({ title: titleOf(study), body: studyBody(study, profile) })),
    { title: 'What the strategies do', body: glossary(strategies, studies) },
    { title: 'Page tables around one call', body: strategies.length > 0 ? tables(strategies, machines.boot) : '' },
    { title: 'All counts', body: counts(rows, profile) },
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

function answer(studies: readonly Study[], profile: CostProfile): string {
  const blocks = studies.map(answerBlock).filter((block) => block !== '');
  return blocks.length === 0 ? '' : `<p>${markup(answerIntro(profile))}</p>${blocks.join('')}`;
}

function answerBlock(study: Study): string {
  const found = standings(study);
  if (found.length === 0) return '';
  const rows = found.map(
    (one) =>
      `<tr><td class="number">${exactBytesText(one.payload)}</td><td>${winnersText(one)}</td><td class="number">${timeText(
        one.ns,
      )}</td><td>${othersText(one)}</td></tr>`,
  );
  const heads = '<th class="number">payload</th><th>cheapest</th><th class="number">time</th><th>the others take</th>';
  const crossings = study.crossings.map((crossing) => `<li>${markup(crossingText(crossing))}</li>`);
  return `<h3>${markup(study.workload)}</h3><div class="wide"><table><thead><tr>${heads}</tr></thead>${rows.join('\n')}</table></div>${
    crossings.length > 0 ? `<ul>${crossings.join('')}</ul>` : ''
  }`;
}

function winnersText({ winners, isTie }: Standing): string {
  return isTie ? 'all the same' : `<b>${markup(namesText(winners))}</b>`;
}

function othersText({ others }: Standing): string {
  return others.map(({ names, times }) => `${times} × ${markup(namesText(names))}`).join('<br>') || '–';
}

function titleOf({ workload, rows }: Study): string {
  const run = rows[0]?.run;
  return run === undefined ? `Workload ${workload}` : `The ${run} ${workload}`;
}

function studyBody(study: Study, profile: CostProfile): string {
  const payloads = [...new Set(study.rows.map(({ payload }) => payload))].sort((a, b) => a - b);
  const what = study.what.map((line) => `<p>${markup(line)}</p>`).join('');
  const bars = [...payloads.map((payload) => timeBars(study, payload, profile)), memoryBars(study, payloads)];
  return `${what}${curves(study, profile)}${besides(bars)}`;
}

function curves(study: Study, profile: CostProfile): string {
  const plot = linePlot(costPlot(study, profile));
  if (plot === '') return '';
  return `${plot}<p class="soft">Each line is measured at ${study.payloads.length} payloads, including those before, at and after page boundaries
(all of the first 16 pages, some of later ones). Dots are the payloads of the tables. A ring is where one\novertakes another, found by measuring. Where lines coincide, the one named last is visible.</p>`;
}

function timeBars({ rows }: Study, payload: number, profile: CostProfile): string {
  return barPlot({
    title: `Where the time goes${payload === 0 ? '' : `, ${exactBytesText(payload)}`}`,
    bars: merged(rowsAt(rows, payload), ({ perCall }) => JSON.stringify(shares(perCall, profile))).map(
      ([names, row]) => ({
        name: namesText(names),
        parts: shares(row.perCall, profile).map(({ event, ns }) => ({
          name: EVENT_WORDS[event],
          look: eventLook(event),
          value: ns,
        })),
      }),
    ),
    text: timeText,
  });
}

function memoryBars({ rows }: Study, payloads: readonly number[]): string {
  const last = payloads[payloads.length - 1] ?? 0;
  return barPlot({
    title: `Memory that holds messages afterwards${last === 0 ? '' : `, ${exactBytesText(last)}`}`,
    bars: merged(rowsAt(rows, last), ({ framesResident }) => String(framesResident)).map(([names, row]) => ({
      name: namesText(names),
      parts: [{ name: 'memory', look: { color: lookOf(nameOf(row)).color }, value: row.framesResident * PAGE_BYTES }],
    })),
    text: bytesText,
  });
}

/** Merges rows with equal values into one, with all of their names. */
function merged(rows: readonly Row[], key: (row: Row) => string): [Name[], Row][] {
  const found = new Map<string, [Name[], Row]>();
  for (const row of rows) {
    const one = found.get(key(row));
    if (one === undefined) found.set(key(row), [[nameOf(row)], row]);
    else one[0].push(nameOf(row));
  }
  return [...found.values()];
}

function rowsAt(rows: readonly Row[], payload: number): Row[] {
  return rows.filter((row) => row.payload === payload);
}

function glossary(strategies: readonly Strategy[], studies: readonly Study[]): string {
  const rows = strategies.map(
    (one) =>
      `<tr><th class="name"><span class="legend"><i ${colorOf(lookOf({ who: one, send: 'inline' }))}></i>${one}</span></th><td>${markup(
        STRATEGY_WHAT[one],
      )}</td></tr>`,
  );
  const sends = sendLegend(studies).map((line) => `<p>${markup(line)}</p>`);
  return rows.length === 0 ? sends.join('') : `<table>${rows.join('')}</table>${sends.join('')}`;
}

function tables(strategies: readonly Strategy[], boot: Conditions['machines']['boot']): string {
  const rows = strategies.map((strategy) => {
    const moments = tablesAroundCall(strategy, boot);
    return `<tr><th class="name">${markup(strategy)}</th>${cell(moments, 'before')}${cell(moments, 'held')}${cell(moments, 'after')}</tr>`;
  });
  return `<p>The client sends 4 pages that it has written; the server reads them all. Each line is a stretch of addresses, its
pages, the number of its first frame, and what may be done there.</p>
<div class="wide"><table class="full"><thead><tr><th></th><th>before</th><th>while the server holds the message</th><th>after</th></tr></thead>${rows.join('')}</table></div>`;
}

function cell(moments: Moments, moment: keyof Moments): string {
  const lines = (['client', 'server', 'kernel'] as const).flatMap((side) =>
    moments[moment][side].map((stretch) => `<code>${side} ${markup(stretchText(stretch))}</code>`),
  );
  return `<td>${lines.join('<br>') || '<span class="soft">nothing mapped</span>'}</td>`;
}

function stretchText({ address, pages, frame, rights }: Stretch): string {
  return `0x${address.toString(16)} ${pages} → ${frame} ${rights}`;
}

function counts(rows: readonly Row[], profile: CostProfile): string {
  const heads = COLUMNS.map(
    ({ words }, index) => `<th class="${index === 0 ? 'name' : 'number'}">${markup(words)}</th>`,
  );
  let block = '';
  const lines = rows.flatMap((row) => {
    const title = blockTitle(row);
    const cells = COLUMNS.map(
      ({ cell }, index) => `<td class="${index === 0 ? 'name' : 'number'}">${markup(cell(row))}</td>`,
    );
    const line = `<tr>${cells.join('')}</tr>`;
    if (title === block) return [line];
    block = title;
    return [`<tr class="block"><th colspan="${COLUMNS.length}"><span>${markup(title)}</span></th></tr>`, line];
  });
  return `<p class="soft">${markup(columnsWords(profile))}</p>
<div class="wide"><table class="full"><thead><tr>${heads.join('')}</tr></thead>${lines.join('\n')}</table></div>`;
}

function columnsWords({ machine }: CostProfile): string {
  return `The columns up to the modelled time, on ${machine}, count one warm call: both sides and the kernel together. Page-table entries are those written, in user tables and in the kernel’s own table. The columns after it: entries written by the first call and by both mmaps before it, memory that holds messages afterwards, reserved kernel addresses.`;
}

function sources({ costs }: CostProfile): string {
  const rows = EVENTS.map(
    (event) =>
      `<tr><td>${EVENT_WORDS[event]}</td><td class="soft"><code>${event}</code></td><td class="number">${costs[event].ns} ns</td><td>${markup(costs[event].source)}</td></tr>`,
  );
  return `<div class="wide"><table><thead><tr><th>event</th><th>in --json, --costs</th><th class="number">cost of one</th><th>source</th></tr></thead>${rows.join('')}</table></div>`;
}
