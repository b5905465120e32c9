/**
 * Copying of short pieces of memory. V8 calls out of wasm for `memory.copy`, which costs more than moving a few dozen
 * bytes by hand; so records and small messages are moved here, eight bytes at a time.
 */

/** Up to this size a loop is quicker. */
const SHORT: usize = 128;

/** Copies `size` bytes; the ranges do not overlap. */
export function bytesCopy(target: usize, source: usize, size: usize): void {
  if (size > SHORT) {
    memory.copy(target, source, size);
    return;
  }
  let at: usize = 0;
  for (; at + 8 <= size; at += 8) store<u64>(target + at, load<u64>(source + at));
  if (size & 4) {
    store<u32>(target + at, load<u32>(source + at));
    at += 4;
  }
  for (; at < size; at++) store<u8>(target + at, load<u8>(source + at));
}
