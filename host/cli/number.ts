/** Numbers and sizes on the command line. */
import { UsageError } from './usage.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 * 1024 };

/** @throws UsageError unless `text` is a whole number in the range. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} takes whole numbers from ${min} to ${max}, not "${text}"`);
}

const PARTS_MAX = 0xffff_ffff;

/**
 * A part of work that several machines share: `2/4`, the second of four.
 *
 * @returns The part, from 0.
 * @throws UsageError unless `text` is I/N with I from 1 to N.
 */
export function shardOf(text: string): { part: number; parts: number } {
  const [part = 0, parts = 0] = /^\d+\/\d+$/.test(text) ? text.split('/').map(Number) : [];
  if (part >= 1 && part <= parts && parts <= PARTS_MAX) return { part: part - 1, parts };
  throw new UsageError(`--shard takes a part and the number of parts, as in 1/4, not "${text}"`);
}

/**
 * Bytes: `4096`, `64K`, `64KiB`, `1M` or `1MiB`.
 *
 * @throws UsageError unless `text` is a size up to `max`.
 */
export function byteSize(option: string, text: string, max: number): number {
  const [, digits, unit = ''] = /^(\d+)(?:([KM])(?:iB)?)?$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (bytes <= max) return bytes;
  throw new UsageError(`${option} takes bytes, as in 4096, 64K (64KiB) or 1M (1MiB), up to ${max}, not "${text}"`);
}
