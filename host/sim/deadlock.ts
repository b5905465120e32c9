/** The report of a deadlock: no thread can run, some wait, and which thread each of them waits for. */
import { BinderlabError } from '../wire/error.ts';
import type { Poll, SimThread } from './thread.ts';

/** A thread that waits for the reply to its call. */
export interface AwaitedReply {
  readonly tid: number;
  readonly code: number;
  /** The called process; 0 when it has died. */
  readonly pid: number;
  /** The thread that has taken the call; 0 until a thread takes it. */
  readonly serverTid: number;
  /** Who has to do what before the reply comes, as a phrase. */
  readonly text: string;
}

/** A thread that nothing will wake. */
export interface Stuck {
  readonly thread: SimThread;
  /** What it waits for: a phrase after "waits for". */
  readonly what: string;
  /** The thread that has to act first; null when unknown. */
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

/** The stuck threads, when no thread can run. An idle looper is not stuck: it may wait without limit. */
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

function stuckOn(thread: SimThread, { code, pid, serverTid, text }: AwaitedReply, alive: readonly SimThread[]): Stuck {
  const candidates = alive.filter((one) => one.process.pid === pid);
  const server = alive.find(({ tid }) => tid === serverTid) ?? candidates.find(({ state }) => state !== 'paused');
  return { thread, what: `the reply to its call of code ${code}: ${text}`, whom: server ?? null };
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

/** Each cycle once, beginning with the thread that comes first in the report. */
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
