/** The threads, by process: what each does, its transaction stack, its queue. */
import type { ProcessPicture, ThreadPicture } from '../../picture/tasks.ts';
import { fit } from './cells.ts';
import type { Pane, PaneLine } from './pane.ts';

const NAME_MAX = 18;

export function threadsPane(processes: readonly ProcessPicture[]): Pane {
  const names = processes.flatMap(({ threads }) => threads.map(({ name }) => name.length));
  const width = Math.min(NAME_MAX, Math.max(0, ...names));
  const lines = processes.flatMap(({ title, process, facts, queue, threads }): PaneLine[] => [
    { text: `${title}: ${factsText(facts)}`, look: 'strong', key: `process ${title}`, thing: `proc ${process}` },
    ...queue.map((work): PaneLine => ({ text: `  for any thread: ${work}`, key: `work ${title} ${work}` })),
    ...threads.flatMap((thread) => threadLines(thread, width)),
  ]);
  return { title: 'threads, transaction stacks, queues', lines };
}

function threadLines({ name, looper, is, stack, todo }: ThreadPicture, width: number): PaneLine[] {
  const thing = `thread ${name}`;
  const line = (text: string, part: string): PaneLine => ({ text, key: `${part} ${name}`, thing });
  return [
    line(`  ${fit(name, width)}  ${is}   (${looper})`, 'thread'),
    ...(stack.length === 0 ? [] : [line(`  ${fit('', width)}  stack: ${stack.join(', ')}`, 'stack')]),
    ...(todo.length === 0 ? [] : [line(`  ${fit('', width)}  queue: ${todo.join(', ')}`, 'queue')]),
  ];
}

function factsText(facts: ProcessPicture['facts']): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
