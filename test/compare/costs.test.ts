import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCosts } from '../../host/compare/costfile.ts';
import { COST_PROFILES, modelNs, shares } from '../../host/compare/costs.ts';
import { amount, EVENTS } from '../../host/compare/tally.ts';
import { row } from './counts.ts';

const test = suite('costs');

test('every figure of every profile has a source', () => {
  for (const { name, machine, costs } of COST_PROFILES) {
    assert.ok(machine.length > 0);
    assert.equal(Object.keys(costs), [...EVENTS], name);
    for (const event of EVENTS) assert.ok(costs[event].source.length > 8, `${name}: ${event}`);
  }
});

test('time is events times their cost', () => {
  const { perCall } = row('remap', 4096);
  for (const profile of COST_PROFILES) {
    const parts = shares(perCall, profile);
    const total = parts.reduce((sum, { ns }) => sum + ns, 0);
    assert.ok(Math.abs(total - modelNs(perCall, profile)) < 1e-6);
    const faults = parts.find(({ event }) => event === 'faults');
    assert.is(faults?.ns, amount(perCall, 'faults') * profile.costs.faults.ns);
  }
});

const COSTS = Object.fromEntries(EVENTS.map((event, index) => [event, index]));

test('a profile of one’s own', () => {
  const text = JSON.stringify({ name: 'mine', costs: { ...COSTS, walks: { ns: 7, source: 'a book' } } });
  const profile = parseCosts(text, 'mine.json');
  assert.is(profile.name, 'mine');
  assert.is(profile.machine, 'mine');
  assert.equal(profile.costs.walks, { ns: 7, source: 'a book' });
  assert.is(profile.costs.bytesCopied.ns, 1);
  assert.match(profile.costs.bytesCopied.source, 'mine.json');
});

test('what is no profile is told', () => {
  const { walks: _, ...withoutWalks } = COSTS;
  for (const [text, message] of [
    ['{', /mine.json: is no JSON/],
    ['null', /has no "name"/],
    ['{"name":"x"}', /has no "costs"/],
    [JSON.stringify({ name: 'x', costs: withoutWalks }), /"walks" has no "ns"/],
    [JSON.stringify({ name: 'x', costs: { ...COSTS, faults: -1 } }), /"faults" has no "ns"/],
    [JSON.stringify({ name: 'x', costs: { ...COSTS, naps: 1 } }), /"naps" is no event; there are copies/],
  ] as const) {
    assert.throws(() => parseCosts(text, 'mine.json'), message);
  }
});

test.run();
