/**
 * The route of one transaction: its sender and its receiver.
 *
 *     call     the node of a handle, its owner, and there a thread that waits in the same chain of calls
 *     reply    the thread whose call is on top of the replier's stack
 *
 * The receiver, node and thread of a route are held until it is released.
 */
import { EINVAL, EPROTO } from '../abi/errno';
import {
  KLOG_BAD_STACK,
  KLOG_INVALID_TARGET,
  KLOG_MANAGER_CALLS_ITSELF,
  KLOG_NO_TARGET_NODE,
  KLOG_REPLY_BAD_STACK,
  KLOG_REPLY_NO_STACK,
  KLOG_REPLY_NO_TARGET,
  KLOG_REPLY_TARGET_STACK,
  KLOG_SELF,
  KLOG_CALL_QUEUED,
} from '../abi/klog';
import { BR_DEAD_REPLY, BR_FAILED_REPLY, TF_ONE_WAY } from '../abi/protocol';
import { listFirst } from '../lib/list';
import { Thread } from '../task/process';
import { niceRequest, userError } from './complaints';
import { nodeDec, nodeHold, nodeInc, nodeRelease } from './nodes';
import { BinderThread, binderThreadTodo, Node, Proc, Transaction, Work, WORK_TRANSACTION } from './objects';
import { TransactionRecord } from './records';
import { refFind } from './refs';
import { binderThreadHold, binderThreadRelease, procHold, procRelease } from './tmprefs';

/** Why a transaction is not made: the BR_ word for its sender in the upper half, and an -errno in the lower; 0: it is made. */
export type RouteFailure = u64;

export function failure(word: u32, param: i32): RouteFailure {
  assert(word != 0 && param <= 0, 'failure: no word, or a parameter that is no -errno');
  return ((<u64>word) << 32) | <u32>param;
}

export function failureWord(failed: RouteFailure): u32 {
  return <u32>(failed >>> 32);
}

export function failureParam(failed: RouteFailure): i32 {
  return <i32>failed;
}

/** One transaction while it is made. */
@unmanaged
export class Route {
  thread: Thread; // the acting thread
  sender: BinderThread;
  proc: Proc | null; // receiver; held
  node: Node | null; // node that is called, held; null in a reply
  addressee: BinderThread | null; // thread that has to get it, held; null: any
  inReplyTo: Transaction | null; // call that is answered
  id: i32;
  nodeId: i32; // of the node, for the log; 0 when it was refused at once
  translated: i32; // objects of the buffer that hold something, from the first on
  ownsStrong: bool; // it has a strong reference to the node, until a buffer takes that over
}

/** Begins a route without a receiver. */
export function routeStart(route: Route, thread: Thread, sender: BinderThread, id: i32): void {
  assert(!sender.isDead, 'routeStart: the sender is released');
  route.thread = thread;
  route.sender = sender;
  route.proc = null;
  route.node = null;
  route.addressee = null;
  route.inReplyTo = null;
  route.id = id;
  route.nodeId = 0;
  route.translated = 0;
  route.ownsStrong = false;
}

/** Releases what the route holds. */
export function routeRelease(route: Route): void {
  const addressee = route.addressee;
  const node = route.node;
  const proc = route.proc;
  assert(!route.ownsStrong || node, 'routeRelease: a reference to no node');
  assert(!addressee || addressee.proc == proc, 'routeRelease: the addressee is not of the receiver');
  if (node && route.ownsStrong) nodeDec(node, true, false);
  if (addressee) binderThreadRelease(addressee);
  if (node) nodeRelease(node);
  if (proc) procRelease(proc);
}

/** A reply goes to the thread whose call is on top of the replier's stack. The call leaves the stack whatever happens. */
export function routeReply(route: Route): RouteFailure {
  const sender = route.sender;
  const call = sender.stack;
  if (!call) return refuse(KLOG_REPLY_NO_STACK, sender, -EPROTO);
  if (call.toThread != sender) return refuseStack(KLOG_REPLY_BAD_STACK, sender, call);
  sender.stack = call.toParent;
  niceRequest(route.thread, call.savedPriority);
  route.inReplyTo = call;
  const caller = call.from;
  if (!caller) {
    userError(KLOG_REPLY_NO_TARGET, sender);
    return failure(BR_DEAD_REPLY, 0);
  }
  if (caller.stack != call) {
    const other = caller.stack;
    userError(KLOG_REPLY_TARGET_STACK, sender, other ? other.debugId : 0, call.debugId);
    route.inReplyTo = null;
    return failure(BR_FAILED_REPLY, -EPROTO);
  }
  binderThreadHold(caller);
  procHold(caller.proc);
  route.addressee = caller;
  route.proc = caller.proc;
  return 0;
}

/** A call goes to the owner of the handle's node, and there to a thread that waits in the same chain of calls. */
export function routeCall(route: Route, record: TransactionRecord): RouteFailure {
  const sender = route.sender;
  const from = sender.proc;
  const handle = <u32>record.target;
  const ref = handle ? refFind(from, handle, true) : null;
  const node = ref ? ref.node : handle ? null : from.context.manager;
  const owner = node ? node.proc : null;
  if (!node || !owner) return refuseTarget(sender, handle, node != null);
  nodeInc(node, true, false, null);
  nodeHold(node);
  procHold(owner);
  route.node = node;
  route.ownsStrong = true;
  route.proc = owner;
  if (!handle && owner.pid == from.pid) return refuse(KLOG_MANAGER_CALLS_ITSELF, sender, -EINVAL);
  route.nodeId = node.debugId;
  if (owner == from) return refuse(KLOG_SELF, sender, -EINVAL);
  if (record.flags & TF_ONE_WAY) return 0;

  const first = listFirst(binderThreadTodo(sender));
  if (first && changetype<Work>(first).type == WORK_TRANSACTION) return refuse(KLOG_CALL_QUEUED, sender, -EPROTO);
  const top = sender.stack;
  if (top && top.toThread != sender) return refuseStack(KLOG_BAD_STACK, sender, top);
  let call: Transaction | null = top;
  while (call && !route.addressee) {
    const caller = call.from;
    if (caller && caller.proc == owner) {
      binderThreadHold(caller);
      route.addressee = caller;
    }
    call = call.fromParent;
  }
  return 0;
}

function refuse(line: u32, sender: BinderThread, param: i32): RouteFailure {
  userError(line, sender);
  return failure(BR_FAILED_REPLY, param);
}

/** There is no such handle, no context manager, or the node is dead. */
function refuseTarget(sender: BinderThread, handle: u32, isDead: bool): RouteFailure {
  const isUnknown = handle != 0 && !isDead;
  if (isUnknown) userError(KLOG_INVALID_TARGET, sender, handle);
  userError(KLOG_NO_TARGET_NODE, sender, handle);
  return failure(isUnknown ? BR_FAILED_REPLY : BR_DEAD_REPLY, -EINVAL);
}

/** The transaction on top of the sender's stack is another thread's to answer. */
function refuseStack(line: u32, sender: BinderThread, top: Transaction): RouteFailure {
  const proc = top.toProc;
  const thread = top.toThread;
  userError(line, sender, top.debugId, proc ? proc.pid : 0, thread ? thread.tid : 0);
  return failure(BR_FAILED_REPLY, -EPROTO);
}
