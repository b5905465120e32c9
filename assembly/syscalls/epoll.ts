/**
 * epoll_ctl(2) and epoll_wait(2). Linux asks a file for its events in the name of the thread that asks, so a binder file that one
 * thread added shows another thread what that other one could read.
 */
import { EBADF, EEXIST, EFAULT, EINTR, EINVAL, ELOOP, ENOENT, ENOMEM, EPERM } from '../abi/errno';
import { EVENT_PARK } from '../abi/events';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_EVENT_DATA,
  EPOLL_EVENT_SIZE,
  EPOLL_NESTS_MAX,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLWAKEUP,
  FOREIGN_VA_BITS,
  PARKED,
} from '../abi/machine';
import { listAddHead, listAddTail, listDel, listEmpty, listFirst, listLast, listLinked, listNext } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { Space } from '../mem/space';
import { putUser32, putUser64 } from '../mem/uaccess';
import {
  Epoll,
  epollReady,
  epollWaiters,
  EpollWait,
  epollWakeOne,
  treeOf,
  Watch,
  watchCreate,
  watchDrop,
  watchFind,
  watchOfFile,
  watchOfNode,
  watchQueue,
  watchReady,
  watchSwitchOff,
} from '../task/epoll';
import { fdFile } from '../task/fdtable';
import { FILE_BINDER, FILE_EPOLL, filePollable, fileQueue, fileWatches, OpenFile } from '../task/file';
import { CALL_EPOLL, Thread, threadCallFrame } from '../task/process';
import { threadPark } from '../task/wait';
import { trace } from '../trace';
import { binderThreadFind } from '../driver/binderthreads';
import { binderThreadWatches, Proc } from '../driver/objects';
import { watchedReady } from './readiness';

/** What an exclusive watch may ask for. */
const EXCLUSIVE_EVENTS: u32 = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
const EVENTS_MAX: i32 = i32.MAX_VALUE / EPOLL_EVENT_SIZE;

/** Number of walks over instances that watch each other. A walk counts each instance once. */
@unmanaged
class Walks {
  count: u32;
}

const walks = changetype<Walks>(memory.data(offsetof<Walks>(), 4));

/** epoll_ctl(2). 0, or -EBADF, -EPERM, -EINVAL, -ELOOP, -EEXIST, -ENOENT, -ENOMEM. */
export function epollControl(thread: Thread, epfd: i32, command: i32, fd: i32, events: u32, data: u64): i32 {
  const own = fdFile(thread.process, epfd);
  const file = own ? fdFile(thread.process, fd) : null;
  if (!own || !file) return -EBADF;
  if (!filePollable(file)) return -EPERM;
  if (own == file || own.kind != FILE_EPOLL) return -EINVAL;
  if (command != EPOLL_CTL_DEL && events & EPOLLEXCLUSIVE) {
    if (command == EPOLL_CTL_MOD) return -EINVAL;
    if (command == EPOLL_CTL_ADD && (file.kind == FILE_EPOLL || events & ~EXCLUSIVE_EVENTS)) return -EINVAL;
  }
  const epoll = changetype<Epoll>(own.owner);
  if (command == EPOLL_CTL_ADD && file.kind == FILE_EPOLL && isTooDeep(epoll, changetype<Epoll>(file.owner)))
    return -ELOOP;
  const watch = watchFind(epoll, file, fd);
  switch (command) {
    case EPOLL_CTL_ADD:
      return watch ? -EEXIST : add(thread, epoll, file, fd, events | EPOLLERR | EPOLLHUP, data);
    case EPOLL_CTL_DEL:
      if (!watch) return -ENOENT;
      watchDrop(watch);
      return 0;
    case EPOLL_CTL_MOD:
      return watch ? modify(thread, watch, events | EPOLLERR | EPOLLHUP, data) : -ENOENT;
    default:
      return -EINVAL;
  }
}

/**
 * epoll_wait(2): stores up to `eventsMax` events at `user`. A timeout of 0 returns at once, a negative one never passes.
 * @returns the number of events, -EINVAL, -EFAULT, -EBADF or PARKED
 */
export function epollWaitStart(thread: Thread, epfd: i32, user: u64, eventsMax: i32, timeoutMs: i32): i32 {
  if (eventsMax <= 0 || eventsMax > EVENTS_MAX) return -EINVAL;
  const space = thread.process.space!;
  const end = space.foreign ? (<u64>1) << FOREIGN_VA_BITS : space.limit;
  if (user + <u64>eventsMax * EPOLL_EVENT_SIZE > end) return -EFAULT;
  const file = fdFile(thread.process, epfd);
  if (!file) return -EBADF;
  if (file.kind != FILE_EPOLL) return -EINVAL;
  const wait = changetype<EpollWait>(threadCallFrame(thread));
  wait.next = 0;
  wait.prev = 0;
  wait.thread = thread;
  wait.user = user;
  wait.eventsMax = eventsMax;
  wait.timeoutMs = timeoutMs;
  const result = collect(thread, changetype<Epoll>(file.owner), wait);
  return result || !timeoutMs ? result : park(thread, file, wait);
}

/** Resumes a parked epoll_wait. A signal or a deadline does not keep it from events that have come. */
export function epollResume(thread: Thread, file: OpenFile, signalled: bool, timedOut: bool): i32 {
  const wait = changetype<EpollWait>(threadCallFrame(thread));
  const isLate = epollLeave(wait) && timedOut;
  const result = isLate ? 0 : collect(thread, changetype<Epoll>(file.owner), wait);
  if (result || timedOut) return result;
  return signalled ? -EINTR : park(thread, file, wait);
}

/** Ends the epoll_wait of a thread that dies. */
export function epollInterrupt(thread: Thread): i32 {
  epollLeave(changetype<EpollWait>(threadCallFrame(thread)));
  return -EINTR;
}

/** Takes a wait off the list of waiters. Returns whether it was there: an event has not woken it. */
function epollLeave(wait: EpollWait): bool {
  const isQueued = listLinked(changetype<usize>(wait));
  if (isQueued) listDel(changetype<usize>(wait));
  return isQueued;
}

function add(thread: Thread, epoll: Epoll, file: OpenFile, fd: i32, events: u32, data: u64): i32 {
  const watch = watchCreate(epoll, file, fd, events, data);
  if (!watch) return -ENOMEM;
  const ready = watchedReady(thread, watch);
  const queue = queueOf(thread, file);
  if (queue) watchQueue(watch, queue);
  if (ready) watchReady(watch);
  return 0;
}

/** Linux does not modify an exclusive watch. */
function modify(thread: Thread, watch: Watch, events: u32, data: u64): i32 {
  if (watch.events & EPOLLEXCLUSIVE) return -EINVAL;
  watch.events = events;
  watch.data = data;
  if (watchedReady(thread, watch)) watchReady(watch);
  return 0;
}

/** The queue that notifies a watch; 0 when memory was out for the thread's binder thread. */
function queueOf(thread: Thread, file: OpenFile): usize {
  if (file.kind != FILE_BINDER) return fileQueue(file);
  const binderThread = binderThreadFind(changetype<Proc>(file.owner), thread.tid);
  return binderThread ? binderThreadWatches(binderThread) : 0;
}

/**
 * Asks the watches of the ready list, oldest first, and stores the events of those that are ready. A watch stays on the list
 * only while it is level-triggered and ready. Another thread is woken for what stays.
 */
function collect(thread: Thread, epoll: Epoll, wait: EpollWait): i32 {
  const ready = epollReady(epoll);
  const last = listLast(ready);
  let count = 0;
  for (let link: usize = 0; link != last && count < wait.eventsMax; ) {
    link = listFirst(ready);
    const watch = changetype<Watch>(link);
    listDel(link);
    const events = watchedReady(thread, watch);
    if (!events) continue;
    if (!storeEvent(thread.process.space!, wait.user + <u64>count * EPOLL_EVENT_SIZE, events, watch.data)) {
      listAddHead(link, ready);
      if (!count) count = -EFAULT;
      break;
    }
    count++;
    if (watch.events & EPOLLONESHOT) watchSwitchOff(watch);
    else if (!(watch.events & EPOLLET)) listAddTail(link, ready);
  }
  if (!listEmpty(ready)) epollWakeOne(epoll);
  return count;
}

/** Stores a struct epoll_event. */
function storeEvent(space: Space, user: u64, events: u32, data: u64): bool {
  return putUser32(space, user, events) && putUser64(space, user + EPOLL_EVENT_DATA, data);
}

function park(thread: Thread, file: OpenFile, wait: EpollWait): i32 {
  const epoll = changetype<Epoll>(file.owner);
  listAddHead(changetype<usize>(wait), epollWaiters(epoll));
  threadPark(thread, CALL_EPOLL, file, changetype<usize>(epoll));
  if (wait.timeoutMs > 0) thread.timeoutMs = wait.timeoutMs;
  trace(EVENT_PARK, CALL_EPOLL);
  return PARKED;
}

/** Whether `epoll` would watch itself through `inner`, or the longest chain of instances would have too many links. */
function isTooDeep(epoll: Epoll, inner: Epoll): bool {
  walks.count++;
  const below = linksBelow(inner, epoll);
  walks.count++;
  return linksAbove(epoll) + 1 + below > EPOLL_NESTS_MAX;
}

/** The length of the longest chain of instances that `epoll` watches; more than allowed when one is `forbidden`. */
function linksBelow(epoll: Epoll, forbidden: Epoll): i32 {
  if (epoll.walk == walks.count) return epoll.links;
  let links = 0;
  for (let node = rbFirst(treeOf(epoll)); node && links <= EPOLL_NESTS_MAX; node = rbNext(node)) {
    const file = watchOfNode(node).file;
    if (file.kind != FILE_EPOLL) continue;
    const inner = changetype<Epoll>(file.owner);
    if (inner == forbidden) return EPOLL_NESTS_MAX;
    links = max(links, 1 + linksBelow(inner, forbidden));
  }
  epoll.walk = walks.count;
  epoll.links = links;
  return links;
}

/** The length of the longest chain of instances that watch `epoll`. */
function linksAbove(epoll: Epoll): i32 {
  if (epoll.walk == walks.count) return epoll.links;
  const head = fileWatches(epoll.file);
  let links = 0;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    links = max(links, 1 + linksAbove(watchOfFile(link).epoll));
  }
  epoll.walk = walks.count;
  epoll.links = links;
  return links;
}
