/** What every plot is made of: markup, the frame of an SVG, and names that keep their colours. */

/** Width of every plot; its height is its own. Units are pixels where nothing is scaled. */
export const WIDTH = 760;
/** Where the title stands, and room for it. */
export const LEFT = 70;
export const TOP = 34;

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

/** The frame, with its title. */
export function svg(title: string, height: number, parts: readonly string[]): string {
  const head = `<text class="title" x="${LEFT}" y="16">${markup(title)}</text>`;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${markup(title)}">${head}${parts.join('')}</svg>`;
}

/** A place in a plot, with one decimal. */
export function place(value: number): number {
  return Math.round(value * 10) / 10;
}
