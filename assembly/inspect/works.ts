/** Cursors over queues and transaction stacks: what waits for whom. */
import {
  CURSOR_ASYNC_TODO,
  CURSOR_DELIVERED_DEATHS,
  CURSOR_DELIVERED_FREEZES,
  CURSOR_LOOPER_TODO,
  CURSOR_PROC_TODO,
  ROLE_BAD,
  ROLE_INCOMING,
  ROLE_OUTGOING,
  TRANSACTION_BUFFER,
  TRANSACTION_CODE,
  TRANSACTION_DATA_BYTES,
  TRANSACTION_FIXUPS,
  TRANSACTION_FLAGS,
  TRANSACTION_FROM_PID,
  TRANSACTION_FROM_TID,
  TRANSACTION_ID,
  TRANSACTION_NEED_REPLY,
  TRANSACTION_NODE_ID,
  TRANSACTION_OFFSET,
  TRANSACTION_OFFSETS_BYTES,
  TRANSACTION_PRIORITY,
  TRANSACTION_SENDER_EUID,
  TRANSACTION_TO_PID,
  TRANSACTION_TO_PROC,
  TRANSACTION_TO_TID,
  WORK_COMMAND,
  WORK_COOKIE,
  WORK_KIND,
  WORK_NODE_ID,
  WORK_PTR,
  WORK_ROLE,
} from '../abi/inspect';
import { deliveredDeaths } from '../driver/death';
import { deliveredFreezes } from '../driver/freeze';
import {
  ErrorWork,
  BinderThread,
  binderThreadTodo,
  Node,
  nodeAsyncTodo,
  Proc,
  procTodo,
  RefDeath,
  RefFreeze,
  Transaction,
  transactionFixups,
  Work,
  WORK_CLEAR_DEATH_NOTIFICATION,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_DEAD_BINDER,
  WORK_DEAD_BINDER_AND_CLEAR,
  WORK_FROZEN_BINDER,
  WORK_NODE,
  WORK_RETURN_ERROR,
  WORK_TRANSACTION,
} from '../driver/objects';
import { listFirst, listNext } from '../lib/list';
import { recordPut, recordPut64, recordPutAddress, recordPutFlag } from './record';

/** @param owner the binder thread, proc or node that the queue belongs to */
export function workAfter(cursor: i32, owner: usize, after: usize): usize {
  const head = queueOf(cursor, owner);
  const link = after ? listNext(after, head) : listFirst(head);
  if (link) describeWork(changetype<Work>(link));
  return link;
}

/** A stack goes on with what the transaction was for this very binder thread: a call it made, or one that it took. */
export function stackAfter(binderThread: BinderThread, after: usize): usize {
  const transaction = after ? below(binderThread, changetype<Transaction>(after)) : binderThread.stack;
  if (!transaction) return 0;
  describeWork(transaction);
  recordPut(WORK_ROLE, roleOf(binderThread, transaction));
  return changetype<usize>(transaction);
}

function queueOf(cursor: i32, owner: usize): usize {
  switch (cursor) {
    case CURSOR_LOOPER_TODO:
      return binderThreadTodo(changetype<BinderThread>(owner));
    case CURSOR_PROC_TODO:
      return procTodo(changetype<Proc>(owner));
    case CURSOR_ASYNC_TODO:
      return nodeAsyncTodo(changetype<Node>(owner));
    case CURSOR_DELIVERED_DEATHS:
      return deliveredDeaths(changetype<Proc>(owner));
    default:
      assert(cursor == CURSOR_DELIVERED_FREEZES, 'queueOf: no such queue');
      return deliveredFreezes(changetype<Proc>(owner));
  }
}

function roleOf(binderThread: BinderThread, transaction: Transaction): i32 {
  if (transaction.from == binderThread) return ROLE_OUTGOING;
  return transaction.toThread == binderThread ? ROLE_INCOMING : ROLE_BAD;
}

function below(binderThread: BinderThread, transaction: Transaction): Transaction | null {
  const role = roleOf(binderThread, transaction);
  if (role == ROLE_OUTGOING) return transaction.fromParent;
  return role == ROLE_INCOMING ? transaction.toParent : null;
}

function describeWork(work: Work): void {
  recordPut(WORK_KIND, work.type);
  switch (work.type) {
    case WORK_TRANSACTION:
      describeTransaction(changetype<Transaction>(work));
      break;
    case WORK_RETURN_ERROR:
      recordPut(WORK_COMMAND, changetype<ErrorWork>(work).command);
      break;
    case WORK_NODE: {
      const node = changetype<Node>(work);
      recordPut(WORK_NODE_ID, node.debugId);
      recordPut64(WORK_PTR, node.ptr);
      recordPut64(WORK_COOKIE, node.cookie);
      break;
    }
    case WORK_DEAD_BINDER:
    case WORK_DEAD_BINDER_AND_CLEAR:
    case WORK_CLEAR_DEATH_NOTIFICATION:
      recordPut64(WORK_COOKIE, changetype<RefDeath>(work).cookie);
      break;
    case WORK_FROZEN_BINDER:
    case WORK_CLEAR_FREEZE_NOTIFICATION:
      recordPut64(WORK_COOKIE, changetype<RefFreeze>(work).cookie);
      break;
  }
}

function describeTransaction(transaction: Transaction): void {
  const proc = transaction.toProc;
  const binderThread = transaction.toThread;
  recordPut(TRANSACTION_ID, transaction.debugId);
  recordPut(TRANSACTION_FROM_PID, transaction.fromPid);
  recordPut(TRANSACTION_FROM_TID, transaction.fromTid);
  recordPutAddress(TRANSACTION_TO_PROC, changetype<usize>(proc));
  recordPut(TRANSACTION_TO_PID, proc ? proc.pid : 0);
  recordPut(TRANSACTION_TO_TID, binderThread ? binderThread.tid : 0);
  recordPut(TRANSACTION_CODE, transaction.code);
  recordPut(TRANSACTION_FLAGS, transaction.flags);
  recordPut(TRANSACTION_PRIORITY, transaction.priority);
  recordPutFlag(TRANSACTION_NEED_REPLY, transaction.needReply);
  recordPut(TRANSACTION_SENDER_EUID, transaction.senderEuid);
  recordPut(TRANSACTION_FIXUPS, fixupCount(transaction));
  const buffer = transaction.buffer;
  if (!buffer) return;
  const node = changetype<Node | null>(buffer.targetNode);
  recordPutAddress(TRANSACTION_BUFFER, changetype<usize>(buffer));
  recordPut(TRANSACTION_NODE_ID, node ? node.debugId : 0);
  recordPut(TRANSACTION_DATA_BYTES, buffer.dataSize);
  recordPut(TRANSACTION_OFFSETS_BYTES, buffer.offsetsSize);
  recordPut(TRANSACTION_OFFSET, buffer.offset);
}

function fixupCount(transaction: Transaction): u32 {
  const head = transactionFixups(transaction);
  let count: u32 = 0;
  for (let link = listFirst(head); link; link = listNext(link, head)) count++;
  return count;
}
