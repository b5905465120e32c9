/** Every thread: its state in the driver, the call that it sleeps in, its transaction stack, and its queue. */
import type { Inspector } from '../inspector.ts';
import type { LooperView, ProcView } from '../procs.ts';
import type { ProcessView, ThreadView } from '../tasks.ts';
import type { StackEntryView, WorkView } from '../works.ts';
import type { Names } from './names.ts';
import { titledProcs } from './proctitle.ts';
import { type Column, type Table, tableOf } from './table.ts';
import { queueText, stackText } from './work.ts';

/** A thread of the kernel, and its looper in a binder proc. */
export interface ThreadRow {
  readonly tid: number;
  /** null: the thread has never made an ioctl on this open file. */
  readonly looper: Pick<LooperView, 'state' | 'needReturn' | 'waiting' | 'extendedError'> | null;
  /** null while it does not sleep. */
  readonly parked: ThreadView['parked'];
  /** False when the thread has ended and the driver still has its looper. */
  readonly alive: boolean;
  readonly stack: readonly StackEntryView[];
  readonly todo: readonly WorkView[];
}

/** tid in the row of the work that any thread of a process may take. */
export const ANY_THREAD = 0;

/** The threads of a binder proc, or of a process without one. */
interface ThreadGroup {
  readonly title: string;
  readonly facts: Table['facts'];
  readonly pid: number;
  readonly proc: ProcView | null;
  readonly rows: readonly ThreadRow[];
}

const STATE_BITS: readonly (readonly [bit: number, name: string])[] = [
  [1, 'registered'],
  [2, 'entered'],
  [4, 'exited'],
  [8, 'invalid'],
  [0x10, 'waiting'],
  [0x20, 'polls'],
];

/** One table for each binder proc, then one for each process without a proc. */
export function threadTables(inspector: Inspector, names: Names): Table[] {
  const columns = columnsFor(names);
  return threadGroups(inspector, names).map(({ title, facts, rows }) =>
    tableOf(title, facts, columns, rows, ({ tid }) => threadName(tid, names)),
  );
}

/** The same as data. */
export function threadGroups(inspector: Inspector, names: Names): ThreadGroup[] {
  const processes = inspector.processes();
  const procs = inspector.procs();
  const threads = new Map(processes.flatMap((process) => process.threads.map((thread) => [thread.tid, thread])));
  const ofProcs = titledProcs(procs, names).map(({ proc, title }): ThreadGroup => {
    const owner = processes.find(({ handle }) => handle === proc.process);
    return { title, facts: procFacts(proc), pid: proc.pid, proc, rows: procRows(proc, owner, threads) };
  });
  const others = processes.filter(({ handle }) => !procs.some((proc) => proc.process === handle));
  const ofOthers = others.map(({ pid, threads }): ThreadGroup => {
    const rows = threads.map((thread) => rowOf(thread.tid, null, thread));
    return { title: `${names.process(pid)} (${pid})`, facts: { binder: 'not open' }, pid, proc: null, rows };
  });
  return [...ofProcs, ...ofOthers];
}

function procFacts(proc: ProcView): Table['facts'] {
  return {
    'thread maximum': proc.maxThreads,
    started: proc.requestedThreadsStarted,
    ...(proc.requestedThreads > 0 ? { asked: proc.requestedThreads } : {}),
    idle: proc.readyThreads,
    ...(proc.outstandingTxns > 0 ? { 'calls under way': proc.outstandingTxns } : {}),
    ...(proc.frozen ? { frozen: 'yes' } : {}),
  };
}

function procRows(proc: ProcView, owner: ProcessView | undefined, threads: Map<number, ThreadView>): ThreadRow[] {
  const known = proc.loopers.map((looper) => rowOf(looper.tid, looper, threads.get(looper.tid)));
  const strangers = (owner?.threads ?? []).filter(({ tid }) => !proc.loopers.some((looper) => looper.tid === tid));
  const rows = [...known, ...strangers.map((thread) => rowOf(thread.tid, null, thread))];
  rows.sort((a, b) => a.tid - b.tid);
  if (proc.todo.length > 0) {
    rows.push({ tid: ANY_THREAD, looper: null, parked: null, alive: true, stack: [], todo: proc.todo });
  }
  return rows;
}

function rowOf(tid: number, looper: LooperView | null, thread: ThreadView | undefined): ThreadRow {
  return {
    tid,
    looper,
    parked: thread?.parked ?? null,
    alive: thread !== undefined,
    stack: looper?.stack ?? [],
    todo: looper?.todo ?? [],
  };
}

function columnsFor(names: Names): Column<ThreadRow>[] {
  return [
    { name: 'thread', text: ({ tid }) => threadName(tid, names) },
    { name: 'looper', text: looperText },
    { name: 'is', text: doingText },
    { name: 'stack', text: ({ stack }) => stackText(stack, names) },
    { name: 'todo', text: ({ todo }) => queueText(todo, names) },
  ];
}

export function threadName(tid: number, names: Names): string {
  return tid === ANY_THREAD ? '(any thread)' : names.thread(tid);
}

export function looperText({ tid, looper }: ThreadRow): string {
  if (tid === ANY_THREAD) return '';
  if (looper === null) return 'not seen';
  const bits = STATE_BITS.filter(([bit]) => (looper.state & bit) !== 0).map(([, name]) => name);
  return bits.length === 0 ? 'no looper' : bits.join(', ');
}

export function doingText({ tid, alive, parked, looper, stack }: ThreadRow): string {
  if (tid === ANY_THREAD) return '';
  if (!alive) return 'gone';
  if (parked === null) return 'awake';
  switch (parked.in) {
    case 'read':
      if (stack[0]?.role === 'outgoing') return `parked: reads, for the reply`;
      return looper?.waiting === true ? 'parked: reads, for any work' : 'parked: reads, for work of its own';
    case 'poll':
      return 'parked: polls';
    case 'freeze':
      return 'parked: freezes, until calls have drained';
    case 'thread-exit':
      return 'parked: leaves binder';
    case 'epoll':
      return 'parked: waits for epoll events';
    case 'stream-read':
      return 'parked: reads a pipe or socket';
    case 'stream-write':
      return 'parked: writes to a pipe or socket';
    default:
      return `parked in ${parked.in}`;
  }
}
