/**
 * Payloads to measure between two ends, so that no jump of the cost is missed: the bytes before, at and after each jump, for
 * all early jumps and a selection of the later ones; and a few payloads between them.
 */
import type { Jumps } from './scene.ts';

/** Number of jumps that are all measured. */
const ALL_UP_TO = 16;
/** Later jumps in each doubling of the payload. */
const PER_DOUBLING = 2;
/** Payloads in each doubling, independent of jumps. */
const BETWEEN = 2;

/** @returns Bytes, ascending, including both ends. */
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

/** The payloads before, at and after a jump; with a header also those that fill it together with the header. */
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
