/** What to say when nobody can run and somebody still waits: who waits for whom. */
import { BinderlabError } from '../kernel/error.ts';
import type { OpenCall } from './dialogue.ts';
import type { SimThread } from './thread.ts';

/** A thread that nothing will wake any more. */
export interface Stuck {
  readonly thread: SimThread;
  /** The call whose reply it waits for; null when it waits for something else. */
  readonly call: OpenCall | null;
}

export class DeadlockError extends BinderlabError {
  constructor(
    readonly stuck: readonly Stuck[],
    /** Virtual time, in milliseconds. */
    readonly now: number,
  ) {
    super(report(stuck, now));
  }
}

function report(stuck: readonly Stuck[], now: number): string {
  const many = stuck.length === 1 ? 'a thread still waits' : `${stuck.length} threads still wait`;
  const lines = [`nothing can run any more at ${now} ms, and ${many}:`];
  for (const one of stuck) lines.push(`  ${one.thread.name} waits for ${waitText(one)}`);
  for (const circle of circles(stuck)) lines.push(`they wait in a circle: ${circle.join(' -> ')}`);
  return lines.join('\n');
}

function waitText({ thread, call }: Stuck): string {
  if (call === null) return thread.rest;
  const what = `the reply to its call of code ${call.code} to handle ${call.handle}`;
  if (call.server === null) return `${what}, which no thread has taken`;
  return `${what}, which ${call.server.name} has taken`;
}

/** Every circle once, beginning with the thread that comes first in the report. */
function circles(stuck: readonly Stuck[]): string[][] {
  const servers = new Map(stuck.map(({ thread, call }) => [thread, call?.server ?? null]));
  const done = new Set<SimThread>();
  const found: string[][] = [];
  for (const { thread } of stuck) {
    const trail: SimThread[] = [];
    let next: SimThread | null = thread;
    while (next !== null && !done.has(next) && !trail.includes(next)) {
      trail.push(next);
      next = servers.get(next) ?? null;
    }
    const start = next === null ? -1 : trail.indexOf(next);
    if (start >= 0) found.push([...trail.slice(start), next as SimThread].map(({ name }) => name));
    for (const seen of trail) done.add(seen);
  }
  return found;
}
