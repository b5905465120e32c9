/** Scales: from values to places between two ends of an axis, straight or in the logarithm, with values to name on it. */

export interface Scale {
  /** Place of a value. */
  at(value: number): number;
  /** Round values, by rising size. */
  readonly ticks: readonly number[];
}

/** Below this nothing is told apart on a log axis. */
const LOG_MIN = 1;
/** Round values on a straight axis, about. */
const TICKS = 5;
/** Powers of two on an axis, at most. */
const POWERS_MAX = 11;
const STEPS = [1, 2, 5, 10];

/** Straight in the logarithm, from the least value to the greatest; one value alone lies in the middle. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const { least, most, at } = logarithmic(values, from, to);
  return { at, ticks: logTicks(least, most) };
}

/** The same, with powers of two on it, for bytes; of fewer than two of them the ends. */
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

/** Straight, from the first of `ends` to the second, both made round; one value alone has 1 above it. */
export function linearScale([least, most]: readonly [number, number], from: number, to: number): Scale {
  const top = most > least ? most : least + 1;
  const step = roundStep((top - least) / TICKS);
  const [low, high] = [Math.floor(least / step) * step, Math.ceil(top / step) * step];
  const at = (value: number) => from + ((value - low) / (high - low)) * (to - from);
  const count = Math.round((high - low) / step) + 1;
  return { at, ticks: Array.from({ length: count }, (_, index) => rounded(low + index * step)) };
}

/** Powers of ten; where there are fewer than two of them, 1, 2 and 5 of each. */
function logTicks(least: number, most: number): number[] {
  const [first, last] = [Math.ceil(least), Math.floor(most)];
  const decades = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => 10 ** (first + index));
  if (decades.length > 1) return decades;
  const [low, high] = [10 ** least, 10 ** most];
  const finer = [first - 1, first, last + 1].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power));
  return [...new Set(finer)].filter((value) => value >= low && value <= high).sort((a, b) => a - b);
}

/** The least of 1, 2, 5 times a power of ten that is not below `size`. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * (STEPS.find((factor) => factor * power >= size) ?? 10);
}

/** Without what is left over from sums of fractions. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
