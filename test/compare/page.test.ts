/** The page: all of it in one file, with what the rows say in it. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CALL } from '../../host/compare/call.ts';
import { measure } from '../../host/compare/comparison.ts';
import { costPlot } from '../../host/compare/costplot.ts';
import { comparePage } from '../../host/compare/page.ts';
import { tablesAroundCall } from '../../host/compare/pagetables.ts';
import type { Send } from '../../host/compare/scene.ts';
import { type Study, studyOf } from '../../host/compare/study.ts';
import { EVENTS } from '../../host/compare/tally.ts';
import { STRATEGIES, type Strategy } from '../../host/index.ts';
import { checkPage } from '../plot/html.ts';
import { CONDITIONS, PROFILE } from './counts.ts';
import { README_PLOT, readmePlot } from './readmeplot.ts';

const { boot } = CONDITIONS.machines;
const test = suite('page');

test('the plot in README.md is what the model says (node dist/test/compare/readmeplot.js makes it anew)', () => {
  assert.ok(readFileSync(README_PLOT, 'utf8') === readmePlot(), 'docs/compare-call.svg is another');
});

const PAYLOADS = [4, 4096, 65536];

function study(send: Send): Study {
  const choices = PAYLOADS.flatMap((payload) =>
    STRATEGIES.map((strategy) => ({ workload: CALL, strategy, send, payload })),
  );
  return studyOf(
    choices.map((choice) => measure(choice, CONDITIONS)),
    choices,
    CONDITIONS,
  );
}

test('one file that asks for nothing', () => {
  const html = comparePage([study('inline')], CONDITIONS);
  checkPage(html);
  for (const strategy of STRATEGIES) assert.ok(html.includes(strategy));
  assert.match(html, /64 KiB<\/td><td><b>remap<\/b>/);
  assert.match(html, 'remap draws ahead of ');
  assert.match(html, CALL.what);
});

test('lines that lie on each other are one, and say so', () => {
  const html = comparePage([study('inline')], CONDITIONS);
  assert.is(html.match(/<polyline/g)?.length, 3);
  assert.match(html, '</svg>kmap, vmalloc, prefault, huge, fault: the same, within 5 %</li>');
});

test('a plot has the teeth of a cost that jumps', () => {
  const { lines } = costPlot(study('inline'), PROFILE);
  const remap = lines.find(({ name }) => name === 'remap');
  const at = (x: number) => remap?.points.find((point) => point.x === x)?.y ?? 0;
  for (let page = 1; page < 16; page++) {
    assert.ok(at(page * 4096 - 1) > at(page * 4096), `page ${page}`);
    assert.ok(at(page * 4096) < at(page * 4096 + 1), `page ${page}`);
  }
  assert.equal(
    remap?.points.filter(({ bare }) => !bare).map(({ x }) => x),
    PAYLOADS,
  );
});

test('people read words, not names of fields', () => {
  const html = comparePage([study('inline')], CONDITIONS);
  const read = html.replace(/<code>.*?<\/code>/g, '');
  for (const event of EVENTS) if (/[A-Z.]/.test(event)) assert.not.match(read, `>${event}`);
});

test('a strategy has the same colour whatever it is compared with', () => {
  const color = (strategies: readonly Strategy[]) => {
    const choices = PAYLOADS.flatMap((payload) =>
      strategies.map((strategy) => ({ workload: CALL, strategy, send: 'inline' as const, payload })),
    );
    const rows = choices.map((choice) => measure(choice, CONDITIONS));
    return costPlot(studyOf(rows, choices, CONDITIONS), PROFILE).lines.find(({ name }) => name === 'remap')?.look;
  };
  assert.equal(color(['kmap', 'remap']), color(['remap', 'two-copy']));
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
  // how many stretches there are depends on where memory was free
  const contiguous = tablesAroundCall('huge', boot).before.server.filter(({ rights }) => rights === 'r, contiguous');
  assert.is(
    contiguous.reduce((sum, { pages }) => sum + pages, 0),
    15 * 16,
  );
});

test.run();
