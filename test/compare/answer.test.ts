/** The answer in words, from rows whose costs are made up, so that what is cheapest where is known. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answerLines, crossingText } from '../../host/compare/answer.ts';
import type { Row } from '../../host/compare/comparison.ts';
import type { Crossing } from '../../host/compare/crossings.ts';
import { type Name, namesText } from '../../host/compare/curve.ts';
import type { Study } from '../../host/compare/study.ts';
import type { Strategy } from '../../host/index.ts';
import { PROFILE, row } from './counts.ts';

const made = row('kmap', 4);
const test = suite('answer');

function studyOf(costs: Readonly<Partial<Record<Strategy, readonly number[]>>>): Study {
  const rows: Row[] = Object.entries(costs).flatMap(([strategy, all]) =>
    all.map((modelNs, index) => ({ ...made, strategy: strategy as Strategy, payload: 10 ** (index + 1), modelNs })),
  );
  return { workload: 'call', what: [], rows, payloads: [], curves: [], crossings: [] };
}

const inline = (...whos: string[]): Name[] => whos.map((who) => ({ who, send: 'inline' }));

test('who is cheapest, and how much longer the others take', () => {
  const study = studyOf({ kmap: [1000, 4000], 'two-copy': [2000, 8000], remap: [3000, 2000] });
  assert.equal(answerLines([study], PROFILE).slice(1), [
    'call:',
    '  10 B: kmap, 1 µs; two-copy 2.0 times as long; remap 3.0 times as long',
    '  100 B: remap, 2 µs; kmap 2.0 times as long; two-copy 4.0 times as long',
  ]);
});

test('what differs by next to nothing is the same, and the answer says how much that is', () => {
  const lines = answerLines([studyOf({ kmap: [1000], prefault: [1010], huge: [1100] })], PROFILE);
  assert.match(lines[0] ?? '', 'up to 5 % is no difference');
  assert.is(lines[2], '  10 B: kmap, prefault, 1 µs; huge 1.1 times as long');
  assert.match(answerLines([studyOf({ kmap: [1000], remap: [1000] })], PROFILE).join(), '10 B: all the same, 1 µs');
});

test('rows without a payload say nothing', () => {
  assert.equal(answerLines([{ ...studyOf({}), rows: [{ ...made, payload: 0 }] }], PROFILE), []);
});

test('crossings in words', () => {
  const crossing: Crossing = {
    kind: 'overtakes',
    ahead: inline('remap'),
    behind: inline('kmap', 'huge'),
    at: 4096,
    before: 4095,
    first: 4096,
    aheadNs: [4300, 4300],
    behindNs: [7200, 7300],
  };
  assert.is(crossingText(crossing), 'remap overtakes kmap, huge at 4 KiB (4.3 µs against 7.2 µs to 7.3 µs)');
  assert.match(crossingText({ ...crossing, before: 4000 }), 'overtakes kmap, huge between 4000 B and 4 KiB');
  assert.match(
    crossingText({ ...crossing, kind: 'parts' }),
    /^remap draws ahead of kmap, huge at 4 KiB .*below that they cost the same$/,
  );
  assert.match(
    crossingText({ ...crossing, kind: 'alternates', first: 2048, ahead: inline('remap', 'fault') }),
    /^remap, fault and kmap, huge change places several times between 2 KiB and 4 KiB; from there on remap, fault are ahead/,
  );
});

test('how it travels is said once for all that have it in common', () => {
  const names: Name[] = [...inline('kmap'), { who: 'kmap', send: 'memfd' }, { who: 'fault', send: 'memfd' }];
  assert.is(namesText(names), 'kmap; kmap, fault by reused memfd');
});

test.run();
