/**
 * The area: one process's binder mapping as a strategy sees it, and the contract that every strategy keeps.
 *
 *     user    userBase   ─┐ page table of `space`
 *                         ├─> frame of page i = pages[i].frame (0: none)
 *     kernel  kernelBase ─┘ kernel's page table (only strategies with a twin)
 *
 * A strategy is one file of functions over an area, all chosen by the switch in `mapping/index`:
 *
 *     setup(area)            at mmap: reserve what the strategy needs. 0 or -ENOMEM
 *     install(area, index)   page `index` is about to hold a buffer: frame and user entry. 0 or -ENOMEM
 *     window(area, offset)   linear address at which the kernel reaches the byte at `offset`, good to the end of its page
 *     deliver(area, at, n)   a message is about to be shown to the receiver. 0 or -ENOMEM
 *     drop(area, index)      page `index` loses its frame: the shrinker took it, or the area goes
 *     release(area)          the owner is gone: reservations go back
 *
 * Where a buffer lies is decided elsewhere (alloc/ranges), so addresses are the same under every strategy.
 */
import { PAGE_SHIFT } from '../abi/machine';
import { listLinked } from '../lib/list';
import { PageArray, Space } from '../mem/space';

@unmanaged
export class Page {
  frame: usize; // 0 while the page has none
  lruNext: usize; // link in the machine's LRU of pages that no buffer touches
  lruPrev: usize;
  area: usize; // the Area it belongs to; set at mmap
}

@unmanaged
export class Area {
  space: Space; // receiver's address space; its record is held, its table only used while `mapped`
  pages: usize; // array of Page
  pagesOrder: i32; // size of its block
  pageCount: i32;
  pageArray: PageArray | null; // what the VMA is told about `pages`
  userBase: u64;
  kernelBase: u64; // 0 without a twin
  pid: i32;
  strategy: u8; // STRATEGY_*, fixed at mmap
  mapped: bool; // from mmap until the first close of (a piece of) the VMA
}

export function areaPage(area: Area, index: i32): Page {
  return changetype<Page>(area.pages + <usize>index * offsetof<Page>());
}

export function pageUserAddress(area: Area, index: i32): u64 {
  return area.userBase + ((<u64>index) << PAGE_SHIFT);
}

/** Whether no live buffer touches the page. */
export function pageOnLru(page: Page): bool {
  return listLinked(changetype<usize>(page) + offsetof<Page>('lruNext'));
}
