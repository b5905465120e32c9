/**
 * Text of the driver's debugfs as recordings have it: parts that differ between runs are masked, and counters since boot
 * become counters since the beginning of the scenario.
 */

/** The driver's state when the scenario began. */
export interface Beginning {
  /** Value of the id counter. */
  lastId: number;
  /** Text of the file `stats`. */
  stats: string;
}

const POINTER = String.raw`(?:\(____ptrval____\)|[0-9a-f]{8,16})`;
const TRANSACTION = new RegExp(`(transaction \\d+: )${POINTER}( from )`, 'g');
/** A ref with a death notification; without one the pointer is all zero. */
const REF_WITH_DEATH = new RegExp(`^(  ref .* d )(?!0{8,16}$)${POINTER}$`, 'gm');

/** Masks the text of a file. */
export function maskDump(file: string, text: string, beginning: Beginning): string {
  if (file.endsWith('log')) return maskLog(text, beginning.lastId);
  const masked = text
    .replace(TRANSACTION, '$1PTR$2')
    .replace(/elapsed \d+ms/g, 'elapsed TIMEms')
    .replace(REF_WITH_DEATH, '$1PTR');
  return file === 'stats' ? sinceBeginning(masked, beginning.stats) : masked;
}

/** Entries of this scenario only, without the line in the driver's source. */
function maskLog(text: string, lastId: number): string {
  const lines = text.split('\n').filter((line) => line !== '' && Number.parseInt(line, 10) > lastId);
  return lines.map((line) => `${line.replace(/ l=\d+/, ' l=LINE')}\n`).join('');
}

const COUNTER = /^(\w+): (?:active (-?\d+) total (\d+)|(\d+))$/;

/** The counters at the top minus their initial values; zeros are omitted. Those of processes do not change. */
function sinceBeginning(text: string, before: string): string {
  const old = new Map(globalLines(before).head.map((line) => [COUNTER.exec(line)?.[1], numbersOf(line)]));
  const { head, rest } = globalLines(text);
  const lines = head.flatMap((line) => {
    const name = COUNTER.exec(line)?.[1];
    if (name === undefined) return [line];
    const past = old.get(name) ?? [];
    const now = numbersOf(line).map((value, index) => value - (past[index] ?? 0));
    if (now.every((value) => value === 0)) return [];
    return [now.length === 1 ? `${name}: ${now[0]}` : `${name}: active ${now[0]} total ${now[1]}`];
  });
  return [...lines, ...rest].join('\n');
}

function numbersOf(line: string): number[] {
  const [, , active, total, count] = COUNTER.exec(line) ?? [];
  return count === undefined ? [Number(active), Number(total)] : [Number(count)];
}

/** The lines before the first process, and the others. */
function globalLines(text: string): { head: string[]; rest: string[] } {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^proc \d+$/.test(line));
  return first < 0 ? { head: lines, rest: [] } : { head: lines.slice(0, first), rest: lines.slice(first) };
}

/**
 * Whether a text may be incomplete. In `transactions` the driver removes the header of a proc without lines, and with it
 * seq_file's mark that its buffer was too small. A text slightly shorter than a full buffer may be cut.
 */
export function mayBeCut(file: string, text: string): boolean {
  if (file !== 'transactions') return false;
  for (let size = 4096; size < 1 << 22; size *= 2) {
    if (text.length <= size && text.length > size - 512) return true;
  }
  return false;
}
