/**
 * binder_alloc: buffers for one binder process, made of a range of offsets (ranges), pages (pages) and a way to reach
 * them (mapping).
 *
 * A transaction reserves a buffer, fills it, and delivers or aborts it in the same function. BC_FREE_BUFFER or the death of
 * the process frees a delivered buffer.
 */
import { EBUSY, EINVAL, ENOMEM, ENOSPC, ESRCH } from '../abi/errno';
import { KLOG_MMAP_NO_MEMORY, KLOG_MMAP_TWICE, KLOG_NO_SPACE, KLOG_NO_VMA, KLOG_SPACE, KLOG_SPAM } from '../abi/klog';
import {
  BINDER_MAP_MAX,
  CACHE_BINDER_ALLOC,
  CACHE_BINDER_BUFFER,
  CACHE_PAGE_ARRAY,
  FRAME_ARRAY,
  FRAME_BINDER,
  FRAME_ORDER_MAX,
  FRAME_STAGE,
  INJECT_BUFFER,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
} from '../abi/machine';
import { klog } from '../klog';
import { poison } from '../lib/poison';
import { frameAllocZero, framePut, framesOf } from '../mem/frames';
import { injectionCounts, injectionDue } from '../mem/injection';
import { kmemAlloc, kmemCache, kmemFree, kmemZalloc } from '../mem/kmem';
import { PageArray, Space, spaceGet, spacePut, Vma } from '../mem/space';
import { userShow } from '../mem/uaccess';
import { Area, areaPage, MessageLayout, LruPage, Strategy } from '../mapping/area';
import {
  mappingCopyIn,
  mappingDeliver,
  mappingFill,
  mappingRead,
  mappingRelease,
  mappingSetup,
  mappingStage,
  mappingTeardown,
  mappingWrite,
} from '../mapping/index';
import { align8, Buffer, bufferOffsetsStart } from './buffer';
import { pagesActivate, pagesForget, pagesInstall, pagesRetire } from './pages';
import {
  Ranges,
  rangesBestFit,
  rangesDrop,
  rangesFind,
  rangesFirst,
  rangesFirstAllocated,
  rangesInit,
  rangesInsert,
  rangesJoin,
  rangesNext,
  rangesNextAllocated,
  rangesPrev,
  rangesRemove,
  rangesTake,
} from './ranges';

/** More buffers than this of one sender, with little asynchronous space left, look like spam. */
const SPAM_BUFFERS = 50;

@unmanaged
export class BinderAlloc extends Area {
  buffersNext: usize; // Ranges; its fields follow as a block
  buffersPrev: usize;
  freeRoot: usize;
  allocatedRoot: usize;
  size: u32; // bytes of the mapping that count; 0 before mmap, and never 0 again
  asyncFree: u32;
  reservable: u32; // largest reservation that is not looked at twice: `size`, or 0 while reservations are counted
  pagesHigh: i32; // highest page that ever had a frame, plus 1
  spamDetected: bool; // reported; not again until there is room
}

const RANGES = offsetof<BinderAlloc>('buffersNext');
if (offsetof<BinderAlloc>('freeRoot') - RANGES != offsetof<Ranges>('freeRoot')) ERROR('BinderAlloc.freeRoot');
if (offsetof<BinderAlloc>('allocatedRoot') - RANGES != offsetof<Ranges>('allocatedRoot'))
  ERROR('BinderAlloc.allocatedRoot');
if (offsetof<BinderAlloc>('size') - RANGES != offsetof<Ranges>('size')) ERROR('BinderAlloc.size');
if (offsetof<BinderAlloc>('asyncFree') - RANGES != offsetof<Ranges>('asyncFree')) ERROR('BinderAlloc.asyncFree');

const message = changetype<MessageLayout>(memory.data(offsetof<MessageLayout>(), 4));

export function allocBoot(): void {
  kmemCache(CACHE_BINDER_ALLOC, offsetof<BinderAlloc>());
  kmemCache(CACHE_BINDER_BUFFER, offsetof<Buffer>());
}

/** The allocator of a process that has not mapped anything yet, or null when memory is out. */
export function allocCreate(pid: i32): BinderAlloc | null {
  const address = kmemZalloc(CACHE_BINDER_ALLOC);
  if (!address) return null;
  const alloc = changetype<BinderAlloc>(address);
  alloc.pid = pid;
  return alloc;
}

/**
 * Takes the mapping `vma` of `space`, which is there already; at most 4 MiB of it count.
 * 0, -EBUSY when the process has mapped before, or -ENOMEM.
 */
export function allocMmap(alloc: BinderAlloc, space: Space, vma: Vma, strategy: Strategy): i32 {
  if (alloc.size) {
    klog(KLOG_MMAP_TWICE, alloc.pid, 0, vma.start, vma.end);
    return -EBUSY;
  }
  const size = <u32>min<u64>(vma.end - vma.start, BINDER_MAP_MAX);
  const pageCount = <i32>(size >>> PAGE_SHIFT);
  let order = 0;
  while (PAGE_SIZE << order < pageCount * <i32>offsetof<LruPage>()) order++;
  assert(order <= FRAME_ORDER_MAX, 'allocMmap: page array is too large');

  const pages = frameAllocZero(order, FRAME_ARRAY, changetype<usize>(alloc));
  const array = kmemZalloc(CACHE_PAGE_ARRAY);
  const whole = kmemAlloc(CACHE_BINDER_BUFFER);
  if (!pages || !array || !whole) {
    if (pages) framePut(pages);
    if (array) kmemFree(CACHE_PAGE_ARRAY, array);
    if (whole) kmemFree(CACHE_BINDER_BUFFER, whole);
    klog(KLOG_MMAP_NO_MEMORY, alloc.pid, 0, vma.start, vma.end);
    return -ENOMEM;
  }
  alloc.strategy = strategy;
  alloc.space = space;
  alloc.userBase = vma.start;
  alloc.vma = vma;
  alloc.pages = pages;
  alloc.pagesOrder = order;
  alloc.pageCount = pageCount;
  for (let index = 0; index < pageCount; index++) areaPage(alloc, index).area = changetype<usize>(alloc);
  const pageArray = changetype<PageArray>(array);
  pageArray.base = pages;
  pageArray.stride = offsetof<LruPage>();
  pageArray.count = pageCount;
  alloc.pageArray = pageArray;
  vma.pages = pageArray;
  rangesInit(allocRanges(alloc), size, changetype<Buffer>(whole));
  allocCount(alloc, injectionCounts(INJECT_BUFFER));
  alloc.pagesHigh = strategy.reclaims ? 0 : pageCount;
  const error = mappingSetup(alloc);
  spaceGet(space);
  if (error) {
    vma.pages = null;
    forget(alloc);
  }
  return error;
}

/** A VMA of the mapping was closed, even in part: no new buffers from now on. */
export function allocVmaClosed(alloc: BinderAlloc): void {
  alloc.vma = null;
}

/** Frees the allocator of a dead process with all that is left in it. No transaction refers to its buffers any more. */
export function allocDestroy(alloc: BinderAlloc): void {
  if (alloc.size) {
    for (
      let buffer = rangesFirstAllocated(allocRanges(alloc));
      buffer;
      buffer = rangesFirstAllocated(allocRanges(alloc))
    ) {
      assert(!buffer.transaction, 'allocDestroy: a transaction still owns a buffer');
      allocFree(alloc, buffer);
    }
    forget(alloc);
  }
  kmemFree(CACHE_BINDER_ALLOC, changetype<usize>(alloc));
}

/**
 * Reserves a buffer for a message; the sizes are the user's own. Its pages are installed.
 * The buffer's address, or -ESRCH without a mapping, -EINVAL when the sizes overflow, -ENOSPC, -ENOMEM.
 */
export function allocReserve(
  alloc: BinderAlloc,
  dataSize: u64,
  offsetsSize: u64,
  extraSize: u64,
  isAsync: bool,
  pid: i32,
): i32 {
  if (!alloc.vma) {
    klog(KLOG_NO_VMA, alloc.pid);
    return -ESRCH;
  }
  const total = totalSize(dataSize, offsetsSize, extraSize);
  if (!total) return -EINVAL;
  const ranges = allocRanges(alloc);
  if (isAsync && total > ranges.asyncFree) return -ENOSPC;
  if (total > alloc.reservable && refuses(alloc, total)) return noSpace(alloc, total);
  const size = <u32>total;
  const buffer = rangesBestFit(ranges, size);
  if (!buffer) return noSpace(alloc, size);
  const available = buffer.size;
  let rest: Buffer | null = null;
  if (available != size) {
    rest = changetype<Buffer | null>(kmemAlloc(CACHE_BINDER_BUFFER));
    if (!rest) return -ENOMEM;
  }
  rangesTake(ranges, buffer, size, rest);

  // The first and the last page may be shared with a neighbour. Shared pages are active already, so they are skipped.
  const start = pageUp(buffer.offset);
  const end = min(pageDown(buffer.offset + available), pageUp(buffer.offset + size));
  const high = pagesActivate(alloc, start, end);
  if (high > alloc.pagesHigh) alloc.pagesHigh = high;

  buffer.dataSize = <u32>dataSize;
  buffer.offsetsSize = <u32>offsetsSize;
  buffer.extraSize = <u32>extraSize;
  buffer.allowUserFree = false;
  buffer.isAsync = isAsync;
  buffer.spamSuspect = false;
  buffer.staged = false;
  buffer.delivered = false;
  if (isAsync) {
    ranges.asyncFree -= size;
    buffer.spamSuspect = suspectSpam(alloc, pid);
  }
  buffer.pid = pid; // only now: as in Linux, the look at spam goes by what the record said before
  let error = pagesInstall(alloc, buffer.offset, size, high > 0);
  if (!error) {
    buffer.staged = true;
    error = mappingStage(alloc, buffer.offset, size);
  }
  if (error) {
    allocFree(alloc, buffer);
    return error;
  }
  return changetype<i32>(buffer);
}

/** Whether each reservation is counted. */
export function allocCount(alloc: BinderAlloc, isCounted: bool): void {
  alloc.reservable = isCounted ? 0 : alloc.size;
}

/** Gives a buffer back: its bytes join free neighbours, pages that no buffer touches any more go to the LRU. */
export function allocFree(alloc: BinderAlloc, buffer: Buffer): void {
  const ranges = allocRanges(alloc);
  const size = buffer.size;
  if (buffer.staged) mappingRelease(alloc, buffer.offset, size, buffer.delivered);
  if (buffer.clearOnFree) {
    mappingFill(alloc, buffer.offset, size);
    showForeign(alloc, buffer);
    buffer.clearOnFree = false;
  }
  assert(!buffer.transaction, 'allocFree: a transaction still owns the buffer');
  if (buffer.isAsync) ranges.asyncFree += size;
  pagesRetire(alloc, pageUp(buffer.offset), pageDown(buffer.offset + size));
  rangesDrop(ranges, buffer);

  let merged = buffer;
  const next = rangesNext(ranges, buffer);
  if (next && next.free) {
    rangesRemove(ranges, next);
    absorb(alloc, next);
  }
  const prev = rangesPrev(ranges, buffer);
  if (prev && prev.free) {
    absorb(alloc, buffer);
    rangesRemove(ranges, prev);
    merged = prev;
  }
  rangesInsert(ranges, merged);
}

/** The buffer of a user address, if user space may free it: its address, 0 when none starts there, -1 when it may not. */
export function allocPrepareToFree(alloc: BinderAlloc, user: u64): i32 {
  if (!alloc.size || user < alloc.userBase) return 0;
  const buffer = rangesFind(allocRanges(alloc), user - alloc.userBase);
  if (!buffer) return 0;
  if (!buffer.allowUserFree) return -1;
  buffer.allowUserFree = false;
  return changetype<i32>(buffer);
}

/** User address of a buffer's first byte. */
export function allocUserAddress(alloc: BinderAlloc, buffer: Buffer): u64 {
  return alloc.userBase + buffer.offset;
}

/** Copies `size` bytes of the sender's memory to `offset` in the buffer. True when all of them arrived. */
export function allocCopyFromUser(
  alloc: BinderAlloc,
  buffer: Buffer,
  offset: u64,
  sender: Space,
  source: u64,
  size: u64,
): bool {
  if (!size) return true;
  if (!reachable(buffer, offset, size)) return false;
  return mappingCopyIn(alloc, buffer.offset + <u32>offset, sender, source, <u32>size) == 0;
}

/** Stores `size` bytes of kernel memory at `offset` in the buffer. False when they are not in it, 4-aligned, or memory is out. */
export function allocWrite(alloc: BinderAlloc, buffer: Buffer, offset: u64, source: usize, size: u32): bool {
  if (!reachable(buffer, offset, size)) return false;
  return mappingWrite(alloc, buffer.offset + <u32>offset, source, size, buffer.delivered);
}

/** Reads `size` bytes at `offset` in the buffer. False when they are not in it, 4-aligned. */
export function allocRead(alloc: BinderAlloc, buffer: Buffer, offset: u64, target: usize, size: u32): bool {
  if (!reachable(buffer, offset, size)) return false;
  mappingRead(alloc, buffer.offset + <u32>offset, target, size, buffer.delivered);
  return true;
}

/** Makes the message of a buffer visible to its receiver. 0 or -ENOMEM. */
export function allocDeliver(alloc: BinderAlloc, buffer: Buffer): i32 {
  if (!alloc.strategy.deliver) {
    buffer.delivered = true;
    showForeign(alloc, buffer);
    return 0;
  }
  message.offset = buffer.offset;
  message.size = buffer.size;
  message.dataSize = buffer.dataSize;
  message.offsetsOffset = buffer.offset + bufferOffsetsStart(buffer);
  message.offsetsSize = buffer.offsetsSize;
  message.extraOffset = message.offsetsOffset + <u32>align8(buffer.offsetsSize);
  message.extraSize = buffer.extraSize;
  const error = mappingDeliver(alloc, message);
  poison(message);
  if (error) return error;
  buffer.delivered = true;
  showForeign(alloc, buffer);
  return 0;
}

/** A receiver outside of the machine has a copy of its mapping, and needs the buffer's bytes there. */
function showForeign(alloc: BinderAlloc, buffer: Buffer): void {
  if (alloc.space.foreign) userShow(alloc.space, alloc.userBase + buffer.offset, buffer.size);
}

/** Frames that the area has of its own: its pages, and what is staged for them. */
export function allocResident(alloc: BinderAlloc): i32 {
  const owner = changetype<usize>(alloc);
  return framesOf(FRAME_BINDER, owner) + framesOf(FRAME_STAGE, owner);
}

export function allocRanges(alloc: BinderAlloc): Ranges {
  return changetype<Ranges>(changetype<usize>(alloc) + RANGES);
}

/** align8(data) + align8(offsets) + align8(extra), at least 8; 0 when that overflows 64 bits. */
function totalSize(dataSize: u64, offsetsSize: u64, extraSize: u64): u64 {
  const both = align8(dataSize) + align8(offsetsSize);
  const total = both + align8(extraSize);
  if ((dataSize | offsetsSize | extraSize) >> 32 == 0) return max<u64>(total, 8);
  if (both < dataSize || both < offsetsSize) return 0;
  if (total < both || total < extraSize) return 0;
  return max<u64>(total, 8);
}

/** Whether a reservation is refused that is larger than the area, or is to fail. */
function refuses(alloc: BinderAlloc, total: u64): bool {
  return total > alloc.size || injectionDue(INJECT_BUFFER);
}

/** No hole is large enough: prints how the space is taken. */
function noSpace(alloc: BinderAlloc, size: u64): i32 {
  klog(KLOG_NO_SPACE, alloc.pid, 0, size);
  const space = klog(KLOG_SPACE);
  const ranges = allocRanges(alloc);
  let buffer = rangesFirst(ranges);
  while (buffer) {
    const bytes: u64 = buffer.size;
    if (buffer.free) {
      space.d += bytes;
      space.e++;
      space.f = max<u64>(space.f, bytes);
    } else {
      space.a += bytes;
      space.b++;
      space.c = max<u64>(space.c, bytes);
    }
    buffer = rangesNext(ranges, buffer);
  }
  return -ENOSPC;
}

/** Whether the sender is reported as a spammer. It is checked only while under a tenth of the area is left for oneways. */
function suspectSpam(alloc: BinderAlloc, pid: i32): bool {
  const ranges = allocRanges(alloc);
  if (ranges.asyncFree >= ranges.size / 10) {
    alloc.spamDetected = false;
    return false;
  }
  let count = 0;
  let bytes: u32 = 0;
  let buffer = rangesFirstAllocated(ranges);
  while (buffer) {
    if (buffer.pid == pid && buffer.isAsync) {
      bytes += buffer.size;
      count++;
    }
    buffer = rangesNextAllocated(buffer);
  }
  if (count <= SPAM_BUFFERS && bytes <= ranges.size / 4) return false;
  klog(KLOG_SPAM, alloc.pid, 0, pid, count, bytes);
  if (alloc.spamDetected) return false;
  alloc.spamDetected = true;
  return true;
}

/** Joins a free buffer to its free predecessor; the page between them goes to the LRU when neither neighbour touches it. */
function absorb(alloc: BinderAlloc, buffer: Buffer): void {
  const ranges = allocRanges(alloc);
  if (buffer.offset & PAGE_MASK) {
    const page = pageDown(buffer.offset);
    const prev = rangesPrev(ranges, buffer)!;
    assert(prev.free, 'absorb: predecessor is not free');
    const before = prev.offset > 0 && pageDown(prev.offset - 1) == page;
    const after = pageDown(buffer.offset + buffer.size) == page;
    if (!before && !after) pagesRetire(alloc, page, page + PAGE_SIZE);
  }
  rangesJoin(ranges, buffer);
  kmemFree(CACHE_BINDER_BUFFER, changetype<usize>(buffer));
}

function reachable(buffer: Buffer, offset: u64, size: u64): bool {
  const have: u64 = buffer.size;
  return (
    have >= size &&
    offset <= have - size &&
    (offset & 3) == 0 &&
    !buffer.free &&
    (!buffer.allowUserFree || !buffer.transaction)
  );
}

function forget(alloc: BinderAlloc): void {
  const whole = rangesFirst(allocRanges(alloc));
  assert(whole && whole.free && !rangesNext(allocRanges(alloc), whole), 'forget: buffers are left');
  kmemFree(CACHE_BINDER_BUFFER, changetype<usize>(whole));
  pagesForget(alloc);
  mappingTeardown(alloc);
  spacePut(alloc.space);
  framePut(alloc.pages);
  kmemFree(CACHE_PAGE_ARRAY, changetype<usize>(alloc.pageArray));
  alloc.pageArray = null;
  alloc.vma = null;
  alloc.size = 0;
  alloc.reservable = 0;
}

function pageUp(offset: u32): u32 {
  return (offset + PAGE_MASK) & ~PAGE_MASK;
}

function pageDown(offset: u32): u32 {
  return offset & ~PAGE_MASK;
}
