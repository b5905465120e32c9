/** Threads with their stacks and queues, by process. */
import {
  ANY_THREAD,
  doingText,
  looperText,
  type ThreadRow,
  threadGroups,
  threadName,
} from '../inspect/tables/threads.ts';
import { queueTexts, stackTexts } from '../inspect/tables/work.ts';
import type { Moment } from './moment.ts';

export interface ProcessPicture {
  /** "server (1000)". */
  readonly title: string;
  readonly process: string;
  readonly pid: number;
  /** "thread maximum", "started" and so on, with their values. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly frozen: boolean;
  /** Work that any of its threads may take, the first to serve in front. */
  readonly queue: readonly string[];
  readonly threads: readonly ThreadPicture[];
}

export interface ThreadPicture {
  readonly name: string;
  readonly tid: number;
  /** "entered, waiting". */
  readonly looper: string;
  /** "awake", "gone", "parked: reads, for the reply". */
  readonly is: string;
  readonly parked: boolean;
  readonly alive: boolean;
  /** The thread made the last step, or was woken by it. */
  readonly acted: boolean;
  /** Innermost first: "serves 5 of client.0", "awaits the reply to 7". */
  readonly stack: readonly string[];
  /** Its own queue, the first to serve in front. */
  readonly todo: readonly string[];
}

/** Binder procs, oldest first; then processes without one. */
export function processPictures(moment: Moment): ProcessPicture[] {
  const { inspect, names, step } = moment;
  const acting = new Set([step?.by, ...(step?.woken ?? []).map(({ by }) => by)]);
  return threadGroups(inspect, names).map(({ title, facts, pid, proc, rows }) => ({
    title,
    process: names.process(pid),
    pid,
    facts,
    frozen: proc?.frozen ?? false,
    queue: rows.filter(({ tid }) => tid === ANY_THREAD).flatMap(({ todo }) => queueTexts(todo, names)),
    threads: rows.filter(({ tid }) => tid !== ANY_THREAD).map((row) => threadPicture(row, moment, acting)),
  }));
}

function threadPicture(row: ThreadRow, { names }: Moment, acting: ReadonlySet<string | undefined>): ThreadPicture {
  const name = threadName(row.tid, names);
  return {
    name,
    tid: row.tid,
    looper: looperText(row),
    is: doingText(row),
    parked: row.parked !== null,
    alive: row.alive,
    acted: acting.has(name),
    stack: stackTexts(row.stack, names),
    todo: queueTexts(row.todo, names),
  };
}
