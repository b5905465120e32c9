/**
 * The requests of simulated threads, as functions: `const fd = yield* sys.open()`. The thread whose program runs the
 * function makes the request.
 */

import type { ReadCall } from '../os/call.ts';
import type { Process } from '../os/process.ts';
import { MAP_ADDRESS, MAP_LENGTH, type MmapOptions, type Thread } from '../os/thread.ts';
import { checkForm } from '../wire/forms.ts';
import { REQUESTS, type RequestName } from '../wire/operations.ts';
import type { Act, Program, Request } from './request.ts';
import type { SimThread } from './thread.ts';

/** The simulation answers each request with the type that belongs to it. */
function* ask<T>(request: Request): Act<T> {
  return (yield request) as T;
}

/** The methods of the machine's threads that a program may request. */
type Calls = {
  readonly [M in keyof Pick<Thread, RequestName>]: (...args: Parameters<Thread[M]>) => Act<ReturnType<Thread[M]>>;
};

const calls = Object.fromEntries(
  REQUESTS.map((call) => [call, (...args: unknown[]) => ask({ call, args })]),
) as unknown as Calls;

export const sys = {
  /** The thread that runs this. */
  self: (): Act<SimThread> => ask({ call: 'self' }),
  /** Virtual time, in milliseconds since the simulation began. */
  now: (): Act<number> => ask({ call: 'now' }),

  ...calls,
  /** Maps a Binder device, or a file in memory. @param address 0: the machine chooses. @returns The address. */
  mmap: (
    fd: number,
    { length = MAP_LENGTH, address = MAP_ADDRESS, ...flags }: { length?: number; address?: number } & MmapOptions = {},
  ): Act<number> => calls.mmap(fd, length, address, flags),
  /** Reads the available bytes, up to `length`. On an empty stream the thread sleeps until bytes arrive. */
  read: (fd: number, length = 4096, options: { mayFail?: boolean } = {}): Act<ReadCall> =>
    calls.read(fd, length, options),

  /** Makes a thread in the same process. It runs when the schedule chooses it. */
  spawn: (program: Program, name?: string): Act<SimThread> => ask({ call: 'spawn', program, name }),
  /** Forks: a new process that runs `program`, with copies of memory and descriptors. */
  fork: (name: string, program: Program): Act<Process> => ask({ call: 'fork', program, name }),
  /** Ends the thread. */
  exit: (): Act<never> => ask({ call: 'exit' }),
  /** Ends the process. */
  exitProcess: (): Act<never> => ask({ call: 'exitProcess' }),

  /**
   * Stops or resumes all threads of a process: the freezer of its control group. The driver is not notified. A system
   * call in which one of them sleeps may end while it is frozen; the thread continues when it is thawed.
   */
  setFrozen: (pid: number, frozen: boolean): Act<void> => ask({ call: 'setFrozen', pid, frozen }),
  /** Lets the other ready threads run first. */
  yield: (): Act<void> => ask({ call: 'yield' }),
  /** Stops the thread for good, while the other threads of the process run. */
  pause: (): Act<never> => ask({ call: 'pause' }),
  /** Sleeps for `ms` of virtual time, which passes when no thread can run. */
  sleep: (ms: number): Act<void> => {
    checkForm('sleep', { ms });
    return ask({ call: 'sleep', ms });
  },
  /**
   * Waits for a predicate that other threads make true.
   *
   * @param holds The predicate, called after every turn. It must not change anything.
   * @param what What it waits for, for reports: a phrase after "waits for".
   * @param options A timeout in virtual milliseconds, and the thread that will make it true, for reports.
   * @returns Whether it holds; false after the timeout.
   */
  until: (
    holds: () => boolean,
    what: string,
    { timeoutMs = null, whom = null, ...others }: { timeoutMs?: number | null; whom?: SimThread | null } = {},
  ): Act<boolean> => {
    checkForm('until', { holds, what, timeoutMs, whom }, others);
    return ask({ call: 'until', holds, what, timeoutMs, whom: whom?.tid ?? 0 });
  },
  /** Waits for the end of a thread. */
  join: (thread: SimThread): Act<boolean> =>
    sys.until(() => thread.ended, `the end of ${thread.name}`, { whom: thread }),
} as const;
