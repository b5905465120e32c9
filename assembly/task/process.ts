/**
 * Processes and their threads: the kernel's records.
 *
 * A process object stays after the process's death while the driver refers to it (`refs`), as Linux's task_struct does. Its
 * address space and descriptors are freed at death.
 */
import { CACHE_PROCESS, CACHE_THREAD, NOFILE_DEFAULT, THREADS_MAX } from '../abi/machine';
import { LIST_SIZE, listAddTail, listDel, listFirst, listInit, listNext } from '../lib/list';
import { kmemZalloc, kmemCache, kmemFree, kmemLive, kmemReap } from '../mem/kmem';
import { Space } from '../mem/space';
import { OpenFile } from './file';
import { SecurityContext } from './secctx';

@unmanaged
export class Process {
  next: usize; // link in the list of processes alive
  prev: usize;
  threadsNext: usize; // head of its threads, in order of creation
  threadsPrev: usize;
  pid: i32;
  uid: u32; // real, effective and saved uid
  refs: i32; // one while alive, and one for each binder_proc that it opened
  alive: bool;
  space: Space | null; // null once it is dead
  files: usize; // descriptor table; 0 once it is dead
  filesOrder: i32; // size of the table's block
  filesLow: i32; // no descriptor below this number is free
  nofile: i32; // RLIMIT_NOFILE
  secctx: SecurityContext | null; // held; files that it opens get it
}

// call of a parked thread
export const CALL_NONE: u8 = 0;
export const CALL_READ: u8 = 1; // the read half of BINDER_WRITE_READ
export const CALL_POLL: u8 = 2;
export const CALL_FREEZE: u8 = 3; // BINDER_FREEZE with a timeout
export const CALL_GRACE: u8 = 4; // BINDER_THREAD_EXIT of a thread that has polled: an RCU grace period

export const CALL_STREAM_READ: u8 = 5;
export const CALL_STREAM_WRITE: u8 = 6;
export const CALL_EPOLL: u8 = 7;
export const CALL_COUNT = 8;

/** Bytes of a thread's kernel stack that a system call may use. It keeps them while it is parked. */
const CALL_FRAME_SIZE = 96;

@unmanaged
export class Thread {
  wakeNext: usize; // link in the wake list; first field, so that a link's address is its thread's
  wakePrev: usize;
  siblingNext: usize; // link in its process
  siblingPrev: usize;
  process: Process;
  tid: i32;
  nice: i32;
  parked: bool;
  signalled: bool; // a signal arrived that its parked call has not seen yet
  timedOut: bool; // the deadline of its parked call has passed
  alive: bool;
  call: u8; // CALL_* it is parked in
  callFile: OpenFile | null; // file of that call, held while parked
  waitingOn: usize; // the binder_thread, binder_proc, stream or Epoll at which it sleeps; 0 without one
  timeoutMs: i32; // of the parked call; -1 without a timeout
}

/** Address of the thread's call frame, 8-byte aligned. */
export function threadCallFrame(thread: Thread): usize {
  return changetype<usize>(thread) + ((offsetof<Thread>() + 7) & ~7);
}

export const processes: usize = memory.data(LIST_SIZE, 4);

export function processesBoot(): void {
  listInit(processes);
  kmemCache(CACHE_PROCESS, offsetof<Process>());
  kmemCache(CACHE_THREAD, ((offsetof<Thread>() + 7) & ~7) + CALL_FRAME_SIZE);
}

/** Makes a live process without threads, space or descriptors, or null when memory is out. */
export function processCreate(pid: i32, uid: u32): Process | null {
  const address = kmemZalloc(CACHE_PROCESS);
  if (!address) return null;
  const process = changetype<Process>(address);
  process.pid = pid;
  process.uid = uid;
  process.refs = 1;
  process.alive = true;
  process.nofile = NOFILE_DEFAULT;
  listInit(threads(process));
  listAddTail(address, processes);
  return process;
}

export function processGet(process: Process): void {
  process.refs++;
}

export function processPut(process: Process): void {
  assert(process.refs > 0, 'processPut: process has no reference');
  if (--process.refs > 0) return;
  assert(!process.alive && !process.space && !process.files, 'processPut: process was not torn down');
  kmemFree(CACHE_PROCESS, changetype<usize>(process));
  kmemReap();
}

/** Marks a process dead and takes it off the list. The last reference frees the object. */
export function processRetire(process: Process): void {
  assert(process.alive, 'processRetire: process is dead already');
  process.alive = false;
  listDel(changetype<usize>(process));
  processPut(process);
}

export function processFirst(): Process | null {
  return changetype<Process | null>(listFirst(processes));
}

export function processNext(process: Process): Process | null {
  return changetype<Process | null>(listNext(changetype<usize>(process), processes));
}

/** Whether a live process or thread has that number. Two threads with one number would share a binder_thread. */
export function tidTaken(tid: i32): bool {
  let process = processFirst();
  while (process) {
    if (process.pid == tid) return true;
    let thread = threadFirst(process);
    while (thread) {
      if (thread.tid == tid) return true;
      thread = threadNext(thread);
    }
    process = processNext(process);
  }
  return false;
}

/** Whether no further thread may live. */
export function threadsFull(): bool {
  return kmemLive(CACHE_THREAD) >= THREADS_MAX;
}

/** Makes a thread of a live process, or null when memory is out. */
export function threadCreate(process: Process, tid: i32): Thread | null {
  const address = kmemZalloc(CACHE_THREAD);
  if (!address) return null;
  const thread = changetype<Thread>(address);
  thread.process = process;
  thread.tid = tid;
  thread.alive = true;
  thread.timeoutMs = -1;
  listAddTail(address + offsetof<Thread>('siblingNext'), threads(process));
  return thread;
}

/** Frees a thread that is neither parked nor on the wake list. */
export function threadFree(thread: Thread): void {
  assert(!thread.parked && !thread.wakeNext, 'threadFree: thread is still in use');
  listDel(changetype<usize>(thread) + offsetof<Thread>('siblingNext'));
  kmemFree(CACHE_THREAD, changetype<usize>(thread));
}

/** The first thread of a process in order of creation, or null when all have ended. */
export function threadFirst(process: Process): Thread | null {
  return ofSibling(listFirst(threads(process)));
}

export function threadNext(thread: Thread): Thread | null {
  return ofSibling(listNext(changetype<usize>(thread) + offsetof<Thread>('siblingNext'), threads(thread.process)));
}

function threads(process: Process): usize {
  return changetype<usize>(process) + offsetof<Process>('threadsNext');
}

function ofSibling(link: usize): Thread | null {
  return link ? changetype<Thread>(link - offsetof<Thread>('siblingNext')) : null;
}
