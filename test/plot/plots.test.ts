/** Plots: what is in them lies where it belongs, and odd values are drawn without a fuss. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { barPlot } from '../../host/plot/barplot.ts';
import { countText, exactBytesText } from '../../host/plot/figures.ts';
import { type Line, type LinePlot, linePlot, plotFile } from '../../host/plot/lineplot.ts';
import { htmlPage } from '../../host/plot/page.ts';
import { rangePlot } from '../../host/plot/rangeplot.ts';
import { binaryScale, linearScale, logScale } from '../../host/plot/scale.ts';
import { checkPage, checkTags } from './html.ts';

const test = suite('plots');

const LOOK = { color: 0 };
const LINES: LinePlot = {
  title: 't',
  lines: [],
  xName: 'size, bytes',
  yName: 'time, ns',
  xText: String,
  yText: String,
  x: 'count',
  y: 'log',
};
const line = (plot: Partial<LinePlot>) => linePlot({ ...LINES, ...plot });
const lineOf = (points: Line['points'], name = 'x'): Line => ({ name, look: LOOK, points });

test('names are text, not markup', () => {
  const name = '<b> & "c"';
  const svgs = [
    barPlot({ title: name, bars: [{ name, parts: [{ name, look: LOOK, value: 1 }] }], text: String }),
    line({ title: name, lines: [lineOf([{ x: 1, y: 1 }], name)], limits: [{ x: 1, y: 1, text: name }] }),
    rangePlot({
      title: name,
      axisName: name,
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
  assert.is(rangePlot({ title: 't', axisName: 'a', ranges: [], text: String, axis: 'linear' }), '');
  for (const y of ['log', 'linear'] as const) {
    const one = line({ lines: [lineOf([{ x: 4, y: 0 }])], y });
    assert.not.match(one, 'NaN');
    const range = { name: 'x', low: 0, high: 0, dots: [{ value: 0, text: '0' }], note: '' };
    assert.not.match(rangePlot({ title: 't', axisName: 'a', ranges: [range], text: String, axis: y }), 'NaN');
  }
  assert.not.match(barPlot({ title: 't', bars: [{ name: 'x', parts: [] }], text: String }), 'NaN');
});

test('a spread is drawn, and takes part in the scale', () => {
  const spread = line({ lines: [lineOf([{ x: 1, y: 10, low: 5, high: 30 }])], y: 'linear' });
  assert.is(spread.match(/class="spread"/g)?.length, 1);
  assert.match(spread, '1: 10 (5 to 30)');
  assert.match(spread, '>30</text>');
  assert.not.match(line({ lines: [lineOf([{ x: 1, y: 10, low: 10, high: 10 }])] }), 'class="spread"');
});

test('both axes have names, and bare points no dots', () => {
  const svg = line({
    lines: [
      lineOf([
        { x: 1, y: 1 },
        { x: 2, y: 2, bare: true },
        { x: 4, y: 3 },
      ]),
    ],
  });
  assert.match(svg, '>size, bytes</text>');
  assert.match(svg, '>time, ns</text>');
  assert.is(svg.match(/<circle/g)?.length, 2);
  assert.is(/points="([^"]*)"/.exec(svg)?.[1]?.split(' ').length, 3);
});

test('lines of different looks differ in colour or in dashes, and a legend shows each as it is drawn', () => {
  const looks = Array.from({ length: 30 }, (_, index) => ({ color: index % 10, dash: Math.floor(index / 10) }));
  const svg = line({ lines: looks.map((look, index) => ({ name: `n${index}`, look, points: [{ x: 1, y: 1 }] })) });
  const drawn = [...svg.matchAll(/<polyline class="line" (.*?) points/g)].map(([, style]) => style);
  const shown = [...svg.matchAll(/<line class="line" (.*?) x1/g)].map(([, style]) => style);
  assert.is(new Set(drawn).size, looks.length);
  assert.equal(shown, drawn);
});

test('the ranges decide how far an axis reaches, not a fixed number, and not one odd dot', () => {
  const dotsOf = (...values: number[]) => values.map((value) => ({ value, text: String(value) }));
  const plot = (...ranges: { low: number; high: number; dots: ReturnType<typeof dotsOf> }[]) =>
    rangePlot({
      title: 't',
      axisName: 'a',
      ranges: ranges.map((range, index) => ({ name: `r${index}`, note: '', ...range })),
      text: String,
      axis: 'linear',
    });
  const far = plot({ low: -180, high: 200, dots: dotsOf(-190, 0, 210) });
  assert.match(far, '>200</text>');
  const near = plot({ low: -0.4, high: 0.4, dots: dotsOf(-0.5, 0, 0.5) });
  assert.match(near, '>0.4</text>');
  assert.not.match(near, '>2</text>');

  const calm = Array.from({ length: 30 }, () => ({ low: -2, high: 2, dots: dotsOf(-2, 0, 2) }));
  const odd = plot(...calm, { low: -2, high: 2, dots: dotsOf(0, 900) });
  assert.not.match(odd, '>200</text>');
  assert.is(odd.match(/<circle class="ring"/g)?.length, 1);
  assert.match(odd, /<circle class="ring"[^>]*><title>r30: 900</);
});

test('a file of its own has its styles for light and dark with it', () => {
  const file = plotFile(
    {
      ...LINES,
      lines: [
        lineOf([
          { x: 1, y: 1 },
          { x: 3, y: 2 },
        ]),
      ],
    },
    800,
  );
  checkTags(file);
  assert.match(file, 'xmlns="http://www.w3.org/2000/svg"');
  assert.match(file, 'prefers-color-scheme:dark');
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

  assert.equal(binaryScale([4, 64], 0, 1).ticks, [4, 8, 16, 32, 64]);
  assert.equal(binaryScale([4, 1 << 20], 0, 1).ticks, [4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576]);
  assert.equal(binaryScale([5000, 6000], 0, 1).ticks, [5000, 6000]);
  assert.equal(binaryScale([100], 0, 1).ticks, [100]);
});

test('what is there is not rounded to nothing', () => {
  assert.equal([0, 0.01, 0.04, 0.06, 1.25, 3].map(countText), ['0', '<0.1', '<0.1', '0.1', '1.3', '3']);
  assert.equal([5442, 4096, 1 << 20, 1536].map(exactBytesText), ['5442 B', '4 KiB', '1 MiB', '1536 B']);
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
