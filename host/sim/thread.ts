/** A simulated thread: a thread of the machine, and the program that it runs. */
import type { Call } from '../os/call.ts';
import type { Process } from '../os/process.ts';
import type { Thread } from '../os/thread.ts';
import { BinderlabError } from '../wire/error.ts';
import { type Act, isAct, type Program, type Request } from './request.ts';

/** Something that a thread asks for again and again, until it is there. */
export interface Poll {
  /** In words that follow "waits for". */
  readonly what: string;
  /** Why it is not there, most likely, and what to do. */
  readonly cause: string;
  /** Whether it never gives up. */
  readonly forever: boolean;
}

/**
 *     ready -> running -> ready | parked | resting | ended
 *                parked (in a system call), resting (asleep, or until something holds) -> ready
 *     running -> paused, for good
 */
export type ThreadState = 'ready' | 'running' | 'parked' | 'resting' | 'paused' | 'ended';

/**
 * What a program begins as.
 *
 * @throws BinderlabError when it is no generator.
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
  /** @internal What it waits for while it is resting, in words that follow "waits for". */
  rest = '';
  /** @internal The tid of the thread that it waits for then; 0 where none is known. */
  restsFor = 0;
  /** @internal What it polls for; null: nothing that it would have told. */
  polls: Poll | null = null;
  /** @internal Whether it runs only since somebody else polls: it answers that. */
  echoes = false;
  /** @internal The kind of its last request. */
  last = '';
  #course: Act<unknown>;
  readonly #endings: Program[] = [];
  #answer: unknown;
  #failure: { error: unknown } | null = null;

  /** @internal */ constructor(
    readonly process: Process,
    /** The machine's thread; what it does by itself is done at once, without asking the schedule. */
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

  /** Has `ending` run when the thread ends by itself, and its process goes on. */
  atExit(ending: Program): void {
    this.#endings.push(ending);
  }

  /** @internal Goes on with what is to be done at its end. @returns Whether there is anything. */
  windUp(): boolean {
    const ending = this.#endings.pop();
    if (ending === undefined) return false;
    this.#course = ending();
    return true;
  }

  /** @internal What its program goes on with. */
  answer(value: unknown): void {
    this.#answer = value;
  }

  /** @internal Has the program's request end in an error, which the program may catch. */
  fail(error: unknown): void {
    this.#failure = { error };
  }

  /**
   * Runs the program up to its next request.
   *
   * @returns The request; null when the program is over.
   * @throws Whatever the program throws.
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
