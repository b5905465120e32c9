/** A pane: a title, and lines. What a step changed is found by comparing the lines before it and after it. */

/** The panes, in the order in which Tab goes through them. */
export const PANES = ['calls', 'pages', 'area', 'bytes', 'threads', 'nodes'] as const;
export type PaneName = (typeof PANES)[number];

export interface PaneLine {
  readonly text: string;
  /** Identifies what the line shows. A line without a key is never marked. */
  readonly key?: string;
  /** The part of the text whose change counts; default: all of it. */
  readonly watched?: string;
  /** What `why` asks about, as a user would type it: "node 12". */
  readonly thing?: string;
  /** Number of the message that it shows. */
  readonly transaction?: number;
  readonly look?: 'strong' | 'quiet';
  /** `*`: the last step made or changed it. `-`: the last step removed it. */
  readonly mark?: '*' | '-';
}

export interface Pane {
  readonly title: string;
  readonly lines: readonly PaneLine[];
  /** The line to be seen first, while the user has no cursor in the pane; default: the first that is marked. */
  readonly begin?: number;
}

/** Marks the lines that a step changed, and adds those that it removed. @param before Null where nothing is to be compared. */
export function withChanges(before: Pane | null, now: Pane): Pane {
  if (before === null) return now;
  const old = new Map(before.lines.map((line) => [line.key, line]));
  const marked = now.lines.map((line): PaneLine => {
    if (line.key === undefined) return line;
    const earlier = old.get(line.key);
    return earlier !== undefined && watchedIn(earlier) === watchedIn(line) ? line : { ...line, mark: '*' };
  });
  const kept = new Set(now.lines.map(({ key }) => key));
  for (const [index, { text, key }] of before.lines.entries()) {
    if (key === undefined || kept.has(key)) continue;
    const isThere = ({ key: other }: PaneLine) => other !== undefined && marked.some((line) => line.key === other);
    const above = before.lines.slice(0, index).findLast(isThere);
    const at = above === undefined ? headOf(marked) : marked.findLastIndex((line) => line.key === above.key) + 1;
    marked.splice(at, 0, { text, key, look: 'quiet', mark: '-' });
  }
  return { ...now, lines: marked };
}

/** How many lines without a key come first. */
function headOf(lines: readonly PaneLine[]): number {
  const first = lines.findIndex(({ key }) => key !== undefined);
  return first < 0 ? lines.length : first;
}

function watchedIn({ text, watched }: PaneLine): string {
  return watched ?? text;
}
