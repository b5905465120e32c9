/**
 * Delivery of a transaction to a thread or a queue.
 *
 * A call goes to the thread to which it is addressed, else to the thread that began to wait last, else on the proc's list.
 * A oneway does the same, unless its node has an unfinished oneway. Then it waits at the node.
 */
import { BR_FROZEN_REPLY, BR_TRANSACTION_PENDING_FROZEN, TF_ONE_WAY, TF_UPDATE_TXN } from '../abi/protocol';
import { EVENT_TRANSACTION_UPDATE_BUFFER_RELEASE } from '../abi/events';
import { allocFree } from '../alloc/alloc';
import { Buffer } from '../alloc/buffer';
import { listFirst, listNext } from '../lib/list';
import { BinderThread, Node, nodeAsyncTodo, Proc, procTodo, Transaction, Work, WORK_TRANSACTION } from './objects';
import { bufferReleaseAll, traceBuffer } from './release';
import { transactionDiscard } from './stack';
import { procSelect, procWakeThread, workAdd, workAddThread, workRemove } from './work';

/** Queues a filled transaction. 0, BR_TRANSACTION_PENDING_FROZEN when it waits for a thaw, or the BR_ word of its failure. */
export function deliver(
  transaction: Transaction,
  buffer: Buffer,
  node: Node,
  proc: Proc,
  addressee: BinderThread | null,
): u32 {
  assert(transaction.buffer == buffer && !buffer.free, 'deliver: not the buffer of the transaction');
  assert(buffer.targetNode == changetype<usize>(node), 'deliver: the message is for another node');
  assert(!addressee || addressee.proc == proc, 'deliver: the addressee is of another proc');
  assert(!proc.isDead && !(addressee && addressee.isDead), 'deliver: the receiver is released');
  const oneway = (transaction.flags & TF_ONE_WAY) != 0;
  const waits = oneway && node.hasAsyncTransaction;
  if (oneway) node.hasAsyncTransaction = true;
  const frozen = proc.isFrozen;
  if (frozen) {
    if (oneway) proc.asyncRecv = true;
    else proc.syncRecv = true;
  }
  if (frozen && !oneway) return BR_FROZEN_REPLY;

  let outdated: Transaction | null = null;
  if (waits) {
    if (frozen && transaction.flags & TF_UPDATE_TXN) outdated = findOutdated(transaction, buffer, node);
    if (outdated) {
      workRemove(outdated);
      assert(proc.outstandingTxns > 0, 'deliver: the outdated one is not counted');
      proc.outstandingTxns--;
    }
    workAdd(transaction, nodeAsyncTodo(node));
  } else {
    const binderThread = addressee ? addressee : procSelect(proc);
    if (binderThread) workAddThread(binderThread, transaction);
    else workAdd(transaction, procTodo(proc));
    procWakeThread(proc, binderThread);
  }
  proc.outstandingTxns++;
  if (outdated) drop(proc, outdated);
  return oneway && frozen ? BR_TRANSACTION_PENDING_FROZEN : 0;
}

/** A waiting oneway that the transaction replaces: the same code, flags with TF_UPDATE_TXN, sender and node. */
function findOutdated(transaction: Transaction, buffer: Buffer, node: Node): Transaction | null {
  const head = nodeAsyncTodo(node);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    assert(changetype<Work>(link).type == WORK_TRANSACTION, 'findOutdated: no transaction waits for a node');
    const queued = changetype<Transaction>(link);
    const other = queued.buffer;
    if (!other || queued.flags != transaction.flags || queued.code != transaction.code) continue;
    if (other.pid == buffer.pid && other.targetNode == buffer.targetNode) return queued;
  }
  return null;
}

function drop(proc: Proc, outdated: Transaction): void {
  const buffer = outdated.buffer!;
  assert((outdated.flags & TF_ONE_WAY) != 0, 'drop: a call has a caller that waits');
  outdated.buffer = null;
  buffer.transaction = 0;
  traceBuffer(EVENT_TRANSACTION_UPDATE_BUFFER_RELEASE, buffer);
  bufferReleaseAll(proc, null, buffer, true);
  allocFree(proc.alloc, buffer);
  transactionDiscard(outdated);
}
