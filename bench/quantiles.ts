/** The median, the quartiles and the percentiles of measured values. */

/** The reported percentiles of a latency, per cent. */
export const PERCENTS = [50, 90, 95, 99] as const;
type Percent = (typeof PERCENTS)[number];
export type Percentiles = Readonly<Record<Percent, number>>;

/** @returns The middle value, or the mean of the middle two. @throws RangeError without values. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The least value that `percent` per cent of all do not exceed. @throws RangeError without values. */
export function percentile(values: readonly number[], percent: number): number {
  return ranked(ascending(values), percent);
}

/** The percentile for every one of PERCENTS. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = ascending(values);
  return byPercent((percent) => ranked(sorted, percent));
}

/** A value for every one of PERCENTS. */
export function byPercent(value: (percent: Percent) => number): Percentiles {
  return Object.fromEntries(PERCENTS.map((percent) => [percent, value(percent)])) as Record<Percent, number>;
}

function ranked(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] as number;
}

function ascending(values: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError('there is no value');
  return [...values].sort((a, b) => a - b);
}
