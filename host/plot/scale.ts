/** Scales: map values to places on an axis, linear or logarithmic, and choose its ticks. */

export interface Scale {
  /** Place of a value. */
  at(value: number): number;
  /** Ticks: round values, ascending. */
  readonly ticks: readonly number[];
}

/** Least value of a log axis. */
const LOG_MIN = 1;
/** Approximate number of ticks on a linear axis. */
const TICKS = 5;
/** Greatest number of power-of-two ticks. */
const POWERS_MAX = 11;
const STEPS = [1, 2, 5, 10];

/** Logarithmic, from the least value to the greatest; a single value is in the middle. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const { least, most, at } = logarithmic(values, from, to);
  return { at, ticks: logTicks(least, most) };
}

/** The same with powers of two as ticks, for bytes; with fewer than two of them, the ends. */
export function binaryScale(values: readonly number[], from: number, to: number): Scale {
  const { least, most, at } = logarithmic(values, from, to);
  const [first, last] = [Math.ceil(least / Math.log10(2) - 1e-9), Math.floor(most / Math.log10(2) + 1e-9)];
  const step = Math.max(1, Math.ceil((last - first + 1) / POWERS_MAX));
  const start = Math.ceil(first / step) * step;
  const powers = Array.from(
    { length: Math.max(0, Math.floor((last - start) / step) + 1) },
    (_, i) => 2 ** (start + i * step),
  );
  return { at, ticks: powers.length > 1 ? powers : [...new Set([Math.min(...values), Math.max(...values)])] };
}

function logarithmic(values: readonly number[], from: number, to: number) {
  const log = (value: number) => Math.log10(Math.max(value, LOG_MIN));
  const [least, most] = [Math.min(...values.map(log)), Math.max(...values.map(log))];
  const at = (value: number) =>
    least === most ? (from + to) / 2 : from + ((log(value) - least) / (most - least)) * (to - from);
  return { least, most, at };
}

/** Linear, between the two `ends`, both rounded outwards; a single value gets 1 above it. */
export function linearScale([least, most]: readonly [number, number], from: number, to: number): Scale {
  const top = most > least ? most : least + 1;
  const step = roundStep((top - least) / TICKS);
  const [low, high] = [Math.floor(least / step) * step, Math.ceil(top / step) * step];
  const at = (value: number) => from + ((value - low) / (high - low)) * (to - from);
  const count = Math.round((high - low) / step) + 1;
  return { at, ticks: Array.from({ length: count }, (_, index) => rounded(low + index * step)) };
}

/** Powers of ten; with fewer than two of them, 1, 2 and 5 times each. */
function logTicks(least: number, most: number): number[] {
  const [first, last] = [Math.ceil(least), Math.floor(most)];
  const decades = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => 10 ** (first + index));
  if (decades.length > 1) return decades;
  const [low, high] = [10 ** least, 10 ** most];
  const finer = [first - 1, first, last + 1].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power));
  return [...new Set(finer)].filter((value) => value >= low && value <= high).sort((a, b) => a - b);
}

/** The least of 1, 2, 5 times a power of ten that is at least `size`. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * (STEPS.find((factor) => factor * power >= size) ?? 10);
}

/** Removes rounding errors of sums. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
