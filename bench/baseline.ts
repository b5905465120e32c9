/**
 * An earlier `bench --json` as a baseline. Values are compared in nop calls, so the machines or their speeds may differ.
 *
 * The noise of a comparison is the sum of the interquartile ranges of both runs: a change within the noise is not
 * significant. Old files have no rounds and so no spread; this run's spread replaces theirs.
 */

/** Whether a value changed: `unknown` when neither run has a spread. */
type Verdict = 'faster' | 'slower' | 'same' | 'unknown';

/** A measured value, with the lower and upper quartile of its rounds. */
export interface Measured {
  value: number;
  low: number | null;
  high: number | null;
}

/** The change of a case since the baseline. */
export interface CaseChange {
  /** The value of the baseline: nop calls, or ns of virtual time. */
  earlier: number;
  /** The change in per cent; negative for a decrease. */
  changePercent: number;
  /** Per cent of `earlier`; null when neither run has a spread. */
  noisePercent: number | null;
  verdict: Verdict;
}

/** An earlier run, by the names of cases and latencies. */
export interface Baseline {
  file: string;
  /** The machine that it names; null without one. */
  machine: Readonly<Record<string, unknown>> | null;
  /** Nop calls. */
  cases: ReadonlyMap<string, Measured>;
  /** Medians: nop calls of wall time, ns of virtual time. */
  latency: ReadonlyMap<string, Measured>;
}

/** The file is not a result of bench. */
export class BaselineError extends Error {
  override readonly name = 'BaselineError';
}

/**
 * Reads an earlier result.
 *
 * @param file Its name in errors.
 * @throws BaselineError when it is not a result of bench, with the place and the cause.
 */
export function parseBaseline(text: string, file: string): Baseline {
  const fail = (problem: string): never => {
    throw new BaselineError(`${file}: ${problem}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(`is no JSON: ${(error as Error).message}`);
  }
  const { reference, machine, cases, latency = [] } = fieldsOf(value);
  if (!isAmount(fieldsOf(reference).nopCallNs)) fail('has no "reference.nopCallNs": it is no result of bench --json');
  if (!Array.isArray(cases)) return fail('has no "cases": it is no result of bench --json');
  if (!Array.isArray(latency)) return fail('"latency" is no list');
  return {
    file,
    machine: typeof machine === 'object' && machine !== null ? fieldsOf(machine) : null,
    cases: new Map(cases.map((one, index) => entryOf(one, 'perNopCall', `cases[${index}]`, fail))),
    latency: new Map(
      latency.map((one, index) => {
        const field = fieldsOf(one).time === 'virtual' ? 'ns' : 'perNopCall';
        return entryOf(one, field, `latency[${index}]`, fail);
      }),
    ),
  };
}

function entryOf(
  entry: unknown,
  field: string,
  place: string,
  fail: (problem: string) => never,
): readonly [string, Measured] {
  const { name, low, high, [field]: value } = fieldsOf(entry);
  if (typeof name !== 'string') return fail(`${place} has no "name"`);
  if (!isAmount(value)) return fail(`${place}, ${name}, has no "${field}" above 0`);
  return [name, { value, low: isAmount(low) ? low : null, high: isAmount(high) ? high : null }];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

/** Compares two values. */
export function changeSince(then: Measured, now: Measured): CaseChange {
  const noise = noiseOf(then, now);
  const changePercent = (now.value / then.value - 1) * 100;
  const noisePercent = noise === null ? null : (noise / then.value) * 100;
  return { earlier: then.value, changePercent, noisePercent, verdict: verdictOf(changePercent, noisePercent) };
}

function verdictOf(change: number, noise: number | null): Verdict {
  if (noise === null) return change === 0 ? 'same' : 'unknown';
  if (Math.abs(change) <= noise) return 'same';
  return change < 0 ? 'faster' : 'slower';
}

/** In the unit of the values. A run without a spread gets the other's. */
function noiseOf(then: Measured, now: Measured): number | null {
  const [earlier, later] = [spreadOf(then), spreadOf(now)];
  if (earlier === null && later === null) return null;
  const shareOf = (spread: number | null, other: Measured, own: Measured) =>
    spread ?? ((spreadOf(other) as number) / other.value) * own.value;
  return shareOf(earlier, now, then) + shareOf(later, then, now);
}

function spreadOf({ low, high }: Measured): number | null {
  return low === null || high === null ? null : high - low;
}
