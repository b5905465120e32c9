/**
 * The binder area of one proc. Buffers tile the area. The two trees hold exactly the free and the allocated buffers. The
 * bytes left for oneways agree with the allocated oneways. Each page is in the state that the buffers on it require.
 */
import * as codes from '../abi/check';
import {
  CACHE_BINDER_BUFFER,
  CACHE_PAGE_ARRAY,
  CACHE_SPACE,
  CACHE_VMA,
  FRAME_ANON,
  FRAME_ARRAY,
  FRAME_BINDER,
  FRAME_HEAD,
  FRAME_STAGE,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
  STRATEGY_VMALLOC,
} from '../abi/machine';
import { allocRanges, BinderAlloc } from '../alloc/alloc';
import { align8, Buffer, BUFFER_RB, bufferOfRb } from '../alloc/buffer';
import { lru } from '../alloc/pages';
import { Ranges, rangesFirst, rangesNext } from '../alloc/ranges';
import { rbFirst, rbNext } from '../lib/rbtree';
import { areaPage, LruPage, pageOnLru } from '../mapping/area';
import { mappingStaged } from '../mapping/index';
import { frameFlags, frameKeeper, frameKind, frameOrder, frameOwner } from '../mem/frames';
import { pteFrame } from '../mem/pte';
import { kernelSpace, spaceVmaAfter } from '../mem/space';
import { tableWalk } from '../mem/table';
import { claimLink, holdFrames, listHold, pointsAt, treeSound } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

/** The allocator of a proc, mapped or not. */
export function checkArea(alloc: BinderAlloc): bool {
  if (!alloc.size) return !alloc.vma || blame(codes.VIOLATION_ALLOC, changetype<usize>(alloc));
  return checkBelongings(alloc) && checkBuffers(alloc) && checkFreeTree(alloc) && checkPages(alloc);
}

/** The machine's list of pages that the shrinker may take. */
export function checkLru(): bool {
  return listHold(lru);
}

export function checkBuffer(buffer: Buffer): bool {
  claim(codes.VIOLATION_OWNER, changetype<usize>(buffer), 1);
  claimLink(changetype<usize>(buffer));
  return true;
}

/** Checks and holds what an area owns apart from its buffers. */
function checkBelongings(alloc: BinderAlloc): bool {
  const at = changetype<usize>(alloc);
  if (alloc.reservable && alloc.reservable != alloc.size) return blame(codes.VIOLATION_ALLOC, at);
  if (<u32>alloc.pageCount != alloc.size >>> PAGE_SHIFT || alloc.userBase & PAGE_MASK)
    return blame(codes.VIOLATION_ALLOC, at);
  if (!holdFrames(alloc.pages, alloc.pagesOrder, FRAME_ARRAY, at)) return false;
  if (!pointsAt(CACHE_PAGE_ARRAY, changetype<usize>(alloc.pageArray), at)) return false;
  const array = alloc.pageArray!;
  hold(codes.VIOLATION_OWNER, changetype<usize>(array));
  if (array.base != alloc.pages || array.count != alloc.pageCount || array.stride != offsetof<LruPage>())
    return blame(codes.VIOLATION_ALLOC, at);
  if (!pointsAt(CACHE_SPACE, changetype<usize>(alloc.space), at)) return false;
  hold(codes.VIOLATION_SPACE_REFS, changetype<usize>(alloc.space));
  if (alloc.own && !holdFrames(alloc.own, alloc.ownOrder, FRAME_ARRAY, at)) return false;
  return checkVma(alloc) && checkTwin(alloc);
}

/** The VMA that mmap made belongs to the space and maps this area. */
function checkVma(alloc: BinderAlloc): bool {
  const at = changetype<usize>(alloc);
  const vma = alloc.vma;
  if (!vma) return true;
  if (!pointsAt(CACHE_VMA, changetype<usize>(vma), at)) return false;
  const isThere = spaceVmaAfter(alloc.space, vma.start) == vma && vma.pages == alloc.pageArray;
  return isThere || blame(codes.VIOLATION_ALLOC, at, <i32>vma.start, changetype<i32>(vma));
}

/** An area with a twin owns one range of kernel addresses with a guard page. */
function checkTwin(alloc: BinderAlloc): bool {
  const at = changetype<usize>(alloc);
  if (!alloc.kernelBase) return alloc.strategy.number != STRATEGY_VMALLOC || blame(codes.VIOLATION_ALLOC, at);
  const vma = spaceVmaAfter(kernelSpace(), alloc.kernelBase);
  const end = alloc.kernelBase + ((<u64>alloc.pageCount + 1) << PAGE_SHIFT);
  if (!vma || vma.start != alloc.kernelBase || vma.end != end) return blame(codes.VIOLATION_ALLOC, at);
  hold(codes.VIOLATION_KERNEL_RANGE, changetype<usize>(vma));
  return true;
}

/** The list has all buffers in order of address: those of the allocated tree, and the free ones between them. */
function checkBuffers(alloc: BinderAlloc): bool {
  const ranges = allocRanges(alloc);
  if (!listHold(changetype<usize>(ranges)) || !treeSound(allocatedRoot(alloc))) return false;
  let allocated = rbFirst(allocatedRoot(alloc));
  let floor: u32 = 0;
  let oneways: u32 = 0;
  let wasFree: bool = false;
  let buffer = rangesFirst(ranges);
  if (!buffer) return blame(codes.VIOLATION_BUFFER_TILE, changetype<usize>(alloc));
  while (buffer) {
    const at = changetype<usize>(buffer);
    if (!checkTile(ranges, buffer, floor, at)) return false;
    hold(codes.VIOLATION_OWNER, at);
    if (buffer.free) {
      if (wasFree) return blame(codes.VIOLATION_BUFFER_NEIGHBOURS, at);
      claim(codes.VIOLATION_FREE_TREE, at, 1);
    } else {
      if (allocated != at + BUFFER_RB)
        return blame(codes.VIOLATION_BUFFER_TREE, at, <i32>allocated, <i32>(at + BUFFER_RB));
      allocated = rbNext(allocated);
      if (!checkFit(buffer)) return false;
      if (buffer.isAsync) oneways += buffer.size;
    }
    wasFree = buffer.free;
    floor = buffer.offset + buffer.size;
    buffer = rangesNext(ranges, buffer);
  }
  if (floor != ranges.size) return blame(codes.VIOLATION_BUFFER_TILE, changetype<usize>(alloc), ranges.size, floor);
  if (allocated) return blame(codes.VIOLATION_BUFFER_TREE, changetype<usize>(alloc), <i32>allocated);
  const left = alloc.size / 2 - oneways;
  return alloc.asyncFree == left || blame(codes.VIOLATION_ASYNC_SPACE, changetype<usize>(alloc), left, alloc.asyncFree);
}

/** A buffer begins at the end of the previous one, the first at 0, and ends in the area. */
function checkTile(ranges: Ranges, buffer: Buffer, floor: u32, at: usize): bool {
  if (!pointsAt(CACHE_BINDER_BUFFER, at, changetype<usize>(ranges))) return false;
  const offset = buffer.offset;
  const size = buffer.size;
  const fits = offset == floor && size && !(size & 7) && size <= ranges.size - offset;
  return fits || blame(codes.VIOLATION_BUFFER_TILE, at, floor, offset);
}

/** An allocated buffer has exactly the requested bytes. The rest stays free. */
function checkFit(buffer: Buffer): bool {
  const message = align8(buffer.dataSize) + align8(buffer.offsetsSize) + align8(buffer.extraSize);
  const wanted = <u32>max<u64>(message, 8);
  const size = buffer.size;
  return wanted == size || blame(codes.VIOLATION_BUFFER_SIZE, changetype<usize>(buffer), wanted, size);
}

/** The tree of free buffers is sorted by size. A count shows that it holds all of them. */
function checkFreeTree(alloc: BinderAlloc): bool {
  const ranges = allocRanges(alloc);
  const root = changetype<usize>(ranges) + offsetof<Ranges>('freeRoot');
  if (!treeSound(root)) return false;
  let least: u32 = 0;
  for (let node = rbFirst(root); node; node = rbNext(node)) {
    const buffer = bufferOfRb(node);
    if (!pointsAt(CACHE_BINDER_BUFFER, changetype<usize>(buffer), root)) return false;
    hold(codes.VIOLATION_FREE_TREE, changetype<usize>(buffer));
    const size = buffer.size;
    if (size < least) return blame(codes.VIOLATION_TREE_ORDER, node, least, size);
    least = size;
  }
  return true;
}

function checkPages(alloc: BinderAlloc): bool {
  const ranges = allocRanges(alloc);
  const isUnstaged = !alloc.strategy.staged;
  let high = 0;
  let buffer = rangesFirst(ranges)!;
  for (let index = 0; index < alloc.pageCount; index++) {
    const start = (<u32>index) << PAGE_SHIFT;
    while (buffer.offset + buffer.size <= start) buffer = rangesNext(ranges, buffer)!;
    const page = areaPage(alloc, index);
    if (page.area != changetype<usize>(alloc)) return blame(codes.VIOLATION_PAGE_FRAME, changetype<usize>(page));
    const touched = isTouched(ranges, buffer, start + PAGE_SIZE);
    // most pages have nothing: no frame, no place on the LRU, nothing that waits for delivery
    if (!touched && isUnstaged && !(page.frame | page.lruNext | page.lruPrev)) continue;
    if (page.frame) high = index + 1;
    if (!checkPage(alloc, page, index, touched)) return false;
  }
  return high <= alloc.pagesHigh || blame(codes.VIOLATION_PAGES_HIGH, changetype<usize>(alloc), alloc.pagesHigh, high);
}

/** Whether a live buffer, `first` or a later one, begins below `end`. */
function isTouched(ranges: Ranges, first: Buffer, end: u32): bool {
  let buffer: Buffer | null = first;
  while (buffer && buffer.offset < end) {
    if (!buffer.free) return true;
    buffer = rangesNext(ranges, buffer);
  }
  return false;
}

function checkPage(alloc: BinderAlloc, page: LruPage, index: i32, touched: bool): bool {
  const at = changetype<usize>(page);
  const onLru = pageOnLru(page);
  claimLink(at + offsetof<LruPage>('lruNext'));
  if (alloc.strategy.eager && touched && !page.frame) return blame(codes.VIOLATION_PAGE_FRAME, at, index);
  const idle = alloc.strategy.reclaims && page.frame != 0 && !touched;
  if (idle != onLru) return blame(codes.VIOLATION_PAGE_LRU, at, idle ? 1 : 0, onLru ? 1 : 0);
  const staged = mappingStaged(alloc, index);
  if (staged && !holdFrames(staged, 0, FRAME_STAGE, changetype<usize>(alloc))) return false;
  if (!page.frame) return true;
  if (!checkFrame(alloc, page.frame)) return false;
  if (frameKeeper(page.frame) == at) hold(codes.VIOLATION_KEEPER, page.frame);
  return !alloc.kernelBase || checkTwinPage(alloc, page, index);
}

/** The frame of a page is a frame of the area, part of a block of the area, or a frame that a sender lent. */
function checkFrame(alloc: BinderAlloc, frame: usize): bool {
  if (frameKind(frame) == FRAME_ANON) return holdFrames(frame, 0, FRAME_ANON, 0);
  const inside = frameKind(frame) == FRAME_BINDER && !(frameFlags(frame) & FRAME_HEAD);
  if (inside) return frameOwner(frame) == changetype<usize>(alloc) || blame(codes.VIOLATION_PAGE_FRAME, frame);
  return holdFrames(frame, frameOrder(frame), FRAME_BINDER, changetype<usize>(alloc));
}

/** The kernel reaches the page at its twin address. */
function checkTwinPage(alloc: BinderAlloc, page: LruPage, index: i32): bool {
  hold(codes.VIOLATION_KERNEL_LEAF, page.frame);
  const entry = tableWalk(kernelSpace().root, alloc.kernelBase + ((<u64>index) << PAGE_SHIFT));
  const twin = entry ? pteFrame(entry) : 0;
  return twin == page.frame || blame(codes.VIOLATION_PAGE_KERNEL, changetype<usize>(page), <i32>page.frame, <i32>twin);
}

function allocatedRoot(alloc: BinderAlloc): usize {
  return changetype<usize>(allocRanges(alloc)) + offsetof<Ranges>('allocatedRoot');
}
