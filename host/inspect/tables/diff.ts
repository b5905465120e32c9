/**
 * Changes of tables from one moment to another. A row is identified by its key. A row that moves because other rows
 * appear or disappear has not changed.
 */
import { factsText, type Table, type TableRow } from './table.ts';

/** One fact or cell: its old and its new text. */
interface CellChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export type Change =
  | { readonly kind: 'table added' | 'table removed'; readonly title: string; readonly facts: string }
  | { readonly kind: 'facts'; readonly title: string; readonly cells: readonly CellChange[] }
  | {
      readonly kind: 'row added' | 'row removed';
      readonly title: string;
      readonly key: string;
      readonly cells: readonly { readonly name: string; readonly text: string }[];
    }
  | {
      readonly kind: 'row changed';
      readonly title: string;
      readonly key: string;
      readonly cells: readonly CellChange[];
    };

/** Changes in the order of the tables, removed tables first. */
export function tableChanges(before: readonly Table[], after: readonly Table[]): Change[] {
  const [old, now] = [byTitle(before), byTitle(after)];
  const gone = before
    .filter(({ title }) => !now.has(title))
    .flatMap((table): Change[] => [
      { kind: 'table removed', title: table.title, facts: factsText(table.facts) },
      ...rowChanges(table, undefined),
    ]);
  return [
    ...gone,
    ...after.flatMap((table): Change[] => {
      const earlier = old.get(table.title);
      if (earlier !== undefined) return [...factChanges(earlier, table), ...rowChanges(earlier, table)];
      return [
        { kind: 'table added', title: table.title, facts: factsText(table.facts) },
        ...rowChanges(undefined, table),
      ];
    }),
  ];
}

/** Changes as text, one line each, below the title of their table. */
export function changeLines(changes: readonly Change[]): string[] {
  const lines: string[] = [];
  let title = '';
  for (const change of changes) {
    if (change.title !== title) {
      title = change.title;
      const mark = { 'table added': '+ ', 'table removed': '- ' }[change.kind as string] ?? '';
      const facts = change.kind === 'table added' || change.kind === 'table removed' ? `   ${change.facts}` : '';
      lines.push(`${mark}${title}${facts}`.trimEnd());
    }
    const line = changeLine(change);
    if (line !== null) lines.push(`  ${line}`);
  }
  return lines;
}

function changeLine(change: Change): string | null {
  switch (change.kind) {
    case 'table added':
    case 'table removed':
      return null;
    case 'facts':
      return `~ ${cellChangesText(change.cells)}`;
    case 'row added':
    case 'row removed': {
      const told = change.cells.filter(({ text }) => text !== '').map(({ name, text }) => `${name} ${text}`);
      return `${change.kind === 'row added' ? '+' : '-'} ${told.join(', ')}`;
    }
    case 'row changed':
      return `~ ${change.key}: ${cellChangesText(change.cells)}`;
  }
}

function cellChangesText(cells: readonly CellChange[]): string {
  return cells.map(({ name, before, after }) => `${name} ${before || 'none'} -> ${after || 'none'}`).join(', ');
}

function byTitle(tables: readonly Table[]): Map<string, Table> {
  return new Map(tables.map((table) => [table.title, table]));
}

function factChanges(before: Table, after: Table): Change[] {
  const names = new Set([...Object.keys(before.facts), ...Object.keys(after.facts)]);
  const cells = [...names].map((name) => ({
    name,
    before: String(before.facts[name] ?? ''),
    after: String(after.facts[name] ?? ''),
  }));
  const changed = cells.filter((cell) => cell.before !== cell.after);
  return changed.length === 0 ? [] : [{ kind: 'facts', title: after.title, cells: changed }];
}

function rowChanges(before: Table | undefined, after: Table | undefined): Change[] {
  const { title, columns } = (after ?? before) as Table;
  const old = new Map(before?.rows.map((row) => [row.key, row]));
  const now = new Map(after?.rows.map((row) => [row.key, row]));
  const whole = (kind: 'row added' | 'row removed', { key, cells }: TableRow): Change => ({
    kind,
    title,
    key,
    cells: columns.map(({ name }, index) => ({ name, text: cells[index] ?? '' })),
  });
  const removed = [...old.values()].filter(({ key }) => !now.has(key)).map((row) => whole('row removed', row));
  const others = [...now.values()].flatMap((row): Change[] => {
    const earlier = old.get(row.key);
    if (earlier === undefined) return [whole('row added', row)];
    const cells = columns
      .map(({ name }, index) => ({ name, before: earlier.cells[index] ?? '', after: row.cells[index] ?? '' }))
      .filter((cell) => cell.before !== cell.after);
    return cells.length === 0 ? [] : [{ kind: 'row changed', title, key: row.key, cells }];
  });
  return [...removed, ...others];
}
