/**
 * The write half of BINDER_WRITE_READ, and the only switch that acts on BC_ words: to find the code of a command, look for its
 * word here and follow the call.
 *
 * A command is read whole (its word contains its length), then carried out. The stream stops at its end, at the first error,
 * or after a command that failed a transaction; `writeConsumed` counts the commands that were carried out. A stream that
 * ends inside a command is read past its end, as Linux does.
 */
import { EFAULT, EINVAL } from '../abi/errno';
import { EVENT_COMMAND } from '../abi/events';
import {
  KLOG_DONE_COOKIE,
  KLOG_DONE_NO_MATCH,
  KLOG_DONE_NOT_PENDING,
  KLOG_ENTER_AFTER_REGISTER,
  KLOG_FREE_NO_MATCH,
  KLOG_FREE_UNRETURNED,
  KLOG_MANAGER_ACQUIRES_ZERO,
  KLOG_NOT_SUPPORTED,
  KLOG_OTHER_DESC,
  KLOG_REFS_INVALID,
  KLOG_REGISTER_AFTER_ENTER,
  KLOG_REGISTER_UNREQUESTED,
  KLOG_UNKNOWN_COMMAND,
} from '../abi/klog';
import { ACCESS_READ } from '../abi/machine';
import * as protocol from '../abi/protocol';
import { TRANSACTION_DATA_SIZE } from '../abi/wire';
import { allocPrepareToFree } from '../alloc/alloc';
import { Buffer } from '../alloc/buffer';
import { klog } from '../klog';
import { poisonBytes } from '../lib/poison';
import { Space } from '../mem/space';
import { copyFromUserOn, getUser32, userInWindow, userWindow } from '../mem/uaccess';
import { Thread } from '../task/process';
import { trace } from '../trace';
import { userError } from './complaints';
import { deathClear, deathDone, deathRequest } from './death';
import { freezeClear, freezeDone, freezeRequest } from './freeze';
import { nodeDecKeep, nodeFind, nodeRelease } from './nodes';
import { BinderThread, LOOPER_ENTERED, LOOPER_EXITED, LOOPER_INVALID, LOOPER_REGISTERED, Ref } from './objects';
import { HandleCookie, PtrCookie, TransactionRecord, transactionCopy, Word, WriteRead } from './records';
import { refDecForDesc, refIncForDesc, refIncForNode } from './refs';
import { bufferFree } from './release';
import { countCommand } from './state';
import { transact } from './transaction';

/** Bytes of a payload that is one pointer, as BC_FREE_BUFFER has it. */
const PTR_SIZE: u32 = offsetof<PtrCookie>('cookie');
/** Payload of the current command. It is read once, because the message that it sends may overwrite the stream. */
const payload: usize = memory.data(offsetof<TransactionRecord>(), 8);

/** Carries out the commands of a stream. 0, or the -errno that stopped it: -EFAULT or -EINVAL. */
export function commandsRun(thread: Thread, binderThread: BinderThread, io: WriteRead): i32 {
  const space = thread.process.space!;
  const end = io.writeBuffer + io.writeSize;
  let at = io.writeBuffer + io.writeConsumed;
  while (at < end && binderThread.returnErrorCommand == protocol.BR_OK) {
    const window = userWindow(space, at, 4, ACCESS_READ);
    const word: i64 = window ? changetype<Word>(window).value : getUser32(space, at);
    if (word < 0) return -EFAULT;
    const command = <u32>word;
    trace(EVENT_COMMAND, command);
    countCommand(binderThread.proc, command);
    if (!isKnown(command)) return refuse(binderThread, command);
    const size = (command >>> 16) & 0x3fff;
    if (size && !payloadRead(payload, space, at + 4, size, window)) return -EFAULT;
    const error = run(thread, binderThread, command, payload);
    poisonBytes(payload, offsetof<TransactionRecord>());
    if (error) return error;
    at += 4 + size;
    io.writeConsumed = at - io.writeBuffer;
  }
  return 0;
}

/** Reads the `size` bytes after a word that was read through `window` (0: across the border of two pages). */
function payloadRead(payload: usize, space: Space, va: u64, size: u32, window: usize): bool {
  if (window && userInWindow(window, 4 + size)) {
    if (size == TRANSACTION_DATA_SIZE) {
      transactionCopy(changetype<TransactionRecord>(payload), changetype<TransactionRecord>(window + 4));
      return true;
    }
    if (size == PTR_SIZE) {
      changetype<PtrCookie>(payload).ptr = changetype<PtrCookie>(window + 4).ptr;
      return true;
    }
  }
  return copyFromUserOn(space, payload, va, size, window, 4) == 0;
}

/** The words that Linux carries out; BC_ATTEMPT_ACQUIRE and BC_ACQUIRE_RESULT are defined, and refused. */
function isKnown(command: u32): bool {
  switch (command) {
    case protocol.BC_TRANSACTION:
    case protocol.BC_REPLY:
    case protocol.BC_FREE_BUFFER:
    case protocol.BC_INCREFS:
    case protocol.BC_ACQUIRE:
    case protocol.BC_RELEASE:
    case protocol.BC_DECREFS:
    case protocol.BC_INCREFS_DONE:
    case protocol.BC_ACQUIRE_DONE:
    case protocol.BC_REGISTER_LOOPER:
    case protocol.BC_ENTER_LOOPER:
    case protocol.BC_EXIT_LOOPER:
    case protocol.BC_REQUEST_DEATH_NOTIFICATION:
    case protocol.BC_CLEAR_DEATH_NOTIFICATION:
    case protocol.BC_DEAD_BINDER_DONE:
    case protocol.BC_TRANSACTION_SG:
    case protocol.BC_REPLY_SG:
    case protocol.BC_REQUEST_FREEZE_NOTIFICATION:
    case protocol.BC_CLEAR_FREEZE_NOTIFICATION:
    case protocol.BC_FREEZE_NOTIFICATION_DONE:
      return true;
    default:
      return false;
  }
}

function refuse(binderThread: BinderThread, command: u32): i32 {
  if (command == protocol.BC_ATTEMPT_ACQUIRE || command == protocol.BC_ACQUIRE_RESULT)
    klog(KLOG_NOT_SUPPORTED, 0, 0, command);
  else userError(KLOG_UNKNOWN_COMMAND, binderThread, command);
  return -EINVAL;
}

/** Carries out one known command that has been read. 0 or -EINVAL. */
function run(thread: Thread, binderThread: BinderThread, command: u32, payload: usize): i32 {
  const record = changetype<TransactionRecord>(payload);
  switch (command & 0xff) {
    case protocol.BC_TRANSACTION & 0xff:
      transact(thread, binderThread, record, false, 0);
      return 0;
    case protocol.BC_REPLY & 0xff:
      transact(thread, binderThread, record, true, 0);
      return 0;
    case protocol.BC_TRANSACTION_SG & 0xff:
      transact(thread, binderThread, record, false, record.tail);
      return 0;
    case protocol.BC_REPLY_SG & 0xff:
      transact(thread, binderThread, record, true, record.tail);
      return 0;
    case protocol.BC_FREE_BUFFER & 0xff:
      freeBuffer(binderThread, changetype<PtrCookie>(payload).ptr);
      return 0;
    case protocol.BC_INCREFS & 0xff:
    case protocol.BC_ACQUIRE & 0xff:
    case protocol.BC_RELEASE & 0xff:
    case protocol.BC_DECREFS & 0xff:
      return refsChange(binderThread, command, changetype<Word>(payload).value);
    case protocol.BC_INCREFS_DONE & 0xff:
    case protocol.BC_ACQUIRE_DONE & 0xff:
      refsDone(binderThread, changetype<PtrCookie>(payload), command);
      return 0;
    case protocol.BC_REGISTER_LOOPER & 0xff:
      registerLooper(binderThread);
      return 0;
    case protocol.BC_ENTER_LOOPER & 0xff:
      enterLooper(binderThread);
      return 0;
    case protocol.BC_EXIT_LOOPER & 0xff:
      binderThread.state |= LOOPER_EXITED;
      return 0;
    case protocol.BC_REQUEST_DEATH_NOTIFICATION & 0xff:
      deathRequest(binderThread, changetype<HandleCookie>(payload).handle, cookieOf(payload));
      return 0;
    case protocol.BC_CLEAR_DEATH_NOTIFICATION & 0xff:
      deathClear(binderThread, changetype<HandleCookie>(payload).handle, cookieOf(payload));
      return 0;
    case protocol.BC_DEAD_BINDER_DONE & 0xff:
      deathDone(binderThread, changetype<PtrCookie>(payload).ptr);
      return 0;
    case protocol.BC_REQUEST_FREEZE_NOTIFICATION & 0xff:
      return freezeRequest(binderThread, changetype<HandleCookie>(payload).handle, cookieOf(payload));
    case protocol.BC_CLEAR_FREEZE_NOTIFICATION & 0xff:
      return freezeClear(binderThread, changetype<HandleCookie>(payload).handle, cookieOf(payload));
    case protocol.BC_FREEZE_NOTIFICATION_DONE & 0xff:
      return freezeDone(binderThread, changetype<PtrCookie>(payload).ptr);
    default:
      return -EINVAL;
  }
}

/** BC_FREE_BUFFER of an address that is no buffer, or of one that user space was not given, is ignored. */
function freeBuffer(binderThread: BinderThread, user: u64): void {
  const proc = binderThread.proc;
  const buffer = allocPrepareToFree(proc.alloc, user);
  if (buffer > 0) bufferFree(proc, binderThread, changetype<Buffer>(buffer), false);
  else userError(buffer ? KLOG_FREE_UNRETURNED : KLOG_FREE_NO_MATCH, binderThread, user);
}

/**
 * BC_INCREFS, BC_ACQUIRE, BC_RELEASE, BC_DECREFS. Handle 0 finds the context manager even without a ref; the manager
 * itself may not do that (-EINVAL). Every other mistake is ignored.
 */
function refsChange(binderThread: BinderThread, command: u32, handle: u32): i32 {
  const proc = binderThread.proc;
  const strong = command == protocol.BC_ACQUIRE || command == protocol.BC_RELEASE;
  const increment = command == protocol.BC_INCREFS || command == protocol.BC_ACQUIRE;
  const manager = proc.context.manager;
  if (increment && !handle && manager) {
    if (manager.proc == proc) {
      userError(KLOG_MANAGER_ACQUIRES_ZERO, binderThread);
      return -EINVAL;
    }
    const ref = refIncForNode(proc, manager, strong, null);
    if (ref > 0) {
      const desc = changetype<Ref>(ref).desc;
      if (desc) userError(KLOG_OTHER_DESC, binderThread, handle, desc);
      return 0;
    }
  }
  const error = increment ? refIncForDesc(proc, handle, strong) : refDecForDesc(proc, handle, strong);
  if (error) userError(KLOG_REFS_INVALID, binderThread, command, handle, error);
  return 0;
}

/** BC_INCREFS_DONE and BC_ACQUIRE_DONE: the owner holds its object now, so the driver need not. Ignored unless one is due. */
function refsDone(binderThread: BinderThread, object: PtrCookie, command: u32): void {
  const strong = command == protocol.BC_ACQUIRE_DONE;
  const node = nodeFind(binderThread.proc, object.ptr);
  if (!node) {
    userError(KLOG_DONE_NO_MATCH, binderThread, command, object.ptr);
    return;
  }
  if (node.cookie != object.cookie) {
    const line = userError(KLOG_DONE_COOKIE, binderThread, command, object.ptr, node.debugId);
    line.d = object.cookie;
    line.e = node.cookie;
  } else if (!(strong ? node.pendingStrongRef : node.pendingWeakRef)) {
    userError(KLOG_DONE_NOT_PENDING, binderThread, command, node.debugId);
  } else {
    if (strong) node.pendingStrongRef = false;
    else node.pendingWeakRef = false;
    const gone = nodeDecKeep(node, strong, false);
    assert(!gone, 'refsDone: node vanished in our hands');
  }
  nodeRelease(node);
}

/** BC_REGISTER_LOOPER answers BR_SPAWN_LOOPER; without a request, or from a thread that entered by itself, it is invalid. */
function registerLooper(binderThread: BinderThread): void {
  const proc = binderThread.proc;
  if (binderThread.state & LOOPER_ENTERED || !proc.requestedThreads) {
    const entered = (binderThread.state & LOOPER_ENTERED) != 0;
    userError(entered ? KLOG_REGISTER_AFTER_ENTER : KLOG_REGISTER_UNREQUESTED, binderThread);
    binderThread.state |= LOOPER_INVALID;
  } else {
    proc.requestedThreads--;
    proc.requestedThreadsStarted++;
  }
  binderThread.state |= LOOPER_REGISTERED;
}

/** BC_ENTER_LOOPER is invalid from a thread that registered. */
function enterLooper(binderThread: BinderThread): void {
  if (binderThread.state & LOOPER_REGISTERED) {
    binderThread.state |= LOOPER_INVALID;
    userError(KLOG_ENTER_AFTER_REGISTER, binderThread);
  }
  binderThread.state |= LOOPER_ENTERED;
}

function cookieOf(payload: usize): u64 {
  const record = changetype<HandleCookie>(payload);
  return ((<u64>record.cookieHigh) << 32) | record.cookieLow;
}
