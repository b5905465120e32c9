/**
 * Nodes: the objects that a proc has sent, found by `ptr`, and the BR_ words that report their references to the owner.
 *
 * A node is strongly held by strong refs of other processes (internal) and by messages in the owner's hands (local);
 * weakly by any ref. When holding begins or ends the node itself is queued as work. The owner's next read stores the
 * difference since its last words about the node: BR_INCREFS, BR_ACQUIRE, BR_RELEASE, BR_DECREFS.
 */
import { EINVAL } from '../abi/errno';
import { KLOG_INVALID_INC } from '../abi/klog';
import { CACHE_BINDER_NODE } from '../abi/machine';
import {
  FLAT_BINDER_FLAG_ACCEPTS_FDS,
  FLAT_BINDER_FLAG_PRIORITY_MASK,
  FLAT_BINDER_FLAG_TXN_SECURITY_CTX,
} from '../abi/protocol';
import { klog } from '../klog';
import { listEmpty, listInit } from '../lib/list';
import {
  rbErase,
  rbFirst,
  rbInsertColor,
  rbLeft,
  rbLeftSlot,
  rbLink,
  rbNext,
  rbRight,
  rbRightSlot,
  rbRoot,
} from '../lib/rbtree';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { BinderThread, binderThreadTodo, Node, nodeAsyncTodo, nodeRefs, Proc, WORK_NODE } from './objects';
import { deadNodesRemove, nextId, STAT_NODE, statCreated, statDeleted } from './state';
import { workAdd, workAddDeferred, workAddProc, workQueued, workRemove } from './work';

/** The proc's node for `ptr`, held for the caller by a temporary reference, or null. */
export function nodeFind(proc: Proc, ptr: u64): Node | null {
  let link = rbRoot(nodesRoot(proc));
  while (link) {
    const node = nodeOfRb(link);
    if (ptr == node.ptr) {
      node.tmpRefs++;
      return node;
    }
    link = ptr < node.ptr ? rbLeft(link) : rbRight(link);
  }
  return null;
}

/** The proc's node for `ptr`, made if it is not there yet; held like nodeFind's. null when memory is out. */
export function nodeCreate(proc: Proc, ptr: u64, cookie: u64, flags: u32): Node | null {
  const found = nodeFind(proc, ptr);
  if (found) return found;
  const address = kmemZalloc(CACHE_BINDER_NODE);
  if (!address) return null;
  statCreated(STAT_NODE);
  const node = changetype<Node>(address);
  node.type = WORK_NODE;
  node.debugId = nextId();
  node.proc = proc;
  node.ptr = ptr;
  node.cookie = cookie;
  node.tmpRefs = 1;
  node.minPriority = <u8>(flags & FLAT_BINDER_FLAG_PRIORITY_MASK);
  node.acceptFds = (flags & FLAT_BINDER_FLAG_ACCEPTS_FDS) != 0;
  node.txnSecurityCtx = (flags & FLAT_BINDER_FLAG_TXN_SECURITY_CTX) != 0;
  listInit(nodeRefs(node));
  listInit(nodeAsyncTodo(node));
  insert(proc, node);
  return node;
}

/** Takes a node out of its owner's tree; its place is free to be a link among the dead. */
export function nodeUnlink(proc: Proc, node: Node): void {
  rbErase(rbOfNode(node), nodesRoot(proc));
  node.rbParent = 0;
  node.rbLeft = 0;
}

export function nodeFree(node: Node): void {
  assert(!workQueued(node) && listEmpty(nodeRefs(node)), 'nodeFree: node is still in use');
  kmemFree(CACHE_BINDER_NODE, changetype<usize>(node));
  statDeleted(STAT_NODE);
}

/** The node with the lowest ptr, or null. */
export function nodeFirst(proc: Proc): Node | null {
  const link = rbFirst(nodesRoot(proc));
  return link ? nodeOfRb(link) : null;
}

export function nodeNext(node: Node): Node | null {
  const link = rbNext(rbOfNode(node));
  return link ? nodeOfRb(link) : null;
}

/**
 * Adds a reference. `sender` is the owner's thread that sends the node, and the one that gets the BR_ words about it.
 * Without a sender the first strong reference to a node that the owner does not hold is refused with -EINVAL.
 */
export function nodeInc(node: Node, strong: bool, internal: bool, sender: BinderThread | null): i32 {
  if (strong) {
    if (internal) {
      if (!sender && !node.internalStrongRefs && !isHeldManager(node)) {
        klog(KLOG_INVALID_INC, 0, 0, node.debugId);
        return -EINVAL;
      }
      node.internalStrongRefs++;
    } else {
      node.localStrongRefs++;
    }
    if (!node.hasStrongRef && sender) {
      workRemove(node);
      workAddDeferred(sender, node);
    }
  } else {
    if (!internal) node.localWeakRefs++;
    if (!node.hasWeakRef && sender && !workQueued(node)) workAdd(node, binderThreadTodo(sender));
  }
  return 0;
}

/** Drops a reference without freeing the node: true when the caller is to free it, for nothing holds it any more. */
export function nodeDecKeep(node: Node, strong: bool, internal: bool): bool {
  const owner = node.proc;
  if (strong) {
    if (internal) node.internalStrongRefs--;
    else node.localStrongRefs--;
    if (node.localStrongRefs || node.internalStrongRefs) return false;
  } else {
    if (!internal) node.localWeakRefs--;
    if (node.localWeakRefs || node.tmpRefs || !listEmpty(nodeRefs(node))) return false;
  }
  if (owner && (node.hasStrongRef || node.hasWeakRef)) {
    if (!workQueued(node)) workAddProc(owner, node);
    return false;
  }
  if (!listEmpty(nodeRefs(node)) || node.localStrongRefs || node.localWeakRefs || node.tmpRefs) return false;
  if (owner) {
    workRemove(node);
    nodeUnlink(owner, node);
  } else {
    deadNodesRemove(node);
  }
  return true;
}

export function nodeDec(node: Node, strong: bool, internal: bool): void {
  if (nodeDecKeep(node, strong, internal)) nodeFree(node);
}

/** Holds a node for the length of an operation. */
export function nodeHold(node: Node): void {
  node.tmpRefs++;
}

/** Ends a nodeHold; the node may be gone after it. */
export function nodeRelease(node: Node): void {
  assert(node.tmpRefs > 0, 'nodeRelease: node is not held');
  node.tmpRefs--;
  nodeDec(node, false, true);
}

/** The node of the context manager may get references before its owner gets BR_ words about them. */
function isHeldManager(node: Node): bool {
  const owner = node.proc;
  return owner != null && owner.context.manager == node && node.hasStrongRef;
}

function insert(proc: Proc, node: Node): void {
  let slot = nodesRoot(proc);
  let parent: usize = 0;
  for (let link = rbRoot(slot); link; link = rbRoot(slot)) {
    parent = link;
    slot = node.ptr < nodeOfRb(link).ptr ? rbLeftSlot(link) : rbRightSlot(link);
  }
  rbLink(rbOfNode(node), parent, slot);
  rbInsertColor(rbOfNode(node), nodesRoot(proc));
}

function nodesRoot(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('nodes');
}

function rbOfNode(node: Node): usize {
  return changetype<usize>(node) + offsetof<Node>('rbParent');
}

function nodeOfRb(link: usize): Node {
  return changetype<Node>(link - offsetof<Node>('rbParent'));
}
