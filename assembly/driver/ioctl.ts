/**
 * The ioctls of a binder file: the only switch over them. A call that parks keeps its state in the call frame of its
 * thread and is finished by `ioctlResume`.
 */
import { EFAULT, EINTR, EINVAL, ENOMEM } from '../abi/errno';
import { EVENT_IOCTL, EVENT_IOCTL_DONE, EVENT_PARK, EVENT_READ_DONE, EVENT_WRITE_DONE } from '../abi/events';
import { KLOG_IOCTL } from '../abi/klog';
import { ACCESS_READ, ACCESS_WRITE, O_NONBLOCK, PARKED } from '../abi/machine';
import * as protocol from '../abi/protocol';
import { EXTENDED_ERROR_SIZE, WRITE_READ_SIZE } from '../abi/wire';
import { listEmpty } from '../lib/list';
import { klog } from '../klog';
import { poison } from '../lib/poison';
import { Space, spaceCounters } from '../mem/space';
import { copyFromUser, copyToUser, getUser32, putUser32, userWindow } from '../mem/uaccess';
import { OpenFile } from '../task/file';
import { CALL_GRACE, CALL_READ, CALL_FREEZE, Thread, threadCallFrame } from '../task/process';
import { threadPark } from '../task/wait';
import { trace, traceLong } from '../trace';
import { commandsRun } from './commands';
import { userError } from './complaints';
import { Freezing, freezerInfo, freezerResume, freezerStart } from './freezer';
import { binderThreadDetach, binderThreadFind, binderThreadFinish, binderThreadGet } from './binderthreads';
import { managerNodeInfo, managerSet, managerSetObject, nodeDebugInfo } from './manager';
import { BinderThread, LOOPER_POLL, Proc, procTodo, Transaction } from './objects';
import { WriteRead, writeReadCopy } from './records';
import { readResume, readStart } from './returns';
import { setExtendedError } from './transaction';
import { procWake } from './work';

/** struct binder_extended_error */
@unmanaged
class ExtendedError {
  id: u32;
  command: u32;
  param: i32;
}

/** What Linux's wait for a freeze ends with after a signal; the caller sees EINTR. */
const ERESTARTSYS = 512;

/** The state of a thread that waits for a grace period, in its call frame. */
@unmanaged
export class Exit {
  binderThread: BinderThread;
  serving: Transaction | null;
}

const extendedError = changetype<ExtendedError>(memory.data(offsetof<ExtendedError>(), 4));

if (offsetof<ExtendedError>() != EXTENDED_ERROR_SIZE) ERROR('ExtendedError');

/** ioctl(2) on a binder file. 0, a negative errno, or PARKED. */
export function binderIoctl(thread: Thread, file: OpenFile, command: u32, arg: u64): i32 {
  traceLong(EVENT_IOCTL, command, <u32>arg, <u32>(arg >> 32));
  const proc = changetype<Proc>(file.owner);
  const binderThread = binderThreadGet(proc, thread);
  if (!binderThread) {
    klog(KLOG_IOCTL, proc.pid, thread.tid, command, arg, -ENOMEM);
    return done(-ENOMEM);
  }
  if (command == protocol.BINDER_WRITE_READ) {
    return finishWriteRead(thread, binderThread, writeRead(thread, binderThread, file, arg));
  }
  if (command == protocol.BINDER_THREAD_EXIT) return threadExit(thread, binderThread, file);
  return finish(binderThread, run(thread, binderThread, file, command, arg), command, arg);
}

/** Resumes a parked ioctl that was woken, timed out, or interrupted. 0, a negative errno, or PARKED again. */
export function ioctlResume(thread: Thread, file: OpenFile, call: u8, signalled: bool, timedOut: bool): i32 {
  if (call == CALL_GRACE) {
    const exit = changetype<Exit>(threadCallFrame(thread));
    binderThreadFinish(exit.binderThread, exit.serving);
    return done(0);
  }
  const binderThread = binderThreadFind(changetype<Proc>(file.owner), thread.tid)!;
  if (call == CALL_FREEZE) {
    const arg = changetype<Freezing>(threadCallFrame(thread)).user;
    return finish(binderThread, freezerResume(thread, file, signalled, timedOut), protocol.BINDER_FREEZE, arg);
  }
  assert(call == CALL_READ, 'ioctlResume: not a call of this file');
  const io = changetype<WriteRead>(threadCallFrame(thread));
  const result = readDone(thread, binderThread, io, readResume(thread, binderThread, io, file, signalled));
  return finishWriteRead(thread, binderThread, result);
}

/** The thread's first ioctl, and with it the right to return at once, is over. */
function finish(binderThread: BinderThread, result: i32, command: u32, arg: u64): i32 {
  if (result == PARKED) return PARKED;
  binderThread.needReturn = false;
  if (result) report(binderThread, result, command, arg);
  return done(result);
}

/** The same for BINDER_WRITE_READ, the hot one: its argument is in the call frame. */
function finishWriteRead(thread: Thread, binderThread: BinderThread, result: i32): i32 {
  if (result == PARKED) return PARKED;
  binderThread.needReturn = false;
  if (result) {
    report(binderThread, result, protocol.BINDER_WRITE_READ, changetype<WriteRead>(threadCallFrame(thread)).user);
  }
  return done(result);
}

/** A read that a signal ends is no error. */
function report(binderThread: BinderThread, result: i32, command: u32, arg: u64): void {
  const printed = result == -EINTR && command == protocol.BINDER_FREEZE ? -ERESTARTSYS : result;
  if (printed != -EINTR) userError(KLOG_IOCTL, binderThread, command, arg, printed);
}

function done(result: i32): i32 {
  trace(EVENT_IOCTL_DONE, result);
  return result;
}

/** Write half, then read half; both `consumed` fields go back to user space, also when one of them fails. */
function writeRead(thread: Thread, binderThread: BinderThread, file: OpenFile, arg: u64): i32 {
  const space = thread.process.space!;
  const io = changetype<WriteRead>(threadCallFrame(thread));
  const window = userWindow(space, arg, WRITE_READ_SIZE, ACCESS_READ);
  io.user = arg;
  if (window) writeReadCopy(io, changetype<WriteRead>(window));
  else if (copyFromUser(space, changetype<usize>(io), arg, WRITE_READ_SIZE)) return -EFAULT;
  io.counted = io.writeConsumed + io.readConsumed;
  if (io.writeSize > 0) {
    const result = commandsRun(thread, binderThread, io);
    trace(EVENT_WRITE_DONE, result);
    if (result < 0) {
      io.counted -= io.readConsumed;
      io.readConsumed = 0;
      return writeBack(thread, io, result);
    }
  }
  if (io.readSize == 0) return writeBack(thread, io, 0);
  return readDone(thread, binderThread, io, readStart(thread, binderThread, io, file, (file.flags & O_NONBLOCK) != 0));
}

/** Ends the read half, and wakes another thread for work that is left for the proc. */
function readDone(thread: Thread, binderThread: BinderThread, io: WriteRead, result: i32): i32 {
  if (result == PARKED) return PARKED;
  trace(EVENT_READ_DONE, result);
  const proc = binderThread.proc;
  if (!listEmpty(procTodo(proc))) procWake(proc);
  return writeBack(thread, io, result);
}

function writeBack(thread: Thread, io: WriteRead, result: i32): i32 {
  const space = thread.process.space!;
  spaceCounters(space).commandBytes += 2 * WRITE_READ_SIZE + (io.writeConsumed + io.readConsumed - io.counted);
  const window = userWindow(space, io.user, WRITE_READ_SIZE, ACCESS_WRITE);
  if (!window) return copyToUser(space, io.user, changetype<usize>(io), WRITE_READ_SIZE) ? -EFAULT : result;
  writeReadCopy(changetype<WriteRead>(window), io);
  return result;
}

/** BINDER_THREAD_EXIT: the driver forgets the thread; its next ioctl is a first one again. */
function threadExit(thread: Thread, binderThread: BinderThread, file: OpenFile): i32 {
  const polled = (binderThread.state & LOOPER_POLL) != 0;
  const serving = binderThreadDetach(binderThread);
  if (!polled) {
    binderThreadFinish(binderThread, serving);
    return done(0);
  }
  const exit = changetype<Exit>(threadCallFrame(thread));
  exit.binderThread = binderThread;
  exit.serving = serving;
  threadPark(thread, CALL_GRACE, file, 0);
  trace(EVENT_PARK, CALL_GRACE);
  return PARKED;
}

function run(thread: Thread, binderThread: BinderThread, file: OpenFile, command: u32, arg: u64): i32 {
  const proc = binderThread.proc;
  const space = thread.process.space!;
  switch (command) {
    case protocol.BINDER_VERSION:
      return putUser32(space, arg, protocol.BINDER_PROTOCOL_VERSION) ? 0 : -EINVAL;
    case protocol.BINDER_SET_MAX_THREADS: {
      const count = getUser32(space, arg);
      if (count < 0) return -EINVAL;
      proc.maxThreads = <u32>count;
      return 0;
    }
    case protocol.BINDER_SET_CONTEXT_MGR:
      return managerSet(thread, proc, 0, 0, 0);
    case protocol.BINDER_SET_CONTEXT_MGR_EXT:
      return managerSetObject(thread, proc, arg);
    case protocol.BINDER_GET_NODE_INFO_FOR_REF:
      return managerNodeInfo(space, proc, arg);
    case protocol.BINDER_GET_NODE_DEBUG_INFO:
      return nodeDebugInfo(space, proc, arg);
    case protocol.BINDER_FREEZE:
      return freezerStart(thread, file, arg);
    case protocol.BINDER_GET_FROZEN_INFO:
      return freezerInfo(space, arg);
    case protocol.BINDER_ENABLE_ONEWAY_SPAM_DETECTION: {
      const enable = getUser32(space, arg);
      if (enable < 0) return -EFAULT;
      proc.spamDetection = enable != 0;
      return 0;
    }
    case protocol.BINDER_GET_EXTENDED_ERROR:
      return putError(binderThread, space, arg);
    default:
      return -EINVAL;
  }
}

/** BINDER_GET_EXTENDED_ERROR: why the thread's last transaction failed; only the first query gets the answer. 0 or -EFAULT. */
function putError(binderThread: BinderThread, space: Space, arg: u64): i32 {
  extendedError.id = binderThread.errorId;
  extendedError.command = binderThread.errorCommand;
  extendedError.param = binderThread.errorParam;
  setExtendedError(binderThread, 0, protocol.BR_OK, 0);
  const missed = copyToUser(space, arg, changetype<usize>(extendedError), EXTENDED_ERROR_SIZE);
  poison(extendedError);
  return missed ? -EFAULT : 0;
}
