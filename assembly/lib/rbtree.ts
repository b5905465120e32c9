/**
 * Red-black trees through nodes inside the sorted records. The owner of the records searches by itself (rbRoot, rbLeft,
 * rbRight). It links a new node below the leaf where the search ended (rbLink), and calls rbInsertColor.
 *
 *     0                  4        8        12                 0        4
 *     +------------------+--------+--------+                  +--------+
 *     | parent | 1=black |  left  | right  |  a node          |  node  |  a root; 0: the tree is empty
 *     +------------------+--------+--------+                  +--------+
 *
 * Rules: the root is black. A red node has no red child. Every path from the root to a missing child has the same number of
 * black nodes. Insertion and removal give the same shapes as in Linux, so printed trees are equal. Removal replaces a node
 * with two children by its successor in order.
 */

const PARENT: usize = 0;
const LEFT: usize = 4;
const RIGHT: usize = 8;
const BLACK: usize = 1;

export function rbRoot(root: usize): usize {
  return load<usize>(root);
}

export function rbLeft(node: usize): usize {
  return load<usize>(node, LEFT);
}

export function rbRight(node: usize): usize {
  return load<usize>(node, RIGHT);
}

/**
 * The left or the right child. Whichever way a search goes is as good as random, so it is a computed address, where a
 * branch would be guessed wrong half of the time.
 */
export function rbChild(node: usize, right: bool): usize {
  return load<usize>(rbChildSlot(node, right));
}

/** Address of the child pointer of `node` on either side, for the way down of an insertion. */
export function rbChildSlot(node: usize, right: bool): usize {
  return node + LEFT + ((<usize>right) << 2);
}

/** The leftmost node; 0 in an empty tree. */
export function rbFirst(root: usize): usize {
  const top = load<usize>(root);
  return top != 0 ? leftmost(top) : 0;
}

/** The node after `node` in order: the lowest to its right, else the first ancestor to its right; 0 after the last. */
export function rbNext(node: usize): usize {
  const right = load<usize>(node, RIGHT);
  if (right != 0) return leftmost(right);
  let below = node;
  let above = parentOf(below);
  while (above != 0 && load<usize>(above, RIGHT) == below) {
    below = above;
    above = parentOf(below);
  }
  return above;
}

/** Address of the child pointer of `node`, for the way down of an insertion. */
export function rbLeftSlot(node: usize): usize {
  return node + LEFT;
}

export function rbRightSlot(node: usize): usize {
  return node + RIGHT;
}

/**
 * Hangs `node` into the tree as a red leaf; rbInsertColor must follow.
 * @param parent the node to hang it under; 0 if the tree is empty
 * @param slot address of the child pointer of `parent` (or of the root) that becomes the node
 */
export function rbLink(node: usize, parent: usize, slot: usize): void {
  assert(load<usize>(slot) == 0, 'rbLink: there is a child already');
  store<usize>(node, parent, PARENT);
  store<usize>(node, 0, LEFT);
  store<usize>(node, 0, RIGHT);
  store<usize>(slot, node);
}

/** Restores the rules after rbLink. */
export function rbInsertColor(node: usize, root: usize): void {
  let red = node;
  while (true) {
    let parent = parentOf(red);
    if (parent == 0) {
      paintBlack(red);
      return;
    }
    if (isBlack(parent)) return;

    // a red parent is not the root, so there is a grandparent, and it is black
    const grandparent = parentOf(parent);
    const side = sideOf(parent, grandparent);
    const uncle = load<usize>(grandparent + otherSide(side));
    if (isRed(uncle)) {
      paintBlack(parent);
      paintBlack(uncle);
      paintRed(grandparent);
      red = grandparent;
      continue;
    }
    if (sideOf(red, parent) != side) {
      rotate(parent, side, root);
      parent = red;
    }
    paintBlack(parent);
    paintRed(grandparent);
    rotate(grandparent, otherSide(side), root);
    return;
  }
}

/** Takes `node` out of the tree. Its own words are left as they were. */
export function rbErase(node: usize, root: usize): void {
  const left = load<usize>(node, LEFT);
  const right = load<usize>(node, RIGHT);
  const parent = parentOf(node);
  if ((left | right | parent) == 0) {
    store<usize>(root, 0); // the only node
    return;
  }
  let lostBlack = isBlack(node);
  let child: usize; // what moves up to where a node goes away; may be 0
  let childParent: usize;

  if (left == 0 || right == 0) {
    child = left == 0 ? right : left;
    childParent = parent;
    replaceChild(node, child, parent, root);
    if (child != 0) setParent(child, parent);
  } else {
    const successor = leftmost(right);
    const successorWasBlack = isBlack(successor);
    child = load<usize>(successor, RIGHT);
    if (successor == right) {
      childParent = successor;
    } else {
      childParent = parentOf(successor);
      store<usize>(childParent, child, LEFT);
      if (child != 0) setParent(child, childParent);
      store<usize>(successor, right, RIGHT);
      setParent(right, successor);
    }
    store<usize>(successor, left, LEFT);
    setParent(left, successor);
    store<usize>(successor, load<usize>(node, PARENT), PARENT); // the parent and the colour
    replaceChild(node, successor, parent, root);
    lostBlack = successorWasBlack;
  }
  if (lostBlack) repairShort(child, childParent, root);
}

/** All ways through `start` (0: a missing child of `startParent`) are one black node short: repairs that. */
function repairShort(start: usize, startParent: usize, root: usize): void {
  let short = start;
  let parent = startParent;
  while (parent != 0 && !isRed(short)) {
    const side = load<usize>(parent, LEFT) == short ? LEFT : RIGHT;
    const other = otherSide(side);
    let sibling = load<usize>(parent + other);
    if (isRed(sibling)) {
      paintBlack(sibling);
      paintRed(parent);
      rotate(parent, side, root);
      sibling = load<usize>(parent + other);
    }
    let outer = load<usize>(sibling + other);
    if (!isRed(outer)) {
      const inner = load<usize>(sibling + side);
      if (!isRed(inner)) {
        paintRed(sibling);
        short = parent;
        parent = parentOf(short);
        continue;
      }
      paintBlack(inner);
      paintRed(sibling);
      rotate(sibling, other, root);
      outer = sibling;
      sibling = inner;
    }
    copyColor(sibling, parent);
    paintBlack(parent);
    paintBlack(outer);
    rotate(parent, side, root);
    return;
  }
  if (short != 0) paintBlack(short);
}

/** Turns `node` down to the given side; its child from the other side takes its place. */
function rotate(node: usize, side: usize, root: usize): void {
  const other = otherSide(side);
  const riser = load<usize>(node + other);
  const inner = load<usize>(riser + side);
  const parent = parentOf(node);
  store<usize>(node + other, inner);
  if (inner != 0) setParent(inner, node);
  store<usize>(riser + side, node);
  replaceChild(node, riser, parent, root);
  setParent(riser, parent);
  setParent(node, riser);
}

/** Puts `replacement` in the place of `old`, below its parent or as the root. */
function replaceChild(old: usize, replacement: usize, parent: usize, root: usize): void {
  if (parent == 0) store<usize>(root, replacement);
  else store<usize>(parent + sideOf(old, parent), replacement);
}

function leftmost(start: usize): usize {
  let node = start;
  for (let child = load<usize>(node, LEFT); child != 0; child = load<usize>(node, LEFT)) node = child;
  return node;
}

function sideOf(node: usize, parent: usize): usize {
  return load<usize>(parent, LEFT) == node ? LEFT : RIGHT;
}

function otherSide(side: usize): usize {
  return LEFT + RIGHT - side;
}

function parentOf(node: usize): usize {
  return load<usize>(node, PARENT) & ~BLACK;
}

function setParent(node: usize, parent: usize): void {
  store<usize>(node, parent | (load<usize>(node, PARENT) & BLACK), PARENT);
}

function isBlack(node: usize): bool {
  return (load<usize>(node, PARENT) & BLACK) != 0;
}

/** A missing child counts as black. */
function isRed(node: usize): bool {
  return node != 0 && !isBlack(node);
}

function paintBlack(node: usize): void {
  store<usize>(node, load<usize>(node, PARENT) | BLACK, PARENT);
}

function paintRed(node: usize): void {
  store<usize>(node, load<usize>(node, PARENT) & ~BLACK, PARENT);
}

function copyColor(node: usize, from: usize): void {
  store<usize>(node, parentOf(node) | (load<usize>(from, PARENT) & BLACK), PARENT);
}
