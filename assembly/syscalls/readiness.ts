/**
 * What an open file is ready for, as poll and epoll ask. A binder file is readable when a read of the asking thread would return
 * at once. An epoll file is readable when one of its watches is ready.
 */
import { EPOLLERR, EPOLLIN, EPOLLRDNORM } from '../abi/machine';
import { listDel, listFirst } from '../lib/list';
import { Epoll, epollReady, Watch } from '../task/epoll';
import { FILE_BINDER, FILE_EPOLL, OpenFile } from '../task/file';
import { ioReady } from '../task/io';
import { Thread } from '../task/process';
import { binderThreadGet } from '../driver/binderthreads';
import { LOOPER_POLL, Proc } from '../driver/objects';
import { binderThreadAvailable, binderThreadHasWork } from '../driver/work';

/** The events (EPOLL*) that are ready. Asking about a binder file makes the thread one that polls. */
export function fileReady(thread: Thread, file: OpenFile): u32 {
  if (file.kind == FILE_BINDER) return binderReady(thread, changetype<Proc>(file.owner));
  if (file.kind == FILE_EPOLL) return anyReady(thread, changetype<Epoll>(file.owner));
  return ioReady(file);
}

/** The events that are ready, of those that the watch asks for. */
export function watchedReady(thread: Thread, watch: Watch): u32 {
  return fileReady(thread, watch.file) & watch.events;
}

function binderReady(thread: Thread, proc: Proc): u32 {
  const binderThread = binderThreadGet(proc, thread);
  if (!binderThread) return EPOLLERR;
  binderThread.state |= LOOPER_POLL;
  return binderThreadHasWork(binderThread, binderThreadAvailable(binderThread)) ? EPOLLIN : 0;
}

/** Looks for a ready watch. Those before it leave the ready list. */
function anyReady(thread: Thread, epoll: Epoll): u32 {
  const head = epollReady(epoll);
  for (let link = listFirst(head); link; link = listFirst(head)) {
    if (watchedReady(thread, changetype<Watch>(link))) return EPOLLIN | EPOLLRDNORM;
    listDel(link);
  }
  return 0;
}
