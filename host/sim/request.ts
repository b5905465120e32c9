/**
 * What a simulated thread asks for. Its program is a generator: it yields one request after the other, and goes on
 * with the answer once there is one. `sys` makes the requests; programs never build them by hand.
 */
import type { Command } from '../kernel/command.ts';
import type { Device } from '../kernel/thread.ts';

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

/** System calls: each is one step of the machine. */
export type SystemCall =
  | { readonly call: 'open'; readonly device: Device; readonly nonblock: boolean }
  | { readonly call: 'close'; readonly fd: number }
  | { readonly call: 'dup'; readonly fd: number; readonly to: number }
  | {
      readonly call: 'mmap';
      readonly fd: number;
      readonly length: number;
      readonly address: number;
      readonly prot: number;
      readonly flags: number;
    }
  | { readonly call: 'memfd'; readonly content: Uint8Array }
  | { readonly call: 'ftruncate'; readonly fd: number; readonly length: number }
  | { readonly call: 'setuid'; readonly uid: number }
  | { readonly call: 'socketPair' }
  | { readonly call: 'pipe' }
  | { readonly call: 'read'; readonly fd: number; readonly length: number; readonly mayFail: boolean }
  | { readonly call: 'write'; readonly fd: number; readonly bytes: Uint8Array; readonly mayFail: boolean }
  | { readonly call: 'munmap'; readonly address: number; readonly length: number }
  | {
      readonly call: 'ioctl';
      readonly fd: number;
      readonly cmd: number;
      readonly poke: Uint8Array;
      readonly outLen: number;
      readonly mayFail: boolean;
    }
  | {
      readonly call: 'writeRead';
      readonly fd: number;
      readonly commands: readonly Command[];
      readonly readSize: number;
      readonly mayFail: boolean;
    }
  | { readonly call: 'poll'; readonly fd: number; readonly events: number; readonly wait: boolean }
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

export type Request = Question | SystemCall | Rest;

/** Whether a request is answered at once. */
export function isQuestion(request: Request): request is Question {
  return request.call === 'self' || request.call === 'now' || request.call === 'setFrozen';
}
