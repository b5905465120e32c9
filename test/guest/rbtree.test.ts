/** Red-black trees against sorted arrays, and against shapes that were worked out by hand. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest } from './load.ts';

const test = suite('rbtree');
const { guest, boot, data, scratch } = loadGuest();

const NODE = 16; // the tree's 12 bytes, then the key
let root = 0;

function nodeOf(slot: number): number {
  return root + NODE * (slot + 1);
}

function keyOf(node: number): number {
  return data.getUint32(node + 12, true);
}

function reset(): void {
  boot();
  root = scratch(2);
  data.setUint32(root, 0, true);
}

/** Inserts the node of that slot with that key, behind equal ones. */
function insert(slot: number, key: number): void {
  const node = nodeOf(slot);
  data.setUint32(node + 12, key, true);
  let parent = 0;
  let link = root;
  for (let at = guest.rbRoot(root); at !== 0; at = data.getUint32(link, true)) {
    parent = at;
    link = key < keyOf(at) ? guest.rbLeftSlot(at) : guest.rbRightSlot(at);
  }
  guest.rbLink(node, parent, link);
  guest.rbInsertColor(node, root);
}

function keysForward(): number[] {
  const keys: number[] = [];
  for (let node = guest.rbFirst(root); node !== 0; node = guest.rbNext(node)) keys.push(keyOf(node));
  return keys;
}

const isRed = (node: number) => node !== 0 && (data.getUint32(node, true) & 1) === 0;

/** The number of black nodes on every way down, 0 for an empty tree; -1 if a rule is broken. */
function blackHeight(node = guest.rbRoot(root), parent = 0): number {
  if (node === 0) return 0;
  const [left, right] = [guest.rbLeft(node), guest.rbRight(node)];
  if ((data.getUint32(node, true) & ~1) >>> 0 !== parent) return -1;
  if (isRed(node) && (parent === 0 || isRed(left) || isRed(right))) return -1;
  const height = blackHeight(left, node);
  if (height < 0 || height !== blackHeight(right, node)) return -1;
  return height + (isRed(node) ? 0 : 1);
}

/** The tree as text: (left key right), lower-case r for red, b for black. */
function shape(node = guest.rbRoot(root)): string {
  if (node === 0) return '';
  const color = (data.getUint32(node, true) & 1) === 1 ? 'b' : 'r';
  const [left, right] = [shape(guest.rbLeft(node)), shape(guest.rbRight(node))];
  const own = `${keyOf(node)}${color}`;
  return left === '' && right === '' ? own : `(${left || '-'} ${own} ${right || '-'})`;
}

test('any sequence of insertions and removals is sorted, and keeps the rules', () => {
  const step = fc.record({ slot: fc.nat(99), key: fc.nat(40) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      reset();
      const live = new Map<number, number>();
      for (const { slot, key } of steps) {
        if (live.has(slot)) {
          guest.rbErase(nodeOf(slot), root);
          live.delete(slot);
        } else {
          insert(slot, key);
          live.set(slot, key);
        }
        assert.ok(blackHeight() >= 0);
        const sorted = [...live.values()].sort((a, b) => a - b);
        assert.equal(keysForward(), sorted);
      }
    }),
  );
});

test('ascending insertion gives the shapes of the textbook', () => {
  reset();
  const shapes = [1, 2, 3, 4, 5, 6, 7, 8].map((key) => {
    insert(key, key);
    return shape();
  });
  assert.equal(shapes, [
    '1b',
    '(- 1b 2r)',
    '(1r 2b 3r)',
    '(1b 2b (- 3b 4r))',
    '(1b 2b (3r 4b 5r))',
    '(1b 2b (3b 4r (- 5b 6r)))',
    '(1b 2b (3b 4r (5r 6b 7r)))',
    '((1b 2r 3b) 4b (5b 6r (- 7b 8r)))',
  ]);
});

test('a node with two children is replaced by its successor', () => {
  reset();
  for (const key of [1, 2, 3, 4, 5, 6, 7, 8]) insert(key, key);
  guest.rbErase(nodeOf(4), root);
  assert.is(shape(), '((1b 2r 3b) 5b (6b 7r 8b))');
  guest.rbErase(nodeOf(5), root);
  assert.is(shape(), '((1b 2r 3b) 6b (- 7b 8r))');
  guest.rbErase(nodeOf(1), root);
  assert.is(shape(), '((- 2b 3r) 6b (- 7b 8r))');
});

test('a broken tree is seen: two red nodes in a row, and a wrong parent', () => {
  reset();
  for (const key of [1, 2, 3, 4]) insert(key, key);
  const three = nodeOf(3);
  const word = data.getUint32(three, true);
  data.setUint32(three, word & ~1, true);
  assert.is(blackHeight(), -1);
  data.setUint32(three, nodeOf(1) | 1, true);
  assert.is(blackHeight(), -1);
  data.setUint32(three, word, true);
  assert.is(blackHeight(), 2);
});

test.run();
