/**
 * The wasm surface: everything that the host can ask of the machine. Processes and threads are opaque pointers, user
 * addresses are f64 (exact to 2^53), results are 0 or more, a negative errno, or PARKED.
 *
 * A step of the host is: one call; then, for as long as anything can run, `resume` each thread that `wakeNext` gives, and
 * `deferredRun` when it gives none.
 */
import { EBADF, EEXIST, EFAULT, EINVAL, ENODEV, ENOMEM, ENOTTY, EPERM } from './abi/errno';
import {
  COUNTER_COUNT,
  DEVICE_COUNT,
  O_CLOEXEC,
  O_LARGEFILE,
  O_RDWR,
  FIONREAD,
  FRAME_BINDER,
  FRAME_FILE,
  FRAME_STAGE,
  MAP_STRATEGY_SHIFT,
  PAGE_SIZE,
  SECCTX_MAX,
  BATCH_COMMANDS_MAX,
  BATCH_SIZE,
  RESULTS_SIZE,
  WINDOW_ARGUMENT,
} from './abi/machine';
import { BINDER_WRITE_READ } from './abi/protocol';
import { allocBoot, allocResident } from './alloc/alloc';
import { lruCount, lruShrink, pagesBoot } from './alloc/pages';
import { debugfsHoldNodes } from './driver/debugfs';
import { processBegin, processFork } from './syscalls/fork';
import { callResume, processExit, threadExit as exitThread } from './syscalls/exit';
import { binderIoctl } from './driver/ioctl';
import { binderOpen, deferredRun as runDeferred, drainClosed, lifecycleBoot } from './driver/lifecycle';
import { fileMmap } from './syscalls/mmap';
import { objectsBoot } from './driver/objects';
import { pollStart } from './syscalls/poll';
import { procsFirst, procsNext, stateBoot, stateSeed } from './driver/state';
import { resultRecord, writeReadStore, results as recorded } from './writeread';
import { inspectBoot } from './inspect';
import { digest } from './lib/digest';
import { poison } from './lib/poison';
import { mappingKnown, mappingStrategy } from './mapping/index';
import { MapRequest, spaceProtect, spaceUnmap } from './mem/areas';
import { Counters, countersAdd, machineCounters } from './mem/counters';
import { framesBoot, framesFree as freeFrames, framesOf, framesTouched } from './mem/frames';
import { kmemLiveTotal, kmemReap } from './mem/kmem';
import { spaceCounters, spacesBoot } from './mem/space';
import { putUser32, userLook as look, userTouch as touch } from './mem/uaccess';
import { kernelReservedBytes } from './mem/vmalloc';
import { batch } from './batch';
import { currentSet } from './task/current';
import { fdClose, fdControl, fdDup, fdDupTo, fdFile } from './task/fdtable';
import { FILE_BINDER, FILE_MEMFD, filesBoot, OpenFile } from './task/file';
import { ioRead, ioWrite } from './task/io';
import { Memfd, memfdBoot, memfdGrow } from './task/memfd';
import { fileMake as makeFile, fileStat as statFile } from './task/mkfd';
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
  tidTaken,
} from './task/process';
import { SECURITY_CONTEXT_SIZE, SecurityContext, secctxCreate, secctxFill, secctxPut } from './task/secctx';
import { streamBoot, streamReady } from './task/stream';
import { threadSignal, threadTimeOut, waitBoot, wakeTake, wakeWaiting } from './task/wait';
import { traceEnable as enableTrace } from './trace';

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
export { traceBase, traceHead } from './trace';

@unmanaged
class Machine {
  strategy: u8; // of mappings whose mmap names none
  secctx: SecurityContext | null; // of new processes
}

const machine = changetype<Machine>(memory.data(offsetof<Machine>(), 4));
const sum = changetype<Counters>(memory.data(COUNTER_COUNT * 8, 8));
const page: usize = memory.data(PAGE_SIZE, 8);
const request = changetype<MapRequest>(memory.data(offsetof<MapRequest>(), 8));
const secctx = changetype<SecurityContext>(memory.data(SECURITY_CONTEXT_SIZE, 8));

/** Makes the machine in `memoryBytes` of memory, with a vmalloc area of `vmallocMiB`. 0, or -EINVAL for an unknown strategy. Once. */
export function boot(memoryBytes: u32, strategy: i32, vmallocMiB: u32): i32 {
  if (!mappingKnown(strategy)) return -EINVAL;
  framesBoot(memoryBytes);
  spacesBoot((<u64>vmallocMiB) << 20);
  filesBoot();
  memfdBoot();
  streamBoot();
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

/** What earlier work left behind: the last id given, and the uid that has been manager of `binder` (-1: none). */
export function setCounters(lastDebugId: i32, contextMgrUid: f64): void {
  stateSeed(lastDebugId, <i64>contextMgrUid);
}

/** Frames that are free; the same before the first process and after the last. */
export function framesFree(): i32 {
  kmemReap();
  return freeFrames();
}

/** Kernel objects that are in use. */
export function objectsLive(): i32 {
  return kmemLiveTotal();
}

/** Address of the counters of a process, or (0) of their sum over the machine, made at the call. */
export function counters(process: Process | null): usize {
  if (process) return changetype<usize>(spaceCounters(process.space!));
  memory.fill(changetype<usize>(sum), 0, COUNTER_COUNT * 8);
  countersAdd(sum, machineCounters);
  let each = processFirst();
  while (each) {
    const space = each.space;
    if (space) countersAdd(sum, spaceCounters(space));
    each = processNext(each);
  }
  return changetype<usize>(sum);
}

/** Frames that hold messages: of the mappings of a process, or (0) of all mappings, memory files, pipes and sockets. */
export function framesResident(process: Process | null): i32 {
  if (!process) return framesOf(FRAME_BINDER, 0) + framesOf(FRAME_STAGE, 0) + framesOf(FRAME_FILE, 0);
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

/** Pages that the shrinker could take. */
export function shrinkCount(): i32 {
  return lruCount();
}

/** Lets the shrinker take up to `limit` pages, the ones longest unused first. Returns how many it got. */
export function shrinkScan(limit: i32): i32 {
  return lruShrink(limit);
}

/** What reading a file of debugfs does to the nodes that it shows: those of `pid` (0: all); with `asyncOnly` those with a oneway. */
export function debugfsRead(pid: i32, asyncOnly: bool): void {
  currentSet(null);
  debugfsHoldNodes(pid, asyncOnly);
}

export function traceEnable(enabled: bool): void {
  enableTrace(enabled);
}

/** The security context of every process made from now on: the first `length` bytes of the scratch page; 0 for none. */
export function setSecctx(length: u32): void {
  if (length) secctxFill(secctx, page, min<u32>(length, SECCTX_MAX));
  machine.secctx = length ? secctx : null;
}

/** A page of kernel memory through which the host hands over bytes. */
export function scratch(): usize {
  return page;
}

/** Where the host lays down what a call out of a window sends (BATCH_*). */
export function commandBatch(): usize {
  return changetype<usize>(batch);
}

/** Where calls out of a window, and parked ones, leave what came of them (RESULTS_SIZE bytes). The stage tells of each. */
export function resultLog(): usize {
  return changetype<usize>(recorded);
}

/** Linear address behind which all memory is zero: a copy of what lies below it is a copy of the machine. */
export function memoryTouched(): usize {
  return framesTouched();
}

/** Digest of the machine's whole state. What the host's own questions left behind is none of it, and is cleared, stage and tape too. */
export function stateHash(): u64 {
  memory.fill(changetype<usize>(sum), 0, COUNTER_COUNT * 8);
  memory.fill(page, 0, PAGE_SIZE);
  memory.fill(changetype<usize>(batch), 0, BATCH_SIZE);
  memory.fill(changetype<usize>(recorded), 0, RESULTS_SIZE);
  return digest(0, framesTouched());
}

// processes and threads

/** A process with one thread of the same number, descriptors 0 to 2, and no memory. The process, or -EEXIST or -ENOMEM. */
export function procCreate(pid: i32, uid: u32): i32 {
  if (tidTaken(pid)) return -EEXIST;
  return processBegin(pid, uid, machine.secctx);
}

/** fork by the process's main thread: a copy of memory (no binder mapping) and descriptors. The child, or -EEXIST or -ENOMEM. */
export function procFork(parent: Thread, pid: i32): i32 {
  if (tidTaken(pid)) return -EEXIST;
  return processFork(parent, pid);
}

/** A further thread of the caller's process. The thread, or -EEXIST or -ENOMEM. */
export function threadCreate(parent: Thread, tid: i32): i32 {
  if (tidTaken(tid)) return -EEXIST;
  const thread = createThread(parent.process, tid);
  if (!thread) return -ENOMEM;
  thread.nice = parent.nice;
  return changetype<i32>(thread);
}

/** Linear address of the thread's kernel stack: its last BINDER_WRITE_READ, as it was stored back when that succeeded. */
export function callFrame(thread: Thread): usize {
  return threadCallFrame(thread);
}

export function mainThread(process: Process): i32 {
  return changetype<i32>(threadFirst(process));
}

/** One thread ends; with the last one its process does. */
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

/** A signal with an empty handler. */
export function signalSend(thread: Thread): void {
  threadSignal(thread);
}

/** The deadline of the thread's parked call passes. */
export function timeoutExpire(thread: Thread): i32 {
  if (thread.timeoutMs < 0) return -EINVAL;
  threadTimeOut(thread);
  return 0;
}

/** setresuid(2) with one uid three times; u32.MAX_VALUE leaves it as it is. 0, or -EPERM: only uid 0 may become another. */
export function setUid(thread: Thread, uid: u32): i32 {
  const process = thread.process;
  if (uid == process.uid || uid == u32.MAX_VALUE) return 0;
  if (process.uid != 0) return -EPERM;
  process.uid = uid;
  return 0;
}

/** setcon(3): the process's security context is the first `length` bytes of the scratch page; 0 for none. 0, -EINVAL or -ENOMEM. */
export function setcon(thread: Thread, length: u32): i32 {
  if (length > <u32>SECCTX_MAX) return -EINVAL;
  const context = length ? secctxCreate(page, length) : null;
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

// the order of a step

/** Continues a call that was woken. Its result, or PARKED again. */
export function resume(thread: Thread): i32 {
  currentSet(thread);
  const result = callResume(thread, false);
  drainClosed();
  return result;
}

/** The same, and then records what came of a BINDER_WRITE_READ and finds out who can go on. The stage tells both. */
export function resumeKeep(thread: Thread): i32 {
  const isRead = thread.call == CALL_READ;
  const result = resume(thread);
  if (isRead) resultRecord(thread, result);
  batch.next = runNext();
  return result;
}

/** The next thread to resume, in the order in which they were woken, or 0. */
export function wakeNext(): i32 {
  return changetype<i32>(wakeTake());
}

/** Runs what is deferred, or, when there is nothing, lets the grace periods end that threads wait for. 1 if anything happened, else 0. */
export function deferredRun(): i32 {
  currentSet(null);
  const ran = runDeferred();
  drainClosed();
  return ran || wakeWaiting(CALL_GRACE, 0) ? 1 : 0;
}

/** What the two say together: the next thread to resume; 0 when none can run and nothing is deferred any more. */
export function runNext(): i32 {
  do {
    const thread = wakeTake();
    if (thread) return changetype<i32>(thread);
  } while (deferredRun());
  return 0;
}

// system calls

/** open("/dev/…", flags | O_RDWR | O_CLOEXEC) of a binder device. The descriptor, -ENODEV, -EMFILE or -ENOMEM. */
export function sysOpen(thread: Thread, device: i32, flags: u32): i32 {
  currentSet(thread);
  if (device < 0 || device >= DEVICE_COUNT) return -ENODEV;
  return binderOpen(thread, device, flags | O_RDWR | O_CLOEXEC | O_LARGEFILE);
}

export function sysClose(thread: Thread, fd: i32): i32 {
  currentSet(thread);
  const result = fdClose(thread.process, fd);
  drainClosed();
  return result;
}

export function sysDup(thread: Thread, fd: i32): i32 {
  return fdDup(thread.process, fd, 0, false);
}

export function sysDup3(thread: Thread, fd: i32, to: i32, flags: i32): i32 {
  currentSet(thread);
  const result = fdDupTo(thread.process, fd, to, flags);
  drainClosed();
  return result;
}

export function sysFcntl(thread: Thread, fd: i32, command: i32, argument: i32): i32 {
  return fdControl(thread.process, fd, command, argument);
}

/** mmap of anonymous memory, a memfd, or a binder file; `flags` may name a strategy. The address, or a negative errno. */
export function sysMmap(thread: Thread, addr: f64, len: f64, prot: u32, flags: u32, fd: i32, off: f64): f64 {
  currentSet(thread);
  const named = flags >>> MAP_STRATEGY_SHIFT;
  const strategy = mappingStrategy(named ? <i32>named - 1 : machine.strategy);
  request.addr = <u64>addr;
  request.len = <u64>len;
  request.prot = prot;
  request.flags = flags;
  request.pages = null;
  request.pageOffset = 0;
  request.owner = 0;
  const address = fileMmap(thread, request, fd, <u64>off, strategy);
  poison(request);
  drainClosed();
  return <f64>address;
}

/** read(2) into user memory. Bytes read, a negative errno, or PARKED. */
export function sysRead(thread: Thread, fd: i32, addr: f64, length: u32): i32 {
  currentSet(thread);
  const file = fdFile(thread.process, fd);
  return file ? ioRead(thread, file, <u64>addr, length) : -EBADF;
}

/** write(2) from user memory. Bytes written, a negative errno, or PARKED. */
export function sysWrite(thread: Thread, fd: i32, addr: f64, length: u32): i32 {
  currentSet(thread);
  const file = fdFile(thread.process, fd);
  return file ? ioWrite(thread, file, <u64>addr, length) : -EBADF;
}

/** ftruncate(2) of a memfd, upwards. 0, -EBADF, -EINVAL or -ENOMEM. */
export function sysFtruncate(thread: Thread, fd: i32, length: f64): i32 {
  const file = fdFile(thread.process, fd);
  if (!file) return -EBADF;
  if (file.kind != FILE_MEMFD || length < 0 || length > <f64>u32.MAX_VALUE) return -EINVAL;
  return memfdGrow(changetype<Memfd>(file.owner), <u32>length);
}

/** Opens a file (FILE_KIND_*) at `fd`, and `fd2` where it has two ends; a memfd holds `length` bytes of the scratch page. Its inode, or a negative errno. */
export function fileMake(thread: Thread, kind: i32, fd: i32, fd2: i32, length: u32): i32 {
  currentSet(thread);
  if (length > <u32>PAGE_SIZE) return -EINVAL;
  const inode = makeFile(thread.process, kind, fd, fd2, page, length);
  drainClosed();
  return inode;
}

/** Tells of an open file in the scratch page: u32 inode, u32 close-on-exec, i32 length of content or -1, content. 0 or -EBADF. */
export function fileStat(thread: Thread, fd: i32): i32 {
  return statFile(thread.process, fd, page);
}

export function sysMunmap(thread: Thread, addr: f64, len: f64): i32 {
  currentSet(thread);
  const result = spaceUnmap(thread.process.space!, <u64>addr, <u64>len);
  drainClosed();
  return result;
}

export function sysMprotect(thread: Thread, addr: f64, len: f64, prot: u32): i32 {
  return spaceProtect(thread.process.space!, <u64>addr, <u64>len, prot);
}

export function sysIoctl(thread: Thread, fd: i32, command: u32, arg: f64): i32 {
  currentSet(thread);
  const file = fdFile(thread.process, fd);
  if (!file) return -EBADF;
  if (file.kind != FILE_BINDER) return streamIoctl(thread, file, command, <u64>arg);
  const result = binderIoctl(thread, file, command, <u64>arg);
  drainClosed();
  return result;
}

/**
 * BINDER_WRITE_READ out of the window that begins at page number `window`: stores `count` commands of the stage and
 * binder_write_read there, makes the call, records what came of it, and finds out who can go on. 0, a negative errno, or PARKED;
 * more is in the stage.
 */
export function sysWriteRead(thread: Thread, fd: i32, window: u32, count: u32, readSize: u32): i32 {
  const start = <u64>window * PAGE_SIZE;
  writeReadStore(thread.process.space!, start, min<u32>(count, BATCH_COMMANDS_MAX), readSize);
  const result = sysIoctl(thread, fd, BINDER_WRITE_READ, <f64>(start + WINDOW_ARGUMENT));
  resultRecord(thread, result);
  batch.next = runNext();
  return result;
}

/** poll(2) of one descriptor; timeout 0 or -1. The events that are ready (0: none; EPOLLNVAL: no such descriptor), or PARKED. */
export function sysPoll(thread: Thread, fd: i32, events: u32, timeoutMs: i32): i32 {
  currentSet(thread);
  return pollStart(thread, fd, events, timeoutMs);
}

/** Linear address of a byte of user memory as a load or store would reach it, or -(signal << 8 | si_code). */
export function userTouch(process: Process, addr: f64, access: i32): i32 {
  return touch(process.space!, <u64>addr, access);
}

/** Linear address of the byte that a read of user memory would find; 0 for a zero, or none. Looking changes nothing. */
export function userLook(process: Process, addr: f64): usize {
  return look(process.space!, <u64>addr);
}

/** FIONREAD: how many bytes a read would find. 0, -ENOTTY or -EFAULT. */
function streamIoctl(thread: Thread, file: OpenFile, command: u32, arg: u64): i32 {
  const stream = file.reads;
  if (command != <u32>FIONREAD || !stream) return -ENOTTY;
  return putUser32(thread.process.space!, arg, streamReady(stream)) ? 0 : -EFAULT;
}
