/**
 * The area: one process's binder mapping, and the contract that every strategy keeps.
 *
 *     user    userBase   ─┐ page table of `space`
 *                         ├─> frame of page i = pages[i].frame (0: none)
 *     kernel  kernelBase ─┘ kernel's page table (only strategies with a twin)
 *
 * A strategy is one file of functions over an area. It fills a `Strategy` record with them, and the switch in
 * `mapping/index` names it. A new strategy needs nothing else. alloc/ranges chooses the offsets of buffers, so addresses
 * are the same under every strategy.
 *
 * The calls to the strategy during the life of a message:
 *
 *     install (each page without a frame), stage ─> copyIn, window ─> deliver ─> window ─> release
 */
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from '../abi/machine';
import { listDel, listLinked } from '../lib/list';
import { spaceInstall, spaceReady, spaceZap } from '../mem/leaves';
import { PageArray, Space, spaceCounters, spaceVma, Vma } from '../mem/space';

/** State of a message. Before delivery its bytes may be in other frames, which `window` returns. */
export const MESSAGE_SENT = false;
export const MESSAGE_DELIVERED = true;

/**
 * The functions of a strategy, by their numbers (lib/funcref); 0 where it has nothing to do.
 *
 *     area: Area      offset, size: u32, bytes from the start of the area     write, delivered: bool
 *     index: i32      of a page of the area                                   sender: Space, source: u64
 *
 * An i32 is 0 or -ENOMEM. The caller of an operation that fails calls `release` all the same.
 *
 * `copyIn` returns the number of bytes that it did not copy: 0, or all from a bad page on. Without `copyIn` bytes are copied
 * page by page through `window`.
 *
 * The address from `window` is valid to the end of its page. It is 0 when memory is out, which happens only to a `write`.
 * Without `window` the kernel reaches the page's own frame through the direct map.
 */
@unmanaged
export class Strategy {
  number: i32; // STRATEGY_*
  eager: bool; // a page has its frame, mapped for the receiver, from the time a buffer touches it
  reclaims: bool; // pages that no buffer touches go on the LRU, and the shrinker takes their frames
  kmaps: bool; // the kernel maps each page for each access, which is counted as a `kmap`
  setup: u32; // (area) => i32: reserves at mmap what the area needs from the start
  staged: u32; // (area, index) => usize: the bounce frame that holds bytes before delivery to the page; or 0
  install: u32; // (area, index) => i32: prepares a page without a frame for a new buffer
  stage: u32; // (area, offset, size) => i32: prepares the range for a new message
  copyIn: u32; // (area, offset, sender, source, size) => u32: copies the sender's bytes to `offset`
  window: u32; // (area, offset, write, delivered) => usize: the linear address at which the kernel reaches a byte
  deliver: u32; // (area, message) => i32: makes a message visible to its receiver
  release: u32; // (area, offset, size, delivered) => void: drops what was kept only for the message of a buffer
  drop: u32; // (area, index) => void: takes the frame of a page, for the shrinker or at teardown; every strategy has it
  teardown: u32; // (area) => void: frees reservations, after every page was dropped
}

/** A message in an area, and its parts, with padding between them. Offsets are bytes from the start of the area. */
@unmanaged
export class MessageLayout {
  offset: u32; // of its buffer, where its data begins
  size: u32; // bytes of its buffer
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
  area: usize; // its Area; set at mmap
}

@unmanaged
export class Area {
  space: Space; // receiver's address space; the record is held, its table is used only while the process lives
  pages: usize; // array of Page
  pagesOrder: i32; // size of its block
  pageCount: i32;
  pageArray: PageArray | null; // `pages` as the VMA sees them
  userBase: u64;
  kernelBase: u64; // 0 without a twin
  own: usize; // block of frames that the strategy keeps for itself apart from the pages; 0 without one
  ownOrder: i32; // its size
  pid: i32;
  strategy: Strategy; // fixed at mmap
  vma: Vma | null; // VMA that mmap made, until its first piece is closed; after mprotect it may be only a piece of the mapping
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

/** Whether the bytes are in the area. */
export function areaHas(area: Area, offset: u32, size: u32): bool {
  return <u64>offset + size <= (<u64>area.pageCount) << PAGE_SHIFT;
}

/** Whether page `index` is in the VMA that mmap made. Linux installs pages only there, and mprotect may have split it. */
export function areaReaches(area: Area, index: i32): bool {
  const vma = area.vma;
  const user = pageUserAddress(area, index);
  return vma != null && user >= vma.start && user < vma.end;
}

/** Whether no live buffer touches the page. */
export function pageOnLru(page: LruPage): bool {
  return listLinked(changetype<usize>(page) + offsetof<LruPage>('lruNext'));
}

/** Takes a page off the LRU, before it is dropped or a buffer touches it. */
export function pageLeaveLru(page: LruPage): void {
  listDel(changetype<usize>(page) + offsetof<LruPage>('lruNext'));
}

/** Linear address of the byte at `offset`, valid to the end of its page; 0 when memory for a `write` is out. */
export function areaWindow(area: Area, offset: u32, write: bool, delivered: bool): usize {
  const strategy = area.strategy;
  if (strategy.kmaps) spaceCounters(area.space).kmaps++;
  const window = strategy.window;
  if (window) return call_indirect<usize>(window, area, offset, write, delivered);
  return areaFrame(area, offset);
}

/** Number of bytes, up to `size`, that are contiguous with the window at `target`: to the end of the page, or further. */
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

/** Makes the page table for page `index`; does nothing where the mapping is gone. 0 or -ENOMEM. */
export function areaReady(area: Area, index: i32): i32 {
  return pieceAt(area, index) ? spaceReady(area.space, pageUserAddress(area, index)) : 0;
}

/** Maps a frame at page `index` for the user with the rights of the mapping; does nothing where it is gone. 0 or -ENOMEM. */
export function areaInstall(area: Area, index: i32, frame: usize): i32 {
  const piece = pieceAt(area, index);
  return piece ? spaceInstall(area.space, pageUserAddress(area, index), frame, false) : 0;
}

/** Unmaps page `index` from the user, where the mapping is still there. */
export function areaZap(area: Area, index: i32): void {
  if (pieceAt(area, index)) spaceZap(area.space, pageUserAddress(area, index));
}

/** The VMA at the user address of page `index`, which may belong to another mapping; or null. */
export function areaVma(area: Area, index: i32): Vma | null {
  return spaceVma(area.space, pageUserAddress(area, index));
}

/** The piece of the mapping at page `index`; null where it is gone. Pieces may be closed one by one. */
function pieceAt(area: Area, index: i32): Vma | null {
  const vma = areaVma(area, index);
  return vma && vma.pages == area.pageArray ? vma : null;
}
