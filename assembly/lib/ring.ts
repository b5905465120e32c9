/**
 * A ring of records of one size, the oldest overwritten when it is full.
 *
 *     0        4          8            12     16
 *     +--------+----------+------------+------+
 *     |  base  | capacity | recordSize | head |     the records are elsewhere, from `base` on
 *     +--------+----------+------------+------+
 *
 * `head` counts every record that was ever written. Record n is in slot n & (capacity - 1), and is there as long as
 * head - capacity <= n < head. So a reader that keeps a number knows which records it has missed.
 */

/** Bytes of the ring's own block. */
export const RING_SIZE = 16;

const BASE = 0;
const CAPACITY = 4;
const RECORD_SIZE = 8;
const HEAD = 12;

/** An empty ring over `capacity` (a power of two) records of `recordSize` bytes at `base`. */
export function ringInit(ring: usize, base: usize, capacity: u32, recordSize: u32): void {
  assert(capacity != 0 && (capacity & (capacity - 1)) == 0, 'ringInit: the capacity is no power of two');
  store<usize>(ring, base, BASE);
  store<u32>(ring, capacity, CAPACITY);
  store<u32>(ring, recordSize, RECORD_SIZE);
  store<u32>(ring, 0, HEAD);
}

/** Makes room for one more record: its address. It still holds what lay there; the caller writes all of it. */
export function ringPush(ring: usize): usize {
  const head = load<u32>(ring, HEAD);
  store<u32>(ring, head + 1, HEAD);
  return slotOf(ring, head);
}

/** How many records were ever written; the number that the next one gets. */
export function ringHead(ring: usize): u32 {
  return load<u32>(ring, HEAD);
}

/** Address of that number. */
export function ringHeadAddress(ring: usize): usize {
  return ring + HEAD;
}

function slotOf(ring: usize, index: u32): usize {
  return load<usize>(ring, BASE) + (index & (load<u32>(ring, CAPACITY) - 1)) * load<u32>(ring, RECORD_SIZE);
}
