/** The parts of every plot: markup, looks, styles, and the SVG file. */

/** How a line or bar is drawn. One look has one meaning in all plots. */
export interface Look {
  /** Index of its colour. */
  color: number;
  /** Index of its dashes; solid when absent. */
  dash?: number;
}

/** Colours in light and dark mode; each pair is one colour. */
const COLORS: readonly (readonly [light: string, dark: string])[] = [
  ['#2563c9', '#7aa9ff'],
  ['#c2410c', '#ff9a5c'],
  ['#7b3fb0', '#c39bf2'],
  ['#1f8a70', '#54d0ab'],
  ['#a87900', '#e9c046'],
  ['#c9304f', '#ff859b'],
  ['#0e86a8', '#5fcdea'],
  ['#b0368c', '#f08bd2'],
  ['#61751a', '#b8cc5c'],
  ['#5a6472', '#a9b4c3'],
  ['#7a4b21', '#d3a578'],
];
const DASHES = ['', '8 4', '2 4', '12 4 2 4'];

/** Colours of text, background, rules and looks in both modes; on the root of a page or file. */
const PAPER = {
  light: '--ink:#1c2330;--soft:#5a6472;--paper:#fcfcfa;--raised:#f2f3f0;--line:#d8dbe0;--good:#1f7a5c;--bad:#b93a4b',
  dark: '--ink:#e6e8ec;--soft:#a2abb8;--paper:#14181f;--raised:#1d232d;--line:#343b47;--good:#5cc8a1;--bad:#f0808e',
};

/** Styles of the plots' parts; `root` is the selector that gets the colours. */
export function plotStyles(root: string): string {
  const colors = (side: 0 | 1) => COLORS.map((pair, index) => `--c${index}:${pair[side]}`).join(';');
  return `${root}{${PAPER.light};${colors(0)}}
@media(prefers-color-scheme:dark){${root}{${PAPER.dark};${colors(1)}}}
.plot text{fill:var(--ink);font-size:12px}.plot .soft{fill:var(--soft)}.plot .rule{stroke:var(--line)}
.plot .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.plot .dot{fill:var(--c);stroke:var(--paper);stroke-width:1}.plot .ring{fill:none;stroke:var(--c);stroke-width:1.5}
.plot .spread{stroke:var(--c);stroke-width:1.5}.plot .mark{fill:none;stroke:var(--ink);stroke-width:1.5}
.plot .over{stroke:var(--paper);stroke-width:4;paint-order:stroke}`;
}

/** The attribute that gives an element its colour. */
export function colorOf({ color }: Look): string {
  return `style="--c:var(--c${color % COLORS.length})"`;
}

/** The attribute that gives a line its dashes; empty for a solid one. */
export function dashOf({ dash = 0 }: Look): string {
  const dashes = DASHES[dash % DASHES.length] as string;
  return dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
}

/** A short line, for legends. */
export function sampleLine(look: Look, y = 6): string {
  return `<line class="line" ${colorOf(look)}${dashOf(look)} x1="0" x2="30" y1="${y}" y2="${y}"/>`;
}

/** Escapes text for HTML and SVG. */
export function markup(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A coordinate, with one decimal. */
export function place(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A share of the width, as an attribute value. */
export function percentOf(share: number): string {
  return `${Math.round(share * 1e4) / 100}%`;
}
