/**
 * The machine's one processor: which thread runs on it, and what the scheduler says when another one does.
 *
 *     thread   runs until an event of another one. It leaves in the state S where it sleeps in a call, else in R.
 */
import { IDLE, type TracedTask, WORKER } from './task.ts';
import { schedSwitch, type TaskState, type Tracepoint } from './tracepoint.ts';

export class Processor {
  #running: TracedTask = IDLE;
  readonly #asleep = new Set<number>();
  readonly #dead = new Set<number>();

  get running(): TracedTask {
    return this.#running;
  }

  /** Lets a thread run. @returns What the scheduler says, of the thread before; null when that one runs on. */
  run(next: TracedTask): Tracepoint | null {
    const prev = this.#running;
    if (prev.tid === next.tid) return null;
    const point = schedSwitch(prev, this.#stateOf(prev), next);
    this.#running = next;
    this.#asleep.delete(next.tid);
    return point;
  }

  /** The running thread sleeps in a call from now on. */
  park(): void {
    this.#asleep.add(this.#running.tid);
  }

  /** A thread of that number is dead, or is made. */
  setDead(tid: number, dead: boolean): void {
    if (dead) this.#dead.add(tid);
    else this.#dead.delete(tid);
    this.#asleep.delete(tid);
  }

  #stateOf({ tid, tgid }: TracedTask): TaskState {
    if (tid === IDLE.tid) return 'R';
    if (tid === WORKER.tid) return 'I';
    if (this.#dead.has(tid)) return tid === tgid ? 'Z' : 'X';
    return this.#asleep.has(tid) ? 'S' : 'R';
  }
}
