/** Views of programs: processes, their threads, descriptors and areas of memory. */
import {
  CURSOR_DESCRIPTORS,
  CURSOR_PROCESSES,
  CURSOR_THREADS,
  CURSOR_VMAS,
  DESCRIPTOR_CLOEXEC,
  DESCRIPTOR_DEVICE,
  DESCRIPTOR_FD,
  DESCRIPTOR_FILE,
  DESCRIPTOR_FLAGS,
  DESCRIPTOR_INODE,
  DESCRIPTOR_KIND,
  DESCRIPTOR_PROC,
  DESCRIPTOR_REFS,
  KIND_BINDER,
  KIND_MEMFD,
  KIND_NULL,
  KIND_STREAM,
  PARKED_FREEZE,
  PARKED_GRACE,
  PARKED_NOT,
  PARKED_POLL,
  PARKED_READ,
  PARKED_STREAM_READ,
  PARKED_STREAM_WRITE,
  PROCESS_NOFILE,
  PROCESS_PID,
  PROCESS_RESIDENT,
  PROCESS_UID,
  THREAD_CALL,
  THREAD_NICE,
  THREAD_SIGNALLED,
  THREAD_TID,
  THREAD_TIMED_OUT,
  THREAD_TIMEOUT_MS,
  THREAD_WAITING_ON,
  THREAD_WOKEN,
  VMA_BACKED,
  VMA_DONT_COPY,
  VMA_END,
  VMA_FILE,
  VMA_FLAGS,
  VMA_MAY_WRITE,
  VMA_PROT,
  VMA_START,
} from '../../assembly/abi/inspect.ts';
import { MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import type { Cursors, Row } from './cursor.ts';

export interface ProcessView {
  /** Identity: equal in two views exactly when they show the same object. */
  readonly handle: number;
  readonly pid: number;
  readonly uid: number;
  /** RLIMIT_NOFILE. */
  readonly nofile: number;
  /** Pages of 4 KiB that its page table maps. */
  readonly residentPages: number;
  readonly threads: readonly ThreadView[];
  readonly descriptors: readonly DescriptorView[];
  readonly vmas: readonly VmaView[];
}

/**
 * The call that a thread sleeps in: the read of a BINDER_WRITE_READ, a poll, BINDER_FREEZE, BINDER_THREAD_EXIT (a grace
 * period), or a read or write of a pipe or socket.
 */
export type ParkedIn = 'read' | 'poll' | 'freeze' | 'thread-exit' | 'stream-read' | 'stream-write' | `call ${number}`;

export interface ThreadView {
  readonly handle: number;
  readonly tid: number;
  readonly nice: number;
  /** null while it does not sleep. */
  readonly parked: {
    readonly in: ParkedIn;
    /** Handle of what it sleeps at: looper, proc (a freeze) or stream; 0 for a grace period. */
    readonly at: number;
    /** null: it sleeps until it is woken. */
    readonly timeoutMs: number | null;
    /** Something has woken it, and it has not run since. */
    readonly woken: boolean;
    readonly signalled: boolean;
    readonly timedOut: boolean;
  } | null;
}

/** `null`: /dev/null, also descriptors 0, 1 and 2 of a new process; `stream`: an end of a pipe or of a socket pair. */
export type FileKindName = 'binder' | 'null' | 'memfd' | 'stream' | `kind ${number}`;

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
  /** First address, and the one behind the last: bigints, for the kernel's need all 64 bits. */
  readonly start: bigint;
  readonly end: bigint;
  /** As in /proc/PID/maps: "rw-p". */
  readonly access: string;
  /** MAP_*. */
  readonly flags: number;
  /** What is mapped: memory of its own, or an array of pages such as a binder mapping's. */
  readonly backing: 'anonymous' | 'pages';
  /** Handle of the open file; 0: none. */
  readonly file: number;
  /** mprotect may allow writing. */
  readonly mayWrite: boolean;
  /** A forked child does not get it. */
  readonly dontCopy: boolean;
}

const KIND_NAMES: Readonly<Record<number, FileKindName>> = {
  [KIND_BINDER]: 'binder',
  [KIND_NULL]: 'null',
  [KIND_MEMFD]: 'memfd',
  [KIND_STREAM]: 'stream',
};
const PARKED_NAMES: Readonly<Record<number, ParkedIn>> = {
  [PARKED_READ]: 'read',
  [PARKED_POLL]: 'poll',
  [PARKED_FREEZE]: 'freeze',
  [PARKED_GRACE]: 'thread-exit',
  [PARKED_STREAM_READ]: 'stream-read',
  [PARKED_STREAM_WRITE]: 'stream-write',
};

/** Processes alive, in order of creation. */
export function processViews(cursors: Cursors): ProcessView[] {
  return cursors.rows(CURSOR_PROCESSES).map((row) => ({
    handle: row.handle,
    pid: row.i32(PROCESS_PID),
    uid: row.u32(PROCESS_UID),
    nofile: row.i32(PROCESS_NOFILE),
    residentPages: row.i32(PROCESS_RESIDENT),
    threads: cursors.rows(CURSOR_THREADS, row.handle).map(threadView),
    descriptors: cursors.rows(CURSOR_DESCRIPTORS, row.handle).map(descriptorView),
    vmas: vmaViews(cursors, row.handle),
  }));
}

/** @param process Handle; 0 for the kernel. */
export function vmaViews(cursors: Cursors, process: number): VmaView[] {
  return cursors.rows(CURSOR_VMAS, process).map((row) => ({
    start: row.big(VMA_START),
    end: row.big(VMA_END),
    access: accessText(row.u32(VMA_PROT), row.u32(VMA_FLAGS)),
    flags: row.u32(VMA_FLAGS),
    backing: row.flag(VMA_BACKED) ? 'pages' : 'anonymous',
    file: row.u32(VMA_FILE),
    mayWrite: row.flag(VMA_MAY_WRITE),
    dontCopy: row.flag(VMA_DONT_COPY),
  }));
}

function threadView(row: Row): ThreadView {
  const call = row.u32(THREAD_CALL);
  const timeoutMs = row.i32(THREAD_TIMEOUT_MS);
  const parked = {
    in: PARKED_NAMES[call] ?? (`call ${call}` as const),
    at: row.u32(THREAD_WAITING_ON),
    timeoutMs: timeoutMs < 0 ? null : timeoutMs,
    woken: row.flag(THREAD_WOKEN),
    signalled: row.flag(THREAD_SIGNALLED),
    timedOut: row.flag(THREAD_TIMED_OUT),
  };
  const { handle } = row;
  const [tid, nice] = [row.i32(THREAD_TID), row.i32(THREAD_NICE)];
  return { handle, tid, nice, parked: call === PARKED_NOT ? null : parked };
}

function descriptorView(row: Row): DescriptorView {
  const proc = row.u32(DESCRIPTOR_PROC);
  const kind = row.u32(DESCRIPTOR_KIND);
  return {
    fd: row.i32(DESCRIPTOR_FD),
    cloexec: row.flag(DESCRIPTOR_CLOEXEC),
    file: row.u32(DESCRIPTOR_FILE),
    kind: KIND_NAMES[kind] ?? `kind ${kind}`,
    inode: row.u32(DESCRIPTOR_INODE),
    flags: row.u32(DESCRIPTOR_FLAGS),
    refs: row.i32(DESCRIPTOR_REFS),
    binder: proc === 0 ? null : { proc, device: row.u32(DESCRIPTOR_DEVICE) },
  };
}

function accessText(prot: number, flags: number): string {
  const letter = (bit: number, name: string) => ((prot & bit) === 0 ? '-' : name);
  const sharing = (flags & MAP_SHARED) === 0 ? 'p' : 's';
  return letter(PROT_READ, 'r') + letter(PROT_WRITE, 'w') + letter(PROT_EXEC, 'x') + sharing;
}
