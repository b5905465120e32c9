/** Text in the cells of a terminal: one cell a character, two for a wide one. */
import stringWidth from 'string-width';

const CUT = '…';
/** Control characters, which would move the cursor. */
const CONTROL = /\p{Cc}/gu;
const ASCII = /^[ -~]*$/;

/** Cuts or fills a text to exactly `width` cells. */
export function fit(text: string, width: number): string {
  const safe = text.replace(CONTROL, '·');
  if (ASCII.test(safe)) return safe.length <= width ? safe.padEnd(width) : `${safe.slice(0, width - 1)}${CUT}`;
  const cells = stringWidth(safe);
  if (cells <= width) return safe + ' '.repeat(width - cells);
  let kept = '';
  let used = 0;
  for (const character of safe) {
    const size = stringWidth(character);
    if (used + size > width - 1) break;
    kept += character;
    used += size;
  }
  return kept + CUT + ' '.repeat(width - 1 - used);
}

/** Breaks a text between its words, into lines of at most `width` cells. A longer word stays whole. */
export function wrapped(text: string, width: number): string[] {
  if (stringWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && stringWidth(longer) > width) lines.push(line);
    line = line !== '' && stringWidth(longer) > width ? word : longer;
  }
  return [...lines, line];
}
