/**
 * Refs: the handles of a proc, found by number (desc) and by node.
 *
 * A new ref gets the lowest free number; 0 is kept for the context manager. A ref lives while its strong or weak count
 * is above zero; the first strong count makes the node's strong, the last one gives it back.
 */
import { EINVAL, ENOMEM } from '../abi/errno';
import { KLOG_INVALID_DEC, KLOG_WEAK_AS_STRONG } from '../abi/klog';
import {
  CACHE_BINDER_REF,
  CACHE_BINDER_REF_DEATH,
  CACHE_BINDER_REF_FREEZE,
  FRAME_ARRAY,
  FRAME_ORDER_MAX,
  PAGE_SIZE,
} from '../abi/machine';
import { klog } from '../klog';
import { bitmapClear, bitmapFindZero, bitmapSet } from '../lib/bitmap';
import { listAddHead, listDel } from '../lib/list';
import {
  rbErase,
  rbFirst,
  rbInsertColor,
  rbLeft,
  rbLeftSlot,
  rbLink,
  rbRight,
  rbRightSlot,
  rbRoot,
} from '../lib/rbtree';
import { frameAllocZero, framePut } from '../mem/frames';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { nodeDec, nodeDecKeep, nodeFree, nodeHold, nodeInc } from './nodes';
import { BinderThread, Node, nodeRefs, Proc, Ref } from './objects';
import { nextId, STAT_DEATH, STAT_FREEZE, STAT_REF, statCreated, statDeleted } from './state';
import { workRemove } from './work';

/** The ref with that handle, or null; with `strong` only one that has a strong count. */
export function refFind(proc: Proc, desc: u32, strong: bool): Ref | null {
  let link = rbRoot(descRoot(proc));
  while (link) {
    const ref = changetype<Ref>(link);
    if (desc == ref.desc) {
      if (!strong || ref.strong) return ref;
      klog(KLOG_WEAK_AS_STRONG);
      return null;
    }
    link = desc < ref.desc ? rbLeft(link) : rbRight(link);
  }
  return null;
}

/** The proc's ref to `node`, or null. */
function refFindByNode(proc: Proc, node: Node): Ref | null {
  let link = rbRoot(nodeRoot(proc));
  while (link) {
    const ref = refOfNodeRb(link);
    if (node == ref.node) return ref;
    link = changetype<usize>(node) < changetype<usize>(ref.node) ? rbLeft(link) : rbRight(link);
  }
  return null;
}

/** The node of a handle, held by a temporary reference, or null. */
export function refNode(proc: Proc, desc: u32, strong: bool): Node | null {
  const ref = refFind(proc, desc, strong);
  if (!ref) return null;
  nodeHold(ref.node);
  return ref.node;
}

/**
 * Adds to the proc's ref to `node`, which is made if there is none. `sender` as in nodeInc.
 * The ref's address, or -ENOMEM, or -EINVAL when the node may not be held strongly.
 */
export function refIncForNode(proc: Proc, node: Node, strong: bool, sender: BinderThread | null): i32 {
  const found = refFindByNode(proc, node);
  const ref = found ? found : create(proc, node);
  if (!ref) return -ENOMEM;
  const error = refInc(ref, strong, sender);
  if (!error) return changetype<i32>(ref);
  if (!found) refFree(ref);
  return error;
}

/** Adds to a ref. 0 or -EINVAL. */
function refInc(ref: Ref, strong: bool, sender: BinderThread | null): i32 {
  const count = strong ? ref.strong : ref.weak;
  if (!count) {
    const error = nodeInc(ref.node, strong, true, sender);
    if (error) return error;
  }
  if (strong) ref.strong++;
  else ref.weak++;
  return 0;
}

/** Takes from a ref, which is freed with its last count; a count of zero is left alone. */
function refDec(ref: Ref, strong: bool): void {
  if (!(strong ? ref.strong : ref.weak)) {
    const line = klog(KLOG_INVALID_DEC, ref.proc.pid, 0, strong ? 1 : 0, ref.debugId, ref.desc);
    line.d = ref.strong;
    line.e = ref.weak;
    return;
  }
  if (!strong) ref.weak--;
  else if (--ref.strong == 0) nodeDec(ref.node, true, true);
  if (!ref.strong && !ref.weak) refFree(ref);
}

/** Adds to the ref with that handle. 0, or -EINVAL as in refInc, or when there is none (or no strong one, for a strong count). */
export function refIncForDesc(proc: Proc, desc: u32, strong: bool): i32 {
  const ref = refFind(proc, desc, strong);
  return ref ? refInc(ref, strong, null) : -EINVAL;
}

/** Takes from the ref with that handle. 0, or -EINVAL when there is none (or no strong one, for a strong count). */
export function refDecForDesc(proc: Proc, desc: u32, strong: bool): i32 {
  const ref = refFind(proc, desc, strong);
  if (!ref) return -EINVAL;
  refDec(ref, strong);
  return 0;
}

/** Takes a ref out of both trees and its node's list, drops what it holds, and frees it; its notifications go silently. */
export function refFree(ref: Ref): void {
  const proc = ref.proc;
  bitmapClear(proc.descBitmap, ref.desc);
  if (ref.desc < <u32>proc.descLow) proc.descLow = ref.desc;
  rbErase(changetype<usize>(ref), descRoot(proc));
  rbErase(nodeRbOfRef(ref), nodeRoot(proc));

  const node = ref.node;
  if (ref.strong) nodeDecKeep(node, true, true);
  listDel(changetype<usize>(ref) + offsetof<Ref>('siblingNext'));
  const gone = nodeDecKeep(node, false, true);

  const death = ref.death;
  if (death) {
    workRemove(death);
    kmemFree(CACHE_BINDER_REF_DEATH, changetype<usize>(death));
    statDeleted(STAT_DEATH);
  }
  const freeze = ref.freeze;
  if (freeze) {
    workRemove(freeze);
    kmemFree(CACHE_BINDER_REF_FREEZE, changetype<usize>(freeze));
    statDeleted(STAT_FREEZE);
  }
  if (gone) nodeFree(node);
  kmemFree(CACHE_BINDER_REF, changetype<usize>(ref));
  statDeleted(STAT_REF);
}

/** The ref with the lowest handle, or null. */
export function refFirst(proc: Proc): Ref | null {
  return changetype<Ref | null>(rbFirst(descRoot(proc)));
}

/** Gives the bitmap of handles back; the proc has no ref any more. */
export function refsDestroy(proc: Proc): void {
  assert(!rbRoot(descRoot(proc)) && !rbRoot(nodeRoot(proc)), 'refsDestroy: refs are left');
  if (proc.descBitmap) framePut(proc.descBitmap);
  proc.descBitmap = 0;
}

function create(proc: Proc, node: Node): Ref | null {
  const address = kmemZalloc(CACHE_BINDER_REF);
  if (!address) return null;
  const desc = takeDesc(proc, proc.context.manager == node ? 0 : 1);
  if (desc < 0) {
    kmemFree(CACHE_BINDER_REF, address);
    return null;
  }
  statCreated(STAT_REF);
  const ref = changetype<Ref>(address);
  ref.proc = proc;
  ref.node = node;
  ref.debugId = nextId();
  ref.desc = desc;
  insertByDesc(proc, ref);
  insertByNode(proc, ref);
  listAddHead(address + offsetof<Ref>('siblingNext'), nodeRefs(node));
  return ref;
}

/** Takes the lowest free handle from `from` (0 or 1) up. -1 when memory is out. */
function takeDesc(proc: Proc, from: i32): i32 {
  if (!proc.descBitmap && !growBitmap(proc)) return -1;
  let desc = bitmapFindZero(proc.descBitmap, descCapacity(proc), from ? max(from, proc.descLow) : 0);
  if (desc < 0) {
    desc = descCapacity(proc);
    if (!growBitmap(proc)) return -1;
  }
  bitmapSet(proc.descBitmap, desc);
  if (from) proc.descLow = desc + 1;
  return desc;
}

function descCapacity(proc: Proc): i32 {
  return (PAGE_SIZE << proc.descOrder) * 8;
}

/** The first block of the bitmap, or one of twice the size. */
function growBitmap(proc: Proc): bool {
  const old = proc.descBitmap;
  const order = old ? proc.descOrder + 1 : 0;
  if (order > FRAME_ORDER_MAX) return false;
  const bitmap = frameAllocZero(order, FRAME_ARRAY, changetype<usize>(proc));
  if (!bitmap) return false;
  if (old) {
    memory.copy(bitmap, old, PAGE_SIZE << proc.descOrder);
    framePut(old);
  }
  proc.descBitmap = bitmap;
  proc.descOrder = order;
  return true;
}

function insertByDesc(proc: Proc, ref: Ref): void {
  let slot = descRoot(proc);
  let parent: usize = 0;
  for (let link = rbRoot(slot); link; link = rbRoot(slot)) {
    parent = link;
    slot = ref.desc < changetype<Ref>(link).desc ? rbLeftSlot(link) : rbRightSlot(link);
  }
  rbLink(changetype<usize>(ref), parent, slot);
  rbInsertColor(changetype<usize>(ref), descRoot(proc));
}

function insertByNode(proc: Proc, ref: Ref): void {
  const node = changetype<usize>(ref.node);
  let slot = nodeRoot(proc);
  let parent: usize = 0;
  for (let link = rbRoot(slot); link; link = rbRoot(slot)) {
    parent = link;
    slot = node < changetype<usize>(refOfNodeRb(link).node) ? rbLeftSlot(link) : rbRightSlot(link);
  }
  rbLink(nodeRbOfRef(ref), parent, slot);
  rbInsertColor(nodeRbOfRef(ref), nodeRoot(proc));
}

function descRoot(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('refsByDesc');
}

function nodeRoot(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('refsByNode');
}

function nodeRbOfRef(ref: Ref): usize {
  return changetype<usize>(ref) + offsetof<Ref>('nodeParent');
}

function refOfNodeRb(link: usize): Ref {
  return changetype<Ref>(link - offsetof<Ref>('nodeParent'));
}
