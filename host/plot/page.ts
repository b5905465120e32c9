/** A page of plots and tables as one self-contained HTML file, for light and dark mode, wide and narrow windows. */
import { markup, plotStyles } from './svg.ts';

const STYLE = `${plotStyles(':root')}
:root{color-scheme:light dark}*{box-sizing:border-box}
body{margin:0 auto;padding:2rem clamp(.9rem,3vw,2.5rem) 4rem;max-width:84rem;background:var(--paper);color:var(--ink);
  font:15px/1.5 system-ui,sans-serif;overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}h2{font-size:1.2rem;margin:3rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .25rem}p,li{max-width:56rem}p{margin:.5rem 0}
.soft{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}
figure{margin:1.25rem 0;min-width:0}figcaption{font-weight:600;margin-bottom:.4rem}
.side{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,32rem),1fr));gap:.5rem 2.5rem;align-items:start}
svg.plot{display:block;overflow:visible}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.2rem;margin:.25rem 0 .5rem;padding:0;font-size:13px}
.legend li{display:flex;align-items:center;gap:.45rem;max-width:none}.legend svg{flex:none}
.legend i{width:11px;height:11px;border-radius:2px;background:var(--c);flex:none}
.plot.bar rect{fill:var(--c)}.plot .range{stroke:var(--c);stroke-width:6;stroke-opacity:.35;stroke-linecap:round}
.row{display:grid;grid-template-columns:minmax(6rem,13rem) minmax(0,1fr) minmax(5rem,max-content);gap:0 .75rem;align-items:center;font-size:13px;padding:3px 0}
.row>span:first-child{text-align:right}.row>.number{white-space:nowrap}
.ranges .row{grid-template-columns:13rem minmax(0,1fr) 13rem;padding:0}
.wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:13px}
th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600}th.number,td.number{text-align:right}td.number{white-space:nowrap}.number{font-variant-numeric:tabular-nums}
table.full{width:100%}td.name,th.name{position:sticky;left:0;background:var(--paper);white-space:nowrap}
tr.block th{padding-top:1.1rem;white-space:nowrap}tr.block span{position:sticky;left:0}thead th{color:var(--soft);font-weight:500;vertical-align:bottom}
td.good,td.bad,td.soft,td code{white-space:nowrap}code{font-size:12px}
@media(max-width:640px){body{padding-top:1.25rem}.plot .fine{display:none}
  .row,.ranges .row{grid-template-columns:1fr auto;padding:4px 0}.row>span:first-child{text-align:left}
  .row>svg{grid-column:1/-1;grid-row:2}.row.axis>span{display:none}.row.axis>svg{grid-row:1}}
`;

interface HtmlPage {
  /** The window's title. */
  title: string;
  heading: string;
  /** HTML below the heading. */
  intro: string;
  /** HTML; a section without a body is omitted. */
  sections: readonly { title: string; body: string }[];
}

export function htmlPage({ title, heading, intro, sections }: HtmlPage): string {
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

/** Plots side by side where they fit, otherwise stacked. */
export function besides(plots: readonly string[]): string {
  return `<div class="side">${plots.join('')}</div>`;
}
