/** Plots: what is in them lies where it belongs, and odd values are drawn without a fuss. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { barPlot } from '../../host/plot/barplot.ts';
import { type LinePlot, linePlot } from '../../host/plot/lineplot.ts';
import { htmlPage } from '../../host/plot/page.ts';
import { rangePlot } from '../../host/plot/rangeplot.ts';
import { linearScale, logScale } from '../../host/plot/scale.ts';
import { Styles } from '../../host/plot/svg.ts';
import { checkPage, checkTags } from './html.ts';

const test = suite('plots');

const LINES = { title: 't', marks: [], xText: String, yText: String };
const line = (plot: Partial<LinePlot>) => linePlot({ ...LINES, lines: [], ...plot }, new Styles());

test('names are text, not markup', () => {
  const name = '<b> & "c"';
  const svgs = [
    barPlot({ title: name, bars: [{ name, parts: [{ name, value: 1 }] }], text: String }, new Styles()),
    line({ title: name, lines: [{ name, points: [{ x: 1, y: 1 }] }], limits: [{ x: 1, y: 1, text: name }] }),
    rangePlot({
      title: name,
      ranges: [{ name, low: 1, high: 2, dots: [{ value: 1, text: name }], note: name }],
      text: String,
      axis: 'log',
    }),
  ];
  for (const svg of svgs) {
    checkTags(svg);
    assert.match(svg, '&#60;b&#62; &#38; &#34;c&#34;');
    assert.not.match(svg, '<b>');
  }
});

test('nothing, one value, and zero', () => {
  assert.is(line({}), '');
  assert.is(rangePlot({ title: 't', ranges: [], text: String, axis: 'linear' }), '');
  for (const y of ['log', 'linear'] as const) {
    const one = line({ lines: [{ name: 'x', points: [{ x: 4, y: 0 }] }], y });
    assert.not.match(one, 'NaN');
    const range = { name: 'x', low: 0, high: 0, dots: [{ value: 0, text: '0' }], note: '' };
    assert.not.match(rangePlot({ title: 't', ranges: [range], text: String, axis: y }), 'NaN');
  }
  assert.not.match(barPlot({ title: 't', bars: [{ name: 'x', parts: [] }], text: String }, new Styles()), 'NaN');
});

test('a spread is drawn, and takes part in the scale', () => {
  const spread = line({ lines: [{ name: 'x', points: [{ x: 1, y: 10, low: 5, high: 30 }] }], y: 'linear' });
  assert.is(spread.match(/<path/g)?.length, 1);
  assert.match(spread, '1: 10 (5 to 30)');
  assert.match(spread, '>30</text>');
  assert.not.match(line({ lines: [{ name: 'x', points: [{ x: 1, y: 10, low: 10, high: 10 }] }] }), '<path');
});

test('what lies beyond the end of an axis is drawn there, hollow', () => {
  const dots = [-3, 2, 900].map((value) => ({ value, text: String(value) }));
  const plot = { title: 't', ranges: [{ name: 'x', low: -3, high: 900, dots, note: '' }], text: String };
  const svg = rangePlot({ ...plot, axis: 'linear', clip: 10 });
  assert.is(svg.match(/<circle/g)?.length, 3);
  assert.is(svg.match(/<circle[^>]*fill="none"[^>]*><title>x: 900</g)?.length, 1);
  assert.is(svg.match(/fill="none"/g)?.length, 1);
  assert.match(svg, '>10</text>');
  assert.not.match(svg, '>20</text>');
  const place = (pattern: RegExp) => pattern.exec(svg)?.[1];
  assert.is(place(/cx="([\d.]+)"[^>]*><title>x: 900/), place(/x="([\d.]+)"[^>]*>10<\/text>/));
  assert.match(rangePlot({ ...plot, axis: 'linear' }), '>800</text>');
});

test('values too near to each other share one text, and none is left out of the lines', () => {
  const points = [1000, 1001, 1002, 4000].map((x) => ({ x, y: 1 }));
  const svg = line({ lines: [{ name: 'x', points }] });
  assert.match(svg, '>1000</text>');
  assert.not.match(svg, '>1001</text>');
  assert.match(svg, '>4000</text>');
  assert.is(svg.match(/<circle/g)?.length, points.length);
});

test('scales: ends, round values, decades', () => {
  const straight = linearScale([0, 437], 0, 100);
  assert.equal(straight.ticks, [0, 100, 200, 300, 400, 500]);
  assert.is(straight.at(250), 50);
  assert.equal(linearScale([-3, 12], 0, 1).ticks, [-5, 0, 5, 10, 15]);
  assert.equal(linearScale([0, 0], 0, 1).ticks.at(-1), 1);

  const log = logScale([4, 4000], 0, 3);
  assert.equal(log.ticks, [10, 100, 1000]);
  assert.ok(Math.abs(log.at(400) - 2) < 1e-9);
  assert.equal(logScale([300, 900], 0, 1).ticks, [500]);
  assert.equal(logScale([30, 900], 0, 1).ticks, [50, 100, 200, 500]);
});

test('a page leaves out sections without a body', () => {
  const sections = [
    { title: 'full', body: '<p>x</p>' },
    { title: 'empty', body: '' },
  ];
  const html = htmlPage({ title: 't', heading: 'a & b', intro: '', sections });
  checkPage(html);
  assert.match(html, '<h2>full</h2>');
  assert.not.match(html, '<h2>empty');
  assert.match(html, 'a &#38; b');
});

test.run();
