/**
 * Cost profiles of the user, as JSON:
 *
 *     { "name": "my-phone", "machine": "what it is",
 *       "costs": { "bytesCopied": { "ns": 0.2, "source": "where from" }, "faults": 900, ... } }
 *
 * Every event needs its nanoseconds; a bare number has no source.
 */
import { BinderlabError } from '../wire/error.ts';
import type { Cost, CostProfile } from './costs.ts';
import { EVENTS, type Event } from './tally.ts';

/**
 * Reads a profile.
 *
 * @param file The file's name, for errors.
 * @throws BinderlabError for an invalid profile: with the place and the fault.
 */
export function parseCosts(text: string, file: string): CostProfile {
  const fail = (problem: string): never => {
    throw new BinderlabError(`${file}: ${problem}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(`is no JSON: ${(error as Error).message}`);
  }
  const { name, machine, costs } = (value ?? {}) as { name?: unknown; machine?: unknown; costs?: unknown };
  if (typeof name !== 'string') return fail('has no "name"');
  if (typeof costs !== 'object' || costs === null) return fail('has no "costs": nanoseconds by event');
  const given = costs as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((key) => !(EVENTS as readonly string[]).includes(key));
  if (unknown !== undefined) fail(`"${unknown}" is no event; there are ${EVENTS.join(', ')}`);
  const costOf = (event: Event): Cost => {
    const cost = given[event];
    const ns = typeof cost === 'number' ? cost : (cost as { ns?: unknown } | null | undefined)?.ns;
    if (typeof ns !== 'number' || !Number.isFinite(ns) || ns < 0) {
      return fail(`"${event}" has no "ns": nanoseconds, 0 or more`);
    }
    const source = typeof cost === 'number' ? undefined : (cost as { source?: unknown }).source;
    return { ns, source: typeof source === 'string' ? source : `${file}, which names no source` };
  };
  const entries = EVENTS.map((event) => [event, costOf(event)] as const);
  return {
    name,
    machine: typeof machine === 'string' ? machine : name,
    costs: Object.fromEntries(entries) as Record<Event, Cost>,
  };
}
