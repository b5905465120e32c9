/** Lines over a log axis, with the spread of their points, as SVG text. Nothing in it needs a script to be seen. */
import { linearScale, logScale, type Scale } from './scale.ts';
import { LEFT, markup, place, type Styles, svg, TOP, WIDTH } from './svg.ts';

export interface Point {
  x: number;
  y: number;
  /** Between these it may as well lie; drawn as a bar. */
  low?: number;
  high?: number;
}

export interface Line {
  name: string;
  points: Point[];
}

/** A point to mark on a line plot, with what it means. */
export interface Mark {
  x: number;
  y: number;
  text: string;
}

export interface LinePlot {
  title: string;
  lines: readonly Line[];
  marks: readonly Mark[];
  /** Values that lines are to reach, or to stay under, at a place. */
  limits?: readonly Mark[];
  /** Text of a value on the axis. */
  xText: (x: number) => string;
  yText: (y: number) => string;
  /** How y runs: in the logarithm (when absent), or straight from 0 on. */
  y?: 'log' | 'linear';
}

/** The plot's area, and its axes. */
interface Frame {
  right: number;
  x: Scale;
  y: Scale;
}

const HEIGHT = 400;
const BOTTOM = 40;
/** Room right of the area: for the legend's lines, for each letter of its names, and at least. */
const LEGEND_LINE = 50;
const LEGEND_LETTER = 7.4;
const RIGHT_MIN = 150;
const LEGEND_STEP = 20;
/** Values on the x axis that are nearer to each other share one text. */
const TICK_DISTANCE = 26;
const LIMIT_REACH = 26;

/** @returns Nothing when there is no point. */
export function linePlot(plot: LinePlot, styles: Styles): string {
  const { title, lines, marks, limits = [], xText, yText } = plot;
  if (lines.every(({ points }) => points.length === 0)) return '';
  const frame = frameOf(plot);
  return svg(title, HEIGHT, [
    ...frame.y.ticks.map((value) => rule(frame, frame.y.at(value), yText(value))),
    ...xTicks(frame, lines, xText),
    ...lines.map((line) => drawn(line, plot, frame, styles)),
    ...marks.map((mark) => circled(frame, mark)),
    ...limits.map((limit) => limitMark(frame, limit)),
    ...lines.map((line, index) => legendEntry(line.name, index, frame, styles)),
  ]);
}

function frameOf({ lines, limits = [], y = 'log' }: LinePlot): Frame {
  const points = lines.flatMap((line) => line.points);
  const longest = Math.max(...lines.map(({ name }) => name.length));
  const right = WIDTH - Math.max(RIGHT_MIN, LEGEND_LINE + LEGEND_LETTER * longest);
  const values = [...points.flatMap(({ y, low = y, high = y }) => [y, low, high]), ...limits.map((limit) => limit.y)];
  const xs = points.map(({ x }) => x);
  const ends = [HEIGHT - BOTTOM, TOP] as const;
  return {
    right,
    x: logScale(xs, LEFT, right),
    y: y === 'log' ? logScale(values, ...ends) : linearScale([0, Math.max(...values)], ...ends),
  };
}

function drawn({ name, points }: Line, { xText, yText }: LinePlot, { x, y }: Frame, styles: Styles): string {
  const path = points.map((point) => `${place(x.at(point.x))},${place(y.at(point.y))}`).join(' ');
  const stroke = strokeOf(name, styles);
  const dots = points.map((point) => {
    const { low = point.y, high = point.y } = point;
    const at = place(x.at(point.x));
    const text = `${name}, ${xText(point.x)}: ${yText(point.y)}${low < high ? ` (${yText(low)} to ${yText(high)})` : ''}`;
    const circle = `<circle cx="${at}" cy="${place(y.at(point.y))}" r="3" fill="${styles.color(name)}"><title>${markup(text)}</title></circle>`;
    return `${low < high ? spread(at, y.at(low), y.at(high), styles.color(name)) : ''}${circle}`;
  });
  return `<polyline fill="none" stroke-width="2" ${stroke} points="${path}"/>${dots.join('')}`;
}

/** An upright bar with a foot and a head. */
function spread(x: number, from: number, to: number, color: string): string {
  const [low, high] = [place(from), place(to)];
  const path = `M${x - 4},${low}h8M${x - 4},${high}h8M${x},${low}V${high}`;
  return `<path fill="none" stroke="${color}" d="${path}"/>`;
}

function strokeOf(name: string, styles: Styles): string {
  return `stroke="${styles.color(name)}" stroke-dasharray="${styles.dash(name)}"`;
}

function circled({ x, y }: Frame, mark: Mark): string {
  return `<circle class="mark" cx="${place(x.at(mark.x))}" cy="${place(y.at(mark.y))}" r="6"><title>${markup(mark.text)}</title></circle>`;
}

/** A short line across, with its text above it. */
function limitMark({ x, y }: Frame, limit: Mark): string {
  const [at, height] = [place(x.at(limit.x)), place(y.at(limit.y))];
  const [from, to] = [at - LIMIT_REACH, at + LIMIT_REACH];
  const line = `<line class="mark" x1="${from}" x2="${to}" y1="${height}" y2="${height}" stroke-dasharray="4 3"/>`;
  return `${line}<text class="over" x="${to}" y="${height - 6}" text-anchor="end">${markup(limit.text)}</text>`;
}

function legendEntry(name: string, index: number, { right }: Frame, styles: Styles): string {
  const at = TOP + 10 + index * LEGEND_STEP;
  return `<line x1="${place(right + 14)}" x2="${place(right + 44)}" y1="${at}" y2="${at}" stroke-width="2" ${strokeOf(
    name,
    styles,
  )}/><text x="${place(right + LEGEND_LINE)}" y="${at + 4}">${markup(name)}</text>`;
}

function rule({ right }: Frame, y: number, text: string): string {
  return `<line class="rule" x1="${LEFT}" x2="${place(right)}" y1="${place(y)}" y2="${place(y)}"/><text x="${LEFT - 8}" y="${place(y + 4)}" text-anchor="end">${markup(text)}</text>`;
}

/** Every x that a point has; its text, where there is room for it. */
function xTicks({ x }: Frame, lines: readonly Line[], text: (x: number) => string): string[] {
  const values = new Set(lines.flatMap((line) => line.points.map((point) => point.x)));
  let last = Number.NEGATIVE_INFINITY;
  return [...values]
    .sort((a, b) => a - b)
    .map((value) => {
      const at = x.at(value);
      const named = at - last >= TICK_DISTANCE;
      if (named) last = at;
      return tick(at, named ? text(value) : '');
    });
}

function tick(x: number, text: string): string {
  const bottom = HEIGHT - BOTTOM;
  const line = `<line class="rule" x1="${place(x)}" x2="${place(x)}" y1="${TOP}" y2="${bottom}"/>`;
  return text === ''
    ? line
    : `${line}<text x="${place(x)}" y="${bottom + 18}" text-anchor="middle">${markup(text)}</text>`;
}
