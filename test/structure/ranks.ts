/**
 * The table of ranks in ARCHITECTURE.md, written from house.ts. Only its column "what it owns" is written by hand: a row keeps its
 * words. Run by itself this writes the table anew.
 */
import { pageText, writePage } from '../pages.ts';
import { ARROWS, RANKS } from './house.ts';

export const ARCHITECTURE = 'ARCHITECTURE.md';

const TABLE = /^\| rank \| .*\n(?:\|.*\n)+/m;
const ROW = /^\|[^|]*\| `([^`]+)` \| ([^|]*?) ?\|/gm;
/** Stands in the column where nobody has written what the part owns. */
export const UNWRITTEN = '?';

/** The page with the table as house.ts says it. */
export function withRanks(page: string): string {
  const [old = ''] = TABLE.exec(page) ?? [];
  const owned = new Map([...old.matchAll(ROW)].map(([, part = '', words = '']) => [part, words]));
  const row = (rank: string, part: string) =>
    `| ${rank} | \`${part}\` | ${owned.get(part) ?? UNWRITTEN} | ${orderInside(part)} |`;
  const rows = (letter: string, ranks: typeof RANKS) =>
    ranks.flatMap((parts, at) => parts.map((part) => row(`${letter}${at}`, part)));
  const isGuest = (parts: readonly string[]) => parts[0]?.startsWith('assembly/') === true;
  const unranked = Object.keys(ARROWS).filter((folder) => !RANKS.flat().some((part) => folder.startsWith(part)));
  const lines = [
    '| rank | folder or file | what it owns | order inside, lower ranks first |',
    '|---|---|---|---|',
    ...rows('G', RANKS.filter(isGuest)),
    ...rows(
      'H',
      RANKS.filter((parts) => !isGuest(parts)),
    ),
    ...unranked.map((folder) => row('', folder)),
  ];
  return page.replace(TABLE, () => `${lines.join('\n')}\n`);
}

function orderInside(folder: string): string {
  const groups = ARROWS[folder] ?? [];
  return groups.map((files) => files.map((file) => (file === '*' ? 'all others' : file)).join(', ')).join(' → ');
}

if (process.argv[1] === import.meta.filename) writePage(ARCHITECTURE, withRanks(pageText(ARCHITECTURE)));
