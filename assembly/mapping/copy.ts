/**
 * Copies of a message's bytes into an area, and their counting: a copy is one uninterrupted piece of work for the kernel,
 * so how many there are of one message depends on how far the kernel reaches at once.
 */
import { EVENT_COPY } from '../abi/events';
import { PAGE_MASK, PAGE_SIZE } from '../abi/machine';
import { frameMarkDirty } from '../mem/frames';
import { Space, spaceCounters } from '../mem/space';
import { copyFromUser } from '../mem/uaccess';
import { trace } from '../trace';
import { Area, areaWindow, MESSAGE_SENT } from './area';

/** From the sender's memory to `offset`, each page a copy. Bytes that were not copied: 0, or the rest after a bad page. */
export function copyByPage(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  while (size) {
    const chunk = toPageEnd(offset, size);
    const missed = copyChunk(area, offset, sender, source, chunk);
    spaceCounters(area.space).copies++;
    if (missed) return size - chunk + missed;
    offset += chunk;
    source += chunk;
    size -= chunk;
  }
  return 0;
}

/** The same through kernel addresses that go on from page to page: all of it is one copy. */
export function copyAtOnce(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  if (size) spaceCounters(area.space).copies++;
  while (size) {
    const chunk = toPageEnd(offset, size);
    const missed = copyChunk(area, offset, sender, source, chunk);
    if (missed) return size - chunk + missed;
    offset += chunk;
    source += chunk;
    size -= chunk;
  }
  return 0;
}

/** Books bytes that were stored at linear address `target` for a message at `offset`; `source`: where in the sender, or 0. */
export function copyNote(area: Area, offset: u32, target: usize, size: u32, source: u64): void {
  spaceCounters(area.space).bytesCopied += size;
  for (let at = target & ~PAGE_MASK; at < target + size; at += PAGE_SIZE) frameMarkDirty(at);
  trace(EVENT_COPY, area.pid, offset, <u32>target, size, <u32>source, <u32>(source >> 32));
}

/** Bytes of `size` from `offset` on that lie in its page. */
export function toPageEnd(offset: u32, size: u32): u32 {
  return min<u32>(PAGE_SIZE - (offset & PAGE_MASK), size);
}

/** A chunk inside one page. Bytes that were not copied: all of them when there is no memory for the page. */
function copyChunk(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  const target = areaWindow(area, offset, true, MESSAGE_SENT);
  if (!target) return size;
  const missed = copyFromUser(sender, target, source, size);
  copyNote(area, offset, target, size - missed, source);
  // As in Linux, what of a page could not be copied is zeroed, not left as it was.
  if (missed) memory.fill(target + (size - missed), 0, missed);
  return missed;
}
