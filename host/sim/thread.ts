/** A simulated thread: a thread of the machine, and the program that it runs. */
import type { Call } from '../kernel/call.ts';
import type { Process } from '../kernel/process.ts';
import type { Thread } from '../kernel/thread.ts';
import type { Act, Program, Request } from './request.ts';

/**
 *     ready -> running -> ready | parked | resting | ended
 *                parked (in a system call), resting (asleep, or until something holds) -> ready
 *     running -> paused, for good
 */
export type ThreadState = 'ready' | 'running' | 'parked' | 'resting' | 'paused' | 'ended';

export class SimThread {
  state: ThreadState = 'ready';
  /** The system call that it sleeps in while it is parked. */
  call: Call | null = null;
  /** What it waits for while it is resting, in words that follow "waits for". */
  rest = '';
  /** The tid of the thread that it waits for then; 0 where none is known. */
  restsFor = 0;
  #course: Act<unknown>;
  readonly #endings: Program[] = [];
  #answer: unknown;
  #failure: { error: unknown } | null = null;

  constructor(
    readonly process: Process,
    /** The machine's thread; what it does by itself is done at once, without asking the schedule. */
    readonly kernel: Thread,
    program: Program,
  ) {
    this.#course = program();
  }

  get name(): string {
    return this.kernel.name;
  }

  get tid(): number {
    return this.kernel.tid;
  }

  /** Whether its program has ended, or it was killed. */
  get ended(): boolean {
    return this.state === 'ended' || !this.kernel.alive;
  }

  /** Has `ending` run when the thread ends by itself, and its process goes on. */
  atExit(ending: Program): void {
    this.#endings.push(ending);
  }

  /** Goes on with what is to be done at its end. @returns Whether there is anything. */
  windUp(): boolean {
    const ending = this.#endings.pop();
    if (ending === undefined) return false;
    this.#course = ending();
    return true;
  }

  /** What its program goes on with. */
  answer(value: unknown): void {
    this.#answer = value;
  }

  /** Has the program's request end in an error, which the program may catch. */
  fail(error: unknown): void {
    this.#failure = { error };
  }

  /**
   * Runs the program up to its next request.
   *
   * @returns The request; null when the program is over.
   * @throws Whatever the program throws.
   */
  advance(): Request | null {
    const failure = this.#failure;
    this.#failure = null;
    const answer = this.#answer;
    this.#answer = undefined;
    const next = failure === null ? this.#course.next(answer) : this.#course.throw(failure.error);
    return next.done ? null : next.value;
  }
}
