/** The steps of a journal as lines for the recorder. Owns which steps the kernel's machine supports. */

import type { StepInput } from '../host/trace/journal.ts';
import type { CallOp as AnyCall, EmulatorOp, Op, Operations } from '../host/wire/operations.ts';
import { address } from './bytes.ts';

/** Operations that a thread makes as a system call. */
export type CallOp = Exclude<AnyCall, EmulatorOp>;

/** Limit of bytes in a line for the recorder (INCAP in recorder.c). */
const INPUT_MAX = 160 * 1024;

/** More pages than any machine has: all of them. */
const ALL_PAGES = 1 << 20;

const FILE_KINDS: Readonly<Record<string, number>> = { memfd: 0, pipe: 1, null: 2 };

/** The words after the operation's name; of spawn and fork without the new thread's slot. */
const WORDS: { [O in CallOp]: (input: Operations[O]['in']) => (string | number)[] } = {
  spawn: ({ tid }) => [tid],
  fork: ({ pid }) => [pid],
  texit: () => [],
  exit: () => [0],
  setuid: ({ uid }) => [uid],
  rlimit: ({ nofile }) => [nofile],
  poke: ({ addr, bytes }) => [addr, ...given(bytes)],
  fill: ({ addr, len, byte }) => [addr, address(len), byte],
  peek: ({ addr, len }) => [addr, len],
  open: ({ flags, device = 0 }) => [flags, device],
  close: ({ fd }) => [fd],
  dup: ({ fd, to }) => [fd, to],
  fcntl: ({ fd, cmd, arg }) => [fd, cmd, arg],
  mmap: ({ addr, len, prot, flags, fd, off }) => [addr, address(len), prot, flags, fd, off],
  munmap: ({ addr, len }) => [addr, address(len)],
  mprotect: ({ addr, len, prot }) => [addr, address(len), prot],
  poll: ({ fd, events, timeout }) => [fd, events, timeout],
  read: ({ fd, addr, len }) => [fd, addr, len],
  write: ({ fd, addr, len, poke }) => [fd, addr, len, ...given(poke)],
  epoll_create1: ({ flags }) => [flags],
  epoll_ctl: ({ epfd, cmd, fd, events, data }) => [epfd, cmd, fd, events, data],
  epoll_wait: ({ epfd, addr, maxevents, timeout }) => [epfd, addr, maxevents, timeout],
  mkfd: ({ kind, fd, fd2 = -1, content = '' }) => [FILE_KINDS[kind] ?? 0, fd, fd2, ...given(content)],
  fdinfo: ({ fd }) => [fd],
  ioctl: ({ fd, cmd, arg, poke, out_len }) => [fd, cmd, arg, out_len, ...given(poke)],
  wr: (input) => [
    input.fd,
    input.arg,
    input.wbuf,
    address(input.write_size),
    address(input.write_consumed),
    input.rbuf,
    input.read_size,
    address(input.read_consumed),
    ...given(input.poke),
  ],
};

function given(bytes: string): string[] {
  return bytes === '' ? [] : [`=${bytes}`];
}

/** Whether the step is a thread's system call. */
export function isCall(op: Op): op is CallOp {
  return Object.hasOwn(WORDS, op);
}

/** The line for a call by the thread in `slot`. @param newSlot For the thread that spawn and fork create. */
export function callLine(slot: number, op: CallOp, input: Operations[CallOp]['in'], newSlot?: number): string {
  const words = (WORDS[op] as (input: Operations[CallOp]['in']) => (string | number)[])(input);
  return ['OP', slot, op, ...(newSlot === undefined ? [] : [newSlot]), ...words].join(' ');
}

/** Why the kernel's machine never supports a step; null when it does. */
export function obstacle(step: StepInput): string | null {
  switch (step.op) {
    case 'setcon':
    case 'ftruncate':
    case 'inject':
      return `the recorder has no ${step.op}`;
    case 'shrink':
      return step.in.pages < ALL_PAGES ? "the kernel's shrinker is made to take all it can" : null;
    case 'poll':
    case 'epoll_wait':
      return step.in.timeout > 0 ? `the time of ${step.op} would pass whenever it likes` : null;
    case 'mkfd':
      if (!Object.hasOwn(FILE_KINDS, step.in.kind)) return `the recorder makes no ${step.in.kind}`;
      return tooLong(step.in.content ?? '');
    case 'poke':
      return tooLong(step.in.bytes);
    case 'ioctl':
    case 'wr':
      return tooLong(step.in.poke);
    default:
      return null;
  }
}

function tooLong(bytes: string): string | null {
  return bytes.length > 2 * INPUT_MAX ? `the recorder takes ${INPUT_MAX} bytes with a call at most` : null;
}
