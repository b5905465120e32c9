/** Bitmaps against arrays of booleans. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest } from './load.ts';

const test = suite('bitmap');
const { guest, bytes, scratch } = loadGuest();
const base = scratch(1);
const BITS = 100;

test('bits are set, cleared, tested and found as in an array', () => {
  const step = fc.record({ bit: fc.nat(BITS - 1), on: fc.boolean(), from: fc.nat(BITS), bits: fc.nat(BITS) });
  const start = fc.constantFrom(0, 0xff);
  fc.assert(
    fc.property(start, fc.array(step), (fill, steps) => {
      bytes.fill(fill, base, base + 16);
      const model = new Array<boolean>(BITS).fill(fill !== 0);
      for (const { bit, on, from, bits } of steps) {
        if (on) guest.bitmapSet(base, bit);
        else guest.bitmapClear(base, bit);
        model[bit] = on;
        assert.is(guest.bitmapTest(base, bit), on ? 1 : 0);
        const view = model.slice(0, bits);
        assert.is(guest.bitmapFindZero(base, bits, from), from < bits ? view.indexOf(false, from) : -1);
      }
    }),
  );
});

test.run();
