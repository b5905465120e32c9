/**
 * Processes and threads. A live process has its space and descriptors. The object at which a thread sleeps points at it.
 *
 * A process object has one reference while it lives and one from each proc that it opened. A parked thread holds its file.
 * Some calls hold frames, procs, or a binder thread that waits for a grace period.
 */
import * as codes from '../abi/check';
import {
  CACHE_BINDER_THREAD,
  CACHE_BINDER_PROC,
  CACHE_EPOLL,
  CACHE_FILE,
  CACHE_PROCESS,
  CACHE_SPACE,
  CACHE_STREAM,
  CACHE_THREAD,
  FRAME_ARRAY,
  PAGE_SIZE,
} from '../abi/machine';
import { Freezing, Slot } from '../driver/freezer';
import { Exit } from '../driver/ioctl';
import { BinderThread } from '../driver/objects';
import { listEmpty, listFirst, listLinked, listNext } from '../lib/list';
import { FILE_BINDER, FILE_EPOLL } from '../task/file';
import {
  CALL_EPOLL,
  CALL_FREEZE,
  CALL_GRACE,
  CALL_NONE,
  CALL_POLL,
  CALL_READ,
  CALL_STREAM_READ,
  CALL_STREAM_WRITE,
  Process,
  processes,
  Thread,
  threadCallFrame,
} from '../task/process';
import { wakeList } from '../task/wait';
import { checkDescriptors } from './files';
import { claimLink, holdFrames, holdSecctx, listHold, pointsAt } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

/** Checks the list of live processes and the wake list. */
export function checkTasks(): bool {
  if (!listHold(processes) || !listHold(wakeList)) return false;
  for (let link = listFirst(processes); link; link = listNext(link, processes)) {
    if (!pointsAt(CACHE_PROCESS, link, processes)) return false;
    hold(codes.VIOLATION_PROCESS_REFS, link);
    if (!changetype<Process>(link).alive) return blame(codes.VIOLATION_PROCESS, link);
  }
  for (let link = listFirst(wakeList); link; link = listNext(link, wakeList)) {
    if (!pointsAt(CACHE_THREAD, link, wakeList)) return false;
  }
  return true;
}

export function checkProcess(process: Process): bool {
  const at = changetype<usize>(process);
  claim(codes.VIOLATION_PROCESS_REFS, at, process.refs);
  claimLink(at);
  if (process.alive != listLinked(at) || process.refs <= 0) return blame(codes.VIOLATION_PROCESS, at);
  const head = at + offsetof<Process>('threadsNext');
  if (!process.alive)
    return (!process.space && !process.files && listEmpty(head)) || blame(codes.VIOLATION_PROCESS, at);

  if (!holdSecctx(process.secctx)) return false;
  if (!listHold(head)) return false;
  if (listEmpty(head)) return blame(codes.VIOLATION_PROCESS, at);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const thread = link - offsetof<Thread>('siblingNext');
    if (!pointsAt(CACHE_THREAD, thread, at)) return false;
    hold(codes.VIOLATION_OWNER, thread);
    if (changetype<Thread>(thread).process != process) return blame(codes.VIOLATION_THREAD, thread);
  }
  const space = process.space;
  if (!pointsAt(CACHE_SPACE, changetype<usize>(space), at)) return false;
  hold(codes.VIOLATION_SPACE_REFS, changetype<usize>(space));
  if (space!.owner != at || !space!.root) return blame(codes.VIOLATION_PROCESS, at);
  return checkDescriptors(process);
}

export function checkThread(thread: Thread): bool {
  const at = changetype<usize>(thread);
  claim(codes.VIOLATION_OWNER, at, 1);
  claimLink(at);
  claimLink(at + offsetof<Thread>('siblingNext'));
  if (!thread.alive || thread.parked != (thread.call != CALL_NONE))
    return blame(codes.VIOLATION_THREAD, at, thread.call);
  if (thread.parked) return checkParked(thread);
  const isFree = !thread.callFile && !thread.waitingOn && !listLinked(at) && thread.timeoutMs == -1;
  return isFree || blame(codes.VIOLATION_THREAD, at);
}

function checkParked(thread: Thread): bool {
  const at = changetype<usize>(thread);
  const file = thread.callFile;
  if (!pointsAt(CACHE_FILE, changetype<usize>(file), at)) return false;
  hold(codes.VIOLATION_FILE_REFS, changetype<usize>(file));
  switch (thread.call) {
    case CALL_READ:
      return checkSleeper(thread);
    case CALL_POLL:
      if (file!.kind == FILE_EPOLL) return pointsAt(CACHE_EPOLL, thread.waitingOn, at);
      return file!.kind == FILE_BINDER ? checkSleeper(thread) : checkStreamWait(thread);
    case CALL_EPOLL:
      claimLink(threadCallFrame(thread));
      return pointsAt(CACHE_EPOLL, thread.waitingOn, at);
    case CALL_STREAM_READ:
    case CALL_STREAM_WRITE:
      return checkStreamWait(thread);
    case CALL_FREEZE:
      return checkFreezer(thread);
    case CALL_GRACE:
      return checkExit(thread);
    default:
      return blame(codes.VIOLATION_THREAD, at, thread.call);
  }
}

/** A thread in a read or a poll of a binder file: the binder thread has it as its waiter. */
function checkSleeper(thread: Thread): bool {
  const at = changetype<usize>(thread);
  if (!pointsAt(CACHE_BINDER_THREAD, thread.waitingOn, at)) return false;
  const binderThread = changetype<BinderThread>(thread.waitingOn);
  if (binderThread.waiter != thread)
    return blame(codes.VIOLATION_WAITER, thread.waitingOn, changetype<i32>(binderThread.waiter), <i32>at);
  return binderThread.tid == thread.tid || blame(codes.VIOLATION_THREAD, at, thread.call);
}

/** A thread in a read, write or poll of a stream. A poll for events that the file never has waits at 0, until a signal. */
function checkStreamWait(thread: Thread): bool {
  const at = changetype<usize>(thread);
  if (!thread.waitingOn && thread.call == CALL_POLL) return true;
  return pointsAt(CACHE_STREAM, thread.waitingOn, at);
}

/** A thread in BINDER_FREEZE holds the procs that are not frozen yet. It sleeps at the current one. */
function checkFreezer(thread: Thread): bool {
  const at = changetype<usize>(thread);
  const freezing = changetype<Freezing>(threadCallFrame(thread));
  let order = 0;
  while (PAGE_SIZE << order < freezing.count * <i32>offsetof<Slot>()) order++;
  if (!holdFrames(freezing.targets, order, FRAME_ARRAY, changetype<usize>(freezing))) return false;
  if (<u32>freezing.index >= <u32>freezing.count) return blame(codes.VIOLATION_THREAD, at, thread.call);
  for (let index = freezing.index; index < freezing.count; index++) {
    const slot = changetype<Slot>(freezing.targets + <usize>index * offsetof<Slot>());
    const proc = changetype<usize>(slot.proc);
    if (!pointsAt(CACHE_BINDER_PROC, proc, at)) return false;
    hold(codes.VIOLATION_PROC_REFS, proc);
    if (index == freezing.index && proc != thread.waitingOn) return blame(codes.VIOLATION_THREAD, at, thread.call);
  }
  return true;
}

/** A thread in BINDER_THREAD_EXIT after a poll holds the binder thread that it took out of its proc. */
function checkExit(thread: Thread): bool {
  const exit = changetype<Exit>(threadCallFrame(thread));
  return !thread.waitingOn
    ? holdDetached(exit.binderThread, changetype<usize>(thread))
    : blame(codes.VIOLATION_THREAD, changetype<usize>(thread), thread.call);
}

/** A binder thread between the two halves of its release belongs to the releasing call. It holds its proc. */
export function holdDetached(binderThread: BinderThread, from: usize): bool {
  const at = changetype<usize>(binderThread);
  if (!pointsAt(CACHE_BINDER_THREAD, at, from)) return false;
  hold(codes.VIOLATION_OWNER, at);
  hold(codes.VIOLATION_LOOPER_REFS, at);
  if (!binderThread.isDead) return blame(codes.VIOLATION_THREAD, from);
  hold(codes.VIOLATION_PROC_REFS, changetype<usize>(binderThread.proc));
  return pointsAt(CACHE_BINDER_PROC, changetype<usize>(binderThread.proc), at);
}
