/** The digest tells apart what differs, wherever it does, and says the same of what is the same. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest, PAGE } from './load.ts';

const test = suite('digest');
const { guest, bytes, scratch } = loadGuest();
const one = scratch(1);
const other = scratch(1);
const content = fc.uint8Array({ minLength: PAGE, maxLength: PAGE });

test('the same bytes at another place have the same digest', () => {
  fc.assert(
    fc.property(content, (page) => {
      bytes.set(page, one);
      bytes.set(page, other);
      assert.is(guest.digest(one, one + PAGE), guest.digest(other, other + PAGE));
    }),
  );
});

test('a single bit makes another digest, and so do two words that change places', () => {
  fc.assert(
    fc.property(content, fc.nat(PAGE - 1), fc.nat(7), fc.nat(PAGE / 8 - 1), (page, at, bit, word) => {
      bytes.set(page, one);
      bytes.set(page, other);
      bytes[other + at] = (bytes[other + at] as number) ^ (1 << bit);
      assert.is.not(guest.digest(one, one + PAGE), guest.digest(other, other + PAGE));

      const next = (word + 1) % (PAGE / 8);
      const [first, second] = [page.slice(word * 8, word * 8 + 8), page.slice(next * 8, next * 8 + 8)];
      bytes.set(page, other);
      bytes.set(first, other + next * 8);
      bytes.set(second, other + word * 8);
      const same = first.every((byte, index) => byte === second[index]);
      assert.is(guest.digest(one, one + PAGE) === guest.digest(other, other + PAGE), same);
    }),
  );
});

test('zeroes count: a longer range of them has another digest', () => {
  bytes.fill(0, one, one + PAGE);
  const digests = [0, 32, 64, PAGE].map((length) => guest.digest(one, one + length));
  assert.is(new Set(digests).size, digests.length);
});

test('a range that is not made of strides is refused', () => {
  assert.throws(() => guest.digest(one, one + 16), /whole strides/);
  assert.throws(() => guest.digest(one + 32, one), /whole strides/);
});

test.run();
