/**
 * Transactions, from the time they are queued until they are answered or taken, and the stacks of binder threads.
 *
 *     queued    on a todo list, or a oneway that waits at its node; has its buffer
 *     served    a binder thread has taken it and owes a reply: `toThread`; it is on that binder thread's stack
 *     orphan    the binder thread that owed the reply is gone; the transactions above it on that stack lead to it and free it
 *
 * A call is also on its caller's stack as long as the caller lives. An orphan without a caller is on no stack. Exactly one
 * transaction must have it as `fromParent`, or it is never freed.
 */
import {
  VIOLATION_FILE_REFS,
  VIOLATION_LOOSE,
  VIOLATION_OUTSTANDING,
  VIOLATION_OWNER,
  VIOLATION_STACK,
  VIOLATION_STACK_ORDER,
  VIOLATION_TRANSACTION,
  VIOLATION_TRANSACTION_BUFFER,
} from '../abi/check';
import {
  CACHE_BINDER_BUFFER,
  CACHE_BINDER_THREAD,
  CACHE_BINDER_PROC,
  CACHE_BINDER_TRANSACTION,
  CACHE_FD_FIXUP,
  CACHE_FILE,
} from '../abi/machine';
import { TF_ONE_WAY } from '../abi/protocol';
import { FdFixup, BinderThread, Transaction, transactionFixups, WORK_TRANSACTION } from '../driver/objects';
import { listEmpty, listFirst, listLinked, listNext } from '../lib/list';
import { kmemLive } from '../mem/kmem';
import { claimLink, listHold, pointsAt } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

export function checkTransaction(transaction: Transaction): bool {
  const at = changetype<usize>(transaction);
  const queued = listLinked(at);
  const served = !queued && transaction.toThread != null;
  const caller = transaction.from;
  claimLink(at);
  claim(VIOLATION_STACK, at, (caller ? 1 : 0) + (served ? 1 : 0));
  if (isLoose(transaction)) claim(VIOLATION_LOOSE, at, 1);
  if (!checkPointers(transaction, at)) return false;

  const parent = transaction.fromParent;
  if (parent && isLoose(parent)) hold(VIOLATION_LOOSE, changetype<usize>(parent));
  const proc = transaction.toProc;
  if (proc) hold(VIOLATION_OUTSTANDING, changetype<usize>(proc));
  if (transaction.type != WORK_TRANSACTION || (proc != null) != (queued || served))
    return blame(VIOLATION_TRANSACTION, at);
  if (!queued && !transaction.needReply) return blame(VIOLATION_TRANSACTION, at);
  if (transaction.flags & TF_ONE_WAY && (caller != null || transaction.needReply))
    return blame(VIOLATION_TRANSACTION, at);
  if (served && transaction.toThread!.proc != proc) return blame(VIOLATION_TRANSACTION, at);
  return checkBuffer(transaction, queued) && checkFixups(transaction, queued);
}

/** A descriptor in flight holds its file and belongs to its transaction. */
export function checkFixup(fixup: FdFixup): bool {
  const at = changetype<usize>(fixup);
  claim(VIOLATION_OWNER, at, 1);
  claimLink(at);
  if (!pointsAt(CACHE_FILE, changetype<usize>(fixup.file), at)) return false;
  hold(VIOLATION_FILE_REFS, changetype<usize>(fixup.file));
  return true;
}

/** From the top of a binder thread's stack down: each transaction is a call that it made or one that it serves. */
export function checkStack(binderThread: BinderThread): bool {
  const at = changetype<usize>(binderThread);
  let left = kmemLive(CACHE_BINDER_TRANSACTION); // a longer stack is a circle
  let call = binderThread.stack;
  while (call) {
    if (!pointsAt(CACHE_BINDER_TRANSACTION, changetype<usize>(call), at)) return false;
    if (--left < 0 || (call.from == binderThread) == (call.toThread == binderThread))
      return blame(VIOLATION_STACK_ORDER, at, changetype<i32>(call));
    hold(VIOLATION_STACK, changetype<usize>(call));
    call = call.from == binderThread ? call.fromParent : call.toParent;
  }
  return true;
}

/** Whether it is not queued and has neither a caller nor a server. */
function isLoose(transaction: Transaction): bool {
  return !listLinked(changetype<usize>(transaction)) && !transaction.toThread && !transaction.from;
}

/** The pointers of a transaction itself. Its owner is a stack, a queue, or a transaction's `fromParent`. */
function checkPointers(transaction: Transaction, at: usize): bool {
  return (
    isObject(CACHE_BINDER_THREAD, changetype<usize>(transaction.from), at) &&
    isObject(CACHE_BINDER_THREAD, changetype<usize>(transaction.toThread), at) &&
    isObject(CACHE_BINDER_PROC, changetype<usize>(transaction.toProc), at) &&
    isObject(CACHE_BINDER_TRANSACTION, changetype<usize>(transaction.fromParent), at) &&
    isObject(CACHE_BINDER_BUFFER, changetype<usize>(transaction.buffer), at)
  );
}

function isObject(id: i32, address: usize, from: usize): bool {
  return !address || pointsAt(id, address, from);
}

/** A queued transaction has its buffer. The buffer of a served one may be freed before the reply. The two point at each other. */
function checkBuffer(transaction: Transaction, queued: bool): bool {
  const at = changetype<usize>(transaction);
  const buffer = transaction.buffer;
  if (!buffer) return !queued || blame(VIOLATION_TRANSACTION_BUFFER, at);
  const agree = buffer.transaction == at && !buffer.free && transaction.toProc != null;
  return agree || blame(VIOLATION_TRANSACTION_BUFFER, at, changetype<i32>(buffer));
}

/** Descriptors are in flight until a binder thread takes the message. */
function checkFixups(transaction: Transaction, queued: bool): bool {
  const head = transactionFixups(transaction);
  if (!listHold(head)) return false;
  if (!queued && !listEmpty(head)) return blame(VIOLATION_TRANSACTION, changetype<usize>(transaction));
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    if (!pointsAt(CACHE_FD_FIXUP, link, head)) return false;
    hold(VIOLATION_OWNER, link);
    if (changetype<FdFixup>(link).targetFd != -1) return blame(VIOLATION_TRANSACTION, changetype<usize>(transaction));
  }
  return true;
}
