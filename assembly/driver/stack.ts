/**
 * The stacks of calls, and what happens to a transaction that ends without a reply.
 *
 * A synchronous call stands on two stacks: its caller's (linked by `fromParent`) until the reply is queued, and, once a
 * thread has taken it, that thread's (linked by `toParent`). When the thread that should reply is gone the failure goes
 * to the caller; if that is gone, too, to the caller's caller.
 */
import { EVENT_TXN_LATENCY_FREE } from '../abi/events';
import { KLOG_FAILED_REPLY, KLOG_FAILED_REPLY_DEAD, KLOG_UNDELIVERED, KLOG_UNEXPECTED_REPLY_ERROR } from '../abi/klog';
import { CACHE_BINDER_TRANSACTION } from '../abi/machine';
import { BR_OK, TF_ONE_WAY } from '../abi/protocol';
import { klog } from '../klog';
import { listEmpty } from '../lib/list';
import { kmemFree } from '../mem/kmem';
import { CALL_FREEZE } from '../task/process';
import { wakeWaiting } from '../task/wait';
import { recordLong, tracing } from '../trace';
import { fixupsDrop } from './fixups';
import { binderThreadHold, binderThreadRelease } from './tmprefs';
import { BinderThread, binderThreadReplyError, Transaction, transactionFixups } from './objects';
import { STAT_TRANSACTION, statDeleted } from './state';
import { binderThreadWake, workAddThread } from './work';

/** Takes the call that a thread waits for off its stack. The call loses its caller. */
export function stackPop(binderThread: BinderThread, transaction: Transaction): void {
  assert(binderThread.stack == transaction && transaction.from == binderThread, 'stackPop: not the call on top');
  binderThread.stack = transaction.fromParent;
  transaction.from = null;
}

/** Frees a transaction that was answered, taken, or lost. Its buffer stays, without it. */
export function transactionFree(transaction: Transaction): void {
  const proc = transaction.toProc;
  if (proc) {
    assert(proc.outstandingTxns > 0, 'transactionFree: the transaction is not counted');
    proc.outstandingTxns--;
    if (!proc.outstandingTxns && proc.isFrozen) wakeWaiting(CALL_FREEZE, changetype<usize>(proc));
    const buffer = transaction.buffer;
    if (buffer) buffer.transaction = 0;
  }
  traceLatency(transaction);
  transactionDiscard(transaction);
}

/** Frees the transaction object and the descriptors that were not given out, and nothing else. */
export function transactionDiscard(transaction: Transaction): void {
  if (!listEmpty(transactionFixups(transaction))) fixupsDrop(transaction);
  kmemFree(CACHE_BINDER_TRANSACTION, changetype<usize>(transaction));
  statDeleted(STAT_TRANSACTION);
}

/** Ends a synchronous call with `word` for its caller, or for the nearest caller up the chain that is alive. */
export function stackFail(transaction: Transaction, word: u32): void {
  assert(!(transaction.flags & TF_ONE_WAY), 'stackFail: a oneway has no caller');
  let failed: Transaction | null = transaction;
  while (failed) {
    const caller = failed.from;
    if (caller) {
      klog(KLOG_FAILED_REPLY, 0, 0, failed.debugId, caller.proc.pid, caller.tid);
      binderThreadHold(caller);
      stackPop(caller, failed);
      const error = binderThreadReplyError(caller);
      if (error.command == BR_OK) {
        error.command = word;
        workAddThread(caller, error);
        binderThreadWake(caller);
      } else {
        klog(KLOG_UNEXPECTED_REPLY_ERROR, 0, 0, error.command);
      }
      binderThreadRelease(caller);
      transactionFree(failed);
      return;
    }
    klog(KLOG_FAILED_REPLY_DEAD, 0, 0, failed.debugId);
    const next: Transaction | null = failed.fromParent;
    transactionFree(failed);
    failed = next;
  }
}

/** Ends a transaction that its receiver never took: a call fails with `word`, a oneway or a reply is lost. @param reason UNDELIVERED_* */
export function transactionCancel(transaction: Transaction, word: u32, reason: u32): void {
  const buffer = transaction.buffer;
  assert(buffer, 'transactionCancel: no buffer');
  if (buffer && buffer.targetNode && !(transaction.flags & TF_ONE_WAY)) {
    stackFail(transaction, word);
    return;
  }
  klog(KLOG_UNDELIVERED, 0, 0, transaction.debugId, reason);
  transactionFree(transaction);
}

export function traceLatency(transaction: Transaction): void {
  if (tracing()) recordLatency(transaction);
}

function recordLatency(transaction: Transaction): void {
  const from = transaction.from;
  const proc = transaction.toProc;
  const to = transaction.toThread;
  recordLong(
    EVENT_TXN_LATENCY_FREE,
    transaction.debugId,
    from ? from.proc.pid : 0,
    from ? from.tid : 0,
    proc ? proc.pid : 0,
    to ? to.tid : 0,
    transaction.flags,
    transaction.code,
  );
}
