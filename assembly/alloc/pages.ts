/**
 * The life of the pages of an area:
 *
 *     none ──first buffer──> active <──next buffer── on the LRU ──shrinker──> none
 *                              └──last buffer freed──────^
 *
 * A page is active while a live buffer touches it. After the last buffer the page stays mapped, at the tail of the machine's
 * LRU. It leaves the LRU when a buffer covers it again, or when the shrinker takes its frame. Under a strategy that does not
 * reclaim, a page is never on the LRU. Under a strategy that installs frames late, an active page may have no frame.
 */
import { EVENT_ALLOC_LRU, EVENT_ALLOC_PAGE, EVENT_FREE_LRU, EVENT_UPDATE_PAGE_RANGE } from '../abi/events';
import { ENOMEM } from '../abi/errno';
import { KLOG_NO_PAGE, KLOG_PAGE_OUTSIDE } from '../abi/klog';
import { PAGE_MASK, PAGE_SHIFT } from '../abi/machine';
import { klog } from '../klog';
import {
  LIST_SIZE,
  listBefore,
  listDel,
  listFirst,
  listHang,
  listInit,
  listJoin,
  listLift,
  listNext,
} from '../lib/list';
import { Area, areaPage, areaReaches, LruPage, pageBefore, pageNext, pageOnLru } from '../mapping/area';
import { mappingInstall, mappingReclaim } from '../mapping/index';
import { record, recordLong, trace, tracing } from '../trace';

export const lru: usize = memory.data(LIST_SIZE, 4);

export function pagesBoot(): void {
  listInit(lru);
}

/**
 * Takes the pages of [start, end) off the LRU for a new buffer, the only one on these pages.
 * @returns the highest page without a frame, plus 1; or 0
 */
export function pagesActivate(area: Area, start: u32, end: u32): i32 {
  assert(((start | end) & PAGE_MASK) == 0, 'pagesActivate: no whole pages');
  if (tracing()) recordRange(area, true, start, end);
  const first = areaPage(area, start >>> PAGE_SHIFT);
  const stop = areaPage(area, end >>> PAGE_SHIFT);
  const missing = area.strategy.reclaims ? lruTake(first, stop) : lastMissing(first, stop);
  return missing ? pageIndex(missing) + 1 : 0;
}

/** Puts the pages of [start, end) that have frames at the tail of the LRU: no buffer touches them any more. */
export function pagesRetire(area: Area, start: u32, end: u32): void {
  assert(((start | end) & PAGE_MASK) == 0, 'pagesRetire: no whole pages');
  if (tracing()) recordRange(area, false, start, end);
  if (!area.strategy.reclaims) return;
  const stop = areaPage(area, end >>> PAGE_SHIFT);
  let tail = listBefore(lru);
  for (let page = areaPage(area, start >>> PAGE_SHIFT); pageBefore(page, stop); page = pageNext(page)) {
    assert(!page.frame || !pageOnLru(page), 'pagesRetire: page is on the LRU already');
    if (page.frame) tail = listHang(link(page), tail);
  }
  listJoin(tail, lru);
}

/** Takes the pages of [first, stop) that have frames off the LRU. Returns the last one that has none, or null. */
function lruTake(first: LruPage, stop: LruPage): LruPage | null {
  let missing: LruPage | null = null;
  let before: usize = 0; // the LRU's links before and after the pages just taken, which are neighbours there
  let after: usize = 0;
  for (let page = first; pageBefore(page, stop); page = pageNext(page)) {
    if (!page.frame) {
      missing = page;
      continue;
    }
    assert(pageOnLru(page), 'lruTake: page is in use already');
    const entry = link(page);
    if (entry != after) {
      if (before) listJoin(before, after);
      before = listBefore(entry);
    }
    after = listLift(entry);
  }
  if (before) listJoin(before, after);
  return missing;
}

/** The last page of [first, stop) that has no frame, or null. */
function lastMissing(first: LruPage, stop: LruPage): LruPage | null {
  let missing: LruPage | null = null;
  for (let page = first; pageBefore(page, stop); page = pageNext(page)) if (!page.frame) missing = page;
  return missing;
}

/**
 * Has every page installed that [offset, offset + size) touches; unless `all`, only the first and the last one can be
 * without a frame. 0, or -ENOMEM, also where mprotect has cut the mapping.
 */
export function pagesInstall(area: Area, offset: u32, size: u32, all: bool): i32 {
  const first = <i32>(offset >>> PAGE_SHIFT);
  const last = <i32>((offset + size - 1) >>> PAGE_SHIFT);
  const step = all ? 1 : max(last - first, 1);
  for (let index = first; index <= last; index += step) {
    if (areaPage(area, index).frame) continue;
    assert(area.vma, 'pagesInstall: the mapping is gone');
    if (!areaReaches(area, index)) {
      klog(KLOG_PAGE_OUTSIDE, area.pid, 0, (<u64>index) << PAGE_SHIFT);
      return -ENOMEM;
    }
    const error = mappingInstall(area, index);
    if (error) {
      klog(KLOG_NO_PAGE, area.pid);
      return error;
    }
    if (areaPage(area, index).frame) trace(EVENT_ALLOC_PAGE, area.pid, index);
  }
  return 0;
}

/** Takes every page of the area off the LRU; the owner is about to release the frames. */
export function pagesForget(area: Area): void {
  for (let index = 0; index < area.pageCount; index++) {
    const page = areaPage(area, index);
    if (pageOnLru(page)) listDel(link(page));
  }
}

/** Pages that the shrinker could take. */
export function lruCount(): i32 {
  let count = 0;
  for (let entry = listFirst(lru); entry; entry = listNext(entry, lru)) count++;
  return count;
}

/** The page that is longest on the LRU, or null. */
export function lruFirst(): LruPage | null {
  return ofLink(listFirst(lru));
}

export function lruNext(page: LruPage): LruPage | null {
  return ofLink(listNext(link(page), lru));
}

/** The shrinker: takes up to `limit` pages from the cold end of the LRU. Returns how many it got. */
export function lruShrink(limit: i32): i32 {
  let taken = 0;
  let entry = listFirst(lru);
  while (entry && taken < limit) {
    const next = listNext(entry, lru);
    const page = ofLink(entry)!;
    if (mappingReclaim(changetype<Area>(page.area), pageIndex(page))) {
      listDel(entry);
      taken++;
    }
    entry = next;
  }
  return taken;
}

/** Number of a page in its area. */
function pageIndex(page: LruPage): i32 {
  return <i32>((changetype<usize>(page) - changetype<Area>(page.area).pages) / offsetof<LruPage>());
}

function ofLink(entry: usize): LruPage | null {
  return entry ? changetype<LruPage>(entry - offsetof<LruPage>('lruNext')) : null;
}

function link(page: LruPage): usize {
  return changetype<usize>(page) + offsetof<LruPage>('lruNext');
}

/** Pages of [start, end) come from the LRU, or go to it: an event for the range, and one for each page that has a frame. */
function recordRange(area: Area, allocate: bool, start: u32, end: u32): void {
  recordLong(EVENT_UPDATE_PAGE_RANGE, area.pid, allocate ? 1 : 0, start, end - start);
  if (!area.strategy.reclaims) return;
  const event = allocate ? EVENT_ALLOC_LRU : EVENT_FREE_LRU;
  let page = areaPage(area, start >>> PAGE_SHIFT);
  for (let index = start >>> PAGE_SHIFT; index < end >>> PAGE_SHIFT; index++) {
    if (page.frame) record(event, area.pid, index);
    page = pageNext(page);
  }
}
