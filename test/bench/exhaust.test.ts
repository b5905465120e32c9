/**
 * The allocator's exhaustive test in short: some thousand runs in both builds; that it reports what is broken on purpose;
 * and the command. `npm run exhaust` has all runs.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ExhaustExports, failureOf, failureText, type Layout } from '../../bench/exhaustfailure.ts';
import { exhaust, layouts } from '../../bench/exhaustruns.ts';
import { STEP_COUNT, SUBJECT_NONE } from '../../bench/guest/exhaustcases.ts';
import { fieldOf } from '../../host/inspect/kernelmemory.ts';
import { STRATEGIES, strategyNumber } from '../../host/wire/strategy.ts';
import { loadGuest, type TestGuest } from '../guest/load.ts';

const test = suite('exhaust');

/** Every so-many-th combination of alignments; prime to 5, so that each buffer gets each alignment. */
const EVERY = 157;
const RUNS = 20 * 2 * 120;

interface AreaExports extends ExhaustExports {
  allocatorBoot(): void;
  exhaustAlloc(): number;
  areaPageAt(alloc: number, index: number): number;
}

/** A fresh area in the build with asserts. */
function area(strategy = 'kmap'): TestGuest & { area: AreaExports } {
  const loaded = loadGuest();
  const exports = loaded.guest as unknown as AreaExports;
  exports.allocatorBoot();
  assert.is(exports.exhaustStart(strategyNumber(strategy) as number), 0);
  return { ...loaded, area: exports };
}

function program(...flags: string[]) {
  const path = join(import.meta.dirname, '../../bench/exhaust.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...flags], { encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

for (const strategy of STRATEGIES) {
  test(`with asserts, a sample holds under ${strategy}`, () => {
    const { runs, failures } = exhaust(() => area(strategy).area, { every: EVERY });
    assert.equal(failures.map(failureText), []);
    assert.is(runs, RUNS);
  });
}

test('with asserts, every layout holds in one order', () => {
  const { area: guest } = area();
  for (const [index, { alignments, atEnd }] of layouts().entries()) {
    guest.exhaustPlan(alignments, Number(atEnd), index % 120);
    for (let step = 0; step < STEP_COUNT; step++) assert.ok(guest.exhaustStep(), `${alignments} ${atEnd} ${step}`);
  }
});

test('all combinations and all orders differ from each other', () => {
  const { area: guest } = area();
  const seen = { front: new Set<string>(), back: new Set<string>(), orders: new Set<string>() };
  for (const { alignments, atEnd } of layouts()) {
    guest.exhaustPlan(alignments, Number(atEnd), 0);
    seen[atEnd ? 'back' : 'front'].add(
      [0, 1, 2, 3, 4].map((buffer) => [guest.exhaustOffset(buffer), guest.exhaustSize(buffer)]).join(),
    );
  }
  for (let order = 0; order < 120; order++) {
    guest.exhaustPlan(0, 0, order);
    const freed = [0, 1, 2, 3, 4].map((turn) => guest.exhaustFreed(turn));
    assert.equal([...freed].sort(), [0, 1, 2, 3, 4]);
    seen.orders.add(freed.join());
  }
  assert.is(seen.front.size, 5 ** 5);
  assert.is(seen.back.size, 5 ** 4, 'the first buffer begins with the area, whatever its alignment');
  assert.is(seen.orders.size, 120);
});

/** The layout with these alignments, the first buffer's first. */
function layout(...alignments: number[]): Layout {
  return { alignments: alignments.reduceRight((sum, alignment) => sum * 5 + alignment, 0), atEnd: false };
}

/** Each buffer has two pages of its own. */
const APART = layout(3, 3, 3, 3, 3);

interface Mutation {
  name: string;
  /** Steps before it is done. */
  after: number;
  field: 'frame' | 'lruNext';
  page: number;
  /** What is stored there: the field's own address, or nothing. */
  value: 'self' | 'none';
  says: RegExp;
}

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'an idle page that has lost its link',
    after: 7,
    field: 'lruNext',
    page: 2,
    value: 'none',
    says: /^page 2: has a frame and is off the LRU, but should be one that is on the LRU\n {2}after freeing buffer 2; /,
  },
  {
    name: 'an active page that is linked',
    after: 3,
    field: 'lruNext',
    page: 1,
    value: 'self',
    says: /^page 1: is on the LRU, but should be one that has a frame and is off the LRU\n {2}after reserving buffer 3; /,
  },
  {
    name: 'a link that leads nowhere else',
    after: 8,
    field: 'lruNext',
    page: 3,
    value: 'self',
    says: /^33 pages are listed on the LRU, and should be 8\n {2}after freeing buffer 3; /,
  },
  {
    name: 'an active page that is linked, while its neighbours change',
    after: 19,
    field: 'lruNext',
    page: 9,
    value: 'self',
    says: /^page 9: is on the LRU, .*\n {2}after freeing buffer 2 between the others; /,
  },
  {
    name: 'an idle page that has forgotten its frame',
    after: 29,
    field: 'frame',
    page: 4,
    value: 'none',
    says: /^page 4: is on the LRU without a frame, but should be one that is on the LRU\n {2}after freeing buffer 4 again; /,
  },
  {
    name: 'a page that has forgotten its frame',
    after: 14,
    field: 'frame',
    page: 5,
    value: 'none',
    says: /^page 5: has no frame, but should be one that has a frame and is off the LRU\n {2}after reserving buffer 4 again; /,
  },
];

for (const { name, after, field, page, value, says } of MUTATIONS) {
  test(`is reported: ${name}`, () => {
    const { area: guest, data } = area();
    guest.exhaustPlan(APART.alignments, 0, 0);
    for (let step = 0; step < after; step++) assert.ok(guest.exhaustStep());
    const at = guest.areaPageAt(guest.exhaustAlloc(), page) + fieldOf('LruPage', field)[0];
    data.setUint32(at, value === 'self' ? at : 0, true);
    assert.not.ok(guest.exhaustStep());
    assert.match(failureText(failureOf(guest, APART)), says);
  });
}

test('a failure says which alignments, order and page; the runs after it have a machine of their own', () => {
  let boots = 0;
  const boot = () => {
    const { area: guest, data } = area();
    const link = guest.areaPageAt(guest.exhaustAlloc(), 1) + fieldOf('LruPage', 'lruNext')[0];
    if (boots++ === 0) data.setUint32(link, link, true);
    return guest;
  };
  const { runs, failures } = exhaust(boot, { every: 3000 });
  assert.is(runs, 2 * 2 * 120);
  assert.is(boots, 2);
  assert.equal(failures, [
    {
      alignments: Array(5).fill('same page, unaligned'),
      end: 'front',
      buffers: [0, 512, 1024, 1536, 2048].map((offset) => ({ offset, size: 512 })),
      order: [0, 1, 2, 3, 4],
      step: 'reserving buffer 0',
      page: 1,
      finding: 'is on the LRU without a frame, but should be one that has no frame',
    },
  ]);
});

test('an assert of the guest is a failure too, and after enough of them it gives up', () => {
  const boot = () => {
    const { area: guest, data } = area();
    guest.exhaustPlan(APART.alignments, 0, 0);
    for (let step = 0; step < 10; step++) assert.ok(guest.exhaustStep());
    const exhaustOrders = () => {
      // buffer 0 wants page 0 from the LRU, on which it is no more
      const link = guest.areaPageAt(guest.exhaustAlloc(), 0) + fieldOf('LruPage', 'lruNext')[0];
      data.setUint32(link, 0, true);
      return guest.exhaustStep();
    };
    return { ...guest, exhaustOrders };
  };
  const { failures } = exhaust(boot, { failuresMax: 3 });
  assert.is(failures.length, 3);
  for (const failure of failures) {
    assert.match(failure.finding, /the guest stopped: .*lruTake: page is in use already/);
    assert.is(failure.step, 'reserving buffer 0 again');
    assert.is(failure.page, null);
  }
});

test('a run that has not failed has nothing to tell', () => {
  const { area: guest } = area();
  guest.exhaustPlan(0, 0, 0);
  assert.is(guest.exhaustSubject(), SUBJECT_NONE);
  assert.throws(() => failureOf(guest, layout(0, 0, 0, 0, 0)), /has found nothing wrong/);
});

test('the command answers in JSON and in text', () => {
  const { code, stdout, stderr } = program('--every', String(EVERY), '--json');
  assert.is(code, 0, stderr);
  const { seconds, cpuSeconds, nopCallNs, ...counts } = JSON.parse(stdout);
  assert.equal(counts, { runs: RUNS, failures: 0, failed: [] });
  assert.ok(seconds > 0 && cpuSeconds > 0 && nopCallNs > 0);
  assert.match(
    program('--every', '3125', '--strategy', 'vmalloc').stdout,
    /^runs +240\nfailures +0\nseconds +\d+\.\d+, of the processor \d+\.\d+\nnop call +\d+\.\d+ ns\n$/,
  );
});

test('a command line that makes no sense is an error of usage', () => {
  for (const flags of [['--every', '0'], ['--every', 'few'], ['--strategy', 'none'], ['--orders'], ['word']]) {
    const { code, stdout, stderr } = program(...flags);
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.match(stderr, /^exhaust: /);
  }
});

test.run();
