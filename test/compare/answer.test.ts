/** The answer in words, from rows whose costs are made up, so that what is cheapest where is known. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { alike, answerLines, crossingsOf, seriesOf } from '../../host/compare/answer.ts';
import type { Row } from '../../host/compare/comparison.ts';
import type { Strategy } from '../../host/index.ts';
import { PROFILE, row } from './counts.ts';

const made = row('kmap', 4);
const test = suite('answer');

function rowsOf(costs: Readonly<Partial<Record<Strategy, readonly number[]>>>): Row[] {
  return Object.entries(costs).flatMap(([strategy, all]) =>
    all.map((modelNs, index) => ({ ...made, strategy: strategy as Strategy, payload: 10 ** (index + 1), modelNs })),
  );
}

test('who is cheapest, and how much longer the others take', () => {
  const lines = answerLines(rowsOf({ kmap: [1000, 4000], 'two-copy': [2000, 8000], remap: [3000, 2000] }), PROFILE);
  assert.equal(lines.slice(1), [
    'call:',
    '  10 B: kmap, 1 µs; two-copy 2.0 times as long; remap 3.0 times as long',
    '  100 B: remap, 2 µs; kmap 2.0 times as long; two-copy 4.0 times as long',
    '  remap overtakes kmap near 41 B (2.3 µs)',
  ]);
});

test('what differs by next to nothing is the same', () => {
  const lines = answerLines(rowsOf({ kmap: [1000], prefault: [1010], huge: [1100] }), PROFILE);
  assert.is(lines[2], '  10 B: kmap, prefault, 1 µs; huge 1.1 times as long');
  const series = seriesOf(rowsOf({ kmap: [1000, 2000], prefault: [1010, 2000], huge: [1000, 3000] }));
  assert.equal(
    alike(series).map(({ name }) => name),
    ['kmap, prefault', 'huge'],
  );
});

test('lines cross where they are straight on log axes', () => {
  const rows = rowsOf({ kmap: [100, 10_000], remap: [1000, 1000] });
  const [crossing, ...others] = crossingsOf(seriesOf(rows));
  assert.equal(others, []);
  assert.is(crossing?.over, 'remap');
  assert.is(crossing?.under, 'kmap');
  assert.is(crossing?.payload, 32); // the middle of 10 and 100
  assert.is(Math.round(crossing?.ns ?? 0), 1000);
});

test('lines that never lead are left out, and rows without a payload say nothing', () => {
  const rows = rowsOf({ kmap: [1, 1], remap: [100, 200], fault: [200, 100] });
  assert.equal(crossingsOf(seriesOf(rows)), []);
  assert.equal(answerLines([{ ...made, payload: 0 }], PROFILE), []);
});

test.run();
