/** The views of a machine that consist of tables, by name. */
import type { Inspector } from '../inspector.ts';
import { bufferTables } from './buffers.ts';
import type { Names } from './names.ts';
import { nodeTables } from './nodes.ts';
import { pageTables } from './pages.ts';
import type { Table } from './table.ts';
import { threadTables } from './threads.ts';

export type TableView = 'buffers' | 'pages' | 'threads' | 'nodes';

const MAKERS: Readonly<Record<TableView, (inspector: Inspector, names: Names) => Table[]>> = {
  buffers: bufferTables,
  pages: pageTables,
  threads: threadTables,
  nodes: nodeTables,
};

export const TABLE_VIEWS = Object.keys(MAKERS) as readonly TableView[];

/** All of them at one moment. */
export type Views = Readonly<Record<TableView, readonly Table[]>>;

/** Text of an empty view. */
export const NOTHING_IN: Readonly<Record<TableView, string>> = {
  buffers: 'no process has mapped the device',
  pages: 'no process has mapped the device',
  threads: 'there is no process',
  nodes: 'no process has sent an object',
};

export function viewsOf(inspector: Inspector, names: Names): Views {
  const entries = TABLE_VIEWS.map((view) => [view, MAKERS[view](inspector, names)] as const);
  return Object.fromEntries(entries) as unknown as Views;
}

/** The same, each made when it is asked for: good until the machine moves. */
export function viewsOnUse(inspector: Inspector, names: Names): Views {
  const views = {};
  for (const view of TABLE_VIEWS) Object.defineProperty(views, view, { get: () => MAKERS[view](inspector, names) });
  return views as Views;
}
