/** Numbers in a piece of memory, at both ends of what they can be. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setBig } from '../../host/wire/endian.ts';
import { WordView } from '../../host/wire/wordview.ts';

const test = suite('piece');

/** The 64 bits that a number is stored as. */
function stored(value: number): bigint {
  const piece = WordView.of(new Uint8Array(8).fill(0xa5));
  piece.setU64(0, value);
  return piece.view.getBigUint64(0, true);
}

test('sizes and addresses are stored whole', () => {
  for (const value of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 32, 2 ** 39 - 8, 2 ** 53 - 1, 2 ** 63]) {
    assert.is(stored(value), BigInt(value));
  }
});

test('what no 64 bits hold is all ones', () => {
  assert.is(stored(2 ** 64), 2n ** 64n - 1n);
  assert.is(stored(Number.POSITIVE_INFINITY), 2n ** 64n - 1n);
});

test('numbers come back as they were stored, unsigned', () => {
  const piece = new WordView(new ArrayBuffer(16));
  for (const value of [0, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 32 + 1, 2 ** 53 - 1]) {
    piece.setU64(1, value);
    assert.is(piece.u64(1), value);
    assert.is(piece.u32(1), value % 2 ** 32);
  }
});

test('a value may be given as a bigint where all its bits count', () => {
  const piece = new WordView(new ArrayBuffer(16));
  setBig(piece.view, 8, 0xfedc_ba98_7654_3210n);
  assert.is(piece.big(2), 0xfedc_ba98_7654_3210n);
  setBig(piece.view, 8, 7);
  assert.is(piece.big(2), 7n);
});

test('a copy of bytes ends in zeros', () => {
  const piece = WordView.of(new Uint8Array([1, 2, 3]));
  assert.equal(piece.u8, new Uint8Array([1, 2, 3, 0, 0, 0, 0, 0]));
});

test.run();
