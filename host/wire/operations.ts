/**
 * The operations: all that a step of the machine can be, one row each. Types, the journal's parser, the replayer, strace and
 * the simulator's requests follow from the rows. An operation that is a plain system call needs nothing but its row.
 */
import type { GuestExports } from '../../build/layout.ts';
import { type Field, type FieldKind, fieldOf, type JournalValue, type MachineValue } from './kinds.ts';

/** Fields by their names in journals, in the order in which the guest and strace have them. */
type FieldKinds = Readonly<Record<string, FieldKind>>;

interface Row {
  /** False where no thread acts. */
  readonly by?: false;
  readonly in: FieldKinds;
  /** Null where nothing is answered. */
  readonly out: FieldKinds | null;
  /** The guest's function, when it takes the thread and `in`, all numbers, and returns 0 or more, or -errno. */
  readonly guest?: keyof GuestExports;
  /** How strace shows the call: `$field` stands for a field. `op($field, ...)` with all fields when absent. */
  readonly strace?: string;
  /** Methods of Thread that make it, and that a simulated thread may ask for. */
  readonly requests?: readonly string[];
  /** Whether the recordings of the kernel lack it. */
  readonly emulatorOnly?: true;
}

/** 0 or more, or -errno with the name of the error. */
const RESULT = { ret: 'int', errno: 'text?' } as const;
/** Bytes stored or read, and the signal that ended it early. */
const ACCESS = { ret: 'int', signal: 'signal?', si_code: 'int?' } as const;
/** `file` is the identity of the open file: file1, file2, ... in order of first appearance. */
const FILE = { ...RESULT, file: 'text?' } as const;

export const OPERATIONS = {
  /** `outside` is 1 for a program outside of the machine: its memory is what pokes store. */
  proc: { by: false, in: { name: 'process_name', pid: 'id', uid: 'uid', outside: 'count?' }, out: null },
  spawn: {
    in: { thread: 'thread_name', tid: 'id' },
    out: RESULT,
    strace: 'clone(CLONE_VM|CLONE_FILES|CLONE_THREAD)',
  },
  fork: { in: { name: 'process_name', pid: 'id' }, out: RESULT, strace: 'fork()' },
  texit: { in: {}, out: null },
  exit: { in: {}, out: null },
  kill: { by: false, in: { proc: 'process_name', pid: 'id' }, out: null },
  signal: { by: false, in: { thread: 'thread_name', tid: 'id' }, out: null },
  await: { by: false, in: { thread: 'thread_name', ms: 'count' }, out: null },
  setuid: { in: { uid: 'uid' }, out: RESULT, strace: 'setresuid($uid, $uid, $uid)', requests: ['setUid'] },
  rlimit: {
    in: { nofile: 'count' },
    out: RESULT,
    guest: 'setRlimit',
    strace: 'setrlimit(RLIMIT_NOFILE, {rlim_cur=$nofile})',
  },
  /** The process's security context; no bytes for none. */
  setcon: { in: { context: 'bytes' }, out: RESULT, emulatorOnly: true },
  poke: { in: { addr: 'address', bytes: 'data' }, out: ACCESS },
  fill: {
    in: { addr: 'address', len: 'size', byte: 'byte' },
    out: ACCESS,
    strace: 'memset($addr, $byte, $len)',
  },
  peek: {
    in: { addr: 'address', len: 'size' },
    out: { ...ACCESS, bytes: 'data' },
    strace: 'load($addr, $len bytes)',
  },
  open: {
    in: {
      flags: 'open_flags',
      /** 1 hwbinder, 2 vndbinder; otherwise binder. */
      device: 'device?',
    },
    out: RESULT,
    strace: 'openat(AT_FDCWD, "/dev/$device", $flags)',
    requests: ['open'],
  },
  close: { in: { fd: 'fd' }, out: RESULT, guest: 'sysClose', requests: ['close'] },
  /** With `to` -1 dup, otherwise dup3. */
  dup: { in: { fd: 'fd', to: 'fd' }, out: RESULT, requests: ['dup'] },
  fcntl: { in: { fd: 'fd', cmd: 'fcntl_cmd', arg: 'fcntl_arg' }, out: RESULT, guest: 'sysFcntl' },
  /** `ret` is the address, or -errno. */
  mmap: {
    in: { addr: 'address', len: 'size', prot: 'prot', flags: 'map_flags', fd: 'fd', off: 'size' },
    out: { ret: 'address_or_error', errno: 'text?' },
    guest: 'sysMmap',
    requests: ['mmap'],
  },
  munmap: { in: { addr: 'address', len: 'size' }, out: RESULT, guest: 'sysMunmap', requests: ['munmap'] },
  mprotect: { in: { addr: 'address', len: 'size', prot: 'prot' }, out: RESULT, guest: 'sysMprotect' },
  poll: {
    in: { fd: 'fd', events: 'events', timeout: 'int' },
    out: { ...RESULT, revents: 'events?' },
    strace: 'poll([{fd=$fd, events=$events}], 1, $timeout)',
    requests: ['poll'],
  },
  /** `bytes`: memory from `addr`, `ret` bytes; absent after an error. */
  read: {
    in: { fd: 'fd', addr: 'address', len: 'count' },
    out: { ...RESULT, bytes: 'data?' },
    strace: 'read($fd)',
    requests: ['read'],
  },
  write: {
    in: {
      fd: 'fd',
      addr: 'address',
      /** Stored at `addr` before the call. */
      poke: 'data',
      len: 'count',
    },
    out: RESULT,
    strace: 'write($fd, $poke, $len)',
    requests: ['write'],
  },
  ftruncate: {
    in: { fd: 'fd', len: 'size' },
    out: RESULT,
    guest: 'sysFtruncate',
    requests: ['ftruncate'],
    emulatorOnly: true,
  },
  /** A socket pair, which the kernel's recordings do not have, is at `fd` and `fd2`, as a pipe is. */
  mkfd: {
    in: { kind: 'file_kind', fd: 'fd', fd2: 'fd?', content: 'bytes?' },
    out: FILE,
    requests: ['memfd', 'pipe', 'socketPair'],
  },
  fdinfo: {
    in: { fd: 'fd' },
    out: {
      ...FILE,
      /** 1 when the descriptor closes on exec. */
      cloexec: 'int?',
      /** The first 256 bytes, of memfds. */
      content: 'bytes?',
    },
    strace: 'fstat($fd)',
  },
  ioctl: {
    in: {
      fd: 'fd',
      cmd: 'address',
      name: 'text|null',
      /** The third argument, a pointer as a rule. */
      arg: 'address',
      /** Stored at `arg` before the call. */
      poke: 'data',
      /** Bytes at `arg` that the output holds. */
      out_len: 'count',
    },
    out: { ...RESULT, bytes: 'data?' },
    requests: ['ioctl'],
  },
  /** BINDER_WRITE_READ. */
  wr: {
    in: {
      fd: 'fd',
      /** User address of struct binder_write_read. */
      arg: 'address',
      wbuf: 'address',
      /** Stored at `wbuf` before the call: the commands, and after them the payloads that they point at. */
      poke: 'data',
      write_size: 'size',
      write_consumed: 'size',
      rbuf: 'address',
      read_size: 'size',
      read_consumed: 'size',
    },
    out: {
      ...RESULT,
      /** Read back from memory at `arg`; null when that is unreadable. */
      write_consumed: 'size|null',
      read_consumed: 'size|null',
      /** Memory from `rbuf`, `read_consumed` bytes; present when `read_size` is not 0. */
      read: 'data?',
      /** Bytes behind `read_consumed` that the driver changed. */
      read_over: 'bytes?',
    },
    requests: ['writeRead'],
  },
  /** A file that does not exist has no text. `cut`: the kernel's text may be incomplete, so that there is none. */
  dump: {
    by: false,
    in: { file: 'text' },
    out: { exists: 'flag', text: 'text|null', cut: 'true?' },
  },
  /** The shrinker takes up to `pages`, of the kernel always all; `ret` says how many it got. */
  shrink: { by: false, in: { pages: 'count' }, out: RESULT },
  note: { by: false, in: { text: 'text?' }, out: null, emulatorOnly: true },
  // journals have operations by their numbers, so that new ones come last
  epoll_create1: { in: { flags: 'epoll_flags' }, out: RESULT, guest: 'sysEpollCreate1', requests: ['epollCreate'] },
  /** `data` is what epoll_wait answers with. EPOLL_CTL_DEL ignores it and the events. */
  epoll_ctl: {
    in: { epfd: 'fd', cmd: 'epoll_cmd', fd: 'fd', events: 'epoll_events', data: 'address' },
    out: RESULT,
    guest: 'sysEpollCtl',
    strace: 'epoll_ctl($epfd, $cmd, $fd, {events=$events, data=$data})',
    requests: ['epollCtl'],
  },
  /** `bytes`: memory from `addr`, `ret` events of 12 bytes; absent after an error. */
  epoll_wait: {
    in: { epfd: 'fd', addr: 'address', maxevents: 'int', timeout: 'int' },
    out: { ...RESULT, bytes: 'data?' },
    strace: 'epoll_wait($epfd)',
    requests: ['epollWait'],
  },
  /** Counts what comes from now on, and lets number `nth` fail; 0: none. Of a copy, `bytes` bytes arrive before that. */
  inject: { by: false, in: { what: 'failure', nth: 'count', bytes: 'count' }, out: null, emulatorOnly: true },
  /** A program outside of the machine does not have the descriptor that its next ioctl sends. */
  lack: { in: { fd: 'fd' }, out: null, emulatorOnly: true },
} as const satisfies Readonly<Record<string, Row>>;

export type Op = keyof typeof OPERATIONS;
type RowOf<O extends Op> = (typeof OPERATIONS)[O];

/** The operations that a thread makes. */
export type CallOp = { [O in Op]: RowOf<O> extends { by: false } ? never : O }[Op];
/** Those whose row says all: a function of the guest takes their inputs as they are. */
export type PlainOp = { [O in Op]: RowOf<O> extends { guest: string } ? O : never }[Op];
/** Those that the kernel's recordings lack. */
export type EmulatorOp = { [O in Op]: RowOf<O> extends { emulatorOnly: true } ? O : never }[Op];
/** Methods of Thread that a simulated thread may ask for. */
export type RequestName = { [O in Op]: RowOf<O> extends { requests: readonly (infer M)[] } ? M : never }[Op];

/** The same type, as an editor is to show it. */
type Flat<T> = T extends infer U ? { [N in keyof U]: U[N] } : never;
type Camel<N> = N extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : N;
type Required<F, N extends keyof F> = F[N] extends `${string}?` ? never : N;
type Optional<F, N extends keyof F> = F[N] extends `${string}?` ? N : never;

/** Fields as journals have them. */
type Journaled<F> = Flat<
  { -readonly [N in keyof F as Required<F, N>]: JournalValue<F[N]> } & {
    -readonly [N in keyof F as Optional<F, N>]?: JournalValue<F[N]>;
  }
>;

/** Fields as the machine has them. */
type Emulated<F> = Flat<
  { -readonly [N in keyof F as Camel<Required<F, N>>]: MachineValue<F[N]> } & {
    -readonly [N in keyof F as Camel<Optional<F, N>>]?: MachineValue<F[N]>;
  }
>;

/** What goes into an operation and what comes out of it (`null`: nothing), as journals have it; whether a thread acts. */
export type Operations = {
  [O in Op]: {
    by: O extends CallOp ? true : false;
    in: Journaled<RowOf<O>['in']>;
    out: RowOf<O>['out'] extends null ? null : Journaled<RowOf<O>['out']>;
  };
};

/** What goes into an operation as the machine has it: names in camelCase, addresses as numbers, bytes as Uint8Array. */
export type InputOf<O extends Op> = Emulated<RowOf<O>['in']>;
/** What comes out of it, alike. */
export type OutputOf<O extends Op> = Emulated<RowOf<O>['out']>;

const ROWS: Readonly<Record<Op, Row>> = OPERATIONS;

function fieldsOf(kinds: FieldKinds): ReadonlyMap<string, Field> {
  return new Map(Object.entries(kinds).map(([name, kind]) => [name, fieldOf(name, kind)]));
}

function ofAll<T>(make: (row: Row) => T): Readonly<Record<Op, T>> {
  return Object.fromEntries(Object.entries(ROWS).map(([op, row]) => [op, make(row)])) as Record<Op, T>;
}

/** Of each operation, its inputs by their names in journals. */
export const INPUTS = ofAll((row) => fieldsOf(row.in));
/** Of each operation, its outputs; empty where there are none. */
export const OUTPUTS = ofAll((row) => fieldsOf(row.out ?? {}));

/** Of each operation, its number: its place in the table. */
export const OP_NUMBERS = Object.fromEntries(Object.keys(ROWS).map((op, number) => [op, number])) as Readonly<
  Record<Op, number>
>;

/** Fields as the machine has them, as journals have them. */
export function journalFields(known: Iterable<Field>, fields: object): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const { name, machineName, kind } of known) {
    const value = (fields as Readonly<Record<string, unknown>>)[machineName];
    if (value !== undefined) given[name] = value === null ? null : kind.toJournal(value);
  }
  return given;
}

/** Fields as journals have them, as the machine has them. */
export function machineFields(known: Iterable<Field>, fields: object): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const { name, machineName, kind } of known) {
    const value = (fields as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined) given[machineName] = value === null ? null : kind.fromJournal(value);
  }
  return given;
}

/** Whether text is the name of an operation. */
export function isOp(name: string): name is Op {
  return Object.hasOwn(OPERATIONS, name);
}

/** Whether a thread makes it. */
export function hasActor(op: Op): op is CallOp {
  return ROWS[op].by !== false;
}

/** Whether its steps answer something. */
export function opHasOutput(op: Op): boolean {
  return ROWS[op].out !== null;
}

/** How strace shows it, with `$field` for fields. */
export function straceForm(op: Op): string {
  return ROWS[op].strace ?? `${op}(${[...INPUTS[op].keys()].map((name) => `$${name}`).join(', ')})`;
}

export function isPlain(op: Op): op is PlainOp {
  return ROWS[op].guest !== undefined;
}

/** Methods of Thread that a simulated thread may ask for. */
export const REQUESTS = Object.values(ROWS).flatMap((row) => row.requests ?? []) as readonly RequestName[];
