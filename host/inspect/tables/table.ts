/**
 * A table shows one moment: a title with facts, and rows with keys. Keys make the table comparable with the same table
 * at another moment. Owns the layout as text:
 *
 *     server (pid 1000)   mapping 1040384 bytes at 0x70000000, async space left 520192
 *       offset     size  state      whose
 *          0x0       88  delivered  call 5 from client
 *         0x58  1040296  free
 */

/** A row's data, as JSON shows it. */
export type RowData = Readonly<Record<string, unknown>>;

export interface Column<R> {
  /** Unique in its table. */
  readonly name: string;
  /** Text of the row's cell; may be empty. */
  readonly text: (row: R) => string;
  /** Aligned to the right, as numbers are. */
  readonly right?: boolean;
}

export interface TableRow {
  /** Identifies the row's object. Unique in its table. */
  readonly key: string;
  readonly cells: readonly string[];
  readonly data: RowData;
}

export interface Table {
  /** Names the owner. Unique in its view. */
  readonly title: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly columns: readonly { readonly name: string; readonly right: boolean }[];
  readonly rows: readonly TableRow[];
}

/** Makes a table of plain data. @param key Identifies a row's object. */
export function tableOf<R extends object>(
  title: string,
  facts: Table['facts'],
  columns: readonly Column<R>[],
  rows: readonly R[],
  key: (row: R) => string,
): Table {
  return {
    title,
    facts,
    columns: columns.map(({ name, right = false }) => ({ name, right })),
    rows: rows.map((row) => ({
      key: key(row),
      cells: columns.map(({ text }) => text(row)),
      data: row as unknown as RowData,
    })),
  };
}

/** The table as lines. Empty columns are left out. */
export function tableLines({ title, facts, columns, rows }: Table): string[] {
  const heading = [title, factsText(facts)].filter((part) => part !== '').join('   ');
  if (rows.length === 0) return [heading];
  const used = columns.flatMap(({ name, right }, index) => {
    const cells = rows.map(({ cells }) => cells[index] ?? '');
    if (cells.every((cell) => cell === '')) return [];
    const width = cells.reduce((widest, cell) => Math.max(widest, cell.length), name.length);
    return [[name, ...cells].map((cell) => (right ? cell.padStart(width) : cell.padEnd(width)))];
  });
  const lines = ['', ...rows].map((_, line) => `  ${used.map((column) => column[line]).join('  ')}`.trimEnd());
  return [heading, ...lines];
}

export function factsText(facts: Table['facts']): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
