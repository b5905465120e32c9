/**
 * What a simulated thread asks for. Its program is a generator: it yields one request after the other, and goes on
 * with the answer once there is one. `sys` makes the requests; programs never build them by hand.
 */
import type { RequestName } from '../wire/operations.ts';

/** A piece of a thread's program that comes to a `T` in the end: run it with `yield*`. */
export type Act<T> = Generator<Request, T, unknown>;

/** Whether what a function returned is still to be run: callbacks may be plain functions or generators. */
export function isAct(done: unknown): done is Act<unknown> {
  return typeof (done as Partial<Act<unknown>> | null | undefined)?.next === 'function';
}

/** The program of a thread. Where it ends, the thread ends; with a main thread, the process does. */
export type Program = () => Act<unknown>;

/** Requests that are answered at once, without a turn of the schedule. */
export type Question =
  | { readonly call: 'self' }
  | { readonly call: 'now' }
  | { readonly call: 'setFrozen'; readonly pid: number; readonly frozen: boolean };

/** A method of the machine's thread that is a system call: one step of the machine. */
export interface PlainCall {
  readonly call: RequestName;
  readonly args: readonly unknown[];
}

/** System calls that bring somebody new or end somebody. */
export type LifeCall =
  | { readonly call: 'spawn'; readonly program: Program; readonly name: string | undefined }
  | { readonly call: 'fork'; readonly program: Program; readonly name: string }
  | { readonly call: 'exit' }
  | { readonly call: 'exitProcess' };

/** Waits that the machine knows nothing of. */
export type Rest =
  | { readonly call: 'yield' }
  | { readonly call: 'pause' }
  | { readonly call: 'sleep'; readonly ms: number }
  | {
      readonly call: 'until';
      /** Looked at after every turn. */
      readonly holds: () => boolean;
      /** What it waits for, in words that follow "waits for". */
      readonly what: string;
      /** Gives up after that many milliseconds; null: never. */
      readonly timeoutMs: number | null;
      /** The tid of the thread that will bring it about; 0 where none is known. */
      readonly whom: number;
    };

export type Request = Question | PlainCall | LifeCall | Rest;

/** Whether a request is answered at once. */
export function isQuestion(request: Request): request is Question {
  return request.call === 'self' || request.call === 'now' || request.call === 'setFrozen';
}
