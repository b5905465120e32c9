/**
 * The end of threads and processes. The parked call of a dying thread is interrupted first, so that it releases what it
 * holds. Then the address space is freed, then the descriptors. The driver defers its work for both.
 */
import { PARKED } from '../abi/machine';
import { spaceDestroy } from '../mem/areas';
import { fdTableDestroy } from '../task/fdtable';
import { fileGet, filePut, OpenFile } from '../task/file';
import { ioResume } from '../task/io';
import {
  CALL_EPOLL,
  CALL_POLL,
  CALL_STREAM_READ,
  CALL_STREAM_WRITE,
  Process,
  processRetire,
  Thread,
  threadFirst,
  threadFree,
} from '../task/process';
import { secctxPut } from '../task/secctx';
import { threadUnpark } from '../task/wait';
import { ioctlResume } from '../driver/ioctl';
import { drainClosed, drainMappings } from '../driver/lifecycle';
import { epollInterrupt, epollResume } from './epoll';
import { pollResume } from './poll';

/** Continues a parked call from where the thread sleeps: woken, timed out, or `interrupted`. Its result, or PARKED again. */
export function callResume(thread: Thread, interrupted: bool): i32 {
  const file = thread.callFile!;
  const call = thread.call;
  const timedOut = thread.timedOut;
  const signalled = thread.signalled || interrupted;
  fileGet(file);
  threadUnpark(thread);
  const result =
    interrupted && call == CALL_EPOLL ? epollInterrupt(thread) : goOn(thread, file, call, signalled, timedOut);
  filePut(file);
  return result;
}

function goOn(thread: Thread, file: OpenFile, call: u8, signalled: bool, timedOut: bool): i32 {
  switch (call) {
    case CALL_POLL:
      return pollResume(thread, file, signalled);
    case CALL_EPOLL:
      return epollResume(thread, file, signalled, timedOut);
    case CALL_STREAM_READ:
    case CALL_STREAM_WRITE:
      return ioResume(thread, file, call, signalled);
    default:
      return ioctlResume(thread, file, call, signalled, timedOut);
  }
}

/** Ends one thread. The driver does not notice: its binder thread stays until the file is released. */
export function threadExit(thread: Thread): void {
  interrupt(thread);
  threadFree(thread);
}

/** The process ends with all its threads, its memory and its descriptors. */
export function processExit(process: Process): void {
  for (let thread = threadFirst(process); thread; thread = threadFirst(process)) threadExit(thread);
  drainClosed();
  const space = process.space;
  process.space = null;
  if (space) spaceDestroy(space);
  drainMappings(); // a file that was only mapped is released no earlier than the descriptors are closed
  fdTableDestroy(process);
  drainClosed();
  secctxPut(process.secctx);
  process.secctx = null;
  processRetire(process);
}

function interrupt(thread: Thread): void {
  if (!thread.parked) return;
  const result = callResume(thread, true);
  assert(result != PARKED, 'interrupt: a dying thread parked again');
}
