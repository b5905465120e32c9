/**
 * The area: one process's binder mapping as a strategy sees it, and the contract that every strategy keeps.
 *
 *     user    userBase   ─┐ page table of `space`
 *                         ├─> frame of page i = pages[i].frame (0: none)
 *     kernel  kernelBase ─┘ kernel's page table (only strategies with a twin)
 *
 * A strategy is one file of functions over an area. It hands them out in a `Strategy` record, and the switch in
 * `mapping/index` names it: that is all that makes one. Where a buffer lies is decided elsewhere (alloc/ranges), so
 * addresses are the same under every strategy.
 *
 * The life of a message, and what is asked of the strategy on the way:
 *
 *     install (each page without a frame), stage ─> copyIn, window ─> deliver ─> window ─> release
 */
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from '../abi/machine';
import { listDel, listLinked } from '../lib/list';
import { spaceInstall, spaceReady, spaceZap } from '../mem/leaves';
import { PageArray, Space, spaceCounters, spaceVma, Vma } from '../mem/space';

/** Where a message stands: `window` may have to look elsewhere for one that the receiver has not got yet. */
export const MESSAGE_SENT = false;
export const MESSAGE_DELIVERED = true;

/**
 * What a strategy is made of: functions, by their numbers (lib/funcref); 0 where it has nothing to do.
 *
 *     area: Area      offset, size: u32, bytes from the start of the area     write, delivered: bool
 *     index: i32      of a page of the area                                   sender: Space, source: u64
 *
 * An i32 is 0 or -ENOMEM; the caller of an operation that fails calls `release` all the same. Without `copyIn` bytes are
 * copied page by page through `window`. It returns how many bytes it did not copy: 0, or all from a bad page on.
 * `window` is good to the end of its page. It is 0 when memory is out, which happens only to a `write`. Without `window`
 * the kernel reaches the page's own frame through the direct map.
 */
@unmanaged
export class Strategy {
  number: i32; // STRATEGY_*
  eager: bool; // a page that a buffer touches has its frame, mapped for the receiver, from the start of the buffer on
  reclaims: bool; // the LRU takes pages that no buffer touches, and the shrinker takes their frames
  kmaps: bool; // the kernel addresses each page for itself when it needs it: a `kmap`, as it is counted
  setup: u32; // (area) => i32: reserves at mmap what the area needs from the start
  staged: u32; // (area, index) => usize: the frame apart from the page's own that holds bytes under way to it; or 0
  install: u32; // (area, index) => i32: prepares a page without a frame for the buffer that is about to cover it
  stage: u32; // (area, offset, size) => i32: prepares the range for the message that is about to be written
  copyIn: u32; // (area, offset, sender, source, size) => u32: copies the sender's bytes to `offset`
  window: u32; // (area, offset, write, delivered) => usize: the linear address at which the kernel reaches a byte
  deliver: u32; // (area, message) => i32: makes a message visible to its receiver
  release: u32; // (area, offset, size, delivered) => void: drops what was kept for the message of a buffer alone
  drop: u32; // (area, index) => void: takes the frame of a page, for the shrinker or for good; every strategy has it
  teardown: u32; // (area) => void: gives reservations back, after every page was dropped
}

/** Where a message lies in an area, and its parts: offsets are bytes from the start of the area. Between the parts is padding. */
@unmanaged
export class MessageLayout {
  offset: u32; // of its buffer, where its data begins
  size: u32; // of its buffer
  dataSize: u32;
  offsetsOffset: u32;
  offsetsSize: u32;
  extraOffset: u32;
  extraSize: u32;
}

@unmanaged
export class LruPage {
  frame: usize; // 0 while the page has none
  lruNext: usize; // link in the machine's LRU of pages that no buffer touches
  lruPrev: usize;
  area: usize; // the Area it belongs to; set at mmap
}

@unmanaged
export class Area {
  space: Space; // receiver's address space; its record is held, its table only used while it lives
  pages: usize; // array of Page
  pagesOrder: i32; // size of its block
  pageCount: i32;
  pageArray: PageArray | null; // `pages` as the VMA sees them
  userBase: u64;
  kernelBase: u64; // 0 without a twin
  own: usize; // block of frames that the strategy keeps for itself beside the pages; 0: none
  ownOrder: i32; // its size
  pid: i32;
  strategy: Strategy; // fixed at mmap
  vma: Vma | null; // what mmap made, until the first close of (a piece of) it; mprotect may leave it a piece of the mapping alone
}

export function areaPage(area: Area, index: i32): LruPage {
  return changetype<LruPage>(area.pages + <usize>index * offsetof<LruPage>());
}

/** The page after `page` in its area's array. */
export function pageNext(page: LruPage): LruPage {
  return changetype<LruPage>(changetype<usize>(page) + offsetof<LruPage>());
}

/** Whether a page comes before another of its area. */
export function pageBefore(page: LruPage, other: LruPage): bool {
  return changetype<usize>(page) < changetype<usize>(other);
}

export function pageUserAddress(area: Area, index: i32): u64 {
  return area.userBase + ((<u64>index) << PAGE_SHIFT);
}

/** Whether the bytes lie in the area. */
export function areaHas(area: Area, offset: u32, size: u32): bool {
  return <u64>offset + size <= (<u64>area.pageCount) << PAGE_SHIFT;
}

/** Whether page `index` lies in the VMA that mmap made: only there does Linux install pages, and mprotect may have split it. */
export function areaReaches(area: Area, index: i32): bool {
  const vma = area.vma;
  const user = pageUserAddress(area, index);
  return vma != null && user >= vma.start && user < vma.end;
}

/** Whether no live buffer touches the page. */
export function pageOnLru(page: LruPage): bool {
  return listLinked(changetype<usize>(page) + offsetof<LruPage>('lruNext'));
}

/** Takes a page off the LRU that is on it: it goes, or a buffer is about to touch it. */
export function pageLeaveLru(page: LruPage): void {
  listDel(changetype<usize>(page) + offsetof<LruPage>('lruNext'));
}

/** Where the kernel reaches the byte at `offset`, up to the end of its page; 0 when there is no memory to `write` to. */
export function areaWindow(area: Area, offset: u32, write: bool, delivered: bool): usize {
  const strategy = area.strategy;
  if (strategy.kmaps) spaceCounters(area.space).kmaps++;
  const window = strategy.window;
  if (window) return call_indirect<usize>(window, area, offset, write, delivered);
  return areaFrame(area, offset);
}

/** Bytes of `size` from `offset` on that are contiguous in memory with the window at `target`: to the end of the page, or further. */
export function areaReach(area: Area, offset: u32, target: usize, size: u32): u32 {
  const bytes: u32 = PAGE_SIZE - (offset & PAGE_MASK);
  if (bytes >= size || area.strategy.window) return min(bytes, size);
  const last = areaPage(area, (offset + size - 1) >>> PAGE_SHIFT);
  let page = areaPage(area, (offset + bytes) >>> PAGE_SHIFT);
  let frame = target + bytes;
  while (page.frame == frame) {
    if (page == last) return size;
    frame += PAGE_SIZE;
    page = pageNext(page);
  }
  return <u32>(frame - target);
}

/** Linear address of the byte at `offset` in the page's own frame. */
export function areaFrame(area: Area, offset: u32): usize {
  const frame = areaPage(area, offset >>> PAGE_SHIFT).frame;
  assert(frame != 0, 'areaFrame: page has no frame');
  return frame + (offset & PAGE_MASK);
}

/** Makes the table that page `index` will be in; does nothing where the mapping is gone. 0 or -ENOMEM. */
export function areaReady(area: Area, index: i32): i32 {
  return pieceAt(area, index) ? spaceReady(area.space, pageUserAddress(area, index)) : 0;
}

/** Maps a frame at page `index` for the user, with the rights of the mapping; does nothing where that is gone. 0 or -ENOMEM. */
export function areaInstall(area: Area, index: i32, frame: usize): i32 {
  const piece = pieceAt(area, index);
  return piece ? spaceInstall(area.space, pageUserAddress(area, index), frame, false) : 0;
}

/** Takes page `index` from the user, where the mapping still is. */
export function areaZap(area: Area, index: i32): void {
  if (pieceAt(area, index)) spaceZap(area.space, pageUserAddress(area, index));
}

/** Whatever is mapped at the user address of page `index`, of the area or not. */
export function areaVma(area: Area, index: i32): Vma | null {
  return spaceVma(area.space, pageUserAddress(area, index));
}

/** The piece of the mapping at page `index`; null where it is gone, for pieces may be closed one by one. */
function pieceAt(area: Area, index: i32): Vma | null {
  const vma = areaVma(area, index);
  return vma && vma.pages == area.pageArray ? vma : null;
}
