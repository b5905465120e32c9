/** Comparing with an earlier result: what a file must hold, and when a change is more than noise. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BaselineError, changeSince, parseBaseline } from '../../bench/baseline.ts';

const test = suite('baseline');

const measured = (value: number, low: number | null = null, high: number | null = null) => ({ value, low, high });
const REFERENCE = { nopCallNs: 2, copy4KiBNs: 30 };

test('a change counts when it is more than the interquartile ranges of both runs together', () => {
  const then = measured(100, 98, 101);
  const verdict = (value: number, spread: number) =>
    changeSince(then, measured(value, value - spread, value + spread)).verdict;
  assert.is(verdict(104.99, 1), 'same');
  assert.is(verdict(105.01, 1), 'slower');
  assert.is(verdict(94.9, 1), 'faster');
  assert.is(verdict(105.01, 2), 'same');
  assert.equal(changeSince(then, measured(110, 110, 112)), {
    earlier: 100,
    changePercent: (110 / 100 - 1) * 100,
    noisePercent: 5,
    verdict: 'slower',
  });
});

test('where one run has no spread, the other’s stands for it, in proportion', () => {
  const { noisePercent } = changeSince(measured(100), measured(200, 190, 210));
  assert.is(noisePercent, 30, '10 of 100, and 20 of 200');
  assert.is(changeSince(measured(100, 95, 105), measured(200)).noisePercent, 30);
});

test('where neither has one, nothing is said of noise', () => {
  assert.equal(changeSince(measured(100), measured(150)), {
    earlier: 100,
    changePercent: 50,
    noisePercent: null,
    verdict: 'unknown',
  });
  assert.is(changeSince(measured(100), measured(100)).verdict, 'same');
});

test('what is exact changes whenever it differs', () => {
  assert.is(changeSince(measured(22569), measured(22569, 22569, 22569)).verdict, 'same');
  assert.is(changeSince(measured(22569), measured(22570, 22570, 22570)).verdict, 'slower');
});

test('a file as bench writes it', () => {
  const text = JSON.stringify({
    reference: REFERENCE,
    cases: [{ name: 'boot', ns: 20, perNopCall: 10, low: 9, high: 11, rounds: [9, 10, 11] }],
    latency: [
      { name: 'latency/virtual/4', time: 'virtual', ns: 700, perNopCall: null, low: null, high: null },
      { name: 'latency/wall/driver/4', time: 'wall', ns: 80, perNopCall: 40, low: 39, high: 41 },
    ],
    machine: { node: 'v20' },
  });
  const { file, machine, cases, latency } = parseBaseline(text, 'old.json');
  assert.is(file, 'old.json');
  assert.equal(machine, { node: 'v20' });
  assert.equal([...cases], [['boot', measured(10, 9, 11)]]);
  assert.equal(
    [...latency],
    [
      ['latency/virtual/4', measured(700)],
      ['latency/wall/driver/4', measured(40, 39, 41)],
    ],
  );
});

test('an old file has neither spread, nor latencies, nor a machine', () => {
  const text = JSON.stringify({ reference: REFERENCE, cases: [{ name: 'boot', ns: 20, perNopCall: 10 }] });
  const { machine, cases, latency } = parseBaseline(text, 'old.json');
  assert.is(machine, null);
  assert.equal([...cases], [['boot', measured(10)]]);
  assert.is(latency.size, 0);
});

test('what is no result says why', () => {
  const broken: [text: string, why: RegExp][] = [
    ['', /^f: is no JSON: /],
    ['[1]', /has no "reference\.nopCallNs"/],
    ['null', /has no "reference\.nopCallNs"/],
    [JSON.stringify({ reference: { nopCallNs: '2' }, cases: [] }), /has no "reference\.nopCallNs"/],
    [JSON.stringify({ reference: REFERENCE }), /has no "cases"/],
    [JSON.stringify({ reference: REFERENCE, cases: {} }), /has no "cases"/],
    [JSON.stringify({ reference: REFERENCE, cases: [{ perNopCall: 1 }] }), /cases\[0\] has no "name"/],
    [JSON.stringify({ reference: REFERENCE, cases: [null] }), /cases\[0\] has no "name"/],
    [JSON.stringify({ reference: REFERENCE, cases: [{ name: 'a' }] }), /cases\[0\], a, has no "perNopCall"/],
    [JSON.stringify({ reference: REFERENCE, cases: [{ name: 'a', perNopCall: 0 }] }), /has no "perNopCall" above 0/],
    [JSON.stringify({ reference: REFERENCE, cases: [], latency: 1 }), /"latency" is no list/],
    [
      JSON.stringify({ reference: REFERENCE, cases: [], latency: [{ name: 'v', time: 'virtual' }] }),
      /latency\[0\], v, has no "ns"/,
    ],
  ];
  for (const [text, why] of broken) {
    assert.throws(
      () => parseBaseline(text, 'f'),
      (error: unknown) => error instanceof BaselineError && why.test(error.message),
      text,
    );
  }
});

test.run();
