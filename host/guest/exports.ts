/**
 * The surface of the wasm module, function by function, as the machine's host sees it.
 *
 * Processes and threads are opaque pointers above 0. Addresses of user space are f64 (exact up to 2^53); linear
 * addresses are offsets in the guest's memory. A result is 0 or more, or -errno, or PARKED where a call may sleep.
 * What is optional is a part of the machine that a build may lack; who calls it says so then.
 */
export interface RawExports {
  /** Makes the machine. @returns 0 or -ENOMEM. */
  boot(memoryBytes: number, strategy: number, vmallocMiB: number): number;
  /** What the driver remembers of earlier scenarios; `contextMgrUid` -1 stands for nobody. */
  setCounters(lastDebugId: number, contextMgrUid: number): void;

  /** @returns The process, or -ENOMEM. */
  procCreate(pid: number, uid: number): number;
  procFork(thread: number, pid: number): number;
  /** Makes a further thread in the process of `thread`. @returns The thread, or -errno. */
  threadCreate(thread: number, tid: number): number;
  mainThread(process: number): number;
  /** @returns Linear address of the page through which bytes pass between host and guest where no user memory is meant. */
  scratch(): number;
  /** @returns Linear address of STAGE_SIZE bytes: what the next call sends, and what it tells (STAGE_*). */
  stage(): number;
  /** @returns Linear address of TAPE_SIZE bytes: what came of calls, each as a record (RECORD_*). */
  tape(): number;
  /** @returns Linear address of binder_write_read as the thread's last BINDER_WRITE_READ stored it back. */
  callFrame(thread: number): number;
  threadExit(thread: number): void;
  procExit(thread: number): void;
  procKill(process: number): void;
  signalSend(thread: number): void;
  setUid(thread: number, uid: number): number;
  setRlimit(thread: number, nofile: number): number;

  sysOpen(thread: number, device: number, flags: number): number;
  sysClose(thread: number, fd: number): number;
  sysDup(thread: number, fd: number): number;
  sysDup3(thread: number, fd: number, to: number, flags: number): number;
  sysFcntl(thread: number, fd: number, cmd: number, arg: number): number;
  sysMmap(thread: number, addr: number, len: number, prot: number, flags: number, fd: number, off: number): number;
  sysMunmap(thread: number, addr: number, len: number): number;
  sysMprotect(thread: number, addr: number, len: number, prot: number): number;
  /** ftruncate(2) of a memfd, upwards. @returns 0 or -errno. */
  sysFtruncate(thread: number, fd: number, length: number): number;
  sysIoctl(thread: number, fd: number, cmd: number, arg: number): number;

  /**
   * BINDER_WRITE_READ out of a thread's window (WINDOW_* of abi/machine), which begins at page number `window`: stores the
   * first `count` commands of the stage and binder_write_read there, and makes the call.
   *
   * @returns 0, or -errno, or PARKED. The stage (STAGE_*) tells the thread to resume, as `runNext` does, and where the record
   * of the call is, or 0 when it has none: it failed, it read more than a page holds, or the tape is full.
   */
  sysWriteRead(thread: number, fd: number, window: number, count: number, readSize: number): number;

  /** Goes on with a parked call. @returns Its result, or PARKED again. */
  resume(thread: number): number;
  /** The same; and the stage tells what it tells behind `sysWriteRead`. */
  resumeKeep(thread: number): number;
  /** Takes the next thread off the wake list. @returns 0 when nobody is to be woken. */
  wakeNext(): number;
  /** Runs the deferred work that is queued. @returns 1 if there was any, else 0. */
  deferredRun(): number;
  /** What both together say: the next thread to resume, or 0 when nothing can run and nothing is deferred any more. */
  runNext(): number;

  /**
   * Reaches for one byte of user memory as the processor would, faulting its page in.
   *
   * @returns Its linear address, or -(signal << 8 | si_code).
   */
  userTouch(process: number, addr: number, access: number): number;
  /** The same for a mere look, which touches and counts nothing. @returns Its linear address; 0 where a read would find a zero, or nothing. */
  userLook(process: number, addr: number): number;

  framesFree(): number;
  /** @returns Frames that hold messages: of the mappings of a process, or of the whole machine for process 0. */
  framesResident(process: number): number;
  /** @returns Bytes of the kernel's vmalloc area that are reserved. */
  kernelReserved(): number;
  objectsLive(): number;
  /** @returns Linear address of a block of counters (u64 each); of the whole machine for process 0. */
  counters(process: number): number;

  /**
   * Describes the object behind `after` in a list (CURSOR_* of abi/inspect); the first one with 0.
   *
   * @param owner Handle of the object whose list it is; 0 where the machine has only one.
   * @returns Its handle; 0 at the end, and the record is blank then.
   */
  inspect(cursor: number, owner: number, after: number): number;
  /** Describes a walk of a page table (process 0: the kernel's). @returns The level that decides; 0: no such address. */
  inspectWalk(process: number, vaHigh: number, vaLow: number): number;
  /** Describes the walk of the lowest address in a range that has a leaf. @returns The same; 0 when none has. */
  inspectLeaf(process: number, fromHigh: number, fromLow: number, endHigh: number, endLow: number): number;
  /** Describes the frame that holds a linear address. @returns 0 outside of memory. */
  inspectFrame(address: number): number;
  /** @returns Linear address of the record that these fill. */
  inspectRecord(): number;
  /** Blanks the record. */
  inspectEnd(): void;

  /**
   * What reading a file of debugfs does to the nodes that it shows, before it shows them: those of procs of `pid` (0: of
   * all), with `asyncOnly` those that have a oneway under way. May wake threads.
   */
  debugfsRead(pid: number, asyncOnly: number): void;

  /** @returns Linear address behind which all memory is zero, a multiple of the page size. */
  memoryTouched(): number;
  /** @returns 64 bits that stand for the machine's whole state. */
  stateHash(): bigint;

  /** Verifies the machine's memory; no system call may be under way. @returns 0, or a VIOLATION_* of abi/check. */
  check(): number;
  /** What the last check found: where, and the two numbers that disagree. */
  checkAddress(): number;
  checkWanted(): number;
  checkFound(): number;

  traceEnable(on: number): void;
  traceHead(): number;
  traceBase(): number;

  /** Every sender's security context: the first `length` bytes of the scratch page; 0 for none. */
  setSecctx?(length: number): void;
  /** @returns The events that are ready (0: none), or -errno, or PARKED. */
  sysPoll?(thread: number, fd: number, events: number, timeout: number): number;
  /** read(2) to user memory. @returns The bytes read (0: the end), or -errno, or PARKED. */
  sysRead?(thread: number, fd: number, addr: number, length: number): number;
  /** write(2) from user memory. @returns The bytes written, or -errno, or PARKED. */
  sysWrite?(thread: number, fd: number, addr: number, length: number): number;
  /**
   * Opens a memfd (kind 0) that holds the first `length` bytes of the scratch page, a pipe (1: `fd` reads, `fd2`
   * writes), /dev/null (2) or a stream socket pair (3), at these descriptors.
   *
   * @returns The number of the inode (above 0), or -errno.
   */
  fileMake?(thread: number, kind: number, fd: number, fd2: number, length: number): number;
  /**
   * Looks at an open file; answers in the scratch page: u32 inode, u32 close-on-exec, i32 length of the content
   * (-1: it has none), then the content, 256 bytes at most.
   */
  fileStat?(thread: number, fd: number): number;
  /** Gives the thread's process the first `length` bytes of the scratch page for a security context. @returns 0 or -errno. */
  setcon?(thread: number, length: number): number;
  /** Lets the shrinker take up to `limit` pages that no buffer touches. @returns How many it got. */
  shrinkScan?(limit: number): number;
  /** Lets the time pass at which a parked call gives up. @returns 0, or -EINVAL when the call has no such time. */
  timeoutExpire?(thread: number): number;
}

/** What every build has; looked for when a module is loaded, so that a wrong file is told at once. */
export const REQUIRED_EXPORTS: readonly (keyof RawExports)[] = [
  'boot',
  'setCounters',
  'procCreate',
  'procFork',
  'threadCreate',
  'mainThread',
  'scratch',
  'callFrame',
  'stage',
  'tape',
  'threadExit',
  'procExit',
  'procKill',
  'signalSend',
  'setUid',
  'setRlimit',
  'sysOpen',
  'sysClose',
  'sysDup',
  'sysDup3',
  'sysFcntl',
  'sysMmap',
  'sysMunmap',
  'sysMprotect',
  'sysFtruncate',
  'sysIoctl',
  'sysWriteRead',
  'resume',
  'resumeKeep',
  'wakeNext',
  'deferredRun',
  'runNext',
  'userTouch',
  'userLook',
  'framesFree',
  'framesResident',
  'kernelReserved',
  'objectsLive',
  'counters',
  'check',
  'checkAddress',
  'checkWanted',
  'checkFound',
  'inspect',
  'inspectWalk',
  'inspectLeaf',
  'inspectFrame',
  'inspectRecord',
  'inspectEnd',
  'debugfsRead',
  'memoryTouched',
  'stateHash',
];
