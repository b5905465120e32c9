/** A simulated thread: a thread of the machine, and the program that it runs. */
import type { Call } from '../os/call.ts';
import type { Process } from '../os/process.ts';
import type { Thread } from '../os/thread.ts';
import { BinderlabError } from '../wire/error.ts';
import { type Act, isAct, type Program, type Request } from './request.ts';

/** Something for which a thread polls until it exists. */
export interface Poll {
  /** What the thread waits for: a phrase after "waits for". */
  readonly what: string;
  /** The most likely cause that it does not exist, and what to do. */
  readonly cause: string;
  /** Whether it polls without a timeout. */
  readonly forever: boolean;
}

/**
 *     ready -> running -> ready | parked | resting | ended
 *                parked (in a system call), resting (asleep, or until a predicate holds) -> ready
 *     running -> paused, for good
 */
type ThreadState = 'ready' | 'running' | 'parked' | 'resting' | 'paused' | 'ended';

/**
 * Starts a program.
 *
 * @throws BinderlabError when the program is not a generator function.
 */
export function courseOf(program: Program, name: string): Act<unknown> {
  const course = program();
  if (isAct(course)) return course;
  throw new BinderlabError(
    `the program of ${name} is no generator: a program is a generator function, function* () { ... }.`,
  );
}

export class SimThread {
  /** @internal */ state: ThreadState = 'ready';
  /** @internal The system call that it sleeps in while it is parked. */
  call: Call | null = null;
  /** @internal What it waits for while it is resting: a phrase after "waits for". */
  rest = '';
  /** @internal tid of the thread that it waits for while it is resting; 0 when unknown. */
  restsFor = 0;
  /** @internal What it polls for; null when it does not poll, or has not announced it. */
  polls: Poll | null = null;
  /** @internal Whether it runs only to answer the poll of another thread. */
  echoes = false;
  /** @internal The kind of its last request. */
  last = '';
  #course: Act<unknown>;
  readonly #endings: Program[] = [];
  #answer: unknown;
  #failure: { error: unknown } | null = null;

  /** @internal */ constructor(
    readonly process: Process,
    /** The machine's thread. A call of its methods happens at once, without the schedule. */
    readonly kernel: Thread,
    course: Act<unknown>,
  ) {
    this.#course = course;
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

  /** Runs `ending` when the thread ends by itself and its process continues. */
  atExit(ending: Program): void {
    this.#endings.push(ending);
  }

  /** @internal Continues with the next program of `atExit`. @returns False when there is none. */
  windUp(): boolean {
    const ending = this.#endings.pop();
    if (ending === undefined) return false;
    this.#course = ending();
    return true;
  }

  /** @internal Sets the answer with which its program continues. */
  answer(value: unknown): void {
    this.#answer = value;
  }

  /** @internal The answer with which its program continues. */
  get given(): unknown {
    return this.#answer;
  }

  /** @internal Makes the program's request throw an error, which the program may catch. */
  fail(error: unknown): void {
    this.#failure = { error };
  }

  /**
   * Runs the program up to its next request.
   *
   * @returns The request; null when the program is over.
   * @throws The error of the program.
   * @internal
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
