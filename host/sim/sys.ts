/**
 * The requests of simulated threads, as functions: `const fd = yield* sys.open()`. Each is made by the thread whose
 * program runs it.
 */
import { EPOLLIN, MAP_FIXED_NOREPLACE, MAP_PRIVATE, PROT_READ } from '../../assembly/abi/machine.ts';
import type { IoctlCall, PollCall } from '../kernel/call.ts';
import type { Command } from '../kernel/command.ts';
import { checkForm } from '../kernel/forms.ts';
import type { Process } from '../kernel/process.ts';
import { type Device, type IoctlOptions, MAP_ADDRESS, MAP_LENGTH } from '../kernel/thread.ts';
import type { ReadCall, WriteCall } from '../kernel/transfer.ts';
import type { WriteReadCall } from '../kernel/writeread.ts';
import type { Act, Program, Request } from './request.ts';
import type { SimThread } from './thread.ts';

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Whoever performs a request answers it with the type that belongs to it. */
function* ask<T>(request: Request): Act<T> {
  return (yield request) as T;
}

export const sys = {
  /** The thread that runs this. */
  self: (): Act<SimThread> => ask({ call: 'self' }),
  /** Virtual time, in milliseconds since the simulation began. */
  now: (): Act<number> => ask({ call: 'now' }),

  /** Opens a Binder device. @returns The descriptor. */
  open: ({ device = 'binder' as Device, nonblock = false } = {}): Act<number> =>
    ask({ call: 'open', device, nonblock }),
  close: (fd: number): Act<void> => ask({ call: 'close', fd }),
  /** @param to The number wanted; the lowest free one when absent. @returns The new descriptor. */
  dup: (fd: number, to = -1): Act<number> => ask({ call: 'dup', fd, to }),
  /** Maps a Binder device, or a file in memory. @param address 0: the machine chooses. @returns The address. */
  mmap: (
    fd: number,
    {
      length = MAP_LENGTH,
      address = MAP_ADDRESS,
      prot = PROT_READ as number,
      flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE,
    } = {},
  ): Act<number> => ask({ call: 'mmap', fd, length, address, prot, flags }),
  munmap: (address: number = MAP_ADDRESS, length: number = MAP_LENGTH): Act<void> =>
    ask({ call: 'munmap', address, length }),
  /**
   * Any ioctl but BINDER_WRITE_READ.
   *
   * @param poke Stored in the thread's argument buffer before the call.
   * @param outLen Bytes of that buffer which the answer's `bytes` hold.
   */
  ioctl: (
    fd: number,
    cmd: number,
    { poke = NO_BYTES, outLen = 0, mayFail = false }: Omit<IoctlOptions, 'arg'> = {},
  ): Act<IoctlCall> => ask({ call: 'ioctl', fd, cmd, poke, outLen, mayFail }),
  /** BINDER_WRITE_READ. With nothing to read the thread sleeps until there is something. */
  writeRead: (fd: number, commands: readonly Command[], { readSize = 256, mayFail = false } = {}): Act<WriteReadCall> =>
    ask({ call: 'writeRead', fd, commands, readSize, mayFail }),
  /** Makes a file in memory. @param content At most 4096 bytes; writes and ftruncate make it longer. @returns The descriptor. */
  memfd: (content: Uint8Array = NO_BYTES): Act<number> => ask({ call: 'memfd', content }),
  /** Makes a file in memory longer; the new bytes are zero. */
  ftruncate: (fd: number, length: number): Act<void> => ask({ call: 'ftruncate', fd, length }),
  /** Makes a stream socket pair. @returns Its two descriptors. */
  socketPair: (): Act<[fd: number, fd2: number]> => ask({ call: 'socketPair' }),
  /** Makes a pipe whose ends do not sleep. @returns The descriptor to read from, and the one to write to. */
  pipe: (): Act<[fd: number, fd2: number]> => ask({ call: 'pipe' }),
  /** Reads what there is, up to `length` bytes. With nothing in a stream the thread sleeps until there is something. */
  read: (fd: number, length = 4096, { mayFail = false } = {}): Act<ReadCall> =>
    ask({ call: 'read', fd, length, mayFail }),
  /** Writes as many of the bytes as there is room for; with none in a stream the thread sleeps until there is some. */
  write: (fd: number, bytes: Uint8Array, { mayFail = false } = {}): Act<WriteCall> =>
    ask({ call: 'write', fd, bytes, mayFail }),
  poll: (fd: number, { events = EPOLLIN as number, wait = true } = {}): Act<PollCall> =>
    ask({ call: 'poll', fd, events, wait }),

  /** Makes a thread in the same process. It runs when the schedule chooses it. */
  spawn: (program: Program, name?: string): Act<SimThread> => ask({ call: 'spawn', program, name }),
  /** Forks: a new process that runs `program`, with copies of memory and descriptors. */
  fork: (name: string, program: Program): Act<Process> => ask({ call: 'fork', program, name }),
  /** Becomes another user: setresuid of the whole process. */
  setUid: (uid: number): Act<void> => ask({ call: 'setuid', uid }),
  /** Ends the thread. */
  exit: (): Act<never> => ask({ call: 'exit' }),
  /** Ends the process. */
  exitProcess: (): Act<never> => ask({ call: 'exitProcess' }),

  /**
   * Stops all threads of a process, or lets them go on: the freezer of its control group. The driver knows nothing of it.
   * A system call that one of them sleeps in may end meanwhile; the thread goes on from there when it is thawed.
   */
  setFrozen: (pid: number, frozen: boolean): Act<void> => ask({ call: 'setFrozen', pid, frozen }),
  /** Lets the others go first. */
  yield: (): Act<void> => ask({ call: 'yield' }),
  /** Does nothing any more, while the process lives on in its other threads. */
  pause: (): Act<never> => ask({ call: 'pause' }),
  /** Sleeps for that much virtual time; it passes when nobody can run. */
  sleep: (ms: number): Act<void> => {
    checkForm('sleep', { ms });
    return ask({ call: 'sleep', ms });
  },
  /**
   * Waits for something that other threads bring about.
   *
   * @param holds Looked at after every turn; it may only look.
   * @param what What it waits for, in words that follow "waits for".
   * @param timeoutMs Gives up after that much virtual time.
   * @param whom The thread that will bring it about, for reports.
   * @returns Whether it holds; false when the time ran out before.
   */
  until: (
    holds: () => boolean,
    what: string,
    { timeoutMs = null, whom = null }: { timeoutMs?: number | null; whom?: SimThread | null } = {},
  ): Act<boolean> => {
    checkForm('until', { holds, what, timeoutMs });
    return ask({ call: 'until', holds, what, timeoutMs, whom: whom?.tid ?? 0 });
  },
  /** Waits for the end of a thread. */
  join: (thread: SimThread): Act<boolean> =>
    sys.until(() => thread.ended, `the end of ${thread.name}`, { whom: thread }),
} as const;
