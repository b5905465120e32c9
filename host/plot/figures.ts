/** Amounts as short text: bytes, counts and times of any size in a few characters. */
const KIB = 1024;
const MIB = KIB * KIB;
/** Smaller amounts are shown as 0. */
const LEAST = 0.1;

/** "12 B", "4 KiB", "1.5 MiB"; at most one decimal. */
export function bytesText(bytes: number): string {
  if (bytes >= MIB) return `${short(bytes / MIB)} MiB`;
  if (bytes >= KIB) return `${short(bytes / KIB)} KiB`;
  return `${short(bytes)} B`;
}

/** "5442 B", "12 KiB": a larger unit only when it is exact. */
export function exactBytesText(bytes: number): string {
  if (bytes >= MIB && bytes % MIB === 0) return `${bytes / MIB} MiB`;
  return bytes >= KIB && bytes % KIB === 0 ? `${bytes / KIB} KiB` : `${bytes} B`;
}

/** Whole numbers without decimals, means with one. */
export function countText(count: number): string {
  return short(count);
}

/** "850 ns", "12.3 µs", "4.5 ms". */
export function timeText(ns: number): string {
  if (ns >= 1e6) return `${short(ns / 1e6)} ms`;
  if (ns >= 1e3) return `${short(ns / 1e3)} µs`;
  return `${short(ns)} ns`;
}

/** An amount above 0 is never shown as 0. */
function short(value: number): string {
  if (value > 0 && value < LEAST / 2) return `<${LEAST}`;
  return Number.isInteger(value) ? String(value) : value.toFixed(1).replace(/\.0$/, '');
}
