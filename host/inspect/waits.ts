/** Threads that wait for a reply: to which call, who has it, and what has to happen before the reply comes. */

import { CONSTANTS } from '../../build/layout.ts';
import type { Inspector } from './inspector.ts';
import type { LooperView, ProcView } from './procs.ts';
import type { Named } from './shortage.ts';
import type { Names } from './tables/names.ts';
import type { TransactionView } from './works.ts';

/**
 * What the call waits for: for its thread, which is awake; for its thread, which sleeps, though not for a reply; for its
 * thread, which itself waits for a reply; for a thread of a frozen process; for a thread that reads, where all are busy, or
 * where none ever came; for nothing that can come, since the callee is dead.
 */
export type WaitReason = 'awake' | 'asleep' | 'nested' | 'frozen' | 'busy' | 'unread' | 'dead';

/** A thread by its number, and by its name where it has one. */
export interface NamedThread {
  readonly tid: number;
  readonly name: string;
}

export interface Wait {
  readonly thread: NamedThread;
  readonly transaction: number;
  readonly code: number;
  /** Number of the called node. */
  readonly node: number;
  /** The called process; null when it is dead. */
  readonly server: Named | null;
  /** Its thread that has taken the call; null until one takes it. */
  readonly takenBy: NamedThread | null;
  readonly reason: WaitReason;
  /** Threads that wait for each other, this one first and last, when it is part of a circle. */
  readonly circle: readonly string[] | null;
  /** The thread or process that has to act, and how, as a phrase: "server.0 has taken it, and has to send BC_REPLY". */
  readonly text: string;
}

/** In the order of the callers' processes. */
export function waitsOf(inspector: Inspector, names: Names): Wait[] {
  const procs = [...inspector.procs()].reverse();
  const callers = procs.flatMap(({ loopers }) => loopers.filter(isCaller));
  const next = new Map(callers.map((looper) => [looper.tid, awaitedBy(topOf(looper), procs)]));
  const asleep = new Set(
    inspector
      .processes()
      .flatMap(({ threads }) => threads.filter(({ parked }) => parked !== null).map(({ tid }) => tid)),
  );
  const named = (tid: number): NamedThread => ({ tid, name: names.thread(tid) });
  return callers.map((looper) => {
    const call = topOf(looper);
    const server = procs.find(({ handle }) => handle === call.to.proc) ?? null;
    const reason = reasonOf(call, server, next, asleep);
    const circle = circleOf(looper.tid, next)?.map((tid) => names.thread(tid)) ?? null;
    return {
      thread: named(looper.tid),
      transaction: call.id,
      code: call.code,
      node: call.buffer?.node ?? 0,
      server: server && { pid: server.pid, name: names.process(server.pid) },
      takenBy: call.to.tid === 0 ? null : named(call.to.tid),
      reason,
      circle,
      text: textOf(call, server, reason, names),
    };
  });
}

/** The waits in words, a line each, and a line for each circle. */
export function waitLines(waits: readonly Wait[]): string[] {
  const lines = waits.map(
    ({ thread, code, text }) => `${thread.name} waits for the reply to its call of code ${code}: ${text}`,
  );
  const circles = new Map<string, readonly string[]>();
  for (const { circle } of waits) {
    const members = [...new Set(circle)].sort().join();
    if (circle !== null && !circles.has(members)) circles.set(members, circle);
  }
  return [...lines, ...[...circles.values()].map((circle) => `they wait in a circle: ${circle.join(' -> ')}`)];
}

function isCaller({ stack: [top] }: LooperView): boolean {
  return top?.role === 'outgoing';
}

function topOf({ stack }: LooperView): TransactionView {
  return (stack[0] as LooperView['stack'][number]).transaction;
}

function reasonOf(
  { to }: TransactionView,
  server: ProcView | null,
  next: ReadonlyMap<number, readonly number[]>,
  asleep: ReadonlySet<number>,
): WaitReason {
  if (server === null) return 'dead';
  if (to.tid !== 0) return next.has(to.tid) ? 'nested' : asleep.has(to.tid) ? 'asleep' : 'awake';
  if (server.frozen) return 'frozen';
  return server.loopers.some(isReader) ? 'busy' : 'unread';
}

/** Whether the thread is one of the pool: it has registered or entered, and not left. */
function isReader({ state }: LooperView): boolean {
  const { LOOPER_REGISTERED, LOOPER_ENTERED, LOOPER_EXITED } = CONSTANTS;
  return (state & (LOOPER_REGISTERED | LOOPER_ENTERED)) !== 0 && (state & LOOPER_EXITED) === 0;
}

function textOf({ to }: TransactionView, server: ProcView | null, reason: WaitReason, names: Names): string {
  const taker = names.thread(to.tid);
  const callee = server === null ? '' : names.process(server.pid);
  switch (reason) {
    case 'dead':
      return 'its callee is dead, and BR_DEAD_REPLY is due';
    case 'nested':
      return `${taker} has taken it, and itself waits for a reply`;
    case 'asleep':
      return `${taker} has taken it, and sleeps; it has to send BC_REPLY`;
    case 'awake':
      return `${taker} has taken it, and has to send BC_REPLY`;
    case 'frozen':
      return `${callee} is frozen; it has to be thawed`;
    case 'unread':
      return `no thread of ${callee} reads; one has to send BC_ENTER_LOOPER and read`;
    case 'busy':
      return `all threads of ${callee} that read are busy; ${moreText(server as ProcView, names)}`;
  }
}

/** Which thread could come. */
function moreText({ loopers, maxThreads, requestedThreads, requestedThreadsStarted }: ProcView, names: Names): string {
  const busy = loopers.filter(isReader);
  const [first] = busy;
  const one = busy.length === 1 && first !== undefined ? names.thread(first.tid) : `one of the ${busy.length}`;
  const isServing = busy.some(({ stack }) => stack.some(({ role }) => role === 'incoming'));
  const act = isServing ? 'send BC_REPLY and read' : busy.every(isCaller) ? 'get its own reply and read' : 'read';
  if (requestedThreads > 0) {
    return `the driver has asked for one more (BR_SPAWN_LOOPER), which has to send BC_REGISTER_LOOPER and read`;
  }
  if (requestedThreadsStarted >= maxThreads) {
    const pool =
      maxThreads === 0 ? 'it may ask for none' : `${maxThreads} of ${maxThreads} that it may ask for have come`;
    return `the driver asks for no further one (${pool}), so ${one} has to ${act}`;
  }
  return `${one} has to read: the driver asks for one more when a read returns work`;
}

/** The threads of which one has to go on: the one that has the call, or those that may read it once they are not in calls. */
function awaitedBy({ to }: TransactionView, procs: readonly ProcView[]): number[] {
  if (to.tid !== 0) return [to.tid];
  const loopers = procs.find(({ handle }) => handle === to.proc)?.loopers ?? [];
  const readers = loopers.some(isReader) ? loopers.filter(isReader) : loopers;
  return readers.every(isCaller) ? readers.map(({ tid }) => tid) : [];
}

/** A way from a thread over those that it waits for, those that they wait for, and so on, back to it. */
function circleOf(tid: number, next: ReadonlyMap<number, readonly number[]>): number[] | null {
  const ways = [[tid]];
  const seen = new Set<number>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const awaited of next.get(way.at(-1) as number) ?? []) {
      if (awaited === tid) return [...way, tid];
      if (seen.has(awaited)) continue;
      seen.add(awaited);
      ways.push([...way, awaited]);
    }
  }
  return null;
}
