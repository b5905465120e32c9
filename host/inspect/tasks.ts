/** Views of programs: processes, their threads, descriptors and areas of memory. */
import { MAP_SHARED, PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import { CONSTANTS } from '../../build/layout.ts';
import { type KernelMemory, type KernelObject, sizeOf } from './kernelmemory.ts';

export interface ProcessView {
  /** Identity: equal in two views exactly when they show the same object. */
  readonly handle: number;
  readonly pid: number;
  readonly uid: number;
  /** RLIMIT_NOFILE. */
  readonly nofile: number;
  /** Number of 4 KiB pages that its page table maps. */
  readonly residentPages: number;
  readonly threads: readonly ThreadView[];
  readonly descriptors: readonly DescriptorView[];
  readonly vmas: readonly VmaView[];
}

/**
 * The call that a thread sleeps in: the read of a BINDER_WRITE_READ, a poll, BINDER_FREEZE, BINDER_THREAD_EXIT (a grace
 * period), a read or write of a pipe or socket, or an epoll_wait.
 */
export type ParkedIn =
  | 'read'
  | 'poll'
  | 'freeze'
  | 'thread-exit'
  | 'stream-read'
  | 'stream-write'
  | 'epoll'
  | `call ${number}`;

export interface ThreadView {
  readonly handle: number;
  readonly tid: number;
  readonly nice: number;
  /** null while it does not sleep. */
  readonly parked: {
    readonly in: ParkedIn;
    /** Handle of the object that it sleeps at: looper, proc (a freeze), stream or epoll instance; 0 for a grace period. */
    readonly at: number;
    /** null without a timeout. */
    readonly timeoutMs: number | null;
    /** It was woken, and has not run since. */
    readonly woken: boolean;
    readonly signalled: boolean;
    readonly timedOut: boolean;
  } | null;
}

/** `null`: /dev/null, also descriptors 0, 1 and 2 of a new process; `stream`: an end of a pipe or of a socket pair. */
export type FileKindName = 'binder' | 'null' | 'memfd' | 'stream' | 'epoll' | 'outside' | `kind ${number}`;

export interface DescriptorView {
  readonly fd: number;
  readonly cloexec: boolean;
  /** The open file: the same for duplicates. */
  readonly file: number;
  readonly kind: FileKindName;
  /** Number of the file that was opened: the same for all opens of it. */
  readonly inode: number;
  /** O_* of the open file. */
  readonly flags: number;
  /** Descriptors, mappings, messages and calls that hold the open file. */
  readonly refs: number;
  /** Handle of the binder proc, and the device (DEVICE_*), where it is a binder file. */
  readonly binder: { readonly proc: number; readonly device: number } | null;
}

export interface VmaView {
  /** First address, and the address after the last: bigints, for the kernel's need all 64 bits. */
  readonly start: bigint;
  readonly end: bigint;
  /** As in /proc/PID/maps: "rw-p". */
  readonly access: string;
  /** MAP_*. */
  readonly flags: number;
  /** The mapped memory: anonymous, or an array of pages such as a binder mapping's. */
  readonly backing: 'anonymous' | 'pages';
  /** Handle of the open file; 0: none. */
  readonly file: number;
  /** mprotect may allow writing. */
  readonly mayWrite: boolean;
  /** A fork does not copy it. */
  readonly dontCopy: boolean;
}

const KIND_NAMES: Readonly<Record<number, FileKindName>> = {
  [CONSTANTS.FILE_BINDER]: 'binder',
  [CONSTANTS.FILE_NULL]: 'null',
  [CONSTANTS.FILE_MEMFD]: 'memfd',
  [CONSTANTS.FILE_STREAM]: 'stream',
  [CONSTANTS.FILE_EPOLL]: 'epoll',
  [CONSTANTS.FILE_OUTSIDE]: 'outside',
};
const PARKED_NAMES: Readonly<Record<number, ParkedIn>> = {
  [CONSTANTS.CALL_READ]: 'read',
  [CONSTANTS.CALL_POLL]: 'poll',
  [CONSTANTS.CALL_FREEZE]: 'freeze',
  [CONSTANTS.CALL_GRACE]: 'thread-exit',
  [CONSTANTS.CALL_STREAM_READ]: 'stream-read',
  [CONSTANTS.CALL_STREAM_WRITE]: 'stream-write',
  [CONSTANTS.CALL_EPOLL]: 'epoll',
};
/** Descriptors below this are not files: 0 is a free number, 1 a reserved number without a file yet. */
const FILE_MIN = 2;

/** Processes alive, in order of creation. */
export function processesOf(kernel: KernelMemory): KernelObject<'Process'>[] {
  return kernel.list(kernel.roots.processes, 'Process', 'next');
}

export function processView(kernel: KernelMemory, process: KernelObject<'Process'>): ProcessView {
  const { space } = process;
  return {
    handle: process.linear,
    pid: process.pid,
    uid: process.uid,
    nofile: process.nofile,
    residentPages: space?.resident ?? 0,
    threads: kernel.list(process.addressOf('threadsNext'), 'Thread', 'siblingNext').map(threadView),
    descriptors: descriptorViews(kernel, process),
    vmas: space === null ? [] : vmaViews(kernel, space),
  };
}

export function vmaViews(kernel: KernelMemory, space: KernelObject<'Space'>): VmaView[] {
  return kernel.list(space.addressOf('vmas'), 'Vma', 'next').map((vma) => ({
    start: vma.start,
    end: vma.end,
    access: accessText(vma.prot, vma.flags),
    flags: vma.flags,
    backing: vma.pages === null ? 'anonymous' : 'pages',
    file: vma.owner,
    mayWrite: vma.mayWrite,
    dontCopy: vma.dontCopy,
  }));
}

function threadView(thread: KernelObject<'Thread'>): ThreadView {
  const { linear: handle, tid, nice, call, timeoutMs } = thread;
  const parked = {
    in: PARKED_NAMES[call] ?? (`call ${call}` as const),
    at: thread.waitingOn,
    timeoutMs: timeoutMs < 0 ? null : timeoutMs,
    woken: thread.wakeNext !== 0,
    signalled: thread.signalled,
    timedOut: thread.timedOut,
  };
  return { handle, tid, nice, parked: call === CONSTANTS.CALL_NONE ? null : parked };
}

function descriptorViews(kernel: KernelMemory, { files, filesOrder }: KernelObject<'Process'>): DescriptorView[] {
  const count = files === 0 ? 0 : (PAGE_SIZE << filesOrder) / sizeOf('fdtable/Entry');
  return kernel.array(files, 'fdtable/Entry', count).flatMap(({ file: at, flags }, fd) => {
    if (at < FILE_MIN) return [];
    const file = kernel.object('OpenFile', at);
    const isBinder = file.kind === CONSTANTS.FILE_BINDER && file.owner !== 0;
    return {
      fd,
      cloexec: flags !== 0,
      file: at,
      kind: KIND_NAMES[file.kind] ?? (`kind ${file.kind}` as const),
      inode: file.inode,
      flags: file.flags,
      refs: file.refs,
      binder: isBinder ? { proc: file.owner, device: file.device } : null,
    };
  });
}

function accessText(prot: number, flags: number): string {
  const letter = (bit: number, name: string) => ((prot & bit) === 0 ? '-' : name);
  const sharing = (flags & MAP_SHARED) === 0 ? 'p' : 's';
  return letter(PROT_READ, 'r') + letter(PROT_WRITE, 'w') + letter(PROT_EXEC, 'x') + sharing;
}
