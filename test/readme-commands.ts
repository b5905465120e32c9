/**
 * The commands of a page: lines in blocks marked `sh`, and their output in the block after it.
 *
 * A block marked `text` is the exact output of the last command above it. A line `...` stands for any lines, and `...` at the end
 * of a line for the rest of it. A block marked `console` is a measurement: only its first line is compared, without its spacing.
 */

/** A command line, and its output on the page; null when the page does not show it. */
export interface ReadmeCommand {
  command: string;
  shown: string | null;
  /** Whether figures were measured. */
  measured: boolean;
}

/** Lines that get, install or test the project itself, and one that writes a file beside the sources. */
const LEFT_OUT = [
  /^git clone\b/,
  /^cd\b/,
  /^npm (ci|cit|install|test)\b/,
  /^npm run coverage\b/,
  /^npx binderlab init\b/,
  /\.ci\/run\b/,
];
const CUT = '...';

/**
 * The commands in blocks marked `sh`, in order: without comments, prompts and empty lines, lines continued with a backslash
 * joined, and without those that get, install or test the project.
 */
export function readmeCommands(markdown: string): ReadmeCommand[] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```$(?:\n\n```(text|console)\n(.*?)^```$)?/gms)];
  return blocks.flatMap(([, text = '', kind, shown = null]) => {
    const lines = text
      .replace(/\\\n\s*/g, '')
      .split('\n')
      .map((line) =>
        line
          .replace(/(^|\s)#.*$/, '')
          .replace(/^\$ /, '')
          .trim(),
      )
      .map((line) => line.replace(/^npm ci && /, ''))
      .filter((line) => line !== '' && !LEFT_OUT.some((pattern) => pattern.test(line)));
    const last = lines.length - 1;
    return lines.map((command, at) => ({ command, shown: at === last ? shown : null, measured: kind === 'console' }));
  });
}

/** Where what is printed is not what is shown. */
export interface Mismatch {
  shown: string;
  /** null when there is no such line any more. */
  printed: string | null;
}

/** The first line that is shown and is not printed in its place; null when all are. */
export function mismatch({ shown, measured }: ReadmeCommand, printed: string): Mismatch | null {
  const read = (text: string) => (measured ? text.replace(/ +/g, ' ') : text).replace(/\n$/, '').split('\n');
  const lines = read(printed);
  const all = shown === null ? [] : read(shown);
  const expected = measured ? all.slice(0, all.findIndex((line) => line !== CUT) + 1) : all;
  let at = 0;
  let anywhere = false;
  for (const line of expected) {
    if (line === CUT) {
      anywhere = true;
      continue;
    }
    const found = anywhere ? lines.findIndex((one, index) => index >= at && stands(line, one)) : at;
    if (found < 0 || !stands(line, lines[found])) return { shown: line, printed: lines[found] ?? null };
    at = found + 1;
    anywhere = false;
  }
  return anywhere || measured || expected.length === 0 || at === lines.length
    ? null
    : { shown: '', printed: lines[at] ?? '' };
}

function stands(shown: string, printed: string | undefined): boolean {
  if (shown.endsWith(` ${CUT}`)) return printed?.startsWith(shown.slice(0, -CUT.length)) === true;
  return shown === printed;
}

/** What is shown, with the figures that are printed now wherever a line differs from them in nothing else. */
export function rewritten(command: ReadmeCommand, printed: string): string | null {
  let { shown } = command;
  for (;;) {
    const wrong = mismatch({ ...command, shown }, printed);
    if (shown === null || wrong === null || wrong.printed === null) return shown;
    const { shown: was, printed: now } = wrong;
    if (was === '' || withoutFigures(was) !== withoutFigures(now)) return shown;
    shown = shown.replace(was, () => now);
  }
}

function withoutFigures(line: string): string {
  return line.replace(/\b(0x[0-9a-f]+|\d+)\b/g, '#');
}
