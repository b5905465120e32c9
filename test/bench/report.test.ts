/** The report of measured rounds, its table and its page. Nothing is measured here. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBaseline } from '../../bench/baseline.ts';
import { CATALOGUE as known } from '../../bench/catalogue.ts';
import { type BenchMachine, type BenchReport, reportOf } from '../../bench/report.ts';
import type { Latency, Limit, Round } from '../../bench/results.ts';
import { benchPage } from '../../host/cli/bench/page.ts';
import { tableLines } from '../../host/cli/bench/table.ts';
import { checkPage } from '../plot/html.ts';

const test = suite('bench report');

const MACHINE: BenchMachine = {
  cpu: 'a <processor>',
  processors: 2,
  os: 'Linux',
  node: 'v20',
  v8: '11',
  strategy: 'kmap',
  memoryMiB: 64,
  seed: 0,
  rounds: 4,
  date: '2026-01-01T00:00:00.000Z',
};

/** Rounds of so many nop calls each, on a machine whose nop call takes 2 ns, then 3. */
const rounds = (...perNopCall: number[]): Round[] =>
  perNopCall.map((calls, index) => {
    const nopCallNs = index === 0 ? 2 : 3;
    return { nopCallNs, copy4KiBNs: 15 * nopCallNs, ns: calls * nopCallNs };
  });

const WALL: Latency = {
  time: 'wall',
  calls: 40,
  clockNs: 30,
  rounds: [100, 110, 130].map((middle) => ({
    nopCallNs: 2,
    copy4KiBNs: 30,
    percentiles: { 50: middle, 90: 200, 95: 300, 99: 999 },
  })),
};
const VIRTUAL: Latency = {
  time: 'virtual',
  calls: 20,
  percentiles: { 50: 5000, 90: 6000, 95: 7000, 99: 8000 },
  rounds: [{ nopCallNs: 2, copy4KiBNs: 30 }],
};

/** A report of everything that can be measured, with made-up numbers. */
function whole(count = 4): BenchReport {
  const cases = known.cases.map((name, index) => ({
    name,
    rounds: rounds(...[10, 11, 12, 13].slice(0, count).map((calls) => calls + index)),
  }));
  const latencies = known.latencies.map((name) => ({ name, latency: name.includes('wall') ? WALL : VIRTUAL }));
  return reportOf({ cases, latencies }, MACHINE, known.limits, null);
}

test('medians and quartiles are those of the ratios to a nop call', () => {
  const measured = { cases: [{ name: 'a', rounds: rounds(10, 14, 11, 30, 12) }], latencies: [] };
  const { reference, cases } = reportOf(measured, MACHINE, [], null);
  assert.equal(reference, { nopCallNs: 3, copy4KiBNs: 45 });
  assert.equal(cases, [{ name: 'a', ns: 36, perNopCall: 12, low: 11, high: 14, rounds: [10, 14, 11, 30, 12] }]);
});

test('one round or two tell no spread', () => {
  const spread = (...perNopCall: number[]) => {
    const measured = { cases: [{ name: 'a', rounds: rounds(...perNopCall) }], latencies: [] };
    const { cases } = reportOf(measured, MACHINE, [], null);
    return [cases[0]?.low, cases[0]?.high];
  };
  assert.equal(spread(10), [null, null]);
  assert.equal(spread(10, 12), [null, null]);
  assert.equal(spread(10, 12, 11), [10, 12]);
});

test('latencies: wall time goes by nop calls, virtual time is as it is', () => {
  const latencies = [
    { name: 'w', latency: WALL },
    { name: 'v', latency: VIRTUAL },
  ];
  const { reference, latency } = reportOf({ cases: [], latencies }, MACHINE, [], null);
  assert.is(reference.nopCallNs, 2);
  assert.equal(latency[0], {
    name: 'w',
    time: 'wall',
    calls: 40,
    ns: 110,
    perNopCall: 55,
    low: 50,
    high: 65,
    percentiles: { 50: 110, 90: 200, 95: 300, 99: 999 },
    clockNs: 30,
  });
  assert.equal([latency[1]?.ns, latency[1]?.perNopCall, latency[1]?.percentiles], [5000, null, VIRTUAL.percentiles]);
});

test('limits: of nop calls, of another case, as a share; only of what was measured', () => {
  const limits: Limit[] = [
    { case: 'a', of: null, most: 12 },
    { case: 'b', of: 'a', most: 1.9 },
    { case: 'b', of: 'a', share: 0.5 },
    { case: 'c', of: null, most: 1 },
  ];
  const cases = [
    { name: 'a', rounds: rounds(12) },
    { name: 'b', rounds: rounds(24) },
  ];
  assert.equal(
    reportOf({ cases, latencies: [] }, MACHINE, limits, null).limits.map(({ limit, measured, holds }) => [
      limit,
      measured,
      holds,
    ]),
    [
      ['at most 12 nop calls', '12.0', true],
      ['at most 1.9 times a', '2.00', false],
      ['at least 50 % of the speed of a', '50 %', true],
    ],
  );
  for (const limit of known.limits) {
    assert.ok(known.cases.includes(limit.case), limit.case);
    assert.ok(limit.of === null || known.cases.includes(limit.of), limit.case);
  }
});

test('against an earlier run: every case says what became of it, or that it is new', () => {
  const report = whole();
  const earlier = {
    ...report,
    cases: report.cases.slice(1).map((one) => ({ ...one, perNopCall: one.perNopCall / 2 })),
  };
  const baseline = parseBaseline(JSON.stringify(earlier), 'then.json');
  const measured = {
    cases: report.cases.map(({ name, rounds: calls }) => ({ name, rounds: rounds(...calls) })),
    latencies: [{ name: 'latency/virtual/4', latency: VIRTUAL }],
  };
  const now = reportOf(measured, MACHINE, [], baseline);
  assert.is(now.cases[0]?.baseline, null);
  assert.ok(now.cases.slice(1).every((one) => one.baseline?.changePercent === 100));
  assert.equal(now.latency[0]?.baseline, { earlier: 5000, changePercent: 0, noisePercent: 0, verdict: 'same' });

  const lines = tableLines(now);
  assert.match(lines[0] ?? '', /^case +ns +nop calls +spread +then +change +noise$/);
  assert.match(lines[3] ?? '', /^round-trip\/driver\/4 .* - +not measured then$/);
  assert.ok(lines.some((line) => /^scale\/queued\/10000 .* \+100\.0 % +[\d.]+ % {2}slower$/.test(line)));
  assert.ok(lines.some((line) => line.startsWith('then: then.json (a <processor>, node v20, 2026-01-01')));

  const other = tableLines(reportOf(measured, { ...MACHINE, strategy: 'huge' }, [], baseline));
  assert.ok(other.includes('then strategy was kmap, now it is huge'));

  const html = benchPage(now, known);
  checkPage(html);
  assert.match(html, 'not measured then');
  assert.match(html, '+100.0 %');
});

test('the table has a line for each case, and one with four percentiles for each latency', () => {
  const lines = tableLines(whole());
  for (const name of known.cases) assert.is(lines.filter((line) => line.startsWith(`${name} `)).length, 1, name);
  assert.ok(lines.some((line) => /^latency, ns +50 % +90 % +95 % +99 % +calls$/.test(line)));
  assert.ok(lines.some((line) => /^latency\/virtual\/4 +5000 +6000 +7000 +8000 +20$/.test(line)));
});

test('the page: one file that asks for nothing, with every case, plots, and what they were measured on', () => {
  const html = benchPage(whole(), known);
  checkPage(html);
  for (const name of [...known.cases, ...known.latencies]) assert.ok(html.includes(`>${name}<`), name);
  for (const { name } of known.groups) assert.ok(html.includes(`<th>${name}</th>`), name);
  assert.match(html, 'a &#60;processor&#62;');
  assert.match(html, '65 % asked of oneway');
  assert.match(html, '78 % asked of oneway');
  assert.is(html.match(/<figure/g)?.length, 6);
  assert.match(html, 'Bars on points');
  assert.not.match(benchPage({ ...whole(), cases: [] }, known), 'Bars on points', 'without a plot there are no points');
});

test('the page of few cases, or of one round, has what there is', () => {
  const few = reportOf(
    { cases: [{ name: 'translate', rounds: rounds(7) }], latencies: [] },
    MACHINE,
    known.limits,
    null,
  );
  const html = benchPage(few, known);
  checkPage(html);
  assert.not.match(html, '<svg');
  checkPage(benchPage(whole(1), known));
});

test('a limit that is missed looks missed, and too few rounds say why there is no spread', () => {
  const limits: Limit[] = [
    { case: 'a', of: null, most: 12 },
    { case: 'a', of: 'b', share: 0.65 },
  ];
  const cases = [
    { name: 'a', rounds: rounds(12.01) },
    { name: 'b', rounds: rounds(12.01 * 0.649) },
  ];
  const report = reportOf({ cases, latencies: [] }, MACHINE, limits, null);
  assert.equal(
    report.limits.map(({ measured, holds }) => [measured, holds]),
    [
      ['12.1', false],
      ['64 %', false],
    ],
  );
  assert.match(tableLines(report).join('\n'), 'spread: - with fewer than 3 rounds');
  assert.match(benchPage(report, known), 'Spread: - with fewer than 3 rounds');
  assert.not.match(tableLines(whole()).join('\n'), 'fewer than');
});

test('every case and latency belongs to a group that says what it does', () => {
  for (const name of [...known.cases, ...known.latencies]) {
    assert.ok(
      known.groups.some((group) => name === group.name || name.startsWith(`${group.name}/`)),
      name,
    );
  }
});

test.run();
