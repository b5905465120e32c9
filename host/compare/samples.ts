/**
 * Payloads to measure between two ends, so that no tooth of a cost that jumps is missed: right before, on and right behind
 * the places where it jumps, all of the first of them and a choice of the later ones; and a few between them.
 */
import type { Jumps } from './scene.ts';

/** Jumps that are sampled one by one. */
const ALL_UP_TO = 16;
/** Later ones, in each doubling of the payload. */
const PER_DOUBLING = 2;
/** Payloads in each doubling that lie wherever they lie. */
const BETWEEN = 2;

/** @returns Bytes, rising, both ends among them. */
export function samples(least: number, most: number, jumps: Jumps): number[] {
  const found = [least, most];
  for (let at = least; at < most; at *= 2 ** (1 / BETWEEN)) found.push(Math.round(at));
  const last = (most + jumps.header) / jumps.every;
  for (let jump = 1; jump <= last; jump = nextJump(jump)) found.push(...around(jump, jumps));
  return sorted(found, least, most);
}

/** Every jump between two ends. */
export function everyJump(least: number, most: number, jumps: Jumps): number[] {
  const found: number[] = [];
  const first = Math.max(1, Math.floor((least + jumps.header) / jumps.every));
  for (let jump = first; jump * jumps.every - jumps.header <= most; jump++) found.push(...around(jump, jumps));
  return sorted(found, least, most);
}

/** The last payload before a jump, the one on it, and the one behind it; with a header also those that fill it with that. */
function around(jump: number, { every, header }: Jumps): number[] {
  const places = header === 0 ? [jump * every] : [jump * every, jump * every - header];
  return places.flatMap((place) => [place - 1, place, place + 1]);
}

function nextJump(jump: number): number {
  return jump < ALL_UP_TO ? jump + 1 : Math.max(jump + 1, Math.round(jump * 2 ** (1 / PER_DOUBLING)));
}

function sorted(payloads: readonly number[], least: number, most: number): number[] {
  return [...new Set(payloads)].filter((one) => one >= least && one <= most).sort((a, b) => a - b);
}
