/**
 * Copies of short pieces of memory. V8 calls out of wasm for `memory.copy`, which costs more than a loop over a few dozen
 * bytes. So this file copies records and small messages, eight bytes at a time.
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

/**
 * The same where the ranges may overlap: bytes move in rising order, eight at a time, so that what was stored is read again
 * where the target overlaps the end of the source. Linux's copies do so on x86-64, which is where the recordings come from.
 */
export function bytesMove(target: usize, source: usize, size: usize): void {
  if (target - source < size || source - target < 8) moveSlowly(target, source, size);
  else bytesCopy(target, source, size);
}

/** A long piece begins with a word, and goes on with the aligned words of the target; a short one is words from the start on. */
function moveSlowly(target: usize, source: usize, size: usize): void {
  let at: usize = 0;
  if (size >= 64) {
    store<u64>(target, load<u64>(source));
    at = ((target + 8) & ~7) - target;
  }
  for (; at + 8 <= size; at += 8) store<u64>(target + at, load<u64>(source + at));
  for (; at < size; at++) store<u8>(target + at, load<u8>(source + at));
}
