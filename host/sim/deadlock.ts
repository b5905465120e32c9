/** What to say when nobody can run and somebody still waits: who waits for whom. */
import { BinderlabError } from '../wire/error.ts';
import type { Poll, SimThread } from './thread.ts';

/** A thread that the driver keeps waiting for the reply to its call. */
export interface AwaitedReply {
  readonly tid: number;
  readonly code: number;
  /** The process that is called; 0 when it has died. */
  readonly pid: number;
  /** The thread that has taken the call; 0 while none has. */
  readonly serverTid: number;
}

/** A thread that nothing will wake any more. */
export interface Stuck {
  readonly thread: SimThread;
  /** What it waits for, in words that follow "waits for". */
  readonly what: string;
  /** Who would have to act first; null: nobody that could be named. */
  readonly whom: SimThread | null;
}

export class DeadlockError extends BinderlabError {
  override readonly name = 'DeadlockError';

  constructor(
    readonly stuck: readonly Stuck[],
    /** Virtual time, in milliseconds. */
    readonly now: number,
  ) {
    super(report(stuck, now));
  }
}

/** Who of the threads is stuck, once nobody can run: idle loopers are not, they have all the time in the world. */
export function stuckThreads(threads: readonly SimThread[], replies: readonly AwaitedReply[]): Stuck[] {
  const alive = threads.filter(({ ended }) => !ended);
  const stuck: Stuck[] = [];
  for (const thread of alive) {
    const reply = replies.find(({ tid }) => tid === thread.tid);
    const whom = alive.find(({ tid }) => tid === thread.restsFor) ?? null;
    if (thread.state === 'resting' && thread.polls !== null) stuck.push({ thread, what: pollText(thread.polls), whom });
    else if (thread.state === 'resting') stuck.push({ thread, what: thread.rest, whom });
    else if (thread.state === 'parked' && reply !== undefined) stuck.push(stuckOn(thread, reply, alive));
  }
  return stuck;
}

function pollText({ what, cause }: Poll): string {
  return `${what}, which it polls for: ${cause}`;
}

function stuckOn(thread: SimThread, { code, pid, serverTid }: AwaitedReply, alive: readonly SimThread[]): Stuck {
  const call = `the reply to its call of code ${code}`;
  const server = alive.find(({ tid }) => tid === serverTid);
  if (server !== undefined) return { thread, what: `${call}, which ${server.name} has taken`, whom: server };
  const candidates = alive.filter((one) => one.process.pid === pid);
  const name = candidates[0]?.process.name ?? `process ${pid}`;
  const whom = candidates.find(({ state }) => state !== 'paused') ?? null;
  return { thread, what: `${call}, which no thread of ${name} has taken`, whom };
}

function report(stuck: readonly Stuck[], now: number): string {
  const many = stuck.length === 1 ? 'a thread still waits' : `${stuck.length} threads still wait`;
  const polled = stuck.some(({ thread }) => thread.polls !== null);
  const state = polled ? 'nothing but polling goes on' : 'nothing can run any more';
  const lines = [`${state} at ${now} ms, and ${many}:`];
  for (const { thread, what } of stuck) lines.push(`  ${thread.name} waits for ${what}`);
  for (const circle of circles(stuck)) lines.push(`they wait in a circle: ${circle.join(' -> ')}`);
  return lines.join('\n');
}

/** Every circle once, beginning with the thread that comes first in the report. */
function circles(stuck: readonly Stuck[]): string[][] {
  const whom = new Map(stuck.map((one) => [one.thread, one.whom]));
  const done = new Set<SimThread>();
  const found: string[][] = [];
  for (const { thread } of stuck) {
    const trail: SimThread[] = [];
    let next: SimThread | null = thread;
    while (next !== null && !done.has(next) && !trail.includes(next)) {
      trail.push(next);
      next = whom.get(next) ?? null;
    }
    const start = next === null ? -1 : trail.indexOf(next);
    if (start >= 0) found.push([...trail.slice(start), next as SimThread].map(({ name }) => name));
    for (const seen of trail) done.add(seen);
  }
  return found;
}
