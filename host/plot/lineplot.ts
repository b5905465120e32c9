/**
 * Lines over a log axis, with the spread of their points, as SVG of the full width. Horizontal places are shares of the width,
 * so that text keeps its size. It works without a script.
 */
import { binaryScale, linearScale, logScale, type Scale } from './scale.ts';
import { colorOf, dashOf, type Look, markup, percentOf, place, plotStyles, sampleLine } from './svg.ts';

export interface Point {
  x: number;
  y: number;
  /** The spread, drawn as a bar. */
  low?: number;
  high?: number;
  /** Whether the point has no dot. */
  bare?: boolean;
}

export interface Line {
  name: string;
  look: Look;
  points: readonly Point[];
}

/** A marked point, with its meaning. */
export interface Mark {
  x: number;
  y: number;
  text: string;
}

export interface LinePlot {
  title: string;
  lines: readonly Line[];
  /** Points with a ring. */
  marks?: readonly Mark[];
  /** Limits that lines should reach or stay below, at a place. */
  limits?: readonly Mark[];
  /** Titles of the axes, with the unit. */
  xName: string;
  yName: string;
  /** Text of a value on the axis. */
  xText: (x: number) => string;
  yText: (y: number) => string;
  /** Whether the ticks of x are powers of two, or of ten. */
  x: 'bytes' | 'count';
  /** Scale of y: logarithmic, or linear from 0. */
  y: 'log' | 'linear';
}

/** Maps values to places: shares of the width, and pixels from the top. */
interface Frame {
  x: Scale;
  y: Scale;
}

const HEIGHT = 380;
const TOP = 34;
const BOTTOM = 330;
/** The shares of the width that bound the points; the labels of y are left of them. */
const LEFT = 0.09;
const RIGHT = 0.965;
/** Width of the lines' view box, in units. */
const BOX = 1000;
/** Number of x labels that fit on a phone. */
const NARROW_TICKS = 5;
const LIMIT_REACH = 0.03;
const LEGEND_STEP = 20;

/** @returns HTML: title, legend and plot; empty without points. */
export function linePlot(plot: LinePlot): string {
  if (plot.lines.every(({ points }) => points.length === 0)) return '';
  const legend = plot.lines.map(
    ({ name, look }) =>
      `<li><svg class="plot" width="30" height="12" aria-hidden="true">${sampleLine(look)}</svg>${markup(name)}</li>`,
  );
  return `<figure><figcaption>${markup(plot.title)}</figcaption>
<svg class="plot" width="100%" height="${HEIGHT}" role="img" aria-label="${markup(plot.title)}">${area(plot)}</svg>
<ul class="legend">${legend.join('')}</ul></figure>
`;
}

/** The plot as an SVG file of that width; its colours follow the reader's light or dark mode. */
export function plotFile(plot: LinePlot, width: number): string {
  const legendAt = TOP + HEIGHT;
  const height = legendAt + plot.lines.length * LEGEND_STEP + 10;
  const legend = plot.lines.map(
    ({ name, look }, index) =>
      `<g transform="translate(10 ${legendAt + index * LEGEND_STEP})">${sampleLine(look)}<text x="40" y="10">${markup(name)}</text></g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${markup(plot.title)}">
<style>${plotStyles(':root')}
:root{background:var(--paper);font-family:sans-serif}.title{font-weight:600}</style>
<rect width="${width}" height="${height}" style="fill:var(--paper)"/>
<text class="title" x="10" y="22">${markup(plot.title)}</text>
<svg role="presentation" x="10" y="${TOP}" width="${width - 20}" height="${HEIGHT}">${area(plot)}</svg>
${legend.join('\n')}
</svg>
`;
}

/** The content of the plot area and the axes. */
function area(plot: LinePlot): string {
  const { lines, marks = [], limits = [], xName, yName, yText } = plot;
  const frame = frameOf(plot);
  const box = `<svg role="presentation" aria-hidden="true" width="100%" height="${HEIGHT}" viewBox="0 0 ${BOX} ${HEIGHT}" preserveAspectRatio="none">${lines.map((line) => drawn(line, frame)).join('')}</svg>`;
  return [
    `<text class="soft" x="0" y="12">${markup(yName)}</text>`,
    ...frame.y.ticks.map((value) => rule(frame.y.at(value), yText(value))),
    ...xTicks(plot, frame),
    `<text class="soft" x="${percentOf(RIGHT)}" y="${HEIGHT - 8}" text-anchor="end">${markup(xName)}</text>`,
    box,
    ...lines.flatMap((line) => line.points.filter(({ bare }) => !bare).map((point) => dot(point, line, plot, frame))),
    ...marks.map(({ x, y, text }) => {
      const at = `cx="${percentOf(frame.x.at(x))}" cy="${place(frame.y.at(y))}"`;
      return `<circle class="mark" ${at} r="7"><title>${markup(text)}</title></circle>`;
    }),
    ...limits.map((limit) => limitMark(frame, limit)),
  ].join('');
}

function frameOf({ lines, limits = [], x, y }: LinePlot): Frame {
  const points = lines.flatMap((line) => line.points);
  const values = [...points.flatMap(({ y, low = y, high = y }) => [y, low, high]), ...limits.map((limit) => limit.y)];
  const xs = points.map((point) => point.x);
  return {
    x: x === 'bytes' ? binaryScale(xs, LEFT, RIGHT) : logScale(xs, LEFT, RIGHT),
    y: y === 'log' ? logScale(values, BOTTOM, TOP) : linearScale([0, Math.max(...values)], BOTTOM, TOP),
  };
}

function drawn({ look, points }: Line, { x, y }: Frame): string {
  const path = points.map((point) => `${place(x.at(point.x) * BOX)},${place(y.at(point.y))}`).join(' ');
  return `<polyline class="line" ${colorOf(look)}${dashOf(look)} points="${path}"/>`;
}

/** A dot, with its spread as a vertical bar. */
function dot(point: Point, { name, look }: Line, { xText, yText }: LinePlot, { x, y }: Frame): string {
  const { low = point.y, high = point.y } = point;
  const at = percentOf(x.at(point.x));
  const range = low < high ? ` (${yText(low)} to ${yText(high)})` : '';
  const title = markup(`${name}, ${xText(point.x)}: ${yText(point.y)}${range}`);
  const ends = `x1="${at}" x2="${at}" y1="${place(y.at(low))}" y2="${place(y.at(high))}"`;
  const bar = low < high ? `<line class="spread" ${colorOf(look)} ${ends}/>` : '';
  const middle = `cx="${at}" cy="${place(y.at(point.y))}"`;
  return `${bar}<circle class="dot" ${colorOf(look)} ${middle} r="4"><title>${title}</title></circle>`;
}

/** A short horizontal line, with its text above. */
function limitMark({ x, y }: Frame, limit: Mark): string {
  const [middle, height] = [x.at(limit.x), place(y.at(limit.y))];
  const [from, to] = [percentOf(middle - LIMIT_REACH), percentOf(Math.min(middle + LIMIT_REACH, 1))];
  const line = `<line class="mark" x1="${from}" x2="${to}" y1="${height}" y2="${height}" stroke-dasharray="4 3"/>`;
  return `${line}<text class="over" x="${to}" y="${height - 6}" text-anchor="end">${markup(limit.text)}</text>`;
}

function rule(y: number, text: string): string {
  const at = place(y);
  return `<line class="rule" x1="0" x2="100%" y1="${at}" y2="${at}"/><text class="soft over" x="0" y="${at - 4}">${markup(text)}</text>`;
}

/** The ticks of x; a phone shows only some of the labels. */
function xTicks({ xText }: LinePlot, { x }: Frame): string[] {
  const every = Math.ceil(x.ticks.length / NARROW_TICKS);
  return x.ticks.map((value, index) => {
    const at = percentOf(x.at(value));
    const name = `<text x="${at}" y="${BOTTOM + 18}" text-anchor="middle"${index % every === 0 ? '' : ' class="fine"'}>${markup(xText(value))}</text>`;
    return `<line class="rule" x1="${at}" x2="${at}" y1="${TOP}" y2="${BOTTOM}"/>${name}`;
  });
}
