/** Counters as amounts: what happened between two readings, and the mean of several times that. */
import type { Counters } from '../kernel/counters.ts';

/** One amount of every event that the memory model counts. */
export type Tally = Counters;

/** The events by the names that tables and cost files have for them, in the order of the counters. */
export const EVENTS = [
  'copies',
  'bytesCopied',
  'commandBytes',
  'framesAllocated',
  'framesZeroed',
  'pteWrites.user',
  'pteWrites.kernel',
  'tlbFlushes',
  'faults',
  'kmaps',
  'walks',
] as const;

export type Event = (typeof EVENTS)[number];

/** @returns How often the event happened. */
export function amount(tally: Tally, event: Event): number {
  if (event === 'pteWrites.user') return tally.pteWrites.user;
  if (event === 'pteWrites.kernel') return tally.pteWrites.kernel;
  return tally[event];
}

/** What was counted between two readings. */
export function between(before: Tally, after: Tally): Tally {
  return combine(after, before, (now, then) => now - then);
}

/** Two amounts together. */
export function sum(one: Tally, other: Tally): Tally {
  return combine(one, other, (a, b) => a + b);
}

/** An amount divided by a number of times. */
export function mean(total: Tally, times: number): Tally {
  return combine(total, total, (sum) => sum / times);
}

function combine(one: Tally, other: Tally, operation: (one: number, other: number) => number): Tally {
  const of = (event: Event) => operation(amount(one, event), amount(other, event));
  return {
    copies: of('copies'),
    bytesCopied: of('bytesCopied'),
    commandBytes: of('commandBytes'),
    framesAllocated: of('framesAllocated'),
    framesZeroed: of('framesZeroed'),
    pteWrites: { user: of('pteWrites.user'), kernel: of('pteWrites.kernel') },
    tlbFlushes: of('tlbFlushes'),
    faults: of('faults'),
    kmaps: of('kmaps'),
    walks: of('walks'),
  };
}
