/** Counters as amounts: the difference of two readings, and means. */
import type { Counters } from '../wire/counters.ts';

/** An amount for every event of the memory model. */
export type Tally = Counters;

/** The events by their names in tables and cost files, in the order of the counters. */
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

/** @returns The number of that event. */
export function amount(tally: Tally, event: Event): number {
  if (event === 'pteWrites.user') return tally.pteWrites.user;
  if (event === 'pteWrites.kernel') return tally.pteWrites.kernel;
  return tally[event];
}

/** The difference of two readings. */
export function between(before: Tally, after: Tally): Tally {
  return combine(after, before, (now, then) => now - then);
}

/** The sum of two amounts. */
export function sum(one: Tally, other: Tally): Tally {
  return combine(one, other, (a, b) => a + b);
}

/** An amount divided by a count. */
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
