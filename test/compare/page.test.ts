/** The page: all of it in one file, with what the rows say in it. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { comparePage } from '../../host/compare/page.ts';
import { tablesAroundCall } from '../../host/compare/pagetables.ts';
import { barPlot, linePlot, Styles } from '../../host/compare/plot.ts';
import { STRATEGIES } from '../../host/index.ts';
import { PROFILE, row } from './counts.ts';
import { README_PLOT, readmePlot } from './readmeplot.ts';

const boot = { wasm: guestModule() };
const conditions = { boot, calls: 3, profile: PROFILE, now: () => 0 };
const test = suite('page');

test('the plot in README.md is what the model says (node dist/test/compare/readmeplot.js makes it anew)', () => {
  assert.is(readFileSync(README_PLOT, 'utf8'), readmePlot());
});

/** Tags that are opened and closed in order. */
function checkTags(html: string): void {
  const open: string[] = [];
  for (const [, slash, name = '', self] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (self === '/' || ['meta', 'br'].includes(name)) continue;
    if (slash === '/') assert.is(open.pop(), name);
    else open.push(name);
  }
  assert.equal(open, []);
}

test('one file that asks for nothing', () => {
  const rows = [4, 4096, 65536].flatMap((payload) => STRATEGIES.map((strategy) => row(strategy, payload)));
  const html = comparePage(rows, conditions);
  checkTags(html.replace(/^<!doctype html>\n/, ''));
  assert.not.match(html, /\b(src|href)=|https?:|@import|url\(/);
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
  assert.equal(remap.after.server, []);

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

test('plots: names are text, not markup', () => {
  const bars = [{ name: '<b>', parts: [{ name: 'a & "b"', value: 1 }] }];
  const svg = barPlot({ title: 't', bars, text: String }, new Styles());
  checkTags(svg);
  assert.match(svg, '&#60;b&#62;');
  assert.not.match(svg, '<b>');
});

test('plots: nothing, one value, and zero are drawn without a fuss', () => {
  const plot = { title: 't', marks: [], xText: String, yText: String };
  assert.is(linePlot({ ...plot, lines: [] }, new Styles()), '');
  const one = linePlot({ ...plot, lines: [{ name: 'x', points: [{ x: 4, y: 0 }] }] }, new Styles());
  assert.not.match(one, 'NaN');
  assert.not.match(barPlot({ title: 't', bars: [{ name: 'x', parts: [] }], text: String }, new Styles()), 'NaN');
});

test.run();
