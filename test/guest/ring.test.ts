/** The ring against an array of everything that was ever written. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest } from './load.ts';

const test = suite('ring');
const { guest, data, scratch } = loadGuest();
const ring = scratch(1);
const base = scratch(1);

test('the newest records are there, in the place that their number says', () => {
  const capacity = fc.constantFrom(1, 2, 8, 16);
  fc.assert(
    fc.property(capacity, fc.constantFrom(4, 12, 16), fc.nat(60), (size, recordSize, pushes) => {
      guest.ringInit(ring, base, size, recordSize);
      for (let number = 0; number < pushes; number++) data.setUint32(guest.ringPush(ring), number, true);
      assert.is(guest.ringHead(ring), pushes);
      for (let number = Math.max(0, pushes - size); number < pushes; number++) {
        assert.is(data.getUint32(base + (number % size) * recordSize, true), number);
      }
    }),
  );
});

test('a capacity that is no power of two is refused', () => {
  assert.throws(() => guest.ringInit(ring, base, 3, 4), /power of two/);
});

test.run();
