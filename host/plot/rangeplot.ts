/** Rows with dots on one axis and a range: spreads, and percentiles. HTML of the full width. */
import { linearScale, logScale, type Scale } from './scale.ts';
import { colorOf, type Look, markup, percentOf } from './svg.ts';

export interface Range {
  name: string;
  /** Ends of the range, the thick line. */
  low: number;
  high: number;
  dots: readonly { value: number; text: string }[];
  /** Text on the right. */
  note: string;
  /** `strong` has the colour of a finding. */
  weight?: 'plain' | 'strong';
}

interface RangePlot {
  title: string;
  /** Title of the axis, with the unit. */
  axisName: string;
  ranges: readonly Range[];
  text: (value: number) => string;
  axis: 'log' | 'linear';
}

/** The axis; it moves dots outside of it to its ends. */
interface Clipped extends Scale {
  /** The nearest value on the axis. */
  within(value: number): number;
}

/** The shares of the width that bound the axis. */
const LEFT = 0.04;
const RIGHT = 0.96;
const PLAIN: Look = { color: 0 };
const STRONG: Look = { color: 5 };
/** Share of dots that must be inside the axis, however far the others are. */
const DOTS_SHOWN = 0.95;

/** @returns HTML; empty without ranges. */
export function rangePlot({ title, axisName, ranges, text, axis }: RangePlot): string {
  if (ranges.length === 0) return '';
  const scale = axis === 'log' ? logAxis(ranges) : linearAxis(ranges);
  const names = scale.ticks.map(
    (value) => `<text x="${percentOf(scale.at(value))}" y="12" text-anchor="middle">${markup(text(value))}</text>`,
  );
  const axisRow = `<div class="row axis"><span></span><svg class="plot" width="100%" height="16" aria-hidden="true">${names.join('')}</svg><span></span></div>`;
  return `<figure><figcaption>${markup(title)}</figcaption><p class="soft">${markup(axisName)}</p>
${[axisRow, ...ranges.map((range) => row(range, scale)), axisRow].join('\n')}</figure>
`;
}

function logAxis(ranges: readonly Range[]): Clipped {
  const values = ranges.flatMap(({ low, high, dots }) => [low, high, ...dots.map(({ value }) => value)]);
  return { ...logScale(values, LEFT, RIGHT), within: (value) => value };
}

/** Includes every range and most dots, so that one outlier does not compress the others. */
function linearAxis(ranges: readonly Range[]): Clipped {
  const dots = ranges.flatMap((range) => range.dots.map(({ value }) => value)).sort((a, b) => a - b);
  const shown = (share: number) => dots[Math.round(share * (dots.length - 1))] ?? 0;
  const least = Math.min(0, ...ranges.map(({ low }) => low), shown(1 - DOTS_SHOWN));
  const most = Math.max(0, ...ranges.map(({ high }) => high), shown(DOTS_SHOWN));
  const { at, ticks } = linearScale([least, most], LEFT, RIGHT);
  const [first, last] = [ticks[0] ?? least, ticks[ticks.length - 1] ?? most];
  return { at, ticks, within: (value) => Math.max(first, Math.min(value, last)) };
}

function row({ name, low, high, dots, note, weight = 'plain' }: Range, scale: Clipped): string {
  const look = weight === 'strong' ? STRONG : PLAIN;
  const at = (value: number) => percentOf(scale.at(scale.within(value)));
  const rules = scale.ticks.map((value) => {
    const x = percentOf(scale.at(value));
    return `<line class="rule" x1="${x}" x2="${x}" y1="0" y2="20"/>`;
  });
  const line = `<line class="range" ${colorOf(look)} x1="${at(low)}" x2="${at(high)}" y1="10" y2="10"/>`;
  const circles = dots.map(({ value, text }) => {
    const kind = scale.within(value) === value ? 'dot' : 'ring';
    return `<circle class="${kind}" ${colorOf(look)} cx="${at(value)}" cy="10" r="3.5"><title>${markup(`${name}: ${text}`)}</title></circle>`;
  });
  const plot = `<svg class="plot" width="100%" height="20">${rules.join('')}${line}${circles.join('')}</svg>`;
  return `<div class="row"><span>${markup(name)}</span>${plot}<span class="number">${markup(note)}</span></div>`;
}
