/**
 * epoll instances: which files each one watches, which of them are ready, and who waits for them.
 *
 *     Epoll ──watches: tree by file and number──> Watch ──file──> OpenFile, which it does not hold
 *       │ ready: list of Watch, oldest first          │ fileNext: in the file's list of watches
 *       │ waiters: list of EpollWait, newest first    │ queueNext: in a queue, notified of the file's events
 *
 * The queue of a pipe, a socket or an epoll file is the file's. That of a binder file is the binder thread's of the thread that
 * added the watch. A watch ends with its file, whatever descriptors remain of it, and with its epoll instance.
 *
 * Linux: a Watch is an epitem with its only eppoll_entry.
 */
import { EINVAL, ENOMEM } from '../abi/errno';
import { BUG_THREAD_EXIT_EPOLL, MISUSE_FREED } from '../abi/history';
import {
  CACHE_EPOLL,
  CACHE_WATCH,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLWAKEUP,
  O_CLOEXEC,
  O_RDWR,
} from '../abi/machine';
import { bugOn, misuseNote } from '../history';
import {
  LIST_SIZE,
  listAddHead,
  listAddTail,
  listBefore,
  listDel,
  listEmpty,
  listFirst,
  listInit,
  listLinked,
  listNext,
} from '../lib/list';
import {
  rbErase,
  rbFirst,
  rbInsertColor,
  rbLeft,
  rbLeftSlot,
  rbLink,
  rbRight,
  rbRightSlot,
  rbRoot,
} from '../lib/rbtree';
import { kmemCache, kmemFree, kmemIsFree, kmemZalloc } from '../mem/kmem';
import { fdInstall, fdReserve, fdUnreserve } from './fdtable';
import { FILE_EPOLL, fileFree, fileOpen, fileQueue, fileWatches, OpenFile } from './file';
import { CALL_POLL, Process, Thread } from './process';
import { threadWake, wakeWaiting } from './wait';

/** Bits of a watch's events that are modes. Without any other bit it is switched off, as after a EPOLLONESHOT. */
const MODES: u32 = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;

@unmanaged
export class Epoll {
  readyNext: usize; // head of the watches that may be ready, oldest first
  readyPrev: usize;
  waitersNext: usize; // head of the threads in epoll_wait, newest first
  waitersPrev: usize;
  watches: usize; // tree of Watch
  file: OpenFile; // its own open file
  walk: u32; // number of the walk over instances that counted `links`
  links: i32; // of the longest chain from here, in that walk
}

/** What an epoll instance knows of one descriptor. */
@unmanaged
export class Watch {
  readyNext: usize; // link in the ready list; first, so that a link is a watch
  readyPrev: usize;
  rbParent: usize; // node in the tree
  rbLeft: usize;
  rbRight: usize;
  fileNext: usize; // link in the file's list of watches
  filePrev: usize;
  queueNext: usize; // link in a queue; none once the binder thread of the queue is gone
  queuePrev: usize;
  epoll: Epoll;
  file: OpenFile;
  fd: i32; // the file's number when it was added
  events: u32; // EPOLL*, with the modes
  data: u64;
}

/** A thread in epoll_wait, in the thread's call frame. */
@unmanaged
export class EpollWait {
  next: usize; // link in the waiters; first, so that a link is a wait
  prev: usize;
  thread: Thread;
  eventsMax: i32;
  timeoutMs: i32;
  user: u64; // address of the events
}

export function epollBoot(): void {
  kmemCache(CACHE_EPOLL, offsetof<Epoll>());
  kmemCache(CACHE_WATCH, offsetof<Watch>());
}

/** epoll_create1(2). The descriptor, -EINVAL, -EMFILE or -ENOMEM. */
export function epollOpen(process: Process, flags: u32): i32 {
  if (flags & ~O_CLOEXEC) return -EINVAL;
  const fd = fdReserve(process, 0, (flags & O_CLOEXEC) != 0);
  if (fd < 0) return fd;
  const file = fileOpen(FILE_EPOLL, O_RDWR);
  const address = file ? kmemZalloc(CACHE_EPOLL) : 0;
  if (!file || !address) {
    if (file) fileFree(file);
    fdUnreserve(process, fd);
    return -ENOMEM;
  }
  const epoll = changetype<Epoll>(address);
  listInit(epollReady(epoll));
  listInit(epollWaiters(epoll));
  epoll.file = file;
  file.owner = address;
  fdInstall(process, fd, file);
  return fd;
}

/** Frees an instance whose file has no holder left, and so no waiter. */
export function epollDestroy(epoll: Epoll): void {
  assert(listEmpty(epollWaiters(epoll)), 'epollDestroy: a thread waits');
  for (let link = rbFirst(treeOf(epoll)); link; link = rbFirst(treeOf(epoll))) watchDrop(watchOfNode(link));
  kmemFree(CACHE_EPOLL, changetype<usize>(epoll));
}

/** The watch of a file under that number, or null. */
export function watchFind(epoll: Epoll, file: OpenFile, fd: i32): Watch | null {
  for (let link = rbRoot(treeOf(epoll)); link; ) {
    const watch = watchOfNode(link);
    if (watch.file == file && watch.fd == fd) return watch;
    link = isBefore(file, fd, watch) ? rbLeft(link) : rbRight(link);
  }
  return null;
}

/** Adds a watch that is in no queue yet, or null when memory is out. The instance must not have one of that file and number. */
export function watchCreate(epoll: Epoll, file: OpenFile, fd: i32, events: u32, data: u64): Watch | null {
  const address = kmemZalloc(CACHE_WATCH);
  if (!address) return null;
  const watch = changetype<Watch>(address);
  watch.epoll = epoll;
  watch.file = file;
  watch.fd = fd;
  watch.events = events;
  watch.data = data;
  listAddHead(address + offsetof<Watch>('fileNext'), fileWatches(file));
  const root = treeOf(epoll);
  let slot = root;
  let parent: usize = 0;
  for (let link = rbRoot(slot); link; link = rbRoot(slot)) {
    parent = link;
    slot = isBefore(file, fd, watchOfNode(link)) ? rbLeftSlot(link) : rbRightSlot(link);
  }
  rbLink(nodeOf(watch), parent, slot);
  rbInsertColor(nodeOf(watch), root);
  return watch;
}

/** Has the watch notified of the events of `queue`. Exclusive ones are notified last. */
export function watchQueue(watch: Watch, queue: usize): void {
  if (watch.events & EPOLLEXCLUSIVE) listAddTail(queueLink(watch), queue);
  else listAddHead(queueLink(watch), queue);
}

/** EPOLL_CTL_DEL, and the end of the file or of the instance. */
export function watchDrop(watch: Watch): void {
  if (listLinked(changetype<usize>(watch))) listDel(changetype<usize>(watch));
  if (listLinked(queueLink(watch)) && !isQueueFree(watch)) listDel(queueLink(watch));
  listDel(changetype<usize>(watch) + offsetof<Watch>('fileNext'));
  rbErase(nodeOf(watch), treeOf(watch.epoll));
  kmemFree(CACHE_WATCH, changetype<usize>(watch));
}

/** Whether the queue of a watch was freed with its binder thread, as in a driver with CVE-2019-2215. Its list is left alone then. */
function isQueueFree(watch: Watch): bool {
  if (!watchMayDangle(watch)) return false;
  misuseNote(MISUSE_FREED, listBefore(queueLink(watch)), LIST_SIZE, changetype<i32>(watch));
  return true;
}

/** Whether a watch is in a queue that is no object in use. */
export function watchMayDangle(watch: Watch): bool {
  return bugOn(BUG_THREAD_EXIT_EPOLL) && listLinked(queueLink(watch)) && kmemIsFree(listBefore(queueLink(watch)));
}

/** Drops every watch of a file that ends. */
export function watchesDrop(file: OpenFile): void {
  const head = fileWatches(file);
  for (let link = listFirst(head); link; link = listFirst(head)) watchDrop(watchOfFile(link));
}

/** Notifies the watches of a queue of `events`; 0 for anything. Of the exclusive ones, only the first that wakes a thread. */
export function watchesNotify(queue: usize, events: u32): void {
  for (let link = listFirst(queue); link; link = listNext(link, queue)) {
    const watch = watchOfQueue(link);
    if (notify(watch, events, false) && watch.events & EPOLLEXCLUSIVE) return;
  }
}

/** Notifies the watches of a queue that its owner goes, and takes them out of it. Linux: wake_up_pollfree. */
export function watchesRelease(queue: usize): void {
  for (let link = listFirst(queue); link; link = listFirst(queue)) {
    notify(watchOfQueue(link), EPOLLHUP, true);
    listDel(link);
  }
}

/** Notifies the watches of a file other than a binder file of `events`; 0 for anything. */
export function fileNotify(file: OpenFile, events: u32): void {
  if (!listEmpty(fileQueue(file))) watchesNotify(fileQueue(file), events);
}

/** Marks a watch as possibly ready, and wakes a thread. */
export function watchReady(watch: Watch): void {
  if (listLinked(changetype<usize>(watch))) return;
  listAddTail(changetype<usize>(watch), epollReady(watch.epoll));
  epollWakeOne(watch.epoll);
  spread(watch.epoll);
}

/** Wakes the thread that began to wait last and has not been woken otherwise. */
export function epollWakeOne(epoll: Epoll): void {
  const head = epollWaiters(epoll);
  for (let link = listFirst(head); link; link = listFirst(head)) {
    const thread = changetype<EpollWait>(link).thread;
    const isAwake = listLinked(changetype<usize>(thread));
    listDel(link);
    threadWake(thread);
    if (!isAwake) return;
  }
}

/** Whether events other than modes are asked for. */
function watchIsOn(watch: Watch): bool {
  return (watch.events & ~MODES) != 0;
}

/** Switches a watch off until it is modified. */
export function watchSwitchOff(watch: Watch): void {
  watch.events &= MODES;
}

export function epollReady(epoll: Epoll): usize {
  return changetype<usize>(epoll) + offsetof<Epoll>('readyNext');
}

export function epollWaiters(epoll: Epoll): usize {
  return changetype<usize>(epoll) + offsetof<Epoll>('waitersNext');
}

/** Address of the root of its tree of watches. */
export function treeOf(epoll: Epoll): usize {
  return changetype<usize>(epoll) + offsetof<Epoll>('watches');
}

export function watchOfNode(node: usize): Watch {
  return changetype<Watch>(node - offsetof<Watch>('rbParent'));
}

export function watchOfFile(link: usize): Watch {
  return changetype<Watch>(link - offsetof<Watch>('fileNext'));
}

export function watchOfQueue(link: usize): Watch {
  return changetype<Watch>(link - offsetof<Watch>('queueNext'));
}

/** Queues a watch as ready if it asks for one of the events. Returns whether an exclusive watch may keep the event to itself. */
function notify(watch: Watch, events: u32, isLast: bool): bool {
  const isShared = !(watch.events & EPOLLEXCLUSIVE);
  if (!watchIsOn(watch) || (events && !(events & watch.events))) return isShared;
  const epoll = watch.epoll;
  if (!listLinked(changetype<usize>(watch))) listAddTail(changetype<usize>(watch), epollReady(epoll));
  const isWaited = !listEmpty(epollWaiters(epoll));
  if (isWaited) epollWakeOne(epoll);
  spread(epoll);
  return isShared || (isWaited && !isLast && takesAlone(watch, events));
}

/** Whether an exclusive watch takes an event for input, or one for output, or one of an unknown kind. */
function takesAlone(watch: Watch, events: u32): bool {
  const directions = events & (EPOLLIN | EPOLLOUT);
  if (directions == <u32>(EPOLLIN | EPOLLOUT)) return false;
  return !directions || (directions & watch.events) != 0;
}

/** Notifies those who watch or poll the epoll file itself. */
function spread(epoll: Epoll): void {
  wakeWaiting(CALL_POLL, changetype<usize>(epoll));
  fileNotify(epoll.file, EPOLLIN);
}

function isBefore(file: OpenFile, fd: i32, watch: Watch): bool {
  if (file != watch.file) return changetype<usize>(file) < changetype<usize>(watch.file);
  return fd < watch.fd;
}

function nodeOf(watch: Watch): usize {
  return changetype<usize>(watch) + offsetof<Watch>('rbParent');
}

function queueLink(watch: Watch): usize {
  return changetype<usize>(watch) + offsetof<Watch>('queueNext');
}
