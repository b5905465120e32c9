/** The answer in words, computed from the rows: what is cheapest where, by how much, and where one overtakes another. */

import { bytesText, timeText } from '../plot/figures.ts';
import type { Row } from './comparison.ts';
import type { CostProfile } from './costs.ts';

/** Rows that were measured in the same way for several payloads. */
export interface Series {
  /** The strategy, or how a socket's receiver finds room. */
  name: string;
  /** By rising payload. */
  rows: Row[];
}

/** Where the cost of one series comes to be less than that of another. */
export interface Crossing {
  /** Who is cheaper from here on, and whom it overtakes. */
  over: string;
  under: string;
  /** Bytes; interpolated between the measured ones, where cost against payload is taken for straight on log axes. */
  payload: number;
  ns: number;
}

/** Costs that differ by less are taken for the same. */
const SAME = 0.03;

/** What a row is called beside others of its workload. */
export function seriesName({ workload, strategy, receive, send }: Row): string {
  return `${strategy ?? receive ?? workload}${send === 'inline' ? '' : ` by ${send}`}`;
}

/** The series of rows of one workload. */
export function seriesOf(rows: readonly Row[]): Series[] {
  const byName = new Map<string, Row[]>();
  for (const row of rows) byName.set(seriesName(row), [...(byName.get(seriesName(row)) ?? []), row]);
  return [...byName].map(([name, own]) => ({ name, rows: own.sort((a, b) => a.payload - b.payload) }));
}

/** The blocks of rows that have the workload in common, in the order of the rows. */
export function blocksOf(rows: readonly Row[]): Row[][] {
  const blocks = new Map<string, Row[]>();
  for (const row of rows) {
    blocks.set(row.workload, [...(blocks.get(row.workload) ?? []), row]);
  }
  return [...blocks.values()];
}

/** Series that cost the same for every payload, as one. */
export function alike(series: readonly Series[]): Series[] {
  const groups: { names: string[]; rows: Row[] }[] = [];
  for (const { name, rows } of series) {
    const group = groups.find((one) => costsAlike(one.rows, rows));
    if (group === undefined) groups.push({ names: [name], rows });
    else group.names.push(name);
  }
  return groups.map(({ names, rows }) => ({ name: names.join(', '), rows }));
}

/** Every change of order, by payload, between two series of which each is among the cheapest somewhere. */
export function crossingsOf(series: readonly Series[]): Crossing[] {
  const rows = series.flatMap((one) => one.rows);
  const payloads = new Set(rows.map(({ payload }) => payload));
  const best = new Set([...payloads].flatMap((payload) => cheapest(rows.filter((row) => row.payload === payload))));
  const leading = alike(series.filter(({ name }) => best.has(name)));
  const found = leading.flatMap((one, index) => leading.slice(index + 1).flatMap((other) => crossings(one, other)));
  return found.sort((a, b) => a.payload - b.payload);
}

/** @returns Lines for people. */
export function answerLines(rows: readonly Row[], profile: CostProfile): string[] {
  const blocks = blocksOf(rows.filter(({ payload }) => payload > 0));
  if (blocks.length === 0) return [];
  return [`On ${profile.machine}, by what is done to memory:`, ...blocks.flatMap(blockLines)];
}

function blockLines(rows: readonly Row[]): string[] {
  const [first] = rows as readonly [Row, ...Row[]];
  const payloads = [...new Set(rows.map(({ payload }) => payload))].sort((a, b) => a - b);
  const lines = payloads.map((payload) => payloadLine(rows.filter((row) => row.payload === payload)));
  const overtakes = crossingsOf(seriesOf(rows)).map(
    ({ over, under, payload, ns }) => `${over} overtakes ${under} near ${bytesText(payload)} (${timeText(ns)})`,
  );
  return [`${first.workload}:`, ...lines.map((line) => `  ${line}`), ...overtakes.map((line) => `  ${line}`)];
}

/** "64 KiB: remap, 35.4 µs; kmap, huge 2.3 times as long; two-copy 5.7 times as long". */
function payloadLine(rows: readonly Row[]): string {
  const sorted = [...rows].sort((a, b) => a.modelNs - b.modelNs);
  const [best] = sorted as [Row, ...Row[]];
  const winners = cheapest(rows);
  const names = winners.length === rows.length && rows.length > 1 ? 'all the same' : winners.join(', ');
  const others = new Map<string, string[]>();
  for (const row of sorted.filter((one) => !winners.includes(seriesName(one)))) {
    const times = (row.modelNs / best.modelNs).toFixed(1);
    others.set(times, [...(others.get(times) ?? []), seriesName(row)]);
  }
  const texts = [...others].map(([times, slower]) => `${slower.join(', ')} ${times} times as long`);
  const rest = texts.map((text) => `; ${text}`).join('');
  return `${bytesText(best.payload)}: ${names}, ${timeText(best.modelNs)}${rest}`;
}

function costsAlike(one: readonly Row[], other: readonly Row[]): boolean {
  if (one.length !== other.length) return false;
  return one.every((row, index) => {
    const match = other[index];
    return match?.payload === row.payload && Math.abs(row.modelNs / match.modelNs - 1) <= SAME;
  });
}

function cheapest(rows: readonly Row[]): string[] {
  const least = Math.min(...rows.map(({ modelNs }) => modelNs));
  return rows.filter(({ modelNs }) => modelNs <= least * (1 + SAME)).map(seriesName);
}

function crossings(one: Series, other: Series): Crossing[] {
  const found: Crossing[] = [];
  let last: { payload: number; one: number; other: number } | null = null;
  for (const row of one.rows) {
    const match = other.rows.find(({ payload }) => payload === row.payload);
    if (match === undefined || row.payload <= 0) continue;
    const here = { payload: row.payload, one: row.modelNs, other: match.modelNs };
    if (Math.abs(here.one / here.other - 1) <= SAME) continue;
    if (last !== null && here.one < here.other !== last.one < last.other) {
      const [over, under] = here.one < here.other ? [one.name, other.name] : [other.name, one.name];
      found.push({ over, under, ...meet(last, here) });
    }
    last = here;
  }
  return found;
}

/** Where two lines meet that are straight on log axes. */
function meet(
  from: { payload: number; one: number; other: number },
  to: { payload: number; one: number; other: number },
): { payload: number; ns: number } {
  const ahead = Math.log(from.one / from.other);
  const behind = Math.log(to.one / to.other);
  const part = ahead / (ahead - behind);
  const between = (a: number, b: number) => Math.exp(Math.log(a) + part * (Math.log(b) - Math.log(a)));
  return { payload: Math.round(between(from.payload, to.payload)), ns: between(from.one, to.one) };
}
