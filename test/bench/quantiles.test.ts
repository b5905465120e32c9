/** The middle and the percentiles of values. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { median, PERCENTS, percentile, percentilesOf } from '../../bench/quantiles.ts';

const test = suite('quantiles');

test('the middle', () => {
  assert.is(median([3]), 3);
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([9, 1, 5, 6]), 5.5);
});

test('percentiles of a hundred values are the values', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentilesOf(values), { 50: 50, 90: 90, 95: 95, 99: 99 });
  assert.is(percentile(values, 100), 100);
  assert.is(percentile(values, 0.5), 1);
});

test('a percentile is one of the values; so many do not exceed it, and of no smaller one is that so', () => {
  const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.constantFrom(25, 75, ...PERCENTS), (all, percent) => {
      const found = percentile(all, percent);
      const share = (limit: number) => (100 * all.filter((value) => value <= limit).length) / all.length;
      assert.ok(all.includes(found));
      assert.ok(share(found) >= percent);
      assert.ok(share(found - 1) < percent);
    }),
  );
});

test('values are left in their order, and none at all is an error', () => {
  const values = [3, 1, 2];
  percentilesOf(values);
  median(values);
  assert.equal(values, [3, 1, 2]);
  assert.throws(
    () => percentile([], 50),
    (error: unknown) => error instanceof RangeError,
  );
});

test.run();
