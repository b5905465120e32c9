/**
 * Bitmaps over raw memory: bit n is bit n & 31 of the 32-bit word n >> 5. The caller owns the words.
 */

export function bitmapTest(base: usize, bit: i32): bool {
  return ((load<u32>(wordOf(base, bit)) >>> (bit & 31)) & 1) != 0;
}

export function bitmapSet(base: usize, bit: i32): void {
  const word = wordOf(base, bit);
  store<u32>(word, load<u32>(word) | (1 << (bit & 31)));
}

export function bitmapClear(base: usize, bit: i32): void {
  const word = wordOf(base, bit);
  store<u32>(word, load<u32>(word) & ~(1 << (bit & 31)));
}

/** The lowest clear bit in [from, bits); -1 if there is none. */
export function bitmapFindZero(base: usize, bits: i32, from: i32): i32 {
  let bit = from;
  while (bit < bits) {
    const rest = ~load<u32>(wordOf(base, bit)) >>> (bit & 31);
    if (rest != 0) {
      const found = bit + <i32>ctz<u32>(rest);
      return found < bits ? found : -1;
    }
    bit = (bit | 31) + 1;
  }
  return -1;
}

function wordOf(base: usize, bit: i32): usize {
  return base + <usize>((bit >>> 5) << 2);
}
