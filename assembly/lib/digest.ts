/**
 * A digest of memory: 64 bits that differ, for all practical purposes, whenever the bytes do. Four lanes take every
 * fourth word of 8 bytes each, so that their multiplications overlap; then they are folded into one.
 */
const SPREAD: u64 = 0x9e3779b97f4a7c15;
const MIX: u64 = 0xd6e8feb86659fd93;
const STRIDE: usize = 32;

/** The digest of the bytes `from` to `to`, which have to be multiples of 32. */
export function digest(from: usize, to: usize): u64 {
  assert(((from | to) & (STRIDE - 1)) == 0 && from <= to, 'digest: the range is not made of whole strides');
  let a: u64 = SPREAD;
  let b: u64 = SPREAD * 2;
  let c: u64 = SPREAD * 3;
  let d: u64 = SPREAD * 4;
  for (let at = from; at < to; at += STRIDE) {
    a = lane(a, load<u64>(at));
    b = lane(b, load<u64>(at, 8));
    c = lane(c, load<u64>(at, 16));
    d = lane(d, load<u64>(at, 24));
  }
  let sum = finish(<u64>(to - from));
  sum = finish(sum ^ a);
  sum = finish(sum ^ b);
  sum = finish(sum ^ c);
  return finish(sum ^ d);
}

/** One word into a lane. Each part can be undone, so two different words never give the same lane. */
function lane(sum: u64, word: u64): u64 {
  return rotl<u64>((sum ^ word) * MIX, 29) + SPREAD;
}

/** Lets every bit of a sum reach every other. */
function finish(sum: u64): u64 {
  let mixed = sum;
  mixed = (mixed ^ (mixed >> 32)) * MIX;
  mixed = (mixed ^ (mixed >> 32)) * MIX;
  return mixed ^ (mixed >> 32);
}
