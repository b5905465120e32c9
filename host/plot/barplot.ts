/** Bars made of parts, as SVG text. */
import { markup, place, type Styles, svg, TOP, WIDTH } from './svg.ts';

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

const HEIGHT = 20;
const STEP = 28;
const LEFT = 120;
/** Room for a bar's total. */
const RIGHT = 150;
const LEGEND_COLUMNS = 4;
const LEGEND_WIDTH = 150;
const LEGEND_STEP = 18;

export function barPlot({ title, bars, text }: BarPlot, styles: Styles): string {
  const most = Math.max(...bars.map(total), 0);
  const width = (value: number) => (most === 0 ? 0 : (value / most) * (WIDTH - LEFT - RIGHT));
  const names = [...new Set(bars.flatMap((bar) => bar.parts.filter(({ value }) => value > 0).map(({ name }) => name)))];
  const legend = names.length > 1 ? names.map((name, index) => legendEntry(name, index, styles)) : [];
  const top = TOP + Math.ceil(legend.length / LEGEND_COLUMNS) * LEGEND_STEP;
  const drawn = bars.map((bar, index) => barAt(bar, top + index * STEP, { width, text, styles }));
  return svg(title, top + bars.length * STEP + 6, [...legend, ...drawn]);
}

interface BarStyle {
  width: (value: number) => number;
  text: (value: number) => string;
  styles: Styles;
}

function barAt(bar: Bar, y: number, { width, text, styles }: BarStyle): string {
  let x = LEFT;
  const parts = bar.parts.map(({ name, value }) => {
    const part = `<rect x="${place(x)}" y="${y}" width="${place(width(value))}" height="${HEIGHT}" fill="${styles.color(name)}"><title>${markup(
      `${bar.name}, ${name}: ${text(value)}`,
    )}</title></rect>`;
    x += width(value);
    return value > 0 ? part : '';
  });
  const middle = y + HEIGHT / 2 + 4;
  return `<text x="${LEFT - 8}" y="${middle}" text-anchor="end">${markup(bar.name)}</text>${parts.join('')}<text x="${place(
    x + 6,
  )}" y="${middle}">${markup(text(total(bar)))}</text>`;
}

function legendEntry(name: string, index: number, styles: Styles): string {
  const at = LEFT + (index % LEGEND_COLUMNS) * LEGEND_WIDTH;
  const row = TOP + Math.floor(index / LEGEND_COLUMNS) * LEGEND_STEP;
  return `<rect x="${at}" y="${row - 9}" width="10" height="10" fill="${styles.color(name)}"/><text x="${at + 15}" y="${row}">${markup(name)}</text>`;
}

function total({ parts }: Bar): number {
  return parts.reduce((sum, { value }) => sum + value, 0);
}
