/**
 * poll(2) of one descriptor. A thread that has ever polled a binder file is woken for work of the proc although it is not on the
 * list of waiting threads.
 *
 * A parked poll sleeps at the file of its start. Each time it is woken it looks the descriptor up again, as Linux does. The
 * descriptor may be closed by then, or refer to another file.
 */
import { EINTR, EINVAL } from '../abi/errno';
import { EPOLLERR, EPOLLHUP, EPOLLNVAL, PARKED } from '../abi/machine';
import { EVENT_PARK } from '../abi/events';
import { fdFile } from '../task/fdtable';
import { FILE_BINDER, FILE_EPOLL, OpenFile } from '../task/file';
import { ioPolled } from '../task/io';
import { CALL_POLL, Thread, threadCallFrame } from '../task/process';
import { threadPark } from '../task/wait';
import { trace } from '../trace';
import { binderThreadFind } from '../driver/binderthreads';
import { BinderThread, Proc } from '../driver/objects';
import { fileReady } from './readiness';

/** The state of a parked poll, in the call frame of its thread. */
@unmanaged
class Poll {
  fd: i32;
  events: u32;
}

/**
 * poll of one descriptor: `timeoutMs` 0 returns at once, -1 parks. The events that are ready (0: none; EPOLLNVAL: no such
 * descriptor), PARKED, or -EINVAL for a process that may have no descriptor at all (RLIMIT_NOFILE 0). A negative descriptor
 * never has an event, and its poll does not park.
 */
export function pollStart(thread: Thread, fd: i32, events: u32, timeoutMs: i32): i32 {
  if (thread.process.nofile < 1) return -EINVAL;
  const poll = changetype<Poll>(threadCallFrame(thread));
  poll.fd = fd;
  poll.events = events;
  const file = fdFile(thread.process, fd);
  const ready = check(thread, poll, file);
  return ready || !timeoutMs || !file ? ready : park(thread, file, poll);
}

/** Resumes a poll that was parked at `file`. */
export function pollResume(thread: Thread, file: OpenFile, signalled: bool): i32 {
  const poll = changetype<Poll>(threadCallFrame(thread));
  const binderThread = binderThreadOf(thread, file);
  if (binderThread) binderThread.waiter = null;
  const ready = check(thread, poll, fdFile(thread.process, poll.fd));
  if (ready) return ready;
  return signalled ? -EINTR : park(thread, file, poll);
}

/** The events that are ready now, of those the poll asks for. */
function check(thread: Thread, poll: Poll, file: OpenFile | null): i32 {
  if (!file) return poll.fd < 0 ? 0 : EPOLLNVAL;
  return fileReady(thread, file) & (poll.events | EPOLLERR | EPOLLHUP);
}

function park(thread: Thread, file: OpenFile, poll: Poll): i32 {
  const binderThread = binderThreadOf(thread, file);
  assert(!binderThread || !binderThread.waiter, 'park: a thread sleeps at the binder thread already');
  if (binderThread) binderThread.waiter = thread;
  threadPark(thread, CALL_POLL, file, binderThread ? changetype<usize>(binderThread) : placeOf(file, poll.events));
  trace(EVENT_PARK, CALL_POLL);
  return PARKED;
}

/** The stream or epoll instance at which a poll of a file sleeps; 0 without one. */
function placeOf(file: OpenFile, events: u32): usize {
  return file.kind == FILE_EPOLL ? file.owner : changetype<usize>(ioPolled(file, events));
}

/** The thread's binder thread at a binder file that it has polled; null for other files. */
function binderThreadOf(thread: Thread, file: OpenFile): BinderThread | null {
  return file.kind == FILE_BINDER ? binderThreadFind(changetype<Proc>(file.owner), thread.tid) : null;
}
