/**
 * The invariant checker: is everything in the machine's memory as it has to be between two calls?
 *
 * It goes over physical memory once, block by block, and in slab pages object by object; each object is checked against
 * what it points at and what points at it. Nothing is found by following pointers alone, so what nothing points at any
 * more (a leak) is met like everything else. Counts that many objects have a part in are tallied on the way.
 *
 * It may run whenever no system call is under way; threads may wait to be resumed, and deferred work to be done. It
 * changes nothing but static records of its own, which are all zero again when it has found nothing.
 */
import { VIOLATION_OWNER, VIOLATION_STATS } from './abi/check';
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
  CACHE_FD_FIXUP,
  CACHE_FILE,
  CACHE_MEMFD,
  CACHE_PROCESS,
  CACHE_SPACE,
  CACHE_STREAM,
  CACHE_THREAD,
  CACHE_VMA,
  FRAME_SLAB,
} from './abi/machine';
import { Buffer } from './alloc/buffer';
import { checkBuffer, checkLru } from './check/area';
import { checkClosing, checkFile, checkMemfd, checkStream } from './check/files';
import { checkBlock, checkCaches, checkFrames, memoryClear, pageCapacity, pageObject } from './check/memory';
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
import { frameKind, frameNextUsed, frameOwner } from './mem/frames';
import { kmemLive } from './mem/kmem';
import { Space, Vma } from './mem/space';
import { OpenFile } from './task/file';
import { Memfd } from './task/memfd';
import { Process, Thread } from './task/process';
import { Stream } from './task/stream';

const EVERYWHERE: usize = 0xffffffff;

/** The first violation that is found (VIOLATION_*), or 0. What else is known of it stands until the next check. */
export function check(): i32 {
  reportClear();
  tallyStart(0, EVERYWHERE, 0);
  if (walk()) {
    const broken = tallyBroken();
    if (broken) trackDown(broken);
  }
  tallyClear();
  spacesClear();
  memoryClear();
  return reportCode();
}

/** Linear address of the object that is broken. */
export function checkAddress(): usize {
  return reportAddress();
}

/** What a number of it should be, as abi/check says; 0 where there is none. */
export function checkWanted(): i32 {
  return reportWanted();
}

/** What it is. */
export function checkFound(): i32 {
  return reportFound();
}

/** Once over the machine. False as soon as something is broken by itself. */
function walk(): bool {
  if (!checkFrames() || !checkCaches() || !checkKernelSpace() || !checkTasks()) return false;
  if (!checkClosing() || !checkLru() || !checkProcs() || !checkDeadNodes()) return false;
  for (let block = frameNextUsed(0); block; block = frameNextUsed(block)) {
    if (!checkBlock(block)) return false;
    if (frameKind(block) == FRAME_SLAB && !checkObjects(block)) return false;
  }
  return checkStats();
}

/** Every object of a slab page that is in use. */
function checkObjects(page: usize): bool {
  const id = <i32>frameOwner(page);
  const capacity = pageCapacity(page);
  for (let index = 0; index < capacity; index++) {
    const object = pageObject(page, index);
    if (object && !checkObject(id, object)) return false;
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
      // Somebody has to have it: an area its page array, a proc its allocator; scatter-gather lists are empty between calls.
      claim(VIOLATION_OWNER, object, 1);
      return true;
  }
}

/** Objects created and not deleted, as debugfs shows them, are the objects that there are. */
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

/** Finds the object for which a count does not agree: in each walk, half of the addresses are left. */
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
