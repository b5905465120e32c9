/** The gallery's index: what each example shows, as its own first comment says it. */
import { markup } from '../../plot/svg.ts';
import { styleOfPage } from './page.ts';

/** The example that has the tour. */
const BEGINNING = 'first-call';

/** Names of examples among files, without their endings. */
export function exampleNames(files: readonly string[]): string[] {
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace(/\.ts$/, ''))
    .sort();
}

/** @param sources The text of each example, by name. */
export function galleryIndex(sources: ReadonlyMap<string, string>): string {
  const begin = ({ 0: name }: [string, string]) => Number(name !== BEGINNING);
  const cards = [...sources]
    .sort((one, other) => begin(one) - begin(other))
    .map(([name, text]) => {
      const [first = '', ...rest] = introOf(text);
      const mark = name === BEGINNING ? ' <span class="begin">begin here</span>' : '';
      return `<a class="gallery-card" href="${name}.html"><h2>${markup(name)}${mark}</h2><p><b>${prose(first)}</b> ${prose(rest.join(' '))}</p></a>`;
    });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>binderlab: examples</title><link rel="icon" href="data:,"><style>${styleOfPage()}</style></head>
<body class="gallery"><main><h1><span class="mark"></span> binderlab</h1>
<p class="lead">Each page runs an example in an emulated machine. You move through it in both directions, and see where the bytes are.</p>
<div class="cards">${cards.join('\n')}</div></main></body></html>
`;
}

/** Text of a comment; what is in backticks is code. */
function prose(text: string): string {
  return markup(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** The sentences of the comment at a script's top. */
function introOf(text: string): string[] {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(text) ?? [];
  const lines = comment.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const end = lines.findIndex((line, index) => index > 0 && line.trim() === '');
  const words = lines
    .slice(0, end < 0 ? lines.length : end)
    .join(' ')
    .trim();
  return words.replace(/:$/, '.').split(/(?<=[.:]) +/);
}
