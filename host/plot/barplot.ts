/** Stacked bars, as HTML rows of the full width. */
import { colorOf, type Look, markup, percentOf } from './svg.ts';

/** A bar of one part or of several. */
interface Bar {
  name: string;
  parts: readonly { name: string; look: Look; value: number }[];
}

interface BarPlot {
  title: string;
  bars: readonly Bar[];
  text: (value: number) => string;
}

/** @returns HTML: title, a legend when bars have several parts, and a row for each bar. */
export function barPlot({ title, bars, text }: BarPlot): string {
  const most = Math.max(...bars.map(total), 0);
  const rows = bars.map((bar) => row(bar, most, text));
  return `<figure><figcaption>${markup(title)}</figcaption>${legend(bars)}${rows.join('\n')}</figure>
`;
}

function row(bar: Bar, most: number, text: (value: number) => string): string {
  let from = 0;
  const parts = bar.parts.map(({ name, look, value }) => {
    const [x, width] = [from, most === 0 ? 0 : value / most];
    from += width;
    if (value === 0) return '';
    const title = markup(`${bar.name}, ${name}: ${text(value)}`);
    return `<rect ${colorOf(look)} x="${percentOf(x)}" width="${percentOf(width)}" height="16"><title>${title}</title></rect>`;
  });
  return `<div class="row"><span>${markup(bar.name)}</span><svg class="plot bar" width="100%" height="16" role="img" aria-label="${markup(
    `${bar.name}: ${text(total(bar))}`,
  )}">${parts.join('')}</svg><span class="number">${markup(text(total(bar)))}</span></div>`;
}

/** The parts that are not zero in every bar. */
function legend(bars: readonly Bar[]): string {
  const looks = new Map<string, Look>();
  for (const { name, look, value } of bars.flatMap(({ parts }) => parts)) if (value > 0) looks.set(name, look);
  if (looks.size < 2) return '';
  const entries = [...looks].map(([name, look]) => `<li><i ${colorOf(look)}></i>${markup(name)}</li>`);
  return `<ul class="legend">${entries.join('')}</ul>`;
}

function total({ parts }: Bar): number {
  return parts.reduce((sum, { value }) => sum + value, 0);
}
