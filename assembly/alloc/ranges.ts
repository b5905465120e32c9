/**
 * Free and allocated ranges of an area, as offsets. Pages are in alloc/pages.
 *
 * Free buffers are in a red-black tree by size, equal sizes to the right. Allocated buffers are in a tree by offset. A list
 * has all buffers by offset. A request takes the low part of the best fit, and the rest stays free. The shape of the tree
 * decides which of several equal holes is found first. So the tree must have the same shape as Linux's.
 */
import { listAddHead, listDel, listFirst, listInit, listNext } from '../lib/list';
import { rbChild, rbChildSlot, rbErase, rbFirst, rbInsertColor, rbLink, rbNext, rbRoot } from '../lib/rbtree';
import { BUFFER_RB, Buffer, bufferInit, bufferOfRb } from './buffer';

@unmanaged
export class Ranges {
  listNext: usize; // head of all buffers by offset
  listPrev: usize;
  freeRoot: usize; // tree of free buffers by size
  allocatedRoot: usize; // tree of allocated buffers by offset
  size: u32; // bytes of the area
  asyncFree: u32; // bytes that oneways may still take
}

/** Makes `whole` the single free buffer of an area of `size` bytes. */
export function rangesInit(ranges: Ranges, size: u32, whole: Buffer): void {
  listInit(changetype<usize>(ranges));
  ranges.freeRoot = 0;
  ranges.allocatedRoot = 0;
  ranges.size = size;
  ranges.asyncFree = size / 2;
  bufferInit(whole, 0, size);
  listAddHead(changetype<usize>(whole), changetype<usize>(ranges));
  rangesInsert(ranges, whole);
}

/** The smallest free buffer of at least `size` bytes, an exact fit first met, or null. */
export function rangesBestFit(ranges: Ranges, size: u32): Buffer | null {
  let node = rbRoot(freeRoot(ranges));
  let best: usize = 0;
  while (node) {
    const have = bufferOfRb(node).size;
    if (size == have) return bufferOfRb(node);
    best = select(node, best, size < have);
    node = rbChild(node, size > have);
  }
  return best ? bufferOfRb(best) : null;
}

/** Takes a free buffer for `size` bytes of it; `rest`, uninitialised, becomes the free buffer after it; null for an exact fit. */
export function rangesTake(ranges: Ranges, buffer: Buffer, size: u32, rest: Buffer | null): void {
  assert(buffer.free, 'rangesTake: buffer is not free');
  assert(!rest == (buffer.size == size), 'rangesTake: the rest is wrong');
  if (rest) {
    bufferInit(rest, buffer.offset + size, buffer.size - size);
    listAddHead(changetype<usize>(rest), changetype<usize>(buffer));
    // The buffer still stands in the tree by size, and the rest is compared with it: by its new size, as in Linux.
    buffer.size = size;
    rangesInsert(ranges, rest);
  }
  rbErase(changetype<usize>(buffer) + BUFFER_RB, freeRoot(ranges));
  buffer.free = false;
  insertAllocated(ranges, buffer);
}

/** Marks an allocated buffer free without merging it; `rangesJoin` may follow, and `rangesInsert` has to. */
export function rangesDrop(ranges: Ranges, buffer: Buffer): void {
  assert(!buffer.free, 'rangesDrop: buffer is free already');
  rbErase(changetype<usize>(buffer) + BUFFER_RB, allocatedRoot(ranges));
  buffer.free = true;
}

/** Takes a free buffer out of the tree by size, because its size is about to change. */
export function rangesRemove(ranges: Ranges, buffer: Buffer): void {
  rbErase(changetype<usize>(buffer) + BUFFER_RB, freeRoot(ranges));
}

/** Puts a free buffer into the tree by size. */
export function rangesInsert(ranges: Ranges, buffer: Buffer): void {
  const size = buffer.size;
  let slot = freeRoot(ranges);
  let parent: usize = 0;
  for (let node = load<usize>(slot); node; node = load<usize>(slot)) {
    parent = node;
    assert(sizeHolds(ranges, bufferOfRb(node)), 'rangesInsert: the size of a buffer does not reach to the next buffer');
    slot = rbChildSlot(node, size >= bufferOfRb(node).size);
  }
  rbLink(changetype<usize>(buffer) + BUFFER_RB, parent, slot);
  rbInsertColor(changetype<usize>(buffer) + BUFFER_RB, freeRoot(ranges));
}

/** Joins a buffer to the one before it: it vanishes from the list, and the space it had is the neighbour's. */
export function rangesJoin(ranges: Ranges, buffer: Buffer): void {
  rangesPrev(ranges, buffer)!.size += buffer.size;
  listDel(changetype<usize>(buffer));
}

/** The allocated buffer at exactly that offset, or null. */
export function rangesFind(ranges: Ranges, offset: u64): Buffer | null {
  let node = rbRoot(allocatedRoot(ranges));
  while (node) {
    const buffer = bufferOfRb(node);
    if (offset == buffer.offset) return buffer;
    node = rbChild(node, offset > buffer.offset);
  }
  return null;
}

export function rangesFirst(ranges: Ranges): Buffer | null {
  return changetype<Buffer | null>(listFirst(changetype<usize>(ranges)));
}

export function rangesNext(ranges: Ranges, buffer: Buffer): Buffer | null {
  return changetype<Buffer | null>(listNext(changetype<usize>(buffer), changetype<usize>(ranges)));
}

export function rangesPrev(ranges: Ranges, buffer: Buffer): Buffer | null {
  return buffer.entryPrev == changetype<usize>(ranges) ? null : changetype<Buffer>(buffer.entryPrev);
}

/** The allocated buffer with the lowest offset, or null. */
export function rangesFirstAllocated(ranges: Ranges): Buffer | null {
  const node = rbFirst(allocatedRoot(ranges));
  return node ? bufferOfRb(node) : null;
}

export function rangesNextAllocated(buffer: Buffer): Buffer | null {
  const node = rbNext(changetype<usize>(buffer) + BUFFER_RB);
  return node ? bufferOfRb(node) : null;
}

/** Whether a buffer reaches to the next one. Linux keeps no sizes, and computes them so whenever it compares two. */
function sizeHolds(ranges: Ranges, buffer: Buffer): bool {
  const next = rangesNext(ranges, buffer);
  return buffer.offset + buffer.size == (next ? next.offset : ranges.size);
}

function freeRoot(ranges: Ranges): usize {
  return changetype<usize>(ranges) + offsetof<Ranges>('freeRoot');
}

function allocatedRoot(ranges: Ranges): usize {
  return changetype<usize>(ranges) + offsetof<Ranges>('allocatedRoot');
}

function insertAllocated(ranges: Ranges, buffer: Buffer): void {
  let slot = allocatedRoot(ranges);
  let parent: usize = 0;
  for (let node = load<usize>(slot); node; node = load<usize>(slot)) {
    parent = node;
    assert(buffer.offset != bufferOfRb(node).offset, 'two buffers at one offset');
    slot = rbChildSlot(node, buffer.offset > bufferOfRb(node).offset);
  }
  rbLink(changetype<usize>(buffer) + BUFFER_RB, parent, slot);
  rbInsertColor(changetype<usize>(buffer) + BUFFER_RB, allocatedRoot(ranges));
}
