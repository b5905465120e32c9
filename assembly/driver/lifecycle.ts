/**
 * The start and end of a proc: open, mmap, the close of descriptors and mappings, and the deferred work that follows.
 *
 * The close of a descriptor defers a flush, which makes every thread that waits in a read return. Descriptors, mappings and
 * calls hold the open file. The last reference defers the proc's release: of binder threads, nodes, refs and queues, in
 * that order, with notifications to the procs that depend on them. Deferred work runs when no thread can run.
 */
import { EINVAL, ENOMEM, EPERM } from '../abi/errno';
import { BUG_DEATHS_MOVED } from '../abi/history';
import { KLOG_MMAP_FLAGS } from '../abi/klog';
import { CACHE_BINDER_PROC, O_CLOEXEC, PROT_WRITE } from '../abi/machine';
import { allocCreate, allocMmap, allocVmaClosed } from '../alloc/alloc';
import { bugOn } from '../history';
import { klog } from '../klog';
import { LIST_SIZE, listAddHead, listDel, listEmpty, listFirst, listInit, listLinked } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { Strategy } from '../mapping/area';
import { MapRequest, spaceMap, spaceUnmap } from '../mem/areas';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { spaceAnyClosed, spaceHasOwner, spaceTakeClosed, spaceVma, vmaFree } from '../mem/space';
import { Epoll, epollDestroy, watchesDrop } from '../task/epoll';
import { fdInstall, fdReserve, fdUnreserve } from '../task/fdtable';
import {
  CLOSING_FLUSH,
  CLOSING_RELEASE,
  FILE_BINDER,
  FILE_EPOLL,
  FILE_MEMFD,
  FILE_OUTSIDE,
  FILE_STREAM,
  fileFirstClosing,
  fileFree,
  fileGet,
  fileNextClosing,
  fileOpen,
  filePut,
  fileAnyClosing,
  fileTakeClosing,
  OpenFile,
} from '../task/file';
import { ioClose } from '../task/io';
import { Memfd, memfdDestroy } from '../task/memfd';
import { outsideRelease } from '../task/outside';
import { processFirst, processGet, processNext, Thread } from '../task/process';
import { secctxGet } from '../task/secctx';
import { deathNotify, deathsMove, deathsNotify, deliveredDeaths } from './death';
import { deliveredFreezes } from './freeze';
import { procHold, procRelease } from './tmprefs';
import { binderThreadDetach, binderThreadFinish, workDropAll } from './binderthreads';
import { nodeFirst, nodeFree, nodeHold, nodeRelease, nodeUnlink } from './nodes';
import {
  DEFERRED_FLUSH,
  DEFERRED_RELEASE,
  BinderThread,
  LOOPER_POLL,
  LOOPER_WAITING,
  Node,
  nodeAsyncTodo,
  nodeRefs,
  Proc,
  procTodo,
  procWaiting,
  Transaction,
} from './objects';
import { refFirst, refFree } from './refs';
import { context, deadNodesAdd, procsAdd, procsFirst, procsNext, procsRemove, STAT_PROC, statCreated } from './state';
import { binderThreadWake, workRemove } from './work';

/** The worker that does deferred work. It sleeps while a release waits for a grace period. */
@unmanaged
export class Worker {
  proc: Proc | null; // being released; null while there is none
  binderThread: BinderThread | null; // detached, and not finished yet
  serving: Transaction | null; // the call that it served, from binderThreadDetach
  isBeside: bool; // whether this is the second worker of releaseBeside
}

export const deferredList: usize = memory.data(LIST_SIZE, 4);
export const worker = changetype<Worker>(memory.data(offsetof<Worker>(), 4));

export function lifecycleBoot(): void {
  listInit(deferredList);
}

/** open("/dev/…"): a new proc and a new open file. The descriptor, -ENODEV, -EMFILE or -ENOMEM. */
export function binderOpen(thread: Thread, device: i32, flags: u32): i32 {
  const process = thread.process;
  const fd = fdReserve(process, 0, (flags & O_CLOEXEC) != 0);
  if (fd < 0) return fd;
  const file = fileOpen(FILE_BINDER, flags);
  const proc = file ? procCreate(thread, device) : null;
  if (!file || !proc) {
    if (file) fileFree(file);
    fdUnreserve(process, fd);
    return -ENOMEM;
  }
  file.device = <u8>device;
  file.inode += device;
  file.owner = changetype<usize>(proc);
  fdInstall(process, fd, file);
  return fd;
}

/**
 * mmap of a binder file: only by the process that opened it, never writable, once in the file's life; the pages come later.
 * The address, or -EINVAL, -EPERM, -EBUSY, -ENOMEM, and what mmap itself refuses.
 */
export function binderMmap(thread: Thread, file: OpenFile, request: MapRequest, strategy: Strategy): i64 {
  assert(file.kind == FILE_BINDER, 'binderMmap: no binder file');
  const proc = changetype<Proc>(file.owner);
  const space = thread.process.space!;
  request.owner = changetype<usize>(file);
  const address = spaceMap(space, request);
  if (address < 0) return address;
  const vma = spaceVma(space, address)!;
  let error = 0;
  if (thread.process != proc.process) error = -EINVAL;
  else if (request.prot & PROT_WRITE) {
    klog(KLOG_MMAP_FLAGS, proc.pid, 0, vma.start, vma.end);
    error = -EPERM;
  } else error = allocMmap(proc.alloc, space, vma, strategy);
  if (error) {
    vma.owner = 0;
    spaceUnmap(space, address, vma.end - vma.start);
    return error;
  }
  vma.mayWrite = false;
  vma.dontCopy = true;
  file.mapped = true;
  fileGet(file);
  return address;
}

/**
 * Acts on mappings and descriptors that were closed: call it after every system call that may have closed one.
 * As in Linux, every descriptor is flushed before the first file is released; the file whose last holder went last is
 * released first.
 */
export function drainClosed(): void {
  if (spaceAnyClosed() || fileAnyClosing()) drainSlowly();
}

function drainSlowly(): void {
  drainMappings();
  for (let file = fileFirstClosing(); file; ) {
    if (file.closing & CLOSING_FLUSH) defer(changetype<Proc>(file.owner), DEFERRED_FLUSH);
    file = fileNextClosing(file);
  }
  for (let file = fileTakeClosing(); file; file = fileTakeClosing()) {
    const closing = file.closing;
    file.closing = 0;
    if (closing & CLOSING_RELEASE) releaseFile(file);
  }
}

/** Acts on mappings that were closed. What that means for their files waits for drainClosed. */
export function drainMappings(): void {
  for (let vma = spaceTakeClosed(); vma; vma = spaceTakeClosed()) {
    const file = changetype<OpenFile>(vma.owner);
    vmaFree(vma);
    if (file.kind == FILE_BINDER) allocVmaClosed(changetype<Proc>(file.owner).alloc);
    if (!file.mapped || isMapped(file)) continue;
    file.mapped = false;
    filePut(file);
  }
}

/** Runs deferred work until none is left, or until a release goes to sleep in the middle. Whether anything was done. */
export function deferredRun(): bool {
  if (!worker.proc && listEmpty(deferredList)) return false;
  if (worker.proc && !releaseThreads()) return true;
  for (let link = listFirst(deferredList); link; link = listFirst(deferredList)) {
    listDel(link);
    const proc = changetype<Proc>(link - offsetof<Proc>('deferredNext'));
    const deferred = proc.deferred;
    proc.deferred = 0;
    if (deferred & DEFERRED_FLUSH) flush(proc);
    if (deferred & DEFERRED_RELEASE) {
      releaseStart(proc);
      if (!releaseThreads()) return true;
    }
  }
  return true;
}

/** Whether any process still maps the file; a binder file is mapped by the one that opened it, or by none. */
export function isMapped(file: OpenFile): bool {
  const owner = changetype<usize>(file);
  if (file.kind == FILE_BINDER) {
    const space = changetype<Proc>(file.owner).process.space;
    return space != null && spaceHasOwner(space, owner);
  }
  let process = processFirst();
  while (process) {
    const space = process.space;
    if (space && spaceHasOwner(space, owner)) return true;
    process = processNext(process);
  }
  return false;
}

/** Ends an open file whose last reference is gone. */
function releaseFile(file: OpenFile): void {
  watchesDrop(file);
  if (file.kind == FILE_BINDER) {
    const proc = changetype<Proc>(file.owner);
    proc.debugfsEntry = false; // its file vanishes now, the proc itself when deferred work runs
    defer(proc, DEFERRED_RELEASE);
  } else if (file.kind == FILE_MEMFD) memfdDestroy(changetype<Memfd>(file.owner));
  else if (file.kind == FILE_STREAM) ioClose(file);
  else if (file.kind == FILE_EPOLL) epollDestroy(changetype<Epoll>(file.owner));
  else if (file.kind == FILE_OUTSIDE) outsideRelease(file);
  fileFree(file);
}

function procCreate(thread: Thread, device: i32): Proc | null {
  const address = kmemZalloc(CACHE_BINDER_PROC);
  const alloc = address ? allocCreate(thread.process.pid) : null;
  if (!alloc) {
    if (address) kmemFree(CACHE_BINDER_PROC, address);
    return null;
  }
  statCreated(STAT_PROC);
  const proc = changetype<Proc>(address);
  proc.context = context(device);
  proc.device = <u8>device;
  proc.alloc = alloc;
  proc.process = thread.process;
  proc.secctx = secctxGet(thread.process.secctx);
  proc.pid = thread.process.pid;
  proc.defaultPriority = thread.nice;
  proc.debugfsEntry = !procsHave(proc.pid);
  processGet(thread.process);
  listInit(procTodo(proc));
  listInit(procWaiting(proc));
  listInit(deliveredDeaths(proc));
  listInit(deliveredFreezes(proc));
  procsAdd(proc);
  return proc;
}

/** Whether a proc of that pid is open. */
function procsHave(pid: i32): bool {
  let proc = procsFirst();
  while (proc && proc.pid != pid) proc = procsNext(proc);
  return proc != null;
}

function defer(proc: Proc, what: u8): void {
  assert(!proc.isDead, 'defer: the proc is released');
  proc.deferred |= what;
  const link = changetype<usize>(proc) + offsetof<Proc>('deferredNext');
  if (!listLinked(link)) listAddHead(link, deferredList);
}

function flush(proc: Proc): void {
  for (let link = rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads')); link; link = rbNext(link)) {
    const binderThread = changetype<BinderThread>(link);
    binderThread.needReturn = true;
    if (binderThread.state & LOOPER_WAITING) binderThreadWake(binderThread);
  }
}

/** First part of a release: the proc leaves every list. Its binder threads follow. */
function releaseStart(proc: Proc): void {
  assert(!proc.isDead && !worker.proc, 'releaseStart: a release is under way');
  procsRemove(proc);
  const manager = proc.context.manager;
  if (manager && manager.proc == proc) proc.context.manager = null;
  procHold(proc);
  proc.isDead = true;
  proc.isFrozen = false;
  proc.syncRecv = false;
  proc.asyncRecv = false;
  worker.proc = proc;
}

/** Releases the binder threads of the worker's proc one by one, then the rest. False when the worker has to sleep in between. */
function releaseThreads(): bool {
  const proc = worker.proc!;
  const detached = worker.binderThread;
  if (detached) finishDetached(detached);
  for (let link = rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads')); link; ) {
    const binderThread = changetype<BinderThread>(link);
    worker.serving = binderThreadDetach(binderThread);
    worker.binderThread = binderThread;
    if (binderThread.state & LOOPER_POLL) return false;
    finishDetached(binderThread);
    link = rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads'));
  }
  releaseRest(proc);
  worker.proc = null;
  return true;
}

function finishDetached(binderThread: BinderThread): void {
  const serving = worker.serving;
  assert(binderThread.isDead, 'finishDetached: the thread is not detached');
  worker.binderThread = null;
  worker.serving = null;
  binderThreadFinish(binderThread, serving);
}

function releaseRest(proc: Proc): void {
  for (let node = nodeFirst(proc); node; node = nodeFirst(proc)) {
    nodeHold(node);
    nodeUnlink(proc, node);
    releaseNode(node);
  }
  for (let ref = refFirst(proc); ref; ref = refFirst(proc)) refFree(ref);
  workDropAll(procTodo(proc));
  workDropAll(deliveredDeaths(proc));
  workDropAll(deliveredFreezes(proc));
  assert(!nodeFirst(proc) && !refFirst(proc), 'releaseRest: nodes or refs are left');
  procRelease(proc);
}

/** Frees a node of a proc that goes, or makes it a dead node until its last ref goes. */
function releaseNode(node: Node): void {
  assert(node.tmpRefs > 0, 'releaseNode: the node is not held');
  workDropAll(nodeAsyncTodo(node));
  workRemove(node);
  if (listEmpty(nodeRefs(node)) && node.tmpRefs == 1) {
    nodeFree(node);
    return;
  }
  node.proc = null;
  node.localStrongRefs = 0;
  node.localWeakRefs = 0;
  deadNodesAdd(node);
  if (bugOn(BUG_DEATHS_MOVED)) {
    const deaths = deathsMove(node);
    releaseBeside();
    deathsNotify(node, deaths);
  } else {
    deathNotify(node);
  }
  nodeRelease(node);
}

/**
 * CVE-2025-68260: what a second worker may do while this one holds no lock: it releases the proc whose turn is next, as a whole. A
 * release that would have to sleep is left for later, and there is no third worker.
 */
function releaseBeside(): void {
  const link = listFirst(deferredList);
  if (!link || worker.isBeside) return;
  const proc = changetype<Proc>(link - offsetof<Proc>('deferredNext'));
  if (!(proc.deferred & DEFERRED_RELEASE) || hasPoller(proc)) return;
  const own = worker.proc;
  listDel(link);
  proc.deferred = 0;
  flush(proc);
  worker.proc = null;
  worker.isBeside = true;
  releaseStart(proc);
  releaseThreads();
  worker.isBeside = false;
  worker.proc = own;
}

function hasPoller(proc: Proc): bool {
  for (let link = rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads')); link; link = rbNext(link)) {
    if (changetype<BinderThread>(link).state & LOOPER_POLL) return true;
  }
  return false;
}
