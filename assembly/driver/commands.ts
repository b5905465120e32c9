/**
 * The write half of BINDER_WRITE_READ, and the only switch over BC_ words: to find the code of a command, look for its
 * word here and follow the call.
 *
 * A command is read whole (its word contains its length), then carried out. The stream stops at its end, at the first error,
 * or after a command that failed a transaction; `writeConsumed` counts the commands that were carried out. A stream that
 * ends inside a command is read past its end, as Linux does.
 */
import { EFAULT, EINVAL } from '../abi/errno';
import { EVENT_COMMAND } from '../abi/events';
import { ACCESS_READ } from '../abi/machine';
import * as protocol from '../abi/protocol';
import { TRANSACTION_DATA_SIZE } from '../abi/wire';
import { allocPrepareToFree } from '../alloc/alloc';
import { Buffer } from '../alloc/buffer';
import { poisonBytes } from '../lib/poison';
import { Space } from '../mem/space';
import { copyFromUserOn, getUser32, userInWindow, userWindow } from '../mem/uaccess';
import { Thread } from '../task/process';
import { trace } from '../trace';
import { deathClear, deathDone, deathRequest } from './death';
import { freezeClear, freezeDone, freezeRequest } from './freeze';
import { nodeDecKeep, nodeFind, nodeRelease } from './nodes';
import { BinderThread, LOOPER_ENTERED, LOOPER_EXITED, LOOPER_INVALID, LOOPER_REGISTERED } from './objects';
import { HandleCookie, PtrCookie, TransactionRecord, transactionCopy, Word, WriteRead } from './records';
import { refDecForDesc, refFind, refInc, refIncForNode } from './refs';
import { bufferFree } from './release';
import { countCommand } from './state';
import { transact } from './transaction';

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
    if (!isKnown(command)) return -EINVAL;
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
  if (size == TRANSACTION_DATA_SIZE && window && userInWindow(window, 4 + size)) {
    transactionCopy(changetype<TransactionRecord>(payload), changetype<TransactionRecord>(window + 4));
    return true;
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
      return refsChange(binderThread, changetype<Word>(payload).value, true, false);
    case protocol.BC_ACQUIRE & 0xff:
      return refsChange(binderThread, changetype<Word>(payload).value, true, true);
    case protocol.BC_RELEASE & 0xff:
      return refsChange(binderThread, changetype<Word>(payload).value, false, true);
    case protocol.BC_DECREFS & 0xff:
      return refsChange(binderThread, changetype<Word>(payload).value, false, false);
    case protocol.BC_INCREFS_DONE & 0xff:
      refsDone(binderThread, changetype<PtrCookie>(payload), false);
      return 0;
    case protocol.BC_ACQUIRE_DONE & 0xff:
      refsDone(binderThread, changetype<PtrCookie>(payload), true);
      return 0;
    case protocol.BC_REGISTER_LOOPER & 0xff:
      registerLooper(binderThread);
      return 0;
    case protocol.BC_ENTER_LOOPER & 0xff:
      if (binderThread.state & LOOPER_REGISTERED) binderThread.state |= LOOPER_INVALID;
      binderThread.state |= LOOPER_ENTERED;
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

/** protocol.BC_FREE_BUFFER of an address that is no buffer, or of one that user space was not given, is ignored. */
function freeBuffer(binderThread: BinderThread, user: u64): void {
  const proc = binderThread.proc;
  const buffer = allocPrepareToFree(proc.alloc, user);
  if (buffer > 0) bufferFree(proc, binderThread, changetype<Buffer>(buffer), false);
}

/**
 * protocol.BC_INCREFS, protocol.BC_ACQUIRE, protocol.BC_RELEASE, protocol.BC_DECREFS. Handle 0 finds the context manager even without a ref; the manager
 * itself may not do that (-EINVAL). Every other mistake is ignored.
 */
function refsChange(binderThread: BinderThread, handle: u32, increment: bool, strong: bool): i32 {
  const proc = binderThread.proc;
  if (!increment) {
    refDecForDesc(proc, handle, strong);
    return 0;
  }
  const manager = proc.context.manager;
  if (!handle && manager) {
    if (manager.proc == proc) return -EINVAL;
    if (refIncForNode(proc, manager, strong, null) > 0) return 0;
  }
  const ref = refFind(proc, handle, strong);
  if (ref) refInc(ref, strong, null);
  return 0;
}

/** protocol.BC_INCREFS_DONE and protocol.BC_ACQUIRE_DONE: the owner holds its object now, so the driver need not. Ignored unless one is due. */
function refsDone(binderThread: BinderThread, object: PtrCookie, strong: bool): void {
  const node = nodeFind(binderThread.proc, object.ptr);
  if (!node) return;
  const due = node.cookie == object.cookie && (strong ? node.pendingStrongRef : node.pendingWeakRef);
  if (due) {
    if (strong) node.pendingStrongRef = false;
    else node.pendingWeakRef = false;
    const gone = nodeDecKeep(node, strong, false);
    assert(!gone, 'refsDone: node vanished in our hands');
  }
  nodeRelease(node);
}

/** protocol.BC_REGISTER_LOOPER answers BR_SPAWN_LOOPER; without a request, or from a thread that entered by itself, it is invalid. */
function registerLooper(binderThread: BinderThread): void {
  const proc = binderThread.proc;
  if (binderThread.state & LOOPER_ENTERED || !proc.requestedThreads) {
    binderThread.state |= LOOPER_INVALID;
  } else {
    proc.requestedThreads--;
    proc.requestedThreadsStarted++;
  }
  binderThread.state |= LOOPER_REGISTERED;
}

function cookieOf(payload: usize): u64 {
  const record = changetype<HandleCookie>(payload);
  return ((<u64>record.cookieHigh) << 32) | record.cookieLow;
}
