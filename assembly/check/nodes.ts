/**
 * Nodes and refs, and the notifications that refs request.
 *
 * `internalStrongRefs` is the number of strong refs. `localStrongRefs` and `localWeakRefs` count the holds of messages in the
 * owner's buffers (contents.ts), one for each unanswered BR_ACQUIRE or BR_INCREFS, and one each for the context manager. A
 * dead node has no local counts. It lives as long as it has refs.
 *
 * It is not an invariant that the owner gets every change. A change is lost with a thread that ends, or with a read that
 * fails with EFAULT, as in Linux.
 */
import * as codes from '../abi/check';
import {
  CACHE_BINDER_NODE,
  CACHE_BINDER_PROC,
  CACHE_BINDER_REF,
  CACHE_BINDER_REF_DEATH,
  CACHE_BINDER_REF_FREEZE,
  CACHE_BINDER_TRANSACTION,
  FRAME_ARRAY,
  PAGE_SIZE,
} from '../abi/machine';
import { TF_ONE_WAY } from '../abi/protocol';
import { Buffer } from '../alloc/buffer';
import {
  Node,
  nodeAsyncTodo,
  nodeRefs,
  Proc,
  Ref,
  RefDeath,
  RefFreeze,
  refOfSibling,
  Transaction,
  WORK_DEAD_BINDER,
  WORK_FROZEN_BINDER,
  WORK_NODE,
  WORK_TRANSACTION,
} from '../driver/objects';
import { deadNodes } from '../driver/state';
import { bitmapFindZero, bitmapTest } from '../lib/bitmap';
import { listEmpty, listFirst, listLinked, listNext } from '../lib/list';
import { rbFirst, rbNext } from '../lib/rbtree';
import { claimLink, holdFrames, listHold, pointsAt, treeSound } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

/** The tree of a proc's nodes by ptr. */
export function checkNodes(proc: Proc): bool {
  const root = changetype<usize>(proc) + offsetof<Proc>('nodes');
  if (!treeSound(root)) return false;
  let before: Node | null = null;
  for (let link = rbFirst(root); link; link = rbNext(link)) {
    const node = changetype<Node>(link - offsetof<Node>('rbParent'));
    const at = changetype<usize>(node);
    if (!pointsAt(CACHE_BINDER_NODE, at, root)) return false;
    hold(codes.VIOLATION_OWNER, at);
    if (node.proc != proc) return blame(codes.VIOLATION_NODE, at, changetype<i32>(node.proc));
    if (before && node.ptr <= before.ptr) return blame(codes.VIOLATION_TREE_ORDER, at, <i32>before.ptr, <i32>node.ptr);
    before = node;
  }
  return true;
}

/** The list of nodes whose owner has died. */
export function checkDeadNodes(): bool {
  if (!listHold(deadNodes)) return false;
  for (let link = listFirst(deadNodes); link; link = listNext(link, deadNodes)) {
    const node = link - offsetof<Node>('rbParent');
    if (!pointsAt(CACHE_BINDER_NODE, node, deadNodes)) return false;
    hold(codes.VIOLATION_OWNER, node);
    if (changetype<Node>(node).proc)
      return blame(codes.VIOLATION_NODE, node, changetype<i32>(changetype<Node>(node).proc));
  }
  return true;
}

/** The two trees of a proc's refs, and the bitmap of its handles. */
export function checkRefs(proc: Proc): bool {
  const byDesc = changetype<usize>(proc) + offsetof<Proc>('refsByDesc');
  const byNode = changetype<usize>(proc) + offsetof<Proc>('refsByNode');
  if (!treeSound(byDesc) || !treeSound(byNode)) return false;
  let least: u32 = 0;
  let count = 0;
  for (let link = rbFirst(byDesc); link; link = rbNext(link)) {
    if (!pointsAt(CACHE_BINDER_REF, link, byDesc)) return false;
    hold(codes.VIOLATION_OWNER, link);
    const ref = changetype<Ref>(link);
    if (ref.proc != proc) return blame(codes.VIOLATION_REF, link);
    if (ref.desc < least) return blame(codes.VIOLATION_TREE_ORDER, link, least, ref.desc);
    if (!hasBit(proc, ref.desc)) return blame(codes.VIOLATION_HANDLES, changetype<usize>(proc), 0, ref.desc);
    least = ref.desc + 1;
    count++;
  }
  return checkRefsByNode(proc, byNode) && checkHandles(proc, count);
}

export function checkNode(node: Node): bool {
  const at = changetype<usize>(node);
  const owner = node.proc;
  claim(codes.VIOLATION_OWNER, at, 1);
  claim(codes.VIOLATION_NODE_STRONG, at, node.internalStrongRefs);
  claimLink(at);
  if (!owner) claimLink(at + offsetof<Node>('rbParent'));
  if (node.type != WORK_NODE || node.tmpRefs) return blame(codes.VIOLATION_NODE, at);
  if (!checkSiblings(node) || !checkOneways(node)) return false;
  if (!owner) return checkDeadNode(node);
  if (!pointsAt(CACHE_BINDER_PROC, changetype<usize>(owner), at)) return false;
  // While the owner is being released, its nodes keep their old counts. They have no owner that updates them.
  if (!owner.isDead) claimLocal(node, owner);
  const isToldOf = (node.hasStrongRef || !node.pendingStrongRef) && (node.hasWeakRef || !node.pendingWeakRef);
  if (!isToldOf) return blame(codes.VIOLATION_NODE_FLAGS, at);
  const isHeld = node.internalStrongRefs || node.localStrongRefs || node.localWeakRefs || !listEmpty(nodeRefs(node));
  return isHeld || node.hasStrongRef || node.hasWeakRef || blame(codes.VIOLATION_NODE_HELD_BY_NOBODY, at);
}

export function checkRef(ref: Ref): bool {
  const at = changetype<usize>(ref);
  claim(codes.VIOLATION_OWNER, at, 1);
  claim(codes.VIOLATION_REF_BY_NODE, at, 1);
  claimLink(at + offsetof<Ref>('siblingNext'));
  if (!listLinked(at + offsetof<Ref>('siblingNext'))) return blame(codes.VIOLATION_REF, at);
  if (!pointsAt(CACHE_BINDER_PROC, changetype<usize>(ref.proc), at)) return false;
  if (!pointsAt(CACHE_BINDER_NODE, changetype<usize>(ref.node), at)) return false;
  // User space may drop counts that it never took, but not below zero. The last one frees the ref.
  if (ref.strong < 0 || ref.weak < 0 || ref.strong + ref.weak == 0)
    return blame(codes.VIOLATION_REF, at, ref.strong, ref.weak);
  if (ref.strong) hold(codes.VIOLATION_NODE_STRONG, changetype<usize>(ref.node));
  return checkDeathOf(ref) && checkFreezeOf(ref);
}

export function checkDeath(death: RefDeath): bool {
  claim(codes.VIOLATION_OWNER, changetype<usize>(death), 1);
  claimLink(changetype<usize>(death));
  return true;
}

export function checkFreeze(freeze: RefFreeze): bool {
  claim(codes.VIOLATION_OWNER, changetype<usize>(freeze), 1);
  claimLink(changetype<usize>(freeze));
  return true;
}

/** Counts pending answers and the context manager's own references. contents.ts adds those of messages. */
function claimLocal(node: Node, owner: Proc): void {
  const at = changetype<usize>(node);
  const isManager = owner.context.manager == node;
  claim(codes.VIOLATION_NODE_LOCAL_STRONG, at, node.localStrongRefs);
  claim(codes.VIOLATION_NODE_LOCAL_WEAK, at, node.localWeakRefs);
  hold(codes.VIOLATION_NODE_LOCAL_STRONG, at, (node.pendingStrongRef ? 1 : 0) + (isManager ? 1 : 0));
  hold(codes.VIOLATION_NODE_LOCAL_WEAK, at, (node.pendingWeakRef ? 1 : 0) + (isManager ? 1 : 0));
  claim(codes.VIOLATION_NODE_ONEWAY, at, node.hasAsyncTransaction ? 1 : 0); // the one that is not waiting
}

function checkDeadNode(node: Node): bool {
  const at = changetype<usize>(node);
  if (node.localStrongRefs || node.localWeakRefs || listLinked(at)) return blame(codes.VIOLATION_NODE, at);
  return !listEmpty(nodeRefs(node)) || blame(codes.VIOLATION_NODE_HELD_BY_NOBODY, at);
}

/** The list of refs to a node. */
function checkSiblings(node: Node): bool {
  const head = nodeRefs(node);
  if (!listHold(head)) return false;
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const ref = refOfSibling(link);
    if (!pointsAt(CACHE_BINDER_REF, changetype<usize>(ref), changetype<usize>(node))) return false;
    if (ref.node != node) return blame(codes.VIOLATION_REF, changetype<usize>(ref));
  }
  return true;
}

/** The oneways of a node that wait until the current one is handled. */
function checkOneways(node: Node): bool {
  const head = nodeAsyncTodo(node);
  if (!listHold(head)) return false;
  if (!listEmpty(head) && !node.hasAsyncTransaction) return blame(codes.VIOLATION_NODE_FLAGS, changetype<usize>(node));
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    if (!pointsAt(CACHE_BINDER_TRANSACTION, link, changetype<usize>(node))) return false;
    const waiting = changetype<Transaction>(link);
    const buffer: Buffer | null = waiting.buffer;
    const isRight =
      waiting.type == WORK_TRANSACTION && (waiting.flags & TF_ONE_WAY) != 0 && waiting.toProc == node.proc;
    if (!isRight || !buffer || buffer.targetNode != changetype<usize>(node))
      return blame(codes.VIOLATION_WORK, link, 0, waiting.type);
    if (node.proc && !node.proc!.isDead) claim(codes.VIOLATION_NODE_ONEWAY, changetype<usize>(node), 1);
  }
  return true;
}

function checkRefsByNode(proc: Proc, root: usize): bool {
  let before: usize = 0;
  for (let link = rbFirst(root); link; link = rbNext(link)) {
    const ref = link - offsetof<Ref>('nodeParent');
    if (!pointsAt(CACHE_BINDER_REF, ref, root)) return false;
    hold(codes.VIOLATION_REF_BY_NODE, ref);
    const node = changetype<usize>(changetype<Ref>(ref).node);
    if (changetype<Ref>(ref).proc != proc) return blame(codes.VIOLATION_REF, ref);
    if (node <= before) return blame(codes.VIOLATION_TREE_ORDER, ref, <i32>before, <i32>node);
    before = node;
  }
  return true;
}

/** The bitmap has a bit for each handle and no other bit. No number below descLow is free. */
function checkHandles(proc: Proc, refs: i32): bool {
  const at = changetype<usize>(proc);
  const bitmap = proc.descBitmap;
  if (!bitmap) return !refs || blame(codes.VIOLATION_HANDLES, at, 0, refs);
  if (!holdFrames(bitmap, proc.descOrder, FRAME_ARRAY, at)) return false;
  const end = bitmap + (PAGE_SIZE << proc.descOrder);
  let bits = 0;
  for (let word = bitmap; word < end; word += 8) bits += <i32>popcnt<u64>(load<u64>(word));
  if (bits != refs) return blame(codes.VIOLATION_HANDLES, at, bits, refs);
  return bitmapFindZero(bitmap, proc.descLow, 1) < 0 || blame(codes.VIOLATION_HANDLES, at, bits, refs);
}

function hasBit(proc: Proc, desc: u32): bool {
  return proc.descBitmap != 0 && desc < <u32>(PAGE_SIZE << proc.descOrder) * 8 && bitmapTest(proc.descBitmap, desc);
}

/** A ref's request for its node's death is not queued while the node lives. */
function checkDeathOf(ref: Ref): bool {
  const death = ref.death;
  if (!death) return true;
  const at = changetype<usize>(death);
  if (!pointsAt(CACHE_BINDER_REF_DEATH, at, changetype<usize>(ref))) return false;
  hold(codes.VIOLATION_OWNER, at);
  const wanted: u32 = ref.node.proc ? 0 : WORK_DEAD_BINDER;
  if (death.type != wanted) return blame(codes.VIOLATION_DEATH, at, wanted, death.type);
  return wanted || !listLinked(at) || blame(codes.VIOLATION_DEATH, at, wanted, death.type);
}

/** A ref's request for freezes and thaws of its node's owner is `sent` while it waits for the answer. */
function checkFreezeOf(ref: Ref): bool {
  const freeze = ref.freeze;
  if (!freeze) return true;
  const at = changetype<usize>(freeze);
  if (!pointsAt(CACHE_BINDER_REF_FREEZE, at, changetype<usize>(ref))) return false;
  hold(codes.VIOLATION_OWNER, at);
  const isRight = freeze.type == WORK_FROZEN_BINDER && (!freeze.sent || listLinked(at));
  return isRight || blame(codes.VIOLATION_FREEZE, at, WORK_FROZEN_BINDER, freeze.type);
}
