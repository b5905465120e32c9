/** Counts as debugfs shows them, for `stats`. */
import type { BufferView, PageView } from './buffers.ts';
import type { StatsView } from './counts.ts';
import type { ProcView } from './procs.ts';

/** @param indent Prefix of every line: two blanks for a proc. */
export function statsLines({ words, objects }: StatsView, indent: string): string[] {
  return [
    ...Object.entries(words).map(([name, count]) => `${indent}${name}: ${count}`),
    ...Object.entries(objects).map(([name, { active, total }]) => `${indent}${name}: active ${active} total ${total}`),
  ];
}

export function procStatsLines(
  proc: ProcView,
  buffers: readonly BufferView[],
  pages: readonly PageView[],
  stats: StatsView,
): string[] {
  const { mapping, refs } = proc;
  const strong = refs.reduce((sum, ref) => sum + ref.strong, 0);
  const weak = refs.reduce((sum, ref) => sum + ref.weak, 0);
  const pending = proc.todo.filter((work) => work.type === 'TRANSACTION').length;
  return [
    `proc ${proc.pid}`,
    `context ${proc.context}`,
    `  threads: ${proc.loopers.length}`,
    `  requested threads: ${proc.requestedThreads}+${proc.requestedThreadsStarted}/${proc.maxThreads}`,
    `  ready threads ${proc.readyThreads}`,
    `  free async space ${mapping.asyncFree}`,
    `  nodes: ${proc.nodes.length}`,
    `  refs: ${refs.length} s ${strong} w ${weak}`,
    `  buffers: ${buffers.filter((buffer) => !buffer.free).length}`,
    `  pages: ${pagesText(mapping.mapped ? pages : [])}`,
    `  pages high watermark: ${mapping.pagesHigh}`,
    `  pending transactions: ${pending}`,
    ...statsLines(stats, '  '),
  ];
}

/** active:lru:free; all zero without a mapping. */
function pagesText(pages: readonly PageView[]): string {
  const count = (state: PageView['state']) => pages.filter((page) => page.state === state).length;
  return `${count('active')}:${count('lru')}:${count('none')}`;
}
