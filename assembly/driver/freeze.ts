/**
 * Freezing: a frozen proc gets no calls (BR_FROZEN_REPLY), and its oneways wait. Refs that ask get a notification of each
 * change.
 *
 * A freeze notification lives as long as its request. It is queued at a change, and is on the list of delivered ones until
 * BC_FREEZE_NOTIFICATION_DONE. If the state has changed by then it is queued again. Unlike for death notifications, errors
 * of user space are -EINVAL and stop the stream.
 */
import { EINVAL, ENOMEM } from '../abi/errno';
import {
  KLOG_FREEZE_ALREADY_SET,
  KLOG_FREEZE_COOKIE,
  KLOG_FREEZE_DONE_NOT_FOUND,
  KLOG_FREEZE_INVALID_REF,
  KLOG_FREEZE_NOT_ACTIVE,
} from '../abi/klog';
import { CACHE_BINDER_REF_FREEZE } from '../abi/machine';
import { BC_CLEAR_FREEZE_NOTIFICATION, BC_REQUEST_FREEZE_NOTIFICATION } from '../abi/protocol';
import { listFirst, listNext } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { userError } from './complaints';
import { nodeFirst, nodeHold, nodeNext, nodeRelease } from './nodes';
import {
  BinderThread,
  Node,
  nodeRefs,
  Proc,
  RefFreeze,
  refOfSibling,
  WORK_CLEAR_FREEZE_NOTIFICATION,
  WORK_FROZEN_BINDER,
} from './objects';
import { refFind } from './refs';
import { STAT_FREEZE, statCreated, statDeleted } from './state';
import { workAdd, workAddProc, workQueued, workRemove } from './work';

/** BC_REQUEST_FREEZE_NOTIFICATION: queues a notification of the present state. 0, -EINVAL or -ENOMEM. */
export function freezeRequest(binderThread: BinderThread, handle: u32, cookie: u64): i32 {
  const proc = binderThread.proc;
  const address = kmemZalloc(CACHE_BINDER_REF_FREEZE);
  if (!address) return -ENOMEM;
  const ref = refFind(proc, handle, false);
  if (!ref || ref.freeze) {
    if (ref) userError(KLOG_FREEZE_ALREADY_SET, binderThread);
    else userError(KLOG_FREEZE_INVALID_REF, binderThread, BC_REQUEST_FREEZE_NOTIFICATION, handle);
    kmemFree(CACHE_BINDER_REF_FREEZE, address);
    return -EINVAL;
  }
  statCreated(STAT_FREEZE);
  const freeze = changetype<RefFreeze>(address);
  freeze.cookie = cookie;
  freeze.type = WORK_FROZEN_BINDER;
  ref.freeze = freeze;
  const owner = ref.node.proc;
  if (owner) {
    freeze.isFrozen = owner.isFrozen;
    workAddProc(proc, freeze);
  }
  return 0;
}

/** BC_CLEAR_FREEZE_NOTIFICATION: confirmed by BR_CLEAR_FREEZE_NOTIFICATION_DONE, after an answer that is still due. 0 or -EINVAL. */
export function freezeClear(binderThread: BinderThread, handle: u32, cookie: u64): i32 {
  const ref = refFind(binderThread.proc, handle, false);
  const freeze = ref ? ref.freeze : null;
  if (!ref || !freeze || freeze.cookie != cookie) {
    if (!ref) userError(KLOG_FREEZE_INVALID_REF, binderThread, BC_CLEAR_FREEZE_NOTIFICATION, handle);
    else if (!freeze) userError(KLOG_FREEZE_NOT_ACTIVE, binderThread);
    else userError(KLOG_FREEZE_COOKIE, binderThread, freeze.cookie, cookie);
    return -EINVAL;
  }
  ref.freeze = null;
  freeze.type = WORK_CLEAR_FREEZE_NOTIFICATION;
  if (!workQueued(freeze)) workAddProc(binderThread.proc, freeze);
  else if (freeze.sent) freeze.resend = true;
  return 0;
}

/** BC_FREEZE_NOTIFICATION_DONE: the answer to BR_FROZEN_BINDER. 0 or -EINVAL. */
export function freezeDone(binderThread: BinderThread, cookie: u64): i32 {
  const head = deliveredFreezes(binderThread.proc);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const freeze = changetype<RefFreeze>(link);
    if (freeze.cookie != cookie) continue;
    workRemove(freeze);
    freeze.sent = false;
    if (freeze.resend) {
      freeze.resend = false;
      workAddProc(binderThread.proc, freeze);
    }
    return 0;
  }
  userError(KLOG_FREEZE_DONE_NOT_FOUND, binderThread, cookie);
  return -EINVAL;
}

/** Queues the change of a proc that was frozen or thawed, for every ref to its nodes that asked. */
export function freezeNotify(proc: Proc, frozen: bool): void {
  let node = nodeFirst(proc);
  while (node) {
    nodeHold(node);
    notifyRefs(node, frozen);
    const next = nodeNext(node);
    nodeRelease(node);
    node = next;
  }
}

/** Whether the proc has work under way: queued to it, served by it, or called by it. */
export function freezePending(proc: Proc): bool {
  if (proc.outstandingTxns > 0) return true;
  for (let link = rbFirst(changetype<usize>(proc) + offsetof<Proc>('threads')); link; link = rbNext(link)) {
    if (changetype<BinderThread>(link).stack) return true;
  }
  return false;
}

export function freezeDelivered(proc: Proc, freeze: RefFreeze): void {
  assert(freeze.sent, 'freezeDelivered: user space does not have it');
  workAdd(freeze, deliveredFreezes(proc));
}

export function freezeFree(freeze: RefFreeze): void {
  assert(!workQueued(freeze), 'freezeFree: the notification is still queued');
  kmemFree(CACHE_BINDER_REF_FREEZE, changetype<usize>(freeze));
  statDeleted(STAT_FREEZE);
}

export function deliveredFreezes(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('deliveredFreezeNext');
}

function notifyRefs(node: Node, frozen: bool): void {
  assert(node.tmpRefs > 0, 'notifyRefs: the node is not held');
  const head = nodeRefs(node);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const ref = refOfSibling(link);
    const freeze = ref.freeze;
    if (!freeze) continue;
    freeze.type = WORK_FROZEN_BINDER;
    if (!workQueued(freeze)) {
      freeze.isFrozen = frozen;
      workAddProc(ref.proc, freeze);
      continue;
    }
    if (freeze.sent && freeze.isFrozen != frozen) freeze.resend = true;
    freeze.isFrozen = frozen;
  }
}
