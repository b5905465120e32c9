/** Queues and stacks as text for the cells of tables. */
import type { StackEntryView, TransactionView, WorkView } from '../works.ts';
import type { Names } from './names.ts';

const TF_ONE_WAY = 1;

/** "call 5 of client.0, TRANSACTION_COMPLETE": the entries of a queue, the first one to serve in front. */
export function queueText(queue: readonly WorkView[], names: Names): string {
  return queueTexts(queue, names).join(', ');
}

/** A text for each entry. */
export function queueTexts(queue: readonly WorkView[], names: Names): string[] {
  return queue.map((work) => workText(work, names));
}

/** "awaits the reply to 7, serves 5 of client.0": innermost first. */
export function stackText(stack: readonly StackEntryView[], names: Names): string {
  return stackTexts(stack, names).join(', ');
}

/** A text for each entry. */
export function stackTexts(stack: readonly StackEntryView[], names: Names): string[] {
  return stack.map(({ role, transaction }) => {
    if (role === 'outgoing') return `awaits the reply to ${transaction.id}`;
    if (role === 'incoming') return `serves ${transaction.id} of ${sender(transaction, names)}`;
    return `broken at ${transaction.id}`;
  });
}

function workText(work: WorkView, names: Names): string {
  switch (work.type) {
    case 'TRANSACTION':
      return transactionText(work.transaction, names);
    case 'RETURN_ERROR':
      return work.word;
    case 'NODE':
      return `news of node ${work.node.id}`;
    default:
      return 'cookie' in work ? `${work.type} 0x${work.cookie.toString(16)}` : work.type;
  }
}

function transactionText(transaction: TransactionView, names: Names): string {
  const { id, flags, buffer } = transaction;
  const kind = buffer?.node === 0 ? 'reply' : (flags & TF_ONE_WAY) !== 0 ? 'oneway' : 'call';
  return `${kind} ${id} of ${sender(transaction, names)}`;
}

/** The kernel does not keep the sender of a oneway, nor a sender that has died. */
function sender({ from }: TransactionView, names: Names): string {
  return from.tid === 0 ? 'someone' : names.thread(from.tid);
}
