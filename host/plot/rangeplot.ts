/** Rows, each with dots on one axis and the range between two ends, as SVG text: spreads, and percentiles. */
import { linearScale, logScale, type Scale } from './scale.ts';
import { markup, place, svg, TOP, WIDTH } from './svg.ts';

export interface Range {
  name: string;
  /** Ends of the thick line. */
  low: number;
  high: number;
  dots: readonly { value: number; text: string }[];
  /** What stands right of it. */
  note: string;
  /** `strong` is drawn in the colour of a finding. */
  weight?: 'plain' | 'strong';
}

export interface RangePlot {
  title: string;
  ranges: readonly Range[];
  text: (value: number) => string;
  axis: 'log' | 'linear';
  /** Where the axis ends at the latest, on both sides of 0; what lies beyond is drawn there, hollow. */
  clip?: number;
}

/** The axis, and where dots are drawn that it has no place for. */
interface Clipped extends Scale {
  /** The nearest value that the axis has. */
  within(value: number): number;
}

const LEFT = 190;
const RIGHT = 150;
const STEP = 20;
const BOTTOM = 30;
const PLAIN = '#2563c9';
const STRONG = '#d1495b';
/** Values on the axis that are nearer to each other share one text. */
const TICK_DISTANCE = 50;

/** @returns Nothing when there is no range. */
export function rangePlot({ title, ranges, text, axis, clip = Number.POSITIVE_INFINITY }: RangePlot): string {
  if (ranges.length === 0) return '';
  const scale = scaleOf(ranges, axis, clip);
  const bottom = TOP + ranges.length * STEP;
  const rows = ranges.map((range, index) => row(range, TOP + index * STEP + STEP / 2, scale));
  return svg(title, bottom + BOTTOM, [...ticks(scale, bottom, text), ...rows]);
}

function scaleOf(ranges: readonly Range[], axis: RangePlot['axis'], clip: number): Clipped {
  const within = (value: number) => Math.max(-clip, Math.min(value, clip));
  const values = ranges.flatMap(({ low, high, dots }) => [low, high, ...dots.map(({ value }) => value)].map(within));
  const ends = [LEFT, WIDTH - RIGHT] as const;
  const { at, ticks } =
    axis === 'log' ? logScale(values, ...ends) : linearScale([Math.min(...values), Math.max(...values)], ...ends);
  return { at, ticks, within };
}

function row({ name, low, high, dots, note, weight = 'plain' }: Range, y: number, scale: Clipped): string {
  const color = weight === 'strong' ? STRONG : PLAIN;
  const at = (value: number) => place(scale.at(scale.within(value)));
  const [from, to] = [at(low), at(high)];
  const line = `<line x1="${from}" x2="${to}" y1="${y}" y2="${y}" stroke="${color}" stroke-width="5" stroke-opacity=".35" stroke-linecap="round"/>`;
  const circles = dots.map(({ value, text }) => {
    const fill = scale.within(value) !== value ? `fill="none" stroke="${color}"` : `fill="${color}"`;
    return `<circle cx="${at(value)}" cy="${y}" r="3" ${fill}><title>${markup(`${name}: ${text}`)}</title></circle>`;
  });
  return `<text x="${LEFT - 10}" y="${y + 4}" text-anchor="end">${markup(name)}</text>${line}${circles.join('')}<text x="${
    WIDTH - RIGHT + 12
  }" y="${y + 4}">${markup(note)}</text>`;
}

function ticks({ at, ticks: values }: Scale, bottom: number, text: (value: number) => string): string[] {
  let last = Number.NEGATIVE_INFINITY;
  return values.map((value) => {
    const x = place(at(value));
    const line = `<line class="rule" x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}"/>`;
    if (x - last < TICK_DISTANCE) return line;
    last = x;
    return `${line}<text x="${x}" y="${bottom + 18}" text-anchor="middle">${markup(text(value))}</text>`;
  });
}
