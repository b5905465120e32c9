/**
 * Counts that have to agree, for any number of objects in constant memory.
 *
 * An object claims its reference count when the walk reaches it. Each holder holds it once when the walk reaches the holder.
 * A claim adds `count * mix(address)` to a sum, and a hold subtracts the same. The sum is zero when all counts agree.
 * Otherwise it is not zero, except with a chance of 1 in 2^64: `mix` scatters addresses over 64 bits.
 *
 * A sum does not show the object. Further walks find it by bisection of the addresses.
 */
import { VIOLATION_TALLIES } from '../abi/check';

@unmanaged
class Tally {
  lowest: usize; // objects in [lowest, lowest + extent] are counted, others are not
  extent: usize;
  code: i32; // VIOLATION_* for which the plain numbers are kept as well
  claimed: i32;
  held: i32;
}

const tally = changetype<Tally>(memory.data(offsetof<Tally>(), 4));
const sums: usize = memory.data(VIOLATION_TALLIES * 8, 8);

/** Begins a tally of the objects in [lowest, lowest + extent]. Keeps the plain numbers of `code`. */
export function tallyStart(lowest: usize, extent: usize, code: i32): void {
  tally.lowest = lowest;
  tally.extent = extent;
  tally.code = code;
  tally.claimed = 0;
  tally.held = 0;
  memory.fill(sums, 0, VIOLATION_TALLIES * 8);
}

/** Clears the static records of this file. */
export function tallyClear(): void {
  tallyStart(0, 0, 0);
}

/** Claims that the object at `address` is held `count` times. */
export function claim(code: i32, address: usize, count: i32): void {
  if (address - tally.lowest > tally.extent) return;
  if (code == tally.code) tally.claimed += count;
  add(code, address, count);
}

/** Counts one holder of the object at `address`. */
export function hold(code: i32, address: usize, count: i32 = 1): void {
  if (address - tally.lowest > tally.extent) return;
  if (code == tally.code) tally.held += count;
  add(code, address, -count);
}

/** The first VIOLATION_* whose counts do not agree, or 0. */
export function tallyBroken(): i32 {
  for (let code = 1; code < VIOLATION_TALLIES; code++) if (!tallyAgrees(code)) return code;
  return 0;
}

export function tallyAgrees(code: i32): bool {
  return load<u64>(sumOf(code)) == 0;
}

export function tallyClaimed(): i32 {
  return tally.claimed;
}

export function tallyHeld(): i32 {
  return tally.held;
}

function add(code: i32, address: usize, count: i32): void {
  const sum = sumOf(code);
  store<u64>(sum, load<u64>(sum) + mix(address) * <u64>(<i64>count));
}

/** The finaliser of splitmix64: addresses that differ in one bit give words that differ in about half of their bits. */
function mix(address: usize): u64 {
  let word = (<u64>address + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

function sumOf(code: i32): usize {
  return sums + ((<usize>code) << 3);
}
