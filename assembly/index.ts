/**
 * The wasm surface: all functions that the host calls. Processes and threads are opaque pointers. User addresses are f64,
 * exact to 2^53. A result is 0 or more, a negative errno, or PARKED.
 *
 * A step of the host is one call and what follows from it. While `wakeNext` returns a thread, the host calls `resume`
 * with it. When `wakeNext` returns 0, the host calls `deferredRun`. The step ends when both return 0.
 */
import { EAGAIN, EEXIST, EINVAL, ENOMEM, EPERM } from './abi/errno';
import * as abi from './abi/machine';
import { BINDER_WRITE_READ } from './abi/protocol';
import { allocBoot, allocResident } from './alloc/alloc';
import { lruCount, lruShrink, pagesBoot } from './alloc/pages';
import { debugfsHoldNodes } from './driver/debugfs';
import { processBegin, processFork } from './syscalls/fork';
import { callResume, processExit, threadExit as exitThread } from './syscalls/exit';
import { deferredRun as runDeferred, drainClosed, lifecycleBoot } from './driver/lifecycle';
import { objectsBoot } from './driver/objects';
import { procsFirst, procsNext, stateBoot, stateSeed } from './driver/state';
import { callRecord, log, resultRecord, writeReadStore } from './writeread';
import { inspectBoot } from './inspect';
import { digest } from './lib/digest';
import { mappingKnown } from './mapping/index';
import { clientWindow } from './mem/client';
import { Counters, countersAdd, machineCounters } from './mem/counters';
import { framesBoot, framesFree as freeFrames, framesOf, framesTouched } from './mem/frames';
import { kmemLiveTotal, kmemReap } from './mem/kmem';
import { spaceCounters, spacesBoot } from './mem/space';
import { userLook as look, userTouch as touch } from './mem/uaccess';
import { kernelReservedBytes } from './mem/vmalloc';
import { batch } from './batch';
import { sysIoctl } from './calls';
import { machine, scratchPage } from './machine';
import { current, currentSet } from './task/current';
import { epollBoot } from './task/epoll';
import { filesBoot } from './task/file';
import { memfdBoot } from './task/memfd';
import {
  CALL_GRACE,
  CALL_READ,
  Process,
  processesBoot,
  processFirst,
  processNext,
  Thread,
  threadCallFrame,
  threadCreate as createThread,
  threadFirst,
  threadsFull,
  tidTaken,
} from './task/process';
import { SECURITY_CONTEXT_SIZE, SecurityContext, secctxCreate, secctxFill, secctxPut } from './task/secctx';
import { streamBoot } from './task/stream';
import { threadSignal, threadTimeOut, waitBoot, wakeTake, wakeWaiting } from './task/wait';

export {
  fileMake,
  fileStat,
  sysClose,
  sysDup,
  sysDup3,
  sysEpollCreate1,
  sysEpollCtl,
  sysEpollWait,
  sysFcntl,
  sysFtruncate,
  sysIoctl,
  sysMmap,
  sysMprotect,
  sysMunmap,
  sysOpen,
  sysPoll,
  sysRead,
  sysWrite,
} from './calls';
export { historicalBugs } from './history';
export { inject } from './inject';
export { injectionPassed } from './mem/injection';
export { kmemLive } from './mem/kmem';
export {
  inspectDescriptor,
  inspectLeaf,
  inspectLevel,
  inspectLinear,
  inspectObject,
  inspectObjectSize,
  inspectRoots,
} from './inspect';
export { check, checkAddress, checkFound, checkWanted } from './check';
export { klogBase, klogHead } from './klog';
export { traceBase, traceEnable, traceHead, traceRewind } from './trace';

const sum = changetype<Counters>(memory.data(abi.COUNTER_COUNT * 8, 8));
const secctx = changetype<SecurityContext>(memory.data(SECURITY_CONTEXT_SIZE, 8));

/** Makes the machine, once. mmap uses `strategy` (STRATEGY_*) unless it names another one. 0, or -EINVAL for an unknown strategy. */
export function boot(memoryBytes: u32, strategy: i32, vmallocMiB: u32): i32 {
  if (!mappingKnown(strategy)) return -EINVAL;
  framesBoot(memoryBytes);
  spacesBoot((<u64>vmallocMiB) << 20);
  filesBoot();
  memfdBoot();
  streamBoot();
  epollBoot();
  processesBoot();
  waitBoot();
  pagesBoot();
  allocBoot();
  objectsBoot();
  stateBoot();
  lifecycleBoot();
  inspectBoot();
  machine.strategy = <u8>strategy;
  return 0;
}

/** Sets what earlier work left in the driver: the last debug id, and the uid that has been manager of `binder` (-1 for no uid). */
export function setCounters(lastDebugId: i32, contextMgrUid: f64): void {
  stateSeed(lastDebugId, <i64>contextMgrUid);
}

/** Number of free frames; the same before the first process and after the last. */
export function framesFree(): i32 {
  kmemReap();
  return freeFrames();
}

/** Number of kernel objects in use. */
export function objectsLive(): i32 {
  return kmemLiveTotal();
}

/** Linear address of a process's counters. For 0: of their sum over the machine, computed at the call. */
export function counters(process: Process | null): usize {
  if (process) return changetype<usize>(spaceCounters(process.space!));
  memory.fill(changetype<usize>(sum), 0, abi.COUNTER_COUNT * 8);
  countersAdd(sum, machineCounters);
  let each = processFirst();
  while (each) {
    const space = each.space;
    if (space) countersAdd(sum, spaceCounters(space));
    each = processNext(each);
  }
  return changetype<usize>(sum);
}

/** Number of frames that hold messages of a process, in its mappings. For 0: in all mappings, memory files, pipes and sockets. */
export function framesResident(process: Process | null): i32 {
  if (!process) return framesOf(abi.FRAME_BINDER, 0) + framesOf(abi.FRAME_STAGE, 0) + framesOf(abi.FRAME_FILE, 0);
  let frames = 0;
  for (let proc = procsFirst(); proc; ) {
    if (proc.process == process) frames += allocResident(proc.alloc);
    proc = procsNext(proc);
  }
  return frames;
}

/** Bytes of the kernel's vmalloc area that are reserved. */
export function kernelReserved(): f64 {
  return <f64>kernelReservedBytes();
}

/** Number of pages on the LRU, which the shrinker may take. */
export function shrinkCount(): i32 {
  return lruCount();
}

/** Runs the shrinker for up to `limit` pages, least recently used first. Returns the number of pages it took. */
export function shrinkScan(limit: i32): i32 {
  return lruShrink(limit);
}

/** Holds and releases each node of `pid` (0 for all), as a read of a debugfs file does. With `asyncOnly`, only nodes with a oneway. */
export function debugfsRead(pid: i32, asyncOnly: bool): void {
  currentSet(null);
  debugfsHoldNodes(pid, asyncOnly);
}

/** Sets the security context of new processes: the first `length` bytes of the scratch page; 0 for none. */
export function setSecctx(length: u32): void {
  if (length) secctxFill(secctx, scratchPage, min<u32>(length, abi.SECCTX_MAX));
  machine.secctx = length ? secctx : null;
}

/** Linear address of the scratch page: kernel memory that passes bytes between host and guest. */
export function scratch(): usize {
  return scratchPage;
}

/** Linear address of the window of `client`, which the host lends for a call: CLIENT_*. */
export function clientWindowAt(): usize {
  return clientWindow();
}

/** Linear address of the batch: the commands that `sysWriteRead` sends (BATCH_*). */
export function commandBatch(): usize {
  return changetype<usize>(batch);
}

/** Linear address of the step log, to which `sysWriteRead` and `resumeKeep` append. The batch has the last record's address. */
export function stepLog(): usize {
  return changetype<usize>(log);
}

/** Linear address from which on memory is zero. A copy of the bytes below it is a copy of the machine. */
export function memoryTouched(): usize {
  return framesTouched();
}

/** Digest of the machine's whole state. Clears what is not part of it: sum of counters, scratch page, batch, step log and window. */
export function stateHash(): u64 {
  memory.fill(changetype<usize>(sum), 0, abi.COUNTER_COUNT * 8);
  memory.fill(scratchPage, 0, abi.PAGE_SIZE);
  memory.fill(changetype<usize>(batch), 0, abi.BATCH_SIZE);
  memory.fill(changetype<usize>(log), 0, abi.LOG_SIZE);
  memory.fill(clientWindow(), 0, abi.CLIENT_WINDOW_BYTES);
  return digest(0, framesTouched());
}

// processes and threads

/** Makes a process with one thread (tid `pid`), descriptors 0 to 2, and no memory. Returns the process, -EEXIST, -EAGAIN or -ENOMEM. */
export function procCreate(pid: i32, uid: u32): i32 {
  if (threadsFull()) return -EAGAIN;
  if (tidTaken(pid)) return -EEXIST;
  return processBegin(pid, uid, machine.secctx);
}

/** fork(2) by the main thread. Binder mappings are not copied. Returns the child process, -EEXIST, -EAGAIN or -ENOMEM. */
export function procFork(parent: Thread, pid: i32): i32 {
  if (threadsFull()) return -EAGAIN;
  if (tidTaken(pid)) return -EEXIST;
  return processFork(parent, pid);
}

/** Makes another thread in the process of `parent`. Returns the thread, -EEXIST, -EAGAIN or -ENOMEM. */
export function threadCreate(parent: Thread, tid: i32): i32 {
  if (threadsFull()) return -EAGAIN;
  if (tidTaken(tid)) return -EEXIST;
  const thread = createThread(parent.process, tid);
  if (!thread) return -ENOMEM;
  thread.nice = parent.nice;
  return changetype<i32>(thread);
}

/** Linear address of the thread's call frame. After a successful BINDER_WRITE_READ it holds the binder_write_read returned. */
export function callFrame(thread: Thread): usize {
  return threadCallFrame(thread);
}

export function mainThread(process: Process): i32 {
  return changetype<i32>(threadFirst(process));
}

/** Ends one thread. The process ends with its last thread. */
export function threadExit(thread: Thread): void {
  const process = thread.process;
  currentSet(thread);
  exitThread(thread);
  currentSet(null);
  if (!threadFirst(process)) processExit(process);
}

export function procExit(thread: Thread): void {
  procKill(thread.process);
}

export function procKill(process: Process): void {
  currentSet(null);
  processExit(process);
}

/** Sends a signal that has an empty handler: it interrupts a parked call and does nothing else. */
export function signalSend(thread: Thread): void {
  threadSignal(thread);
}

/** Lets the deadline of the thread's parked call pass. 0, or -EINVAL when the call has no timeout. */
export function timeoutExpire(thread: Thread): i32 {
  if (thread.timeoutMs < 0) return -EINVAL;
  threadTimeOut(thread);
  return 0;
}

/** setresuid(2) of all three uids to `uid`; u32.MAX_VALUE changes nothing. 0, or -EPERM: only uid 0 may take another uid. */
export function setUid(thread: Thread, uid: u32): i32 {
  const process = thread.process;
  if (uid == process.uid || uid == u32.MAX_VALUE) return 0;
  // a program outside of the machine has the permission of its own kernel
  if (process.uid != 0 && !process.space!.foreign) return -EPERM;
  process.uid = uid;
  return 0;
}

/** setcon(3) to the first `length` bytes of the scratch page; 0 for no label. 0, -EINVAL when it is too long, or -ENOMEM. */
export function setcon(thread: Thread, length: u32): i32 {
  if (length > <u32>abi.SECCTX_MAX) return -EINVAL;
  const context = length ? secctxCreate(scratchPage, length) : null;
  if (length && !context) return -ENOMEM;
  secctxPut(thread.process.secctx);
  thread.process.secctx = context;
  return 0;
}

export function setRlimit(thread: Thread, nofile: i32): i32 {
  if (nofile < 0) return -EINVAL;
  thread.process.nofile = nofile;
  return 0;
}

/**
 * The process is a program outside of the machine: its memory, except for Binder mappings, is the host's. Returns its space,
 * as `client` gets it.
 */
export function setForeign(process: Process): i32 {
  const space = process.space!;
  space.foreign = true;
  return changetype<i32>(space);
}

/** The thread whose call runs or goes on; 0 in deferred work. `client` may ask whose memory access it is. */
export function runningThread(): i32 {
  return changetype<i32>(current());
}

// the order of a step

/** Continues the parked call of a woken thread. Returns the call's result, or PARKED when it parks again. */
export function resume(thread: Thread): i32 {
  currentSet(thread);
  const result = callResume(thread, false);
  drainClosed();
  return result;
}

/** `resume`, then records the result of a BINDER_WRITE_READ and calls `runNext`. The batch has both results. */
export function resumeKeep(thread: Thread): i32 {
  const isRead = thread.call == CALL_READ;
  const result = resume(thread);
  resultRecord(thread, isRead ? result : -1); // no record of another call
  batch.next = runNext();
  return result;
}

/** Takes the next thread to resume, in the order of waking; 0 when there is none. */
export function wakeNext(): i32 {
  return changetype<i32>(wakeTake());
}

/** Runs deferred work. Without any it ends the grace periods that threads wait for. 1 when it ran work or woke a thread, else 0. */
export function deferredRun(): i32 {
  currentSet(null);
  const ran = runDeferred();
  drainClosed();
  return ran || wakeWaiting(CALL_GRACE, 0) ? 1 : 0;
}

/** `wakeNext` and `deferredRun` in turn: the next thread to resume; 0 when no thread can run and no work is deferred. */
export function runNext(): i32 {
  do {
    const thread = wakeTake();
    if (thread) return changetype<i32>(thread);
  } while (deferredRun());
  return 0;
}

/**
 * BINDER_WRITE_READ from a window, the user pages that hold its argument and buffers; `window` is their first page number.
 * Stores `count` commands of the batch and binder_write_read in the window, makes the call, records its result, and calls
 * `runNext`. The batch gets the address of the record and the next thread. Returns 0, a negative errno, or PARKED.
 * `actor`: the thread's number, to record the call too; -1 not to.
 */
export function sysWriteRead(thread: Thread, fd: i32, window: u32, count: u32, readSize: u32, actor: i32): i32 {
  const start = <u64>window * abi.PAGE_SIZE;
  const commands = min<u32>(count, abi.BATCH_COMMANDS_MAX);
  if (actor >= 0) callRecord(actor, fd, window, commands, readSize);
  writeReadStore(thread.process.space!, start, commands, readSize);
  const result = sysIoctl(thread, fd, BINDER_WRITE_READ, <f64>(start + abi.WINDOW_ARGUMENT));
  resultRecord(thread, result);
  batch.next = runNext();
  return result;
}

// user memory

/** Touches a byte of user memory like a load or store. Returns its linear address, or -(signal << 8 | si_code). */
export function userTouch(process: Process, addr: f64, access: i32): i32 {
  return touch(process.space!, <u64>addr, access);
}

/** Linear address of a byte of user memory; 0 when a read would find a zero or fault. Changes nothing. */
export function userLook(process: Process, addr: f64): usize {
  return look(process.space!, <u64>addr);
}
