/**
 * Pointers, lists and trees, checked before use: any pointer may have been overwritten. The checker follows a pointer only
 * when an object of the right kind can be at its address. So a broken machine yields a violation, not a trap.
 */
import {
  VIOLATION_FRAME_KIND,
  VIOLATION_FRAME_REFS,
  VIOLATION_LINK,
  VIOLATION_LIST,
  VIOLATION_POINTER,
  VIOLATION_TREE,
} from '../abi/check';
import { FRAME_ARRAY, FRAME_HEAD, PAGE_MASK, PAGE_SHIFT, POISON_END } from '../abi/machine';
import { listFirst, listLinked, listNext } from '../lib/list';
import { rbLeft, rbRight, rbRoot } from '../lib/rbtree';
import { frameFlags, frameKind, frameOrder, frameOwner, framesCount } from '../mem/frames';
import { kmemHas } from '../mem/kmem';
import { SecurityContext } from '../task/secctx';
import { blame } from './report';
import { claim, hold } from './tally';

/** Bound on the depth of a tree: twice the logarithm of the number of nodes that memory can hold. */
const DEPTH_MAX = 64;

/** Whether `address` can be an object of cache `id`. If not, blames `from`. */
export function pointsAt(id: i32, address: usize, from: usize): bool {
  return kmemHas(id, address) || blame(VIOLATION_POINTER, from, id, <i32>address);
}

/** Claims one holder for a link that is on a list. */
export function claimLink(link: usize): void {
  if (listLinked(link)) claim(VIOLATION_LINK, link, 1);
}

/** Walks the list of `head` and holds each link. */
export function listHold(head: usize): bool {
  if (!listCloses(head)) return blame(VIOLATION_LIST, head);
  for (let link = listFirst(head); link; link = listNext(link, head)) hold(VIOLATION_LINK, link);
  return true;
}

/** Whether the tree keeps the rules of red-black trees. */
export function treeSound(root: usize): bool {
  const top = rbRoot(root);
  if (!top) return true;
  const sound = isWord(top) && load<usize>(top) == BLACK && blackHeight(top, 0) >= 0;
  return sound || blame(VIOLATION_TREE, root);
}

/** Holds a block of frames, and checks that it is of the kind that its holder expects. */
export function holdFrames(block: usize, order: i32, kind: u32, owner: usize): bool {
  if (block & PAGE_MASK || block >>> PAGE_SHIFT >= <usize>framesCount())
    return blame(VIOLATION_FRAME_KIND, block, kind);
  if (frameKind(block) != kind) return blame(VIOLATION_FRAME_KIND, block, kind, frameKind(block));
  if (!(frameFlags(block) & FRAME_HEAD) || frameOrder(block) != order)
    return blame(VIOLATION_FRAME_KIND, block, order, frameOrder(block));
  if (owner && frameOwner(block) != owner)
    return blame(VIOLATION_FRAME_KIND, block, <i32>owner, <i32>frameOwner(block));
  hold(VIOLATION_FRAME_REFS, block);
  return true;
}

/** Holds a security context. The machine's own is static and has no count. */
export function holdSecctx(context: SecurityContext | null): bool {
  if (!context) return true;
  const at = changetype<usize>(context);
  if (at >>> PAGE_SHIFT >= <usize>framesCount()) return blame(VIOLATION_FRAME_KIND, at, FRAME_ARRAY);
  return !context.counted || holdFrames(at, 0, FRAME_ARRAY, 0);
}

const BLACK: usize = 1;

/** Whether next and prev agree on the whole circle. The walk ends, because no link has two predecessors. */
function listCloses(head: usize): bool {
  let link = head;
  do {
    const next = load<usize>(link);
    if (!isWord(next) || load<usize>(next, 4) != link) return false;
    link = next;
  } while (link != head);
  return true;
}

/** Number of black nodes on every path down from `node`, or -1 when paths differ. */
function blackHeight(node: usize, depth: i32): i32 {
  if (!node) return 0;
  if (depth > DEPTH_MAX) return -1;
  const left = rbLeft(node);
  const right = rbRight(node);
  if (!isChild(left, node) || !isChild(right, node)) return -1;
  const height = blackHeight(left, depth + 1);
  if (height < 0 || height != blackHeight(right, depth + 1)) return -1;
  return height + <i32>(load<usize>(node) & BLACK);
}

/** Whether `child` is null, or has `parent` as its parent and is not red below a red one. */
function isChild(child: usize, parent: usize): bool {
  if (!child) return true;
  if (!isWord(child) || (load<usize>(child) & ~BLACK) != parent) return false;
  return (load<usize>(child) & BLACK) != 0 || (load<usize>(parent) & BLACK) != 0;
}

/** Whether `address` is aligned and has memory for a few words. */
function isWord(address: usize): bool {
  const end = ((<usize>memory.size()) << 16) - 16;
  return (address & 3) == 0 && address >= <usize>POISON_END && address <= end;
}
