/** Plots as SVG text: lines on log axes, and bars made of parts. Nothing in them needs a script to be seen. */

export interface Line {
  name: string;
  points: { x: number; y: number }[];
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
  /** Text of a value on the axis. */
  xText: (x: number) => string;
  yText: (y: number) => string;
}

/** A bar made of parts, or of one. */
export interface Bar {
  name: string;
  parts: { name: string; value: number }[];
}

export interface BarPlot {
  title: string;
  bars: readonly Bar[];
  text: (value: number) => string;
}

/** Names keep their colour and dash from plot to plot, in the order in which they are first seen. */
export class Styles {
  readonly #seen: string[] = [];

  color(name: string): string {
    return COLORS[this.#index(name) % COLORS.length] as string;
  }

  dash(name: string): string {
    return DASHES[this.#index(name) % DASHES.length] as string;
  }

  #index(name: string): number {
    if (!this.#seen.includes(name)) this.#seen.push(name);
    return this.#seen.indexOf(name);
  }
}

const COLORS = [
  '#2563c9',
  '#d1495b',
  '#1f8a70',
  '#b8860b',
  '#7b52ab',
  '#d2691e',
  '#4a90a4',
  '#8f3b76',
  '#6b7a1f',
  '#5a6472',
  '#b03a2e',
];
const DASHES = ['', '9 4', '2 4', '12 4 2 4', '5 5', '1 3', '14 3', '8 3 2 3 2 3', '4 8'];

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 150;
const TOP = 34;
const BOTTOM = 40;
const BAR_HEIGHT = 20;
const BAR_STEP = 28;
const BAR_LEFT = 120;

export function linePlot({ title, lines, marks, xText, yText }: LinePlot, styles: Styles): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return '';
  const x = logScale(
    points.map((point) => point.x),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = logScale(
    points.map((point) => point.y),
    HEIGHT - BOTTOM,
    TOP,
  );
  const xTicks = [...new Set(points.map((point) => point.x))].map((at) => tick(x(at), xText(at)));
  const yTicks = decades(points.map((point) => point.y)).map((at) => rule(y(at), yText(at)));
  const drawn = lines.map((line) => {
    const path = line.points.map((point) => `${round(x(point.x))},${round(y(point.y))}`).join(' ');
    const stroke = `stroke="${styles.color(line.name)}" stroke-dasharray="${styles.dash(line.name)}"`;
    const dots = line.points.map(
      (point) =>
        `<circle cx="${round(x(point.x))}" cy="${round(y(point.y))}" r="3" fill="${styles.color(line.name)}"><title>${markup(
          `${line.name}, ${xText(point.x)}: ${yText(point.y)}`,
        )}</title></circle>`,
    );
    return `<polyline fill="none" stroke-width="2" ${stroke} points="${path}"/>${dots.join('')}`;
  });
  const marked = marks.map(
    (mark) =>
      `<circle class="mark" cx="${round(x(mark.x))}" cy="${round(y(mark.y))}" r="6"><title>${markup(mark.text)}</title></circle>`,
  );
  const legend = lines.map((line, index) => {
    const at = TOP + 10 + index * 20;
    const stroke = `stroke="${styles.color(line.name)}" stroke-dasharray="${styles.dash(line.name)}"`;
    return `<line x1="${WIDTH - RIGHT + 14}" x2="${WIDTH - RIGHT + 44}" y1="${at}" y2="${at}" stroke-width="2" ${stroke}/><text x="${
      WIDTH - RIGHT + 50
    }" y="${at + 4}">${markup(line.name)}</text>`;
  });
  return svg(title, WIDTH, HEIGHT, [...yTicks, ...xTicks, ...drawn, ...marked, ...legend]);
}

export function barPlot({ title, bars, text }: BarPlot, styles: Styles): string {
  const totals = bars.map((bar) => bar.parts.reduce((sum, { value }) => sum + value, 0));
  const most = Math.max(...totals, 0);
  const width = (value: number) => (most === 0 ? 0 : (value / most) * (WIDTH - BAR_LEFT - RIGHT));
  const names = [...new Set(bars.flatMap((bar) => bar.parts.filter(({ value }) => value > 0).map(({ name }) => name)))];
  const legendRows = names.length > 1 ? Math.ceil(names.length / 4) : 0;
  const top = TOP + legendRows * 18;
  const legend = (legendRows === 0 ? [] : names).map((name, index) => {
    const [at, row] = [BAR_LEFT + (index % 4) * 150, TOP + Math.floor(index / 4) * 18];
    return `<rect x="${at}" y="${row - 9}" width="10" height="10" fill="${styles.color(name)}"/><text x="${at + 15}" y="${row}">${markup(name)}</text>`;
  });
  const drawn = bars.map((bar, index) => {
    const y = top + index * BAR_STEP;
    let x = BAR_LEFT;
    const parts = bar.parts.map(({ name, value }) => {
      const part = `<rect x="${round(x)}" y="${y}" width="${round(width(value))}" height="${BAR_HEIGHT}" fill="${styles.color(name)}"><title>${markup(
        `${bar.name}, ${name}: ${text(value)}`,
      )}</title></rect>`;
      x += width(value);
      return value > 0 ? part : '';
    });
    const middle = y + BAR_HEIGHT / 2 + 4;
    return `<text x="${BAR_LEFT - 8}" y="${middle}" text-anchor="end">${markup(bar.name)}</text>${parts.join('')}<text x="${round(
      x + 6,
    )}" y="${middle}">${markup(text(totals[index] ?? 0))}</text>`;
  });
  return svg(title, WIDTH, top + bars.length * BAR_STEP + 6, [...legend, ...drawn]);
}

/** A plot as a file of its own, on white, with the styles that a page gives it. */
export function standalone(plot: string): string {
  const style =
    'svg{background:#fff;font:12px sans-serif}text{fill:#1c2330}.title{font-weight:600;font-size:13px}' +
    '.rule{stroke:#d8dbe0}.mark{fill:none;stroke:#1c2330;stroke-width:1.5}';
  return `${plot.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ').replace('>', `><style>${style}</style>`)}\n`;
}

/** Text that stands for itself in HTML and SVG. */
export function markup(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function svg(title: string, width: number, height: number, parts: readonly string[]): string {
  const head = `<text class="title" x="${LEFT}" y="16">${markup(title)}</text>`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${markup(title)}">${head}${parts.join('')}</svg>`;
}

function rule(y: number, text: string): string {
  return `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y)}" y2="${round(y)}"/><text x="${LEFT - 8}" y="${round(y + 4)}" text-anchor="end">${markup(text)}</text>`;
}

function tick(x: number, text: string): string {
  const bottom = HEIGHT - BOTTOM;
  return `<line class="rule" x1="${round(x)}" x2="${round(x)}" y1="${TOP}" y2="${bottom}"/><text x="${round(x)}" y="${bottom + 18}" text-anchor="middle">${markup(text)}</text>`;
}

/** From values to places between two ends, straight in the logarithm; one value alone lies in the middle. */
function logScale(values: readonly number[], from: number, to: number): (value: number) => number {
  const logs = values.map((value) => Math.log10(Math.max(value, 1)));
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  if (least === most) return () => (from + to) / 2;
  return (value) => from + ((Math.log10(Math.max(value, 1)) - least) / (most - least)) * (to - from);
}

/** Powers of ten between the least and the greatest value. */
function decades(values: readonly number[]): number[] {
  const first = Math.ceil(Math.log10(Math.max(Math.min(...values), 1)));
  const last = Math.floor(Math.log10(Math.max(...values, 1)));
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => 10 ** (first + index));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
