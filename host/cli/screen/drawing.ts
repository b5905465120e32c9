/** Draws the screen: a pure function of what is to be seen and of the terminal's size. */
import { areaPane } from './areapane.ts';
import { type BytesView, bytesPane } from './bytespane.ts';
import { type CallList, callsPane } from './callspane.ts';
import { fit } from './cells.ts';
import { type Band, bandRows, bandsOf, heightsOf, IN_TURN, type PaneColumn, type ScreenSize } from './layout.ts';
import { nodesPane } from './nodespane.ts';
import { pagesPane } from './pagespane.ts';
import { type Pane, type PaneLine, type PaneName, withChanges } from './pane.ts';
import type { Pictures } from './pictures.ts';
import { threadsPane } from './threadspane.ts';

export interface ScreenView {
  /** The left and the right part of the first row. */
  readonly heading: string;
  readonly notes: string;
  readonly calls: CallList;
  /** Those of the selected call. */
  readonly bytes: BytesView;
  readonly now: Pictures;
  /** Null at the start. */
  readonly before: Pictures | null;
  readonly focus: PaneName;
  /** Which of the panes that take turns is shown. */
  readonly inTurn: PaneName;
  /** Line of the focused pane, but not of the calls; null where the user has not moved yet. */
  readonly cursor: number | null;
  /** Shown over the lower panes: a title and lines. */
  readonly overlay: Pane | null;
  readonly footer: string;
}

/** A part of a row in one look. */
interface Segment {
  readonly text: string;
  readonly look: 'plain' | 'strong' | 'quiet' | 'inverse';
}

export type ScreenRow = readonly Segment[];

const GUTTER = 2;
const MIN = { columns: 40, rows: 10 };

/** All rows of the screen; each has as many cells as the terminal has columns. */
export function drawScreen(view: ScreenView, size: ScreenSize): ScreenRow[] {
  const { columns, rows } = size;
  if (columns < MIN.columns || rows < MIN.rows) {
    const text = `${MIN.columns} x ${MIN.rows} cells are needed`;
    return Array.from({ length: rows }, (_, row) => [plain(row === 0 ? text : '', columns)]);
  }
  const body = rows - 2;
  const bands = bandsOf({ columns, rows: body }, view.focus, view.inTurn);
  const names = bands.flat().flatMap(({ panes }) => panes);
  const made = new Map(names.map((name) => [name, paneOf(name, view, widthOf(name, bands) - GUTTER, body)]));
  const wanted = (name: PaneName) => 1 + (made.get(name)?.lines.length ?? 0);
  const upper = bands[0]?.flatMap(({ panes }) => panes).reduce((sum, name) => sum + wanted(name), 0) ?? 0;
  const heights = bandRows(bands.length, upper, body);
  const drawn = bands.flatMap((band, at) => drawBand(band, made, view, heights[at] as number));
  const over = view.overlay === null ? [] : overlayRows(view.overlay, columns, body);
  return [
    headingRow(view, columns),
    ...drawn.slice(0, body - over.length),
    ...over,
    [{ text: fit(view.footer, columns), look: 'inverse' }],
  ];
}

/** Pane as it is shown at a width. */
export function paneOf(name: PaneName, view: ScreenView, width: number, rows: number): Pane {
  const make = (pictures: Pictures): Pane => {
    switch (name) {
      case 'calls':
      case 'bytes':
        return { title: '', lines: [] };
      case 'pages':
        return pagesPane(pictures.shared, width);
      case 'area':
        return areaPane(pictures.areas, pictures.receiver, width);
      case 'threads':
        return threadsPane(pictures.processes);
      case 'nodes':
        return nodesPane(pictures.nodes);
    }
  };
  if (name === 'calls') return callsPane(view.calls, rows);
  if (name === 'bytes') return bytesPane(view.bytes, width);
  return withChanges(view.before === null ? null : make(view.before), make(view.now));
}

function widthOf(name: PaneName, bands: readonly Band[]): number {
  return bands.flat().find(({ panes }) => panes.includes(name))?.width ?? 0;
}

type Panes = ReadonlyMap<PaneName, Pane>;

function drawBand(band: Band, made: Panes, view: ScreenView, rows: number): ScreenRow[] {
  const [left = [], right] = band.map((column) => drawColumn(column, made, view, rows));
  return left.map((row, at): ScreenRow => (right === undefined ? row : [...row, quiet('│'), ...(right[at] ?? [])]));
}

function drawColumn({ width, panes }: PaneColumn, made: Panes, view: ScreenView, rows: number): ScreenRow[] {
  const wanted = Object.fromEntries(panes.map((name) => [name, 1 + (made.get(name)?.lines.length ?? 0)]));
  const heights = heightsOf(panes, wanted as Record<PaneName, number>, view.focus, rows);
  return panes.flatMap((name, at) => {
    const pane = made.get(name) as Pane;
    const title = titleRow(titleText(name, pane, made), name === view.focus, width);
    return [title, ...bodyRows(pane, name, view, width, (heights[at] as number) - 1)];
  });
}

/** A pane that takes turns names the others. */
function titleText(name: PaneName, { title }: Pane, shown: Panes): string {
  const hidden = IN_TURN.filter((other) => !shown.has(other));
  return IN_TURN.includes(name) && hidden.length > 0 ? `${title} (Tab: ${hidden.join(', ')})` : title;
}

function titleRow(title: string, isFocus: boolean, width: number): ScreenRow {
  const bar = isFocus ? '━' : '─';
  const text = fit(`${bar.repeat(2)} ${title} `.slice(0, width), Math.min(width, title.length + 4));
  return [{ text: text.padEnd(width, bar), look: isFocus ? 'inverse' : 'strong' }];
}

function bodyRows(pane: Pane, name: PaneName, view: ScreenView, width: number, height: number): ScreenRow[] {
  const { lines } = pane;
  const hasCursor = name === view.focus && name !== 'calls';
  const cursor = hasCursor ? Math.min(view.cursor ?? pane.begin ?? 0, lines.length - 1) : -1;
  const top = topOf(pane, name, hasCursor && view.cursor !== null ? cursor : -1, height);
  return Array.from({ length: height }, (_, row): ScreenRow => {
    const line = lines[top + row];
    if (line === undefined) return [plain('', width)];
    const hasMore = row === height - 1 && top + height < lines.length;
    return [lineSegment(line, top + row === cursor, hasMore, width)];
  });
}

/** Index of the first line that is shown. @param cursor Index of the line to which the user has moved; -1 without one. */
function topOf({ lines, begin }: Pane, name: PaneName, cursor: number, height: number): number {
  const lowest = Math.max(0, lines.length - height);
  const within = (top: number) => Math.max(0, Math.min(top, lowest));
  if (cursor >= 0) return within(cursor - height + 2);
  if (name === 'calls') return within((begin ?? 0) - Math.floor((height - 1) / 2));
  if (begin !== undefined) return within(begin);
  return within(lines.findIndex(({ mark }) => mark !== undefined) - height + 2);
}

function lineSegment({ text, look, mark }: PaneLine, isCursor: boolean, hasMore: boolean, width: number): Segment {
  const gutter = `${isCursor ? '>' : ' '}${mark ?? (hasMore ? '⋮' : ' ')}`;
  const whole = fit(`${gutter}${text}`, width);
  if (isCursor) return { text: whole, look: 'inverse' };
  return { text: whole, look: mark === '*' ? 'strong' : (look ?? 'plain') };
}

function headingRow({ heading, notes }: ScreenView, columns: number): ScreenRow {
  const right = Math.min(notes.length, Math.floor(columns / 2));
  return [{ text: `${fit(` ${heading}`, columns - right - 1)}${fit(notes, right)} `, look: 'inverse' }];
}

/** Lines of an overlay that the screen can show. */
export function overlayRoom({ rows }: ScreenSize): number {
  return rows - 3;
}

/** @param rows Those of the panes. */
function overlayRows({ title, lines, begin = 0 }: Pane, columns: number, rows: number): ScreenRow[] {
  const shown = lines.slice(begin, begin + rows - 1).map(({ text }) => text);
  const more = lines.length - begin - shown.length;
  return [
    titleRow(more === 0 && begin === 0 ? title : `${title} (↑↓: ${begin} lines above, ${more} below)`, true, columns),
    ...shown.map((text): ScreenRow => [plain(`${' '.repeat(GUTTER)}${text}`, columns)]),
  ];
}

function plain(text: string, width: number): Segment {
  return { text: fit(text, width), look: 'plain' };
}

function quiet(text: string): Segment {
  return { text, look: 'quiet' };
}
