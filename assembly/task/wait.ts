/**
 * Sleep and wake. A system call never blocks the wasm. A call without a result yet marks its thread as parked and returns
 * PARKED. New work for the thread puts it on the wake list. The host resumes threads from the list in the order of waking.
 * A resumed thread without work parks again.
 */
import { EVENT_WAKE } from '../abi/events';
import { LIST_SIZE, listAddTail, listDel, listFirst, listInit, listLinked } from '../lib/list';
import { trace } from '../trace';
import { fileGet, filePut, OpenFile } from './file';
import { CALL_COUNT, CALL_NONE, processFirst, processNext, Thread, threadFirst, threadNext } from './process';

/** Number of threads that sleep in one kind of call. */
@unmanaged
class Sleepers {
  count: i32;
}

export const wakeList: usize = memory.data(LIST_SIZE, 4);
const sleepers: usize = memory.data(CALL_COUNT * 4, 4); // Sleepers of each CALL_*

export function waitBoot(): void {
  listInit(wakeList);
}

/** Parks the calling thread in `call` at `on`. Holds `file` until the call is over. */
export function threadPark(thread: Thread, call: u8, file: OpenFile, on: usize): void {
  assert(!thread.parked, 'threadPark: thread sleeps already');
  fileGet(file);
  sleepersIn(call).count++;
  thread.parked = true;
  thread.call = call;
  thread.callFile = file;
  thread.waitingOn = on;
}

/** Ends the parked call of a thread and drops its file. */
export function threadUnpark(thread: Thread): void {
  assert(thread.parked, 'threadUnpark: thread does not sleep');
  const file = thread.callFile;
  sleepersIn(thread.call).count--;
  thread.parked = false;
  thread.call = CALL_NONE;
  thread.callFile = null;
  thread.waitingOn = 0;
  thread.timeoutMs = -1;
  thread.timedOut = false;
  thread.signalled = false;
  if (listLinked(changetype<usize>(thread))) listDel(changetype<usize>(thread));
  if (file) filePut(file);
}

/** Puts a sleeping thread on the wake list, once. */
export function threadWake(thread: Thread): void {
  const link = changetype<usize>(thread);
  if (!thread.parked || listLinked(link)) return;
  trace(EVENT_WAKE, thread.tid);
  listAddTail(link, wakeList);
}

/** Sends a signal that has a handler. It interrupts a parked call when that is resumed, and has no effect otherwise. */
export function threadSignal(thread: Thread): void {
  if (!thread.parked) return;
  thread.signalled = true;
  threadWake(thread);
}

/** Lets time pass to the deadline of a parked call. The deadlines of calls with a shorter or equal timeout pass as well. */
export function threadTimeOut(thread: Thread): void {
  const timeoutMs = thread.timeoutMs;
  if (timeoutMs < 0) return;
  for (let due = nextDue(timeoutMs); due; ) {
    due.timedOut = true;
    threadWake(due);
    due = nextDue(timeoutMs);
  }
}

/** The thread with the shortest timeout, at most `limitMs`, whose deadline has not passed yet; or null. */
function nextDue(limitMs: i32): Thread | null {
  let due: Thread | null = null;
  let process = processFirst();
  while (process) {
    let thread = threadFirst(process);
    while (thread) {
      const mayPass = thread.timeoutMs >= 0 && !thread.timedOut && thread.timeoutMs <= limitMs;
      if (mayPass && (!due || thread.timeoutMs < due.timeoutMs)) due = thread;
      thread = threadNext(thread);
    }
    process = processNext(process);
  }
  return due;
}

/** Wakes every thread that is parked in `call` at `on`. Returns whether there was one. */
export function wakeWaiting(call: u8, on: usize): bool {
  if (!sleepersIn(call).count) return false;
  let found = false;
  let process = processFirst();
  while (process) {
    let thread = threadFirst(process);
    while (thread) {
      if (thread.call == call && thread.waitingOn == on) {
        threadWake(thread);
        found = true;
      }
      thread = threadNext(thread);
    }
    process = processNext(process);
  }
  return found;
}

function sleepersIn(call: u8): Sleepers {
  assert(call > CALL_NONE && <i32>call < CALL_COUNT, 'sleepersIn: no such call');
  return changetype<Sleepers>(sleepers + <usize>call * offsetof<Sleepers>());
}

/** Takes the next thread off the wake list, or null. */
export function wakeTake(): Thread | null {
  const link = listFirst(wakeList);
  if (!link) return null;
  listDel(link);
  return changetype<Thread>(link);
}
