/**
 * The kernel's objects: one slab cache for each kind (CACHE_* in abi/machine), with pages from the frame allocator. Only
 * kinds that were declared with kmemCache can be allocated.
 */
import { CACHE_COUNT, FRAME_SLAB, INJECT_OBJECT, PAGE_MASK, PAGE_SHIFT } from '../abi/machine';
import {
  SLAB_CACHE_SIZE,
  slabAligned,
  slabAlloc,
  slabCapacity,
  slabClose,
  slabFree,
  slabGrow,
  slabInit,
  slabInUse,
  slabIsClosed,
  slabLive,
  slabObject,
  slabObjectSize,
  slabOpen,
  slabReap,
} from '../lib/slab';
import { frameAlloc, frameKind, frameOwner, framePut, framesCount } from './frames';
import { injectionDue } from './injection';

const caches = memory.data(SLAB_CACHE_SIZE * CACHE_COUNT, 4);

/** Declares cache `id`, once, at boot: objects of `size` bytes. */
export function kmemCache(id: i32, size: usize): void {
  assert(id >= 0 && id < CACHE_COUNT, 'kmemCache: no such cache');
  assert(slabObjectSize(kmemCacheAt(id)) == 0, 'kmemCache: the cache is declared already');
  slabInit(kmemCacheAt(id), <u32>size);
}

/** A zeroed object; 0 if there is no memory. */
export function kmemZalloc(id: i32): usize {
  const object = kmemAlloc(id);
  if (object != 0) memory.fill(object, 0, slabObjectSize(kmemCacheAt(id)));
  return object;
}

/** An object as its last user left it: the caller sets all that will be read. 0 if there is no memory. */
export function kmemAlloc(id: i32): usize {
  const cache = kmemCacheAt(id);
  const object = slabAlloc(cache);
  return object != 0 ? object : allocSlowly(cache, id);
}

/** Allocates from a cache that shows no free object: it gets another page, or is closed for counting. */
function allocSlowly(cache: usize, id: i32): usize {
  if (slabIsClosed(cache)) return allocCounted(cache, id);
  const page = frameAlloc(0, FRAME_SLAB, id);
  if (page == 0) return 0;
  slabGrow(cache, page);
  return slabAlloc(cache);
}

function allocCounted(cache: usize, id: i32): usize {
  if (injectionDue(INJECT_OBJECT)) return 0;
  slabOpen(cache);
  const object = kmemAlloc(id);
  slabClose(cache);
  return object;
}

/** Whether each allocation of an object is counted. */
export function kmemCount(isCounted: bool): void {
  for (let id = 0; id < CACHE_COUNT; id++) {
    const cache = kmemCacheAt(id);
    if (slabObjectSize(cache) == 0 || slabIsClosed(cache) == isCounted) continue;
    if (isCounted) slabClose(cache);
    else slabOpen(cache);
  }
}

export function kmemFree(id: i32, object: usize): void {
  const page = slabFree(kmemCacheAt(id), object);
  if (page != 0) framePut(page);
}

/** Gives the empty pages back that the caches keep, at most one each. */
export function kmemReap(): void {
  for (let id = 0; id < CACHE_COUNT; id++) {
    const page = slabReap(kmemCacheAt(id));
    if (page != 0) framePut(page);
  }
}

/** How many objects of cache `id` are in use. */
export function kmemLive(id: i32): i32 {
  return slabLive(kmemCacheAt(id));
}

/** Whether an object of cache `id`, in use or not, can begin at `address`. */
export function kmemHas(id: i32, address: usize): bool {
  if (address >>> PAGE_SHIFT >= <usize>framesCount()) return false;
  return frameKind(address) == FRAME_SLAB && frameOwner(address) == id && slabAligned(kmemCacheAt(id), address);
}

/** Whether no kernel object that is in use contains `address`. */
export function kmemIsFree(address: usize): bool {
  if (frameKind(address) != FRAME_SLAB) return true;
  const cache = kmemCacheAt(<i32>frameOwner(address));
  for (let index: u32 = 0; index < slabCapacity(cache); index++) {
    const object = slabObject(cache, address & ~PAGE_MASK, index);
    if (address - object < slabObjectSize(cache)) return !slabInUse(object);
  }
  return true;
}

/** Address of the cache's block; what the slab functions take. */
export function kmemCacheAt(id: i32): usize {
  return caches + <usize>id * SLAB_CACHE_SIZE;
}

export function kmemLiveTotal(): i32 {
  let live = 0;
  for (let id = 0; id < CACHE_COUNT; id++) live += kmemLive(id);
  return live;
}
