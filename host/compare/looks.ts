/** Plot styles: each strategy has one colour in all plots, each way to send its dashes, each event its colour. */

import type { Look } from '../plot/svg.ts';
import { STRATEGIES } from '../wire/strategy.ts';
import type { Name } from './curve.ts';
import { type Receive, SENDS } from './scene.ts';
import { EVENTS, type Event } from './tally.ts';

const RECEIVES: readonly Receive[] = ['oversized', 'ask-first'];
const OWNERS: readonly string[] = [...STRATEGIES, ...RECEIVES];

export function lookOf({ who, send }: Name): Look {
  return { color: Math.max(OWNERS.indexOf(who), 0), dash: SENDS.indexOf(send) };
}

export function eventLook(event: Event): Look {
  return { color: EVENTS.indexOf(event) };
}
