/**
 * The only switch over strategies, and the copies that all of them share: page by page through the strategy's window.
 */
import { EVENT_COPY, EVENT_UNMAP_KERNEL, EVENT_UNMAP_USER } from '../abi/events';
import { PAGE_MASK, PAGE_SIZE, STRATEGY_KMAP, STRATEGY_VMALLOC } from '../abi/machine';
import { bytesCopy } from '../lib/bytes';
import { frameMarkDirty } from '../mem/frames';
import { Space, spaceCounters } from '../mem/space';
import { copyFromUser } from '../mem/uaccess';
import { trace } from '../trace';
import { Area, areaPage } from './area';
import { kmapDrop, kmapInstall, kmapWindow } from './kmap';
import { vmallocDrop, vmallocInstall, vmallocReleaseArea, vmallocSetup, vmallocWindow } from './vmalloc';

/** Whether a number names a strategy that this build has. */
export function mappingKnown(strategy: i32): bool {
  return strategy == STRATEGY_KMAP || strategy == STRATEGY_VMALLOC;
}

export function mappingSetup(area: Area): i32 {
  return area.strategy == STRATEGY_VMALLOC ? vmallocSetup(area) : 0;
}

export function mappingInstall(area: Area, index: i32): i32 {
  return area.strategy == STRATEGY_VMALLOC ? vmallocInstall(area, index) : kmapInstall(area, index);
}

/** A message at [offset, offset + size) is about to be shown to the receiver. 0 or -ENOMEM. */
export function mappingDeliver(area: Area, offset: u32, size: u32): i32 {
  return 0;
}

/** The shrinker wants the frame of a page that no buffer touches. False when the strategy keeps it. */
export function mappingReclaim(area: Area, index: i32): bool {
  trace(EVENT_UNMAP_KERNEL, area.pid, index);
  if (area.mapped) trace(EVENT_UNMAP_USER, area.pid, index);
  drop(area, index);
  return true;
}

/** The area's owner is gone: frames and reservations go back. The page array itself is the caller's. */
export function mappingRelease(area: Area): void {
  for (let index = 0; index < area.pageCount; index++) {
    if (areaPage(area, index).frame) drop(area, index);
  }
  if (area.strategy == STRATEGY_VMALLOC) vmallocReleaseArea(area);
}

/** Copies `size` bytes of the sender's memory to `offset`. Bytes that were not copied: 0, or the rest after a bad page. */
export function mappingCopyIn(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  while (size) {
    const chunk = toPageEnd(offset, size);
    const target = window(area, offset);
    const missed = copyFromUser(sender, target, source, chunk);
    noteCopy(area, offset, target, chunk - missed, source);
    if (missed) {
      // As in Linux, what of a page could not be copied is zeroed, not left as it was.
      memory.fill(target + (chunk - missed), 0, missed);
      return size - chunk + missed;
    }
    offset += chunk;
    source += chunk;
    size -= chunk;
  }
  return 0;
}

/** Stores kernel bytes in the area: they are part of a message, and count as copied. */
export function mappingWrite(area: Area, offset: u32, source: usize, size: u32): void {
  while (size) {
    const chunk = toPageEnd(offset, size);
    const target = window(area, offset);
    bytesCopy(target, source, chunk);
    noteCopy(area, offset, target, chunk, 0);
    offset += chunk;
    source += chunk;
    size -= chunk;
  }
}

/** Fetches bytes of the area for the kernel. */
export function mappingRead(area: Area, offset: u32, target: usize, size: u32): void {
  while (size) {
    const chunk = toPageEnd(offset, size);
    bytesCopy(target, window(area, offset), chunk);
    offset += chunk;
    target += chunk;
    size -= chunk;
  }
}

/** Zeroes bytes of the area. */
export function mappingFill(area: Area, offset: u32, size: u32): void {
  while (size) {
    const chunk = toPageEnd(offset, size);
    const target = window(area, offset);
    memory.fill(target, 0, chunk);
    frameMarkDirty(target);
    offset += chunk;
    size -= chunk;
  }
}

function window(area: Area, offset: u32): usize {
  return area.strategy == STRATEGY_VMALLOC ? vmallocWindow(area, offset) : kmapWindow(area, offset);
}

function drop(area: Area, index: i32): void {
  if (area.strategy == STRATEGY_VMALLOC) vmallocDrop(area, index);
  else kmapDrop(area, index);
}

function toPageEnd(offset: u32, size: u32): u32 {
  return min<u32>(PAGE_SIZE - (offset & PAGE_MASK), size);
}

function noteCopy(area: Area, offset: u32, target: usize, size: u32, source: u64): void {
  const counters = spaceCounters(area.space);
  counters.copies++;
  counters.bytesCopied += size;
  frameMarkDirty(target);
  trace(EVENT_COPY, area.pid, offset, <u32>target, size, <u32>source, <u32>(source >> 32));
}
