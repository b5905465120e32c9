/**
 * Requests of simulated threads. A program is a generator: it yields a request, and continues with the answer. `sys`
 * makes the requests; programs never build them by hand.
 */
import type { RequestName } from '../wire/operations.ts';

/** A part of a thread's program with the result `T`. Run it with `yield*`. */
export type Act<T> = Generator<Request, T, unknown>;

/** Whether the value that a function returned is an act to run: callbacks may be plain functions or generators. */
export function isAct(done: unknown): done is Act<unknown> {
  return typeof (done as Partial<Act<unknown>> | null | undefined)?.next === 'function';
}

/** The program of a thread. The thread ends with its program; the process ends with its main thread. */
export type Program = () => Act<unknown>;

/** Requests that are answered at once, without a turn. */
export type Question =
  | { readonly call: 'self' }
  | { readonly call: 'now' }
  | { readonly call: 'setFrozen'; readonly pid: number; readonly frozen: boolean };

/** A method of the machine's thread that is a system call: one step of the machine. */
export interface PlainCall {
  readonly call: RequestName;
  readonly args: readonly unknown[];
}

/** System calls that make or end threads and processes. */
type LifeCall =
  | { readonly call: 'spawn'; readonly program: Program; readonly name: string | undefined }
  | { readonly call: 'fork'; readonly program: Program; readonly name: string }
  | { readonly call: 'exit' }
  | { readonly call: 'exitProcess' };

/** Waits outside of the machine. */
export type Rest =
  | { readonly call: 'yield' }
  | { readonly call: 'pause' }
  | { readonly call: 'sleep'; readonly ms: number }
  | {
      readonly call: 'until';
      /** Called after every turn. */
      readonly holds: () => boolean;
      /** What it waits for: a phrase after "waits for". */
      readonly what: string;
      /** Timeout in milliseconds; null without one. */
      readonly timeoutMs: number | null;
      /** tid of the thread that will make the predicate hold; 0 when unknown. */
      readonly whom: number;
    };

export type Request = Question | PlainCall | LifeCall | Rest;

/** Whether a request is answered at once. */
export function isQuestion(request: Request): request is Question {
  return request.call === 'self' || request.call === 'now' || request.call === 'setFrozen';
}
