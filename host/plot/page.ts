/** A page of plots and tables as one HTML file that needs nothing beside itself, for light and dark, wide and narrow. */
import { markup } from './svg.ts';

const STYLE = `
:root { --ink: #1c2330; --soft: #5a6472; --paper: #fcfcfa; --line: #d8dbe0; --good: #1f7a5c; --bad: #b93a4b;
  color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ec; --soft: #a2abb8; --paper: #14181f; --line: #343b47;
  --good: #5cc8a1; --bad: #f0808e; } svg [stroke^="#"], svg [fill^="#"] { filter: brightness(1.4); } }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
p, li { max-width: 48rem; } .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
pre { overflow-x: auto; font: 12px/1.45 ui-monospace, monospace; }
svg { width: 100%; min-width: 38rem; max-width: 48rem; height: auto; display: block; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .title { font-weight: 600; font-size: 13px; } svg .rule { stroke: var(--line); }
svg .mark { fill: none; stroke: var(--ink); stroke-width: 1.5; }
svg .over { stroke: var(--paper); stroke-width: 4; paint-order: stroke; }
.wide { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.good, td.bad, td.soft, td code { white-space: nowrap; }
td code { font-size: 12px; }
`;

export interface Page {
  /** In the window's title. */
  title: string;
  heading: string;
  /** Below the heading, as HTML. */
  intro: string;
  /** As HTML; one without a body is left out. */
  sections: readonly { title: string; body: string }[];
}

export function htmlPage({ title, heading, intro, sections }: Page): string {
  const shown = sections.filter(({ body }) => body !== '');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${markup(title)}</title><style>${STYLE}</style></head><body>
<h1>${markup(heading)}</h1>
${intro}
${shown.map((section) => `<section><h2>${markup(section.title)}</h2>${section.body}</section>`).join('\n')}
</body></html>
`;
}

/** Plots one below the other; in a narrow window each can be moved sideways. */
export function figures(plots: readonly string[]): string {
  return plots
    .filter((plot) => plot !== '')
    .map((plot) => `<div class="wide">${plot}</div>`)
    .join('\n');
}
