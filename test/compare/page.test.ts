/** The page: all of it in one file, with what the rows say in it. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { comparePage } from '../../host/compare/page.ts';
import { tablesAroundCall } from '../../host/compare/pagetables.ts';
import { STRATEGIES } from '../../host/index.ts';
import { checkPage } from '../plot/html.ts';
import { PROFILE, row } from './counts.ts';
import { README_PLOT, readmePlot } from './readmeplot.ts';

const boot = { wasm: guestModule() };
const conditions = { boot, calls: 3, profile: PROFILE, now: () => 0 };
const test = suite('page');

test('the plot in README.md is what the model says (node dist/test/compare/readmeplot.js makes it anew)', () => {
  assert.is(readFileSync(README_PLOT, 'utf8'), readmePlot());
});

test('one file that asks for nothing', () => {
  const rows = [4, 4096, 65536].flatMap((payload) => STRATEGIES.map((strategy) => row(strategy, payload)));
  const html = comparePage(rows, conditions);
  checkPage(html);
  for (const strategy of STRATEGIES) assert.ok(html.includes(strategy));
  assert.match(html, /64 KiB: remap, [\d.]+ µs; /);
  assert.is(html.match(/<polyline/g)?.length, STRATEGIES.length);
});

test('tables around a call: a lent frame is on both sides, a twin in two tables, a fault comes late', () => {
  const remap = tablesAroundCall('remap', boot);
  assert.equal(remap.before.server, []);
  assert.equal(
    remap.held.server.map(({ frame, pages }) => [frame, pages]),
    remap.held.client.map(({ frame, pages }) => [frame, pages]),
  );
  assert.ok(remap.held.client.every(({ rights }) => rights === 'r, lent'));
  assert.equal(remap.after.server, remap.held.server, 'until the client writes there');

  const vmalloc = tablesAroundCall('vmalloc', boot);
  assert.equal(
    vmalloc.held.kernel.map(({ frame }) => frame),
    vmalloc.held.server.map(({ frame }) => frame),
  );
  assert.ok(vmalloc.held.kernel.every(({ rights }) => rights === 'rw'));

  const prefault = tablesAroundCall('prefault', boot);
  assert.equal(prefault.before.server, prefault.after.server);
  assert.is(tablesAroundCall('huge', boot).before.server.filter(({ rights }) => rights === 'r, contiguous').length, 4);
});

test.run();
