/**
 * Slabs: equal objects in pages of 4 KiB. A cache does not allocate or free pages itself. It reports when it needs a page
 * and when a page can be freed.
 *
 *     cache                                        page (4 KiB aligned)
 *     +---------+--------+------+------+--------+           +------+------+------+-------+--------+--------+--
 *     | partial | object | live | kept | hidden |  partial  | link | free | used | cache | object | object |
 *     | (list)  |  size  |      | page | (list) | --------> |      |   |  |      |       |        |        |
 *     +---------+--------+------+------+--------+           +------+---|--+------+-------+--------+--------+--
 *     0         8        12     16     20       28          0      8   |  12     16      20(+4)   ^
 *                                                                      +--> free objects are chained by their first word
 *
 * A page is on the partial list while it has a free object. Full pages are on no list. The address of an object gives its
 * page. A cache keeps one empty page. Without it a process that lives for one call would allocate and free a page each time.
 *
 * A closed cache has its partial list in `hidden`. It seems to be full, so its user is asked about each allocation.
 */
import { bitmapSet, bitmapTest } from './bitmap';
import {
  listAddHead,
  listAddTail,
  listDel,
  listFirst,
  listInit,
  listIsLast,
  listJoin,
  listLast,
  listLinked,
} from './list';

/** Bytes of a cache's block. */
export const SLAB_CACHE_SIZE = 28;

const PAGE_BYTES: u32 = 4096;
const PARTIAL = 0;
const OBJECT_SIZE = 8;
const LIVE = 12;
/** A page that was empty when it was last looked at, or 0. It is on the partial list like any other. */
const KEPT = 16;
/** Head of the partial list while the cache is closed; zero while it is open. */
const HIDDEN = 20;

const PAGE_LINK = 0;
const PAGE_FREE = 8;
const PAGE_USED = 12;
const PAGE_CACHE = 16;
const PAGE_OBJECTS: u32 = 24;

/** What fills a free object in debug builds, after its first word. */
const POISON: u8 = 0x6b;

/** The largest object that a page can hold. */
const SLAB_OBJECT_MAX: u32 = PAGE_BYTES - PAGE_OBJECTS;

/** Bytes of a bitmap with one bit for each object that a page can hold: none is smaller than 8 bytes. */
export const SLAB_BITMAP = 64;

/** An empty cache of objects of `size` bytes, rounded up to a multiple of 8. */
export function slabInit(cache: usize, size: u32): void {
  assert(size > 0 && size <= SLAB_OBJECT_MAX, 'slabInit: no page can hold such an object');
  listInit(cache + PARTIAL);
  store<u32>(cache, (size + 7) & ~7, OBJECT_SIZE);
  store<u32>(cache, 0, LIVE);
  store<usize>(cache, 0, KEPT);
  store<usize>(cache, 0, HIDDEN);
}

/** Hides the free objects: slabAlloc finds none until slabOpen. */
export function slabClose(cache: usize): void {
  assert(!slabIsClosed(cache), 'slabClose: the cache is closed already');
  listInit(cache + HIDDEN);
  moveList(cache + PARTIAL, cache + HIDDEN);
}

export function slabOpen(cache: usize): void {
  assert(slabIsClosed(cache), 'slabOpen: the cache is open already');
  moveList(cache + HIDDEN, cache + PARTIAL);
  store<usize>(cache, 0, HIDDEN);
}

export function slabIsClosed(cache: usize): bool {
  return load<usize>(cache, HIDDEN) != 0;
}

/** An object with whatever is in it; 0 if the cache needs a page first (slabGrow, then ask again). */
export function slabAlloc(cache: usize): usize {
  const page = listFirst(cache + PARTIAL);
  if (page == 0) return 0;
  const object = load<usize>(page, PAGE_FREE);
  if (!ASC_NO_ASSERT) assertPoisoned(object, load<u32>(cache, OBJECT_SIZE));
  const rest = load<usize>(object);
  store<usize>(page, rest, PAGE_FREE);
  if (rest == 0) listDel(page + PAGE_LINK);
  store<u32>(page, load<u32>(page, PAGE_USED) + 1, PAGE_USED);
  store<u32>(cache, load<u32>(cache, LIVE) + 1, LIVE);
  return object;
}

/** Takes an object back: the address of a page that the caller is to take away, or 0. */
export function slabFree(cache: usize, object: usize): usize {
  const page = object & ~(PAGE_BYTES - 1);
  const free = load<usize>(page, PAGE_FREE);
  if (!ASC_NO_ASSERT) {
    assertInUse(cache, page, object);
    memory.fill(object, POISON, load<u32>(cache, OBJECT_SIZE));
  }
  store<usize>(object, free);
  store<usize>(page, object, PAGE_FREE);
  if (free == 0) listAddHead(page + PAGE_LINK, slabPartial(cache));
  const used = load<u32>(page, PAGE_USED) - 1;
  store<u32>(page, used, PAGE_USED);
  store<u32>(cache, load<u32>(cache, LIVE) - 1, LIVE);
  return used == 0 ? releaseEmpty(cache, page) : 0;
}

/** Gives the cache a page of its own: 4 KiB at an address that is a multiple of 4 KiB. */
export function slabGrow(cache: usize, page: usize): void {
  assert((page & (PAGE_BYTES - 1)) == 0, 'slabGrow: the page is not aligned');
  const size = load<u32>(cache, OBJECT_SIZE);
  const first = page + PAGE_OBJECTS;
  const last = first + (SLAB_OBJECT_MAX / size - 1) * size;
  if (!ASC_NO_ASSERT) memory.fill(first, POISON, SLAB_OBJECT_MAX);
  for (let object = first; object < last; object += size) store<usize>(object, object + size);
  store<usize>(last, 0);
  store<u64>(page, 0, PAGE_LINK);
  store<usize>(page, first, PAGE_FREE);
  store<u32>(page, 0, PAGE_USED);
  store<usize>(page, cache, PAGE_CACHE);
  listAddTail(page + PAGE_LINK, cache + PARTIAL);
}

/** Gives up the empty page that was kept: its address, or 0 if there is none. */
export function slabReap(cache: usize): usize {
  const page = load<usize>(cache, KEPT);
  store<usize>(cache, 0, KEPT);
  if (page == 0 || load<u32>(page, PAGE_USED) != 0) return 0;
  listDel(page + PAGE_LINK);
  return page;
}

/** How many objects are in use. */
export function slabLive(cache: usize): i32 {
  return load<i32>(cache, LIVE);
}

export function slabObjectSize(cache: usize): u32 {
  return load<u32>(cache, OBJECT_SIZE);
}

/** How many objects a page of the cache holds. */
export function slabCapacity(cache: usize): u32 {
  return SLAB_OBJECT_MAX / load<u32>(cache, OBJECT_SIZE);
}

/** Address of object number `index` of a page. */
export function slabObject(cache: usize, page: usize, index: u32): usize {
  return page + PAGE_OBJECTS + index * load<u32>(cache, OBJECT_SIZE);
}

/** Whether an object of the cache, in use or not, can begin at `object`, an address in one of its pages. */
export function slabAligned(cache: usize, object: usize): bool {
  const offset = (object & (PAGE_BYTES - 1)) - PAGE_OBJECTS;
  const size = load<u32>(cache, OBJECT_SIZE);
  return offset <= SLAB_OBJECT_MAX - size && offset % size == 0;
}

/** Whether an object of a page is in use. */
export function slabInUse(object: usize): bool {
  let free = load<usize>(object & ~(PAGE_BYTES - 1), PAGE_FREE);
  while (free != 0 && free != object) free = load<usize>(free);
  return free == 0;
}

/** How many objects of the page are in use. */
export function slabUsed(page: usize): i32 {
  return load<i32>(page, PAGE_USED);
}

/** The list of pages that have free objects. */
export function slabPartial(cache: usize): usize {
  return slabIsClosed(cache) ? cache + HIDDEN : cache + PARTIAL;
}

/**
 * Verifies one page, and marks its free objects.
 * @param free a bitmap of SLAB_BITMAP bytes, all zero: bit n is set when object n is free
 */
export function slabPageCheck(cache: usize, page: usize, free: usize): bool {
  if (load<usize>(page, PAGE_CACHE) != cache) return false;
  const size = load<u32>(cache, OBJECT_SIZE);
  const capacity = slabCapacity(cache);
  let count: u32 = 0;
  for (let object = load<usize>(page, PAGE_FREE); object != 0; object = load<usize>(object)) {
    const offset = object - page - PAGE_OBJECTS;
    const index = <u32>(offset / size);
    if (index >= capacity || index * size != <u32>offset || bitmapTest(free, <i32>index)) return false;
    bitmapSet(free, <i32>index);
    count++;
  }
  const used = load<u32>(page, PAGE_USED);
  if (used + count != capacity) return false;
  if (used == 0 && load<usize>(cache, KEPT) != page) return false;
  return listLinked(page + PAGE_LINK) == (count != 0);
}

/** `page` has just become empty: kept at the end of the list, unless another empty page is kept already. */
function releaseEmpty(cache: usize, page: usize): usize {
  const kept = load<usize>(cache, KEPT);
  if (kept == page && listIsLast(page + PAGE_LINK, cache + PARTIAL)) return 0;
  listDel(page + PAGE_LINK);
  if (kept != 0 && kept != page && load<u32>(kept, PAGE_USED) == 0) return page;
  store<usize>(cache, page, KEPT);
  listAddTail(page + PAGE_LINK, slabPartial(cache));
  return 0;
}

/** Moves all links of a list to the empty list `to`. */
function moveList(from: usize, to: usize): void {
  const first = listFirst(from);
  if (first == 0) return;
  listJoin(listLast(from), to);
  listJoin(to, first);
  listInit(from);
}

function assertInUse(cache: usize, page: usize, object: usize): void {
  assert(load<usize>(page, PAGE_CACHE) == cache, 'slabFree: the object is not from this cache');
  const offset = object - page - PAGE_OBJECTS;
  assert(offset % load<u32>(cache, OBJECT_SIZE) == 0, 'slabFree: not the beginning of an object');
  for (let free = load<usize>(page, PAGE_FREE); free != 0; free = load<usize>(free)) {
    assert(free != object, 'slabFree: the object is free already');
  }
}

function assertPoisoned(object: usize, size: u32): void {
  for (let at: u32 = 4; at < size; at++) {
    assert(load<u8>(object + at) == POISON, 'slabAlloc: a caller has written to a free object');
  }
}
