/**
 * epoll instances and their watches.
 *
 * An instance belongs to its open file, a watch to the tree of its instance. A watch is in the list of watches of its file. It
 * may be in the ready list, and in a queue: the file's, or that of a binder thread.
 */
import * as codes from '../abi/check';
import { BUG_OWN_WORK_UNPOLLED } from '../abi/history';
import { CACHE_EPOLL, CACHE_FILE, CACHE_THREAD, CACHE_WATCH, EPOLLET, EPOLLIN } from '../abi/machine';
import { BinderThread, binderThreadWatches } from '../driver/objects';
import { bugOn } from '../history';
import { listFirst, listLinked, listNext } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import {
  Epoll,
  epollReady,
  epollWaiters,
  EpollWait,
  treeOf,
  Watch,
  watchMayDangle,
  watchOfNode,
  watchOfQueue,
} from '../task/epoll';
import { FILE_EPOLL, OpenFile } from '../task/file';
import { claimLink, listHold, pointsAt, treeSound } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

export function checkEpoll(epoll: Epoll): bool {
  const at = changetype<usize>(epoll);
  claim(codes.VIOLATION_OWNER, at, 1);
  if (!pointsAt(CACHE_FILE, changetype<usize>(epoll.file), at)) return false;
  if (epoll.file.kind != FILE_EPOLL || epoll.file.owner != at) return blame(codes.VIOLATION_EPOLL, at);
  return checkReady(epoll, at) && checkWaiters(epoll, at) && checkTree(epoll, at);
}

export function checkWatch(watch: Watch): bool {
  const at = changetype<usize>(watch);
  claim(codes.VIOLATION_OWNER, at, 1);
  claimLink(at);
  claimLink(at + offsetof<Watch>('fileNext'));
  if (!watchMayDangle(watch)) claimLink(at + offsetof<Watch>('queueNext'));
  if (!pointsAt(CACHE_EPOLL, changetype<usize>(watch.epoll), at)) return false;
  if (!pointsAt(CACHE_FILE, changetype<usize>(watch.file), at)) return false;
  return listLinked(at + offsetof<Watch>('fileNext')) || blame(codes.VIOLATION_WATCH, at, watch.fd);
}

/** Checks a queue of watches, and holds their links. */
export function checkQueueOfWatches(head: usize): bool {
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    if (!pointsAt(CACHE_WATCH, changetype<usize>(watchOfQueue(link)), head)) return false;
  }
  return true;
}

/**
 * Whether no thread sleeps in epoll_wait for work of its own, in a driver with CVE-2024-26606. In another driver a thread may, when
 * a second thread of its instance took the event.
 */
export function checkWakeUp(binderThread: BinderThread): bool {
  if (!bugOn(BUG_OWN_WORK_UNPOLLED) || !binderThread.processTodo) return true;
  const head = binderThreadWatches(binderThread);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const watch = watchOfQueue(link);
    const isLevel = (watch.events & (EPOLLIN | EPOLLET)) == EPOLLIN;
    if (!isLevel || listLinked(changetype<usize>(watch)) || !sleepsIn(watch.epoll, binderThread.tid)) continue;
    return blame(codes.VIOLATION_LOST_WAKEUP, changetype<usize>(binderThread), binderThread.tid, watch.fd);
  }
  return true;
}

/** Whether a thread is in epoll_wait and not woken. */
function sleepsIn(epoll: Epoll, tid: i32): bool {
  const head = epollWaiters(epoll);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const thread = changetype<EpollWait>(link).thread;
    if (thread.tid == tid) return !listLinked(changetype<usize>(thread));
  }
  return false;
}

/** Checks the list of the watches of a file, and holds their links. */
export function checkWatchesOfFile(file: OpenFile, head: usize): bool {
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const watch = link - offsetof<Watch>('fileNext');
    if (!pointsAt(CACHE_WATCH, watch, head)) return false;
    if (changetype<Watch>(watch).file != file) return blame(codes.VIOLATION_WATCH, watch, changetype<Watch>(watch).fd);
  }
  return true;
}

function checkReady(epoll: Epoll, at: usize): bool {
  const head = epollReady(epoll);
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    if (!pointsAt(CACHE_WATCH, link, at)) return false;
    if (changetype<Watch>(link).epoll != epoll) return blame(codes.VIOLATION_WATCH, link, changetype<Watch>(link).fd);
  }
  return true;
}

function checkWaiters(epoll: Epoll, at: usize): bool {
  const head = epollWaiters(epoll);
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const thread = changetype<EpollWait>(link).thread;
    if (!pointsAt(CACHE_THREAD, changetype<usize>(thread), at)) return false;
    if (thread.waitingOn != at) return blame(codes.VIOLATION_THREAD, changetype<usize>(thread), thread.call);
  }
  return true;
}

function checkTree(epoll: Epoll, at: usize): bool {
  const root = treeOf(epoll);
  if (!treeSound(root)) return false;
  let before: Watch | null = null;
  for (let node = rbFirst(root); node; node = rbNext(node)) {
    const watch = watchOfNode(node);
    const address = changetype<usize>(watch);
    if (!pointsAt(CACHE_WATCH, address, at)) return false;
    hold(codes.VIOLATION_OWNER, address);
    if (watch.epoll != epoll) return blame(codes.VIOLATION_WATCH, address, watch.fd);
    if (before && !isAfter(before, watch)) return blame(codes.VIOLATION_TREE_ORDER, address, before.fd, watch.fd);
    before = watch;
  }
  return true;
}

function isAfter(before: Watch, watch: Watch): bool {
  const file = changetype<usize>(watch.file);
  const other = changetype<usize>(before.file);
  return file == other ? watch.fd > before.fd : file > other;
}
