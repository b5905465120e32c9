/**
 * Where the panes are. A window has one band of panes or two, and a band has columns. In a low window the last three panes
 * take turns.
 *
 *     80 x 24     120 x 40             180 x 50
 *     calls       calls                calls | pages
 *     pages       pages                      | area
 *     area        area                 bytes | threads
 *     bytes       bytes | threads            | nodes
 *                       | nodes
 */
import type { PaneName } from './pane.ts';

/** Of a terminal, in cells. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Columns beside each other. */
export type Band = readonly PaneColumn[];

/** Panes one below the other. */
export interface PaneColumn {
  readonly width: number;
  readonly panes: readonly PaneName[];
}

/** Rows that a pane has at least, its title included. */
const ROWS_MIN: Readonly<Record<PaneName, number>> = { calls: 4, pages: 8, area: 4, bytes: 4, threads: 4, nodes: 3 };
const ALWAYS: readonly PaneName[] = ['calls', 'pages', 'area'];
/** Those that take turns. */
export const IN_TURN: readonly PaneName[] = ['bytes', 'threads', 'nodes'];
/** From this size on all panes are there, and from this width on side by side. */
const WIDE = { columns: 110, rows: 30 };
const WIDEST = 170;
/** Cells of the page tables side by side. */
const PAGES_WIDTH = 84;
/** The lower band has a third of the rows at least. */
const LOWER = 3;

/** @param size That of all panes together. @param inTurn The pane that has the place of three. */
export function bandsOf({ columns, rows }: ScreenSize, focus: PaneName, inTurn: PaneName): Band[] {
  if (columns >= WIDE.columns && rows >= WIDE.rows) {
    const left = columns >= WIDEST ? columns - PAGES_WIDTH - 1 : Math.floor(columns / 2);
    const right = columns - left - 1;
    if (columns < WIDEST)
      return [[{ width: columns, panes: ALWAYS }], sideBySide(left, ['bytes'], right, ['threads', 'nodes'])];
    return [sideBySide(left, ['calls', 'bytes'], right, ['pages', 'area', 'threads', 'nodes'])];
  }
  const fits = [[...ALWAYS, ...IN_TURN], [...ALWAYS, inTurn], [focus]].find((panes) => rowsMin(panes) <= rows);
  return [[{ width: columns, panes: fits ?? [focus] }]];
}

function sideBySide(left: number, one: readonly PaneName[], right: number, other: readonly PaneName[]): Band {
  return [
    { width: left, panes: one },
    { width: right, panes: other },
  ];
}

/** Rows of each band; together `rows`. @param wanted Rows that the panes of the first could use. */
export function bandRows(count: number, wanted: number, rows: number): number[] {
  if (count === 1) return [rows];
  const upper = Math.min(wanted, rows - Math.floor(rows / LOWER));
  return [upper, rows - upper];
}

/** Rows of each pane of a column, titles included; together `rows`. @param wanted Rows that each could use. */
export function heightsOf(
  panes: readonly PaneName[],
  wanted: Readonly<Record<PaneName, number>>,
  focus: PaneName,
  rows: number,
): number[] {
  const heights = panes.map((pane) => ROWS_MIN[pane]);
  let left = rows - heights.reduce((sum, height) => sum + height, 0);
  const turns = [...panes.keys()].flatMap((index) => new Array<number>(shareOf(panes[index], focus)).fill(index));
  for (let given = true; left > 0 && given; ) {
    given = false;
    for (const index of turns) {
      if (left <= 0 || (heights[index] as number) >= wanted[panes[index] as PaneName]) continue;
      heights[index] = (heights[index] as number) + 1;
      left--;
      given = true;
    }
  }
  const last = heights.length - 1;
  heights[last] = (heights[last] as number) + left; // more than all want, or less than the only one needs
  return heights;
}

/** How many rows a pane gets before the next one gets some. The list of calls never ends. */
function shareOf(pane: PaneName | undefined, focus: PaneName): number {
  if (pane === focus) return 3;
  return pane === 'calls' ? 1 : 2;
}

function rowsMin(panes: readonly PaneName[]): number {
  return panes.reduce((sum, pane) => sum + ROWS_MIN[pane], 0);
}
