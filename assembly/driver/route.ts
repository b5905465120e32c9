/**
 * The way of one transaction: who sends it, and who gets it. Found here, used while the transaction is made.
 *
 *     call     the node behind a handle, its owner, and there a thread that waits in this very chain of calls
 *     reply    the thread whose call is on top of the replier's stack
 *
 * What a route names is held until the transaction is made or has failed; who made the route lets it go.
 */
import { EINVAL, EPROTO } from '../abi/errno';
import { BR_DEAD_REPLY, BR_FAILED_REPLY, TF_ONE_WAY } from '../abi/protocol';
import { listFirst } from '../lib/list';
import { poison } from '../lib/poison';
import { niceSet } from '../task/nice';
import { Thread } from '../task/process';
import { binderThreadHold, procHold } from './tmprefs';
import { nodeHold, nodeInc } from './nodes';
import { BinderThread, binderThreadTodo, Node, Proc, Transaction, Work, WORK_TRANSACTION } from './objects';
import { TransactionRecord } from './records';
import { refFind } from './refs';

/** One transaction while it is made. What is set is held, and let go at the end whatever happens. */
@unmanaged
export class Route {
  thread: Thread; // the acting thread
  binderThread: BinderThread; // the sender
  proc: Proc | null; // receiver
  node: Node | null; // node that is called; null in a reply
  addressee: BinderThread | null; // thread that has to get it, else any
  inReplyTo: Transaction | null; // call that is answered
  id: i32;
  error: u32; // BR_ word of the failure
  param: i32; // its -errno
  nodeId: i32; // of the node that is called, for the log; 0 when it was refused at once
  contextSize: u64; // bytes of the sender's security context at the end of the extra space
}

/** There is one at a time; `transact` begins and ends it. */
export const route = changetype<Route>(memory.data(offsetof<Route>(), 8));

/** Begins a route that leads nowhere yet. */
export function routeStart(thread: Thread, binderThread: BinderThread, id: i32): void {
  route.thread = thread;
  route.binderThread = binderThread;
  route.proc = null;
  route.node = null;
  route.addressee = null;
  route.inReplyTo = null;
  route.id = id;
  route.nodeId = 0;
}

/** The way was gone, or nobody goes it. */
export function routeEnd(): void {
  poison(route);
}

/** Says what the sender will hear: a BR_ word, and why. Always false. */
export function routeFail(error: u32, param: i32): bool {
  route.error = error;
  route.param = param;
  return false;
}

/** A reply goes to the thread whose call is on top of the replier's stack. The call leaves the stack here, come what may. */
export function routeReply(): bool {
  const binderThread = route.binderThread;
  const call = binderThread.stack;
  if (!call || call.toThread != binderThread) return routeFail(BR_FAILED_REPLY, -EPROTO);
  binderThread.stack = call.toParent;
  niceSet(route.thread, call.savedPriority);
  route.inReplyTo = call;
  const caller = call.from;
  if (!caller) return routeFail(BR_DEAD_REPLY, 0);
  if (caller.stack != call) {
    route.inReplyTo = null;
    return routeFail(BR_FAILED_REPLY, -EPROTO);
  }
  binderThreadHold(caller);
  procHold(caller.proc);
  route.addressee = caller;
  route.proc = caller.proc;
  return true;
}

/** A call goes to the owner of the node behind the handle, and there to a thread that waits in this very chain of calls. */
export function routeCall(record: TransactionRecord): bool {
  const binderThread = route.binderThread;
  const sender = binderThread.proc;
  const handle = <u32>record.target;
  let node: Node | null = null;
  if (handle) {
    const ref = refFind(sender, handle, true);
    if (!ref) return routeFail(BR_FAILED_REPLY, -EINVAL);
    node = ref.node;
  } else {
    node = sender.context.manager;
  }
  const owner = node ? node.proc : null;
  if (!node || !owner) return routeFail(BR_DEAD_REPLY, -EINVAL);
  nodeInc(node, true, false, null);
  nodeHold(node);
  procHold(owner);
  route.node = node;
  route.proc = owner;
  if (!handle && owner.pid == sender.pid) return routeFail(BR_FAILED_REPLY, -EINVAL);
  route.nodeId = node.debugId;
  if (owner == sender) return routeFail(BR_FAILED_REPLY, -EINVAL);
  if (record.flags & TF_ONE_WAY) return true;

  const first = listFirst(binderThreadTodo(binderThread));
  if (first && changetype<Work>(first).type == WORK_TRANSACTION) return routeFail(BR_FAILED_REPLY, -EPROTO);
  const top = binderThread.stack;
  if (top && top.toThread != binderThread) return routeFail(BR_FAILED_REPLY, -EPROTO);
  let call: Transaction | null = top;
  while (call && !route.addressee) {
    const caller = call.from;
    if (caller && caller.proc == owner) {
      binderThreadHold(caller);
      route.addressee = caller;
    }
    call = call.fromParent;
  }
  return true;
}
