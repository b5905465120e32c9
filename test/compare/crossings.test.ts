/** Where one curve overtakes another: on made-up curves, where that is known, and on measured ones, where it is measured again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WORKLOADS } from '../../host/cli/compare/rowchoice.ts';
import { CALL, PRESSURE } from '../../host/compare/call.ts';
import { measure, type RowChoice } from '../../host/compare/comparison.ts';
import { COST_PROFILES, type CostProfile } from '../../host/compare/costs.ts';
import { type Crossing, crossingsOf, SAME } from '../../host/compare/crossings.ts';
import type { Curve, Name } from '../../host/compare/curve.ts';
import { samples } from '../../host/compare/samples.ts';
import { PAGES, type Send, type Workload } from '../../host/compare/scene.ts';
import { studyOf } from '../../host/compare/study.ts';
import { STRATEGIES } from '../../host/index.ts';
import { CONDITIONS, PROFILE, row } from './counts.ts';

const made = row('kmap', 4);
const test = suite('crossings');

const MOST = 1 << 20;

function curve(who: string, at: (payload: number) => number): Curve {
  return { name: { who, send: 'inline' }, at: (payload) => Math.round(at(payload)) };
}

function crossed(...curves: Curve[]): Crossing[] {
  return crossingsOf(curves, samples(4, MOST, PAGES), PAGES);
}

const whos = (names: readonly Name[]) => names.map(({ who }) => who).join();

test('a crossing between payloads far apart is found to the byte', () => {
  const [one, ...others] = crossed(
    curve('flat', () => 500_000),
    curve('steep', (payload) => payload),
  );
  assert.equal(others, []);
  assert.equal([one?.kind, whos(one?.ahead ?? []), one?.at], ['overtakes', 'flat', 500_001]);
  assert.is(one?.before, 499_999, 'at 500,000 they cost the same');
});

test('costs that are the same for a while, then part', () => {
  const [one] = crossed(
    curve('a', (payload) => 100 + payload),
    curve('b', (payload) => 100 + (payload < 4096 ? payload : payload / 2)),
  );
  assert.equal([one?.kind, whos(one?.ahead ?? []), one?.before, one?.at], ['parts', 'b', 4095, 4096]);
});

test('teeth: who changes places several times is not said to overtake once', () => {
  const saw = (payload: number) => 1000 + Math.floor(payload / 4096) * 1000 + (payload % 4096);
  const [one, ...others] = crossed(
    curve('saw', saw),
    curve('line', (payload) => 4000 + payload / 5),
  );
  assert.equal(others, []);
  assert.is(one?.kind, 'alternates');
  assert.ok((one?.first ?? 0) < (one?.at ?? 0));
  for (let payload = one?.at ?? 0; payload < MOST; payload += 97) {
    assert.ok(4000 + payload / 5 < saw(payload), `${payload}`);
  }
});

test('a tooth between two payloads far apart is found where the lines are near to each other', () => {
  const dip = (payload: number) => payload * (payload % 4096 === 0 ? 0.8 : 1);
  const [one] = crossed(
    curve('dips', dip),
    curve('line', (payload) => 300_000 + payload / 10),
  );
  assert.is(one?.kind, 'alternates');
  const last = [...Array(MOST / 4096).keys()].map((page) => page * 4096).filter((at) => dip(at) < 300_000 + at / 10);
  assert.is(one?.before, last[last.length - 1], 'the last page where the dip is ahead');
});

test('what never leads, and what is within some per cent, is left out', () => {
  const slow = [curve('c', (payload) => 10 * payload + 9000), curve('d', (payload) => 9 * payload + 20_000)];
  assert.equal(
    crossed(
      curve('a', (payload) => payload),
      ...slow,
    ),
    [],
  );
  assert.equal(
    crossed(
      curve('a', (payload) => 1000 + payload),
      curve('b', (payload) => 1020 + payload * 0.999),
    ),
    [],
  );
});

/** 40 payloads, evenly in the logarithm. */
const PAYLOADS = Array.from({ length: 40 }, (_, index) => Math.round(4 * (MOST / 4) ** (index / 39)));

function choicesOf(workloads: readonly Workload[], sends: readonly Send[]): RowChoice[] {
  return workloads.flatMap((workload) =>
    sends.flatMap((send) =>
      PAYLOADS.flatMap((payload) =>
        (workload.usesBinder ? STRATEGIES : [null]).map((strategy) => ({ workload, strategy, send, payload })),
      ),
    ),
  );
}

/** Of rows only the payloads matter here; what curves cost is measured. */
function crossingsOfAll(choices: readonly RowChoice[], profile: CostProfile): readonly Crossing[] {
  const rows = choices.map(({ payload }) => ({ ...made, payload }));
  return studyOf(rows, choices, { ...CONDITIONS, profile }).crossings;
}

/** Measures both sides of it anew, as rows are. */
function confirm(crossing: Crossing, choices: readonly RowChoice[], profile: CostProfile): void {
  const { kind, ahead, behind, before, at, first } = crossing;
  const costs = (names: readonly Name[], payload: number) =>
    names.map(({ who, send }) => {
      const { workload, strategy } = choices.find(
        (one) => (one.strategy ?? one.workload.receive) === who && one.send === send,
      ) as RowChoice;
      return measure({ workload, strategy, send, payload }, { ...CONDITIONS, calls: 1, profile }).modelNs;
    });
  const what = `${whos(ahead)} ${kind} ${whos(behind)} at ${at}`;
  assert.ok(Math.max(...costs(ahead, at)) < Math.min(...costs(behind, at)), what);
  const [one, other] = [costs(ahead, before), costs(behind, before)];
  if (kind === 'parts') assert.ok(Math.max(...one, ...other) < Math.min(...one, ...other) * (1 + SAME), what);
  else assert.ok(Math.max(...other) < Math.min(...one), what);
  if (kind !== 'alternates') return;
  const [aheadFirst, behindFirst] = [costs(ahead, first), costs(behind, first)];
  const isSplit = (some: number[], more: number[]) => Math.max(...some) < Math.min(...more);
  assert.ok(isSplit(aheadFirst, behindFirst) || isSplit(behindFirst, aheadFirst), `${what}, first at ${first}`);
}

const NAMES = [...new Set(WORKLOADS.map(({ name }) => name))];

for (const profile of COST_PROFILES) {
  const names = profile === PROFILE ? NAMES : ['call', 'pressure'];
  test(`every crossing that is named is there on both sides, on ${profile.name}: ${names.join(', ')}`, () => {
    let named = 0;
    for (const name of names) {
      const workloads = WORKLOADS.filter((workload) => workload.name === name);
      const sends = (workloads[0] as Workload).sends;
      const choices = choicesOf(workloads, sends.length > 1 ? ['inline', 'memfd'] : ['inline']);
      const crossings = crossingsOfAll(choices, profile);
      for (const crossing of crossings) confirm(crossing, choices, profile);
      named += crossings.length;
    }
    assert.ok(named > 0, 'there are some');
  });
}

test('under pressure remap overtakes prefault by turns from 8 KiB on, and not at 1.6 KiB', () => {
  const crossings = crossingsOfAll(choicesOf([PRESSURE], ['inline']), PROFILE);
  const [one, ...others] = crossings;
  assert.equal(others, []);
  assert.equal([one?.kind, whos(one?.ahead ?? []), whos(one?.behind ?? [])], ['alternates', 'remap', 'prefault,huge']);
  assert.equal([one?.first, one?.at], [8192, 12288]);
});

test('a memory file that is made for each call is no gain over a call of the same size where one in use is', () => {
  const at = (send: Send) => measure({ workload: CALL, strategy: 'kmap', send, payload: 16384 }, CONDITIONS).modelNs;
  assert.ok(at('memfd') < at('inline'));
  assert.ok(at('new-memfd') > at('memfd') + 4 * 2546, 'frames are allocated and zeroed');
});

test.run();
