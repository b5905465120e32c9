/**
 * poll(2). A binder file is readable when a read would return at once. A thread that has ever polled is woken for process
 * work even though it does not stand on the list of waiting loopers.
 */
import { EINTR } from '../abi/errno';
import { EPOLLERR, EPOLLIN, PARKED } from '../abi/machine';
import { EVENT_PARK } from '../abi/events';
import { FILE_BINDER, OpenFile } from '../task/file';
import { ioReady } from '../task/io';
import { CALL_POLL, Thread, threadCallFrame } from '../task/process';
import { threadPark } from '../task/wait';
import { trace } from '../trace';
import { looperFind, looperGet } from './loopers';
import { LOOPER_POLL, Proc } from './objects';
import { looperAvailable, looperHasWork } from './work';

/** What a parked poll remembers, in the call frame of its thread. */
@unmanaged
class Poll {
  events: u32;
}

/** poll of one descriptor: `timeoutMs` 0 returns at once, -1 parks. The events that are ready (0: none), or PARKED. */
export function pollStart(thread: Thread, file: OpenFile, events: u32, timeoutMs: i32): i32 {
  const poll = changetype<Poll>(threadCallFrame(thread));
  poll.events = events;
  return check(thread, file, poll, timeoutMs);
}

/** Goes on with a parked poll. */
export function pollResume(thread: Thread, file: OpenFile, signalled: bool): i32 {
  if (!signalled) return check(thread, file, changetype<Poll>(threadCallFrame(thread)), -1);
  if (file.kind == FILE_BINDER) looperFind(changetype<Proc>(file.owner), thread.tid)!.waiter = null;
  return -EINTR;
}

function check(thread: Thread, file: OpenFile, poll: Poll, timeoutMs: i32): i32 {
  return file.kind == FILE_BINDER
    ? checkBinder(thread, file, poll, timeoutMs)
    : checkOther(thread, file, poll, timeoutMs);
}

function checkOther(thread: Thread, file: OpenFile, poll: Poll, timeoutMs: i32): i32 {
  const ready = ioReady(file) & poll.events;
  if (ready || !timeoutMs) return ready;
  const on = poll.events & EPOLLIN ? file.reads : file.writes;
  threadPark(thread, CALL_POLL, file, changetype<usize>(on));
  trace(EVENT_PARK, CALL_POLL);
  return PARKED;
}

function checkBinder(thread: Thread, file: OpenFile, poll: Poll, timeoutMs: i32): i32 {
  const looper = looperGet(changetype<Proc>(file.owner), thread);
  if (!looper) return EPOLLERR;
  looper.looper |= LOOPER_POLL;
  looper.waiter = null;
  const ready: i32 = looperHasWork(looper, looperAvailable(looper)) ? EPOLLIN & poll.events : 0;
  if (ready || !timeoutMs) return ready;
  looper.waiter = thread;
  threadPark(thread, CALL_POLL, file, changetype<usize>(looper));
  trace(EVENT_PARK, CALL_POLL);
  return PARKED;
}
