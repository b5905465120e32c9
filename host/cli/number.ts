/** Numbers and sizes on the command line. */
import { UsageError } from './usage.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 * 1024 };

/** @throws UsageError unless `text` is a whole number in the range. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} takes whole numbers from ${min} to ${max}, not "${text}"`);
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
