/** The pages with a frame in every mapping: the frame, and the addresses that map it. */
import type { PageView } from '../buffers.ts';
import type { Inspector } from '../inspector.ts';
import { hex, type Names } from './names.ts';
import { titledProcs } from './proctitle.ts';
import { type Column, type Table, tableOf } from './table.ts';

const STATES: Readonly<Record<PageView['state'], string>> = {
  none: 'no frame',
  active: 'active',
  lru: 'on the LRU',
};

const COLUMNS: readonly Column<PageView>[] = [
  { name: 'page', text: ({ index }) => String(index), right: true },
  { name: 'state', text: ({ state }) => STATES[state] },
  { name: 'frame', text: ({ frame }) => (frame === null ? '' : hex(frame)), right: true },
  { name: 'user address', text: ({ userAddress }) => hex(userAddress), right: true },
  { name: 'kernel twin', text: ({ kernelAddress }) => (kernelAddress === null ? '' : hex(kernelAddress)), right: true },
];

/** One table for each binder proc that has mapped. Pages without a frame are only counted. */
export function pageTables(inspector: Inspector, names: Names): Table[] {
  return titledProcs(inspector.procs(), names)
    .filter(({ proc }) => proc.mapping.size > 0)
    .map(({ proc, title }) => {
      const pages = inspector.pages(proc);
      const count = (state: PageView['state']) => pages.filter((page) => page.state === state).length;
      const facts = { pages: pages.length, active: count('active'), 'on the LRU': count('lru'), unused: count('none') };
      const shown = pages.filter(({ frame }) => frame !== null);
      return tableOf(title, facts, COLUMNS, shown, ({ index }) => `page ${index}`);
    });
}
