/** What a person asks first when something does not go on, or does not fit: answers as data, and in words. */
import { type Holding, holdingLines, holdingsOf } from './holdings.ts';
import type { Inspector } from './inspector.ts';
import { type Shortage, shortageLines, shortageOf } from './shortage.ts';
import { Names } from './tables/names.ts';
import { type Wait, waitLines, waitsOf } from './waits.ts';

export interface Explanation {
  /** The message that found no buffer last, and who holds the space; null when there was none. */
  readonly shortage: Shortage | null;
  /** The threads that wait for replies. */
  readonly waits: readonly Wait[];
  /** Which process holds handles for objects of which. */
  readonly holdings: readonly Holding[];
}

/** A process as the machine's directory has it. */
type NamedProcess = ConstructorParameters<typeof Names>[0] extends Iterable<infer P> ? P : never;

/** @param transaction The message that found no buffer; default: the last one. */
export function explanationOf(
  inspector: Inspector,
  processes: readonly NamedProcess[],
  transaction?: number,
): Explanation {
  const nameOf = (pid: number) => processes.filter((process) => process.pid === pid).at(-1)?.name ?? null;
  return {
    shortage: shortageOf(inspector, nameOf, transaction),
    waits: waitsOf(inspector, new Names(processes)),
    holdings: holdingsOf(inspector, nameOf),
  };
}

/** The explanation in words. */
export function explanationLines({ shortage, waits, holdings }: Explanation): string[] {
  const lines = [...(shortage === null ? [] : shortageLines(shortage)), ...waitLines(waits), ...holdingLines(holdings)];
  return lines.length > 0
    ? lines
    : ['no message lacks a buffer, no thread waits for a reply, no process holds a handle'];
}
