/**
 * The invariant checker: tests whether the machine's memory is consistent between two calls.
 *
 * It walks physical memory once, block by block, and slab pages object by object. It checks each object against the objects
 * that it points at and that point at it. It does not depend on pointers to find an object, so it finds leaks as well.
 * Counts to which many objects contribute are tallied during the walk (check/tally).
 *
 * It may run when no system call is running. Threads may wait to be resumed, and deferred work may be left. It changes
 * only its own static records. They are all zero again when it found no violation.
 */
import {
  VIOLATION_DEATH_LIST,
  VIOLATION_OFFSETS_OVERWRITTEN,
  VIOLATION_OWNER,
  VIOLATION_STATS,
  VIOLATION_UNVERIFIED_PARENT,
  VIOLATION_USE_AFTER_FREE,
} from './abi/check';
import { MISUSE_DEATHS, MISUSE_FREED, MISUSE_NONE, MISUSE_OFFSETS } from './abi/history';
import {
  CACHE_BINDER_BUFFER,
  CACHE_BINDER_THREAD,
  CACHE_BINDER_NODE,
  CACHE_BINDER_PROC,
  CACHE_BINDER_REF,
  CACHE_BINDER_REF_DEATH,
  CACHE_BINDER_REF_FREEZE,
  CACHE_BINDER_TRANSACTION,
  CACHE_BINDER_WORK,
  CACHE_EPOLL,
  CACHE_FD_FIXUP,
  CACHE_FILE,
  CACHE_MEMFD,
  CACHE_PROCESS,
  CACHE_SPACE,
  CACHE_STREAM,
  CACHE_THREAD,
  CACHE_VMA,
  CACHE_WATCH,
  FRAME_SLAB,
} from './abi/machine';
import { Buffer } from './alloc/buffer';
import { checkBuffer, checkLru } from './check/area';
import { checkEpoll, checkWatch } from './check/epolls';
import { checkClosing, checkFile, checkMemfd, checkStream } from './check/files';
import { checkBlock, checkCaches, checkFrames, memoryClear, pageNextUsed, pageObject } from './check/memory';
import { checkDeadNodes, checkDeath, checkFreeze, checkNode, checkRef } from './check/nodes';
import { checkBinderThread, checkProc, checkProcs } from './check/procs';
import { checkWork } from './check/queues';
import { blame, reportAddress, reportClear, reportCode, reportFound, reportWanted } from './check/report';
import { checkKernelSpace, checkSpace, checkVma, spacesClear } from './check/spaces';
import { checkFixup, checkTransaction } from './check/stacks';
import { claim, tallyAgrees, tallyBroken, tallyClaimed, tallyClear, tallyHeld, tallyStart } from './check/tally';
import { checkProcess, checkTasks, checkThread } from './check/tasks';
import { FdFixup, BinderThread, Node, Proc, Ref, RefDeath, RefFreeze, Transaction, Work } from './driver/objects';
import {
  STAT_COUNT,
  STAT_DEATH,
  STAT_FREEZE,
  STAT_NODE,
  STAT_PROC,
  STAT_REF,
  STAT_THREAD,
  STAT_TRANSACTION,
  statObjects,
} from './driver/state';
import { misuseAddress, misuseFound, misuseKind, misuseWanted } from './history';
import { frameKind, frameNextUsed, frameOwner } from './mem/frames';
import { kmemLive } from './mem/kmem';
import { Space, Vma } from './mem/space';
import { Epoll, Watch } from './task/epoll';
import { OpenFile } from './task/file';
import { Memfd } from './task/memfd';
import { Process, Thread } from './task/process';
import { Stream } from './task/stream';

const EVERYWHERE: usize = 0xffffffff;

/** Returns the first violation (VIOLATION_*), or 0. Its details stay until the next check. */
export function check(): i32 {
  reportClear();
  tallyStart(0, EVERYWHERE, 0);
  if (checkMisuse() && walk()) {
    const broken = tallyBroken();
    if (broken) trackDown(broken);
  }
  tallyClear();
  spacesClear();
  memoryClear();
  return reportCode();
}

/** Linear address of the object that violates the invariant. */
export function checkAddress(): usize {
  return reportAddress();
}

/** The expected number, whose meaning abi/check gives for each violation; 0 without one. */
export function checkWanted(): i32 {
  return reportWanted();
}

/** The number found instead. */
export function checkFound(): i32 {
  return reportFound();
}

/** What a fault of an earlier driver did to memory. It stays a violation for ever. */
function checkMisuse(): bool {
  switch (misuseKind()) {
    case MISUSE_NONE:
      return true;
    case MISUSE_FREED:
      return blame(VIOLATION_USE_AFTER_FREE, misuseAddress(), misuseWanted(), misuseFound());
    case MISUSE_OFFSETS:
      return blame(VIOLATION_OFFSETS_OVERWRITTEN, misuseAddress(), misuseWanted(), misuseFound());
    case MISUSE_DEATHS:
      return blame(VIOLATION_DEATH_LIST, misuseAddress(), misuseWanted(), misuseFound());
    default:
      return blame(VIOLATION_UNVERIFIED_PARENT, misuseAddress(), misuseWanted(), misuseFound());
  }
}

/** Walks the machine once. False at the first object that violates an invariant by itself. */
function walk(): bool {
  if (!checkFrames() || !checkCaches() || !checkKernelSpace() || !checkTasks()) return false;
  if (!checkClosing() || !checkLru() || !checkProcs() || !checkDeadNodes()) return false;
  for (let block = frameNextUsed(0); block; block = frameNextUsed(block)) {
    if (!checkBlock(block)) return false;
    if (frameKind(block) == FRAME_SLAB && !checkObjects(block)) return false;
  }
  return checkStats();
}

/** Checks the objects of a slab page that are in use. */
function checkObjects(page: usize): bool {
  const id = <i32>frameOwner(page);
  for (let index = pageNextUsed(page, 0); index >= 0; index = pageNextUsed(page, index + 1)) {
    if (!checkObject(id, pageObject(page, index))) return false;
  }
  return true;
}

function checkObject(id: i32, object: usize): bool {
  switch (id) {
    case CACHE_SPACE:
      return checkSpace(changetype<Space>(object));
    case CACHE_VMA:
      return checkVma(changetype<Vma>(object));
    case CACHE_PROCESS:
      return checkProcess(changetype<Process>(object));
    case CACHE_THREAD:
      return checkThread(changetype<Thread>(object));
    case CACHE_FILE:
      return checkFile(changetype<OpenFile>(object));
    case CACHE_MEMFD:
      return checkMemfd(changetype<Memfd>(object));
    case CACHE_STREAM:
      return checkStream(changetype<Stream>(object));
    case CACHE_EPOLL:
      return checkEpoll(changetype<Epoll>(object));
    case CACHE_WATCH:
      return checkWatch(changetype<Watch>(object));
    case CACHE_BINDER_BUFFER:
      return checkBuffer(changetype<Buffer>(object));
    default:
      return checkDriverObject(id, object);
  }
}

function checkDriverObject(id: i32, object: usize): bool {
  switch (id) {
    case CACHE_BINDER_PROC:
      return checkProc(changetype<Proc>(object));
    case CACHE_BINDER_THREAD:
      return checkBinderThread(changetype<BinderThread>(object));
    case CACHE_BINDER_NODE:
      return checkNode(changetype<Node>(object));
    case CACHE_BINDER_REF:
      return checkRef(changetype<Ref>(object));
    case CACHE_BINDER_REF_DEATH:
      return checkDeath(changetype<RefDeath>(object));
    case CACHE_BINDER_REF_FREEZE:
      return checkFreeze(changetype<RefFreeze>(object));
    case CACHE_BINDER_TRANSACTION:
      return checkTransaction(changetype<Transaction>(object));
    case CACHE_BINDER_WORK:
      return checkWork(changetype<Work>(object));
    case CACHE_FD_FIXUP:
      return checkFixup(changetype<FdFixup>(object));
    default:
      // An area owns its page array, a proc its allocator. Scatter-gather lists are empty between calls.
      claim(VIOLATION_OWNER, object, 1);
      return true;
  }
}

/** The statistics of debugfs, created minus deleted, equal the number of live objects. */
function checkStats(): bool {
  for (let kind = 0; kind < STAT_COUNT; kind++) {
    const counter = statObjects() + ((<usize>kind) << 3);
    const left = load<i32>(counter) - load<i32>(counter, 4);
    const live = kmemLive(cacheOf(kind));
    if (left != live) return blame(VIOLATION_STATS, kind, left, live);
  }
  return true;
}

function cacheOf(kind: i32): i32 {
  switch (kind) {
    case STAT_PROC:
      return CACHE_BINDER_PROC;
    case STAT_THREAD:
      return CACHE_BINDER_THREAD;
    case STAT_NODE:
      return CACHE_BINDER_NODE;
    case STAT_REF:
      return CACHE_BINDER_REF;
    case STAT_DEATH:
      return CACHE_BINDER_REF_DEATH;
    case STAT_TRANSACTION:
      return CACHE_BINDER_TRANSACTION;
    case STAT_FREEZE:
      return CACHE_BINDER_REF_FREEZE;
    default:
      return CACHE_BINDER_WORK; // STAT_TRANSACTION_COMPLETE
  }
}

/** Finds the object whose count does not agree, by bisection: each walk halves the range of addresses. */
function trackDown(code: i32): void {
  let lowest: usize = 0;
  for (let half: usize = 0x80000000; half; half >>>= 1) {
    tallyStart(lowest, half - 1, 0);
    walk();
    if (tallyAgrees(code)) lowest += half;
  }
  tallyStart(lowest, 0, code);
  walk();
  blame(code, lowest, tallyClaimed(), tallyHeld());
}
