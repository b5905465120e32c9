/** The answer in words, computed from the measurements: what is cheapest at which payload, by how much, and the crossovers. */
import { exactBytesText, timeText } from '../plot/figures.ts';
import type { Row } from './comparison.ts';
import type { CostProfile } from './costs.ts';
import { type Crossing, SAME } from './crossings.ts';
import { type Name, nameOf, namesText } from './curve.ts';
import type { Study } from './study.ts';

/** The cheapest for one payload, and the others' distance. */
export interface Standing {
  payload: number;
  winners: Name[];
  /** Whether there is no other. */
  isTie: boolean;
  /** Cost of the cheapest. */
  ns: number;
  /** By rising cost; `times` is the ratio to the winner, with one decimal. */
  others: { names: Name[]; times: string }[];
}

/** @returns Lines for people. */
export function answerLines(studies: readonly Study[], profile: CostProfile): string[] {
  const shown = studies.filter((study) => standings(study).length > 0);
  return shown.length === 0 ? [] : [answerIntro(profile), ...shown.flatMap(studyLines)];
}

export function answerIntro({ machine }: CostProfile): string {
  return `On ${machine}, by what a warm call does to memory (up to ${100 * SAME} % is no difference):`;
}

export function standings({ rows }: Study): Standing[] {
  const payloads = [...new Set(rows.map(({ payload }) => payload))].filter((payload) => payload > 0);
  return payloads.sort((a, b) => a - b).map((payload) => standing(rows.filter((row) => row.payload === payload)));
}

/** "remap overtakes kmap at 4 KiB". */
export function crossingText(crossing: Crossing): string {
  const { kind, ahead, behind, at, before, first, aheadNs, behindNs } = crossing;
  const [one, other] = [namesText(ahead), namesText(behind)];
  const [cost, otherCost] = [spanText(aheadNs), spanText(behindNs)];
  const costs = cost === otherCost ? cost : `${cost} against ${otherCost}`;
  const ending = ahead.length > 1 ? '' : 's';
  if (kind === 'parts') {
    return `${one} draw${ending} ahead of ${other} at ${exactBytesText(at)} (${costs}); below that they cost the same`;
  }
  if (kind === 'alternates') {
    const span = `between ${exactBytesText(first)} and ${exactBytesText(at)}`;
    return `${one} and ${other} change places several times ${span}; from there on ${one} ${ahead.length > 1 ? 'are' : 'is'} ahead (${costs})`;
  }
  const place =
    before + 1 === at ? `at ${exactBytesText(at)}` : `between ${exactBytesText(before)} and ${exactBytesText(at)}`;
  return `${one} overtake${ending} ${other} ${place} (${costs})`;
}

function studyLines(study: Study): string[] {
  const lines = [...standings(study).map(standingText), ...study.crossings.map(crossingText)];
  return [`${study.workload}:`, ...lines.map((line) => `  ${line}`)];
}

/** "64 KiB: remap, 35.4 µs; kmap, huge 2.3 times as long; two-copy 5.7 times as long". */
function standingText({ payload, winners, isTie, ns, others }: Standing): string {
  const names = isTie ? 'all the same' : namesText(winners);
  const rest = others.map(({ names: slower, times }) => `; ${namesText(slower)} ${times} times as long`);
  return `${exactBytesText(payload)}: ${names}, ${timeText(ns)}${rest.join('')}`;
}

function standing(rows: readonly Row[]): Standing {
  const sorted = [...rows].sort((a, b) => a.modelNs - b.modelNs);
  const [{ payload, modelNs: ns }] = sorted as [Row, ...Row[]];
  const winners = rows.filter((row) => row.modelNs <= ns * (1 + SAME));
  const byTimes = new Map<string, Name[]>();
  for (const row of sorted.filter((one) => !winners.includes(one))) {
    const times = ns === 0 ? 'infinitely many' : (row.modelNs / ns).toFixed(1);
    byTimes.set(times, [...(byTimes.get(times) ?? []), nameOf(row)]);
  }
  const others = [...byTimes].map(([times, names]) => ({ names, times }));
  return { payload, winners: winners.map(nameOf), isTie: others.length === 0 && rows.length > 1, ns, others };
}

/** "7.2 µs", or "7.2 µs to 7.5 µs" for a range. */
function spanText([least, most]: readonly [number, number]): string {
  const [low, high] = [timeText(least), timeText(most)];
  return low === high ? low : `${low} to ${high}`;
}
