/**
 * The journal: what a scenario did and what came of it, one JSON line a step. Owns the types of its header and
 * steps; journaltext.ts reads and writes them. Recordings of the kernel and runs of the emulator share the format.
 *
 *     {"t":"header","format":1,"name":...,"procs":[...],"steps":2}
 *     {"i":0,"op":"proc","in":{"name":"A","pid":1000,"uid":0}}
 *     {"i":1,"op":"open","by":"A.0","in":{"flags":0},"out":{"ret":3}}
 *
 * Addresses and 64-bit values are strings "0x...", byte strings lower-case hex; sizes, descriptors, pids and
 * return values are numbers. Fields that a reader does not know are left alone.
 */

/** A 64-bit value: "0x" and hexadecimal digits. */
export type Address = string;

/** A byte string: lower-case hexadecimal digits, two a byte, nothing between them. */
export type HexBytes = string;

/** A process that the steps create, listed for convenience. */
export interface JournalProcess {
  name: string;
  pid: number;
  uid: number;
  forked_from?: string;
  threads: { name: string; tid: number }[];
}

/** The machine that wrote a journal, when it was the emulator. */
export interface JournalEmulator {
  strategy: string;
  seed: number;
  /** Size of the machine's memory, MiB. */
  memory: number;
}

export interface JournalHeader {
  t: 'header';
  format: 1;
  name: string;
  desc: string;
  /** Seed of the generator, of random scenarios only. */
  seed?: number;
  /** The kernel that was recorded; absent when the emulator wrote the journal. */
  kernel?: { release: string; version: string; machine: string };
  emulator?: JournalEmulator;
  /** Active security modules. */
  lsm?: string;
  /** Security context that every sender has, with its final NUL; null when no module can name a sender. */
  secctx: HexBytes | null;
  cpus: number;
  page_size: number;
  /** The driver's id counter before the scenario: the next id given out is one more. */
  last_debug_id: number;
  /** The uid that has claimed the context manager since boot. */
  context_mgr_uid: number | null;
  arena: { addr: Address; size: number };
  /** Threads that a dump wakes are told with the dump; in older recordings they are told with the next step. */
  dump_wakes?: true;
  /** The scenario shows something that two processors would race for. */
  racy?: boolean;
  procs: JournalProcess[];
  steps: number;
}

/** What a call answers that has nothing but a result: 0 or more, or -errno with the name of the error. */
export interface ResultOutput {
  ret: number;
  errno?: string;
}

export type SignalName = 'SIGSEGV' | 'SIGBUS';

/** Memory stored: the bytes stored, and the signal that ended it early. */
export interface StoreOutput {
  ret: number;
  signal?: SignalName;
  si_code?: number;
}

/** Memory read: the bytes read before a fault, and the signal of the fault. */
export interface PeekOutput extends StoreOutput {
  bytes: HexBytes;
}

/** The result of mmap: the address, or -errno. */
export interface MmapOutput {
  ret: Address | number;
  errno?: string;
}

export interface ReadOutput extends ResultOutput {
  /** Memory from `addr`, `ret` bytes; absent after an error. */
  bytes?: HexBytes;
}

export interface PollOutput extends ResultOutput {
  revents?: number;
}

export interface MakeFileOutput extends ResultOutput {
  /** Identity of the open file: file1, file2, ... in order of first appearance. */
  file?: string;
}

export interface FileInfoOutput extends MakeFileOutput {
  /** 1 when the descriptor closes on exec. */
  cloexec?: number;
  /** The first 256 bytes, of memfds. */
  content?: HexBytes;
}

export interface IoctlInput {
  fd: number;
  cmd: Address;
  name: string | null;
  /** The third argument, a pointer as a rule. */
  arg: Address;
  /** Bytes stored at `arg` before the call. */
  poke: HexBytes;
  /** Bytes at `arg` that the output holds. */
  out_len: number;
}

export interface IoctlOutput extends ResultOutput {
  bytes?: HexBytes;
}

export interface WriteReadInput {
  fd: number;
  /** Where struct binder_write_read lies. */
  arg: Address;
  wbuf: Address;
  /** Bytes stored at `wbuf` before the call: the commands, and what they point at behind them. */
  poke: HexBytes;
  write_size: number;
  write_consumed: number;
  rbuf: Address;
  read_size: number;
  read_consumed: number;
}

export interface WriteReadOutput extends ResultOutput {
  /** Read back from memory at `arg`; null when that is unreadable. */
  write_consumed: number | null;
  read_consumed: number | null;
  /** Memory from `rbuf`, `read_consumed` bytes; present when `read_size` is not 0. */
  read?: HexBytes;
  /** Bytes behind `read_consumed` that the driver changed. */
  read_over?: HexBytes;
}

/** A file that does not exist has no text. */
export interface DumpOutput {
  exists: boolean;
  text: string | null;
  /** The kernel's text may be incomplete, so that there is none here and nothing to compare. */
  cut?: true;
}

/** The operations: who acts (`by` is a thread, or nobody), what goes in, what comes out (`null`: nothing). */
export interface Operations {
  proc: { by: false; in: { name: string; pid: number; uid: number }; out: null };
  spawn: { by: true; in: { thread: string; tid: number }; out: ResultOutput };
  fork: { by: true; in: { name: string; pid: number }; out: ResultOutput };
  texit: { by: true; in: object; out: null };
  exit: { by: true; in: object; out: null };
  kill: { by: false; in: { proc: string; pid: number }; out: null };
  signal: { by: false; in: { thread: string; tid: number }; out: null };
  await: { by: false; in: { thread: string; ms: number }; out: null };
  setuid: { by: true; in: { uid: number }; out: ResultOutput };
  rlimit: { by: true; in: { nofile: number }; out: ResultOutput };
  /** Not in the kernel's recordings: the process's security context; no bytes for none. */
  setcon: { by: true; in: { context: HexBytes }; out: ResultOutput };
  poke: { by: true; in: { addr: Address; bytes: HexBytes }; out: StoreOutput };
  fill: { by: true; in: { addr: Address; len: number; byte: number }; out: StoreOutput };
  peek: { by: true; in: { addr: Address; len: number }; out: PeekOutput };
  /** `device`: 1 hwbinder, 2 vndbinder; otherwise binder. */
  open: { by: true; in: { flags: number; device?: number }; out: ResultOutput };
  close: { by: true; in: { fd: number }; out: ResultOutput };
  dup: { by: true; in: { fd: number; to: number }; out: ResultOutput };
  fcntl: { by: true; in: { fd: number; cmd: number; arg: number }; out: ResultOutput };
  mmap: {
    by: true;
    in: { addr: Address; len: number; prot: number; flags: Address; fd: number; off: number };
    out: MmapOutput;
  };
  munmap: { by: true; in: { addr: Address; len: number }; out: ResultOutput };
  mprotect: { by: true; in: { addr: Address; len: number; prot: number }; out: ResultOutput };
  poll: { by: true; in: { fd: number; events: number; timeout: number }; out: PollOutput };
  /** Not in the kernel's recordings. `poke` is stored at `addr` before the call; either may park. */
  read: { by: true; in: { fd: number; addr: Address; len: number }; out: ReadOutput };
  write: { by: true; in: { fd: number; addr: Address; poke: HexBytes; len: number }; out: ResultOutput };
  /** Not in the kernel's recordings. */
  ftruncate: { by: true; in: { fd: number; len: number }; out: ResultOutput };
  /** A socket pair, which the kernel's recordings do not have, is at `fd` and `fd2`, as a pipe is. */
  mkfd: {
    by: true;
    in: { kind: 'memfd' | 'pipe' | 'null' | 'socketpair'; fd: number; fd2?: number; content?: HexBytes };
    out: MakeFileOutput;
  };
  fdinfo: { by: true; in: { fd: number }; out: FileInfoOutput };
  ioctl: { by: true; in: IoctlInput; out: IoctlOutput };
  wr: { by: true; in: WriteReadInput; out: WriteReadOutput };
  dump: { by: false; in: { file: string }; out: DumpOutput };
  /** The shrinker takes up to `pages`, of the kernel always all; `ret` says how many it got. */
  shrink: { by: false; in: { pages: number }; out: ResultOutput };
  note: { by: false; in: { text?: string }; out: null };
}

export type Op = keyof Operations;

/** The inputs of one step: all that the machine needs to perform it. */
export type StepInputOf<O extends Op> = {
  op: O;
  in: Operations[O]['in'];
} & (Operations[O]['by'] extends true ? { by: string } : { by?: undefined });

/** What any operation may answer. */
export type Output = Exclude<Operations[Op]['out'], null>;

/** A call that was parked in step `i` and finished because of this one. */
export interface Woken {
  /** The thread that was parked. */
  by: string;
  /** The step that parked it. */
  i: number;
  /** Its result, in the format of the operation it was parked in. */
  out: Output;
  /** What it read, in words; for people. */
  br?: string[];
  /** Rank by time of completion; information. */
  order: number;
}

/** A choice of a simulation's schedule: the threads that could run, and the place of the chosen one among them. */
export interface ScheduleChoice {
  of: readonly string[];
  chose: number;
}

/** A step with all that followed from it. A call that sleeps has `parked` and no `out`. */
export type StepOf<O extends Op> = StepInputOf<O> & {
  /** Number of the step, counted from 0. */
  i: number;
  out?: Exclude<Operations[O]['out'], null>;
  parked?: true;
  /** Threads that finished because of this step, by their creation. */
  woken?: Woken[];
  /** Commands written and answers read, in words; for people. */
  bc?: string[];
  br?: string[];
  /** The lines that the kernel's driver printed meanwhile; only in recordings made for it. */
  klog?: string[];
  /** The choices that led to this step, oldest first; only in journals of simulations, and where there was a choice. */
  sched?: readonly ScheduleChoice[];
};

export type StepInput = { [O in Op]: StepInputOf<O> }[Op];
export type Step = { [O in Op]: StepOf<O> }[Op];

export interface Journal {
  header: JournalHeader;
  steps: Step[];
}

/** Operations that answer nothing: their steps have no `out`. */
const WITHOUT_OUTPUT: ReadonlySet<Op> = new Set<Op>(['proc', 'texit', 'exit', 'kill', 'signal', 'await', 'note']);

/** Whether steps of this operation answer something. */
export function opHasOutput(op: Op): boolean {
  return !WITHOUT_OUTPUT.has(op);
}
