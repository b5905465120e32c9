/** The threads of a machine as the kernel's traces name them: tid, tgid, comm, priority. */
import type { Machine } from '../machine.ts';
import type { Thread } from '../os/thread.ts';
import type { Scheduled } from './tracepoint.ts';

export interface TracedTask extends Scheduled {
  /** pid of its process; null for the idle task, which has none. */
  readonly tgid: number | null;
  readonly process: string;
}

/** Priority of a thread with the nice value 0. */
const PRIO_DEFAULT = 120;
/** Characters of a comm at most. */
const COMM_MAX = 15;
/** No thread of Linux has this number, nor a larger one. */
const PID_LIMIT = 4_194_304;

/** Runs while no thread can. */
export const IDLE: TracedTask = { tid: 0, tgid: null, comm: 'swapper/0', process: 'swapper', prio: PRIO_DEFAULT };
/** Does the driver's deferred work. */
export const WORKER: TracedTask = {
  tid: PID_LIMIT,
  tgid: PID_LIMIT,
  comm: 'kworker/0:1',
  process: 'kworker',
  prio: PRIO_DEFAULT,
};

export class Tasks {
  readonly #threads = new Map<number, Thread>();
  /** By tid, in this step. */
  readonly #tasks = new Map<number, TracedTask>();

  constructor(private readonly machine: Machine) {
    this.refresh();
  }

  /** Looks at the threads as they are now. Of two with one tid, the newer one counts. */
  refresh(): void {
    this.#tasks.clear();
    for (const { threads } of this.machine.processes) for (const one of threads) this.#threads.set(one.tid, one);
  }

  /** @param tid As events have it: 0 stands for deferred work. */
  of(tid: number): TracedTask {
    if (tid === 0) return WORKER;
    let task = this.#tasks.get(tid);
    if (task === undefined) {
      task = this.#taskOf(tid);
      this.#tasks.set(tid, task);
    }
    return task;
  }

  named(thread: string): TracedTask {
    return this.of(this.machine.thread(thread).tid);
  }

  /** The threads of a process that have ended, and how many have not. */
  ofProcess(pid: number): { dead: TracedTask[]; alive: number } {
    const threads = [...this.#threads.values()].filter(({ home }) => home.pid === pid);
    const dead = threads.filter(({ alive }) => !alive).map(({ tid }) => this.of(tid));
    return { dead, alive: threads.length - dead.length };
  }

  #taskOf(tid: number): TracedTask {
    const thread = this.#threads.get(tid);
    if (thread === undefined) return { tid, tgid: tid, comm: '<...>', process: '<...>', prio: PRIO_DEFAULT };
    const { name, home, pointer, alive } = thread;
    const nice = alive ? this.machine.inspect.kernel.object('Thread', pointer).nice : 0;
    const { pid, name: process } = home;
    return { tid, tgid: pid, comm: commOf(tid === pid ? process : name), process, prio: PRIO_DEFAULT + nice };
  }
}

/** A name in the length of a comm. Of a name with a dot the end is kept, as Android does. White space would end a field. */
function commOf(name: string): string {
  const comm = name.replace(/\s/g, '_');
  return comm.includes('.') ? comm.slice(-COMM_MAX) : comm.slice(0, COMM_MAX);
}
