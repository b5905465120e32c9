/** Queues of work: which kinds of work may be on which queue, and which work only its queue owns. */
import { VIOLATION_OWNER, VIOLATION_WORK } from '../abi/check';
import {
  CACHE_BINDER_NODE,
  CACHE_BINDER_REF_DEATH,
  CACHE_BINDER_REF_FREEZE,
  CACHE_BINDER_TRANSACTION,
  CACHE_BINDER_WORK,
} from '../abi/machine';
import {
  BinderThread,
  binderThreadReplyError,
  binderThreadReturnError,
  Node,
  Proc,
  RefFreeze,
  Transaction,
  Work,
  WORK_CLEAR_DEATH_NOTIFICATION,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_DEAD_BINDER,
  WORK_DEAD_BINDER_AND_CLEAR,
  WORK_FROZEN_BINDER,
  WORK_NODE,
  WORK_RETURN_ERROR,
  WORK_TRANSACTION,
  WORK_TRANSACTION_COMPLETE,
  WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT,
  WORK_TRANSACTION_PENDING,
} from '../driver/objects';
import { listFirst, listNext } from '../lib/list';
import { claimLink, listHold, pointsAt } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

/** Checks the todo list of a binder thread; without a binder thread, that of its proc. */
export function checkQueue(head: usize, proc: Proc, binderThread: BinderThread | null): bool {
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const work = changetype<Work>(link);
    if (!checkEntry(work, head, proc, binderThread)) return blame(VIOLATION_WORK, link, 0, work.type);
  }
  return true;
}

/** Claims one holder for a confirmation to a sender (BR_TRANSACTION_COMPLETE and its variants). */
export function checkWork(work: Work): bool {
  claim(VIOLATION_OWNER, changetype<usize>(work), 1);
  claimLink(changetype<usize>(work));
  return true;
}

/** False when the work must not be on this queue; a violation may be noted already. */
function checkEntry(work: Work, head: usize, proc: Proc, binderThread: BinderThread | null): bool {
  const at = changetype<usize>(work);
  switch (work.type) {
    case WORK_TRANSACTION:
      return pointsAt(CACHE_BINDER_TRANSACTION, at, head) && isFor(changetype<Transaction>(work), proc, binderThread);
    case WORK_TRANSACTION_COMPLETE:
    case WORK_TRANSACTION_PENDING:
    case WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT:
      hold(VIOLATION_OWNER, at);
      return binderThread != null && pointsAt(CACHE_BINDER_WORK, at, head);
    case WORK_RETURN_ERROR:
      return (
        binderThread != null &&
        (binderThreadReturnError(binderThread) == work || binderThreadReplyError(binderThread) == work)
      );
    case WORK_NODE:
      return pointsAt(CACHE_BINDER_NODE, at, head) && changetype<Node>(work).proc == proc;
    case WORK_DEAD_BINDER:
      return !binderThread && pointsAt(CACHE_BINDER_REF_DEATH, at, head);
    case WORK_DEAD_BINDER_AND_CLEAR:
    case WORK_CLEAR_DEATH_NOTIFICATION:
      hold(VIOLATION_OWNER, at); // the ref no longer points at it
      return pointsAt(CACHE_BINDER_REF_DEATH, at, head);
    case WORK_CLEAR_FREEZE_NOTIFICATION:
      hold(VIOLATION_OWNER, at); // likewise
      return isUnsent(at, head, binderThread);
    case WORK_FROZEN_BINDER:
      return isUnsent(at, head, binderThread);
    default:
      return false;
  }
}

/** A message is on the queue of its target proc, or of the one binder thread that has to get it. */
function isFor(transaction: Transaction, proc: Proc, binderThread: BinderThread | null): bool {
  const addressee = transaction.toThread;
  return transaction.toProc == proc && (!addressee || addressee == binderThread);
}

function isUnsent(at: usize, head: usize, binderThread: BinderThread | null): bool {
  return !binderThread && pointsAt(CACHE_BINDER_REF_FREEZE, at, head) && !changetype<RefFreeze>(at).sent;
}
