/**
 * Copies of a message's bytes into an area, and their count. One copy is one contiguous range for the kernel. So the number
 * of copies of a message depends on the range that the kernel reaches at once.
 *
 * The emulator moves bytes in contiguous frames in one go, whatever the count. Only the run time shows it.
 */
import { EVENT_COPY } from '../abi/events';
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from '../abi/machine';
import { framesMarkDirty } from '../mem/frames';
import { Space, spaceCounters } from '../mem/space';
import { copyFromUser } from '../mem/uaccess';
import { recordLong, tracing } from '../trace';
import { Area, areaHas, areaReach, areaWindow, MESSAGE_SENT } from './area';

// unit that counts as one copy
const EACH_PAGE = 0;
const EACH_RUN = 1; // of contiguous frames
const THE_WHOLE = 2;

/** Copies the sender's memory to `offset`; each page is one copy. Returns the bytes not copied: 0, or all from a bad page on. */
export function copyByPage(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  return copy(area, offset, sender, source, size, EACH_PAGE);
}

/** `copyByPage`, but a run of contiguous frames is one copy. */
export function copyByRun(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  return copy(area, offset, sender, source, size, EACH_RUN);
}

/** `copyByPage`, but the whole range is one copy, through contiguous kernel addresses. */
export function copyAtOnce(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  if (size) spaceCounters(area.space).copies++;
  return copy(area, offset, sender, source, size, THE_WHOLE);
}

/**
 * Counts bytes that were stored for a message.
 * @param offset of the bytes in the area
 * @param target their linear address
 * @param size number of bytes, at least 1
 * @param source user address in the sender, or 0
 */
export function copyNote(area: Area, offset: u32, target: usize, size: u32, source: u64): void {
  assert(size != 0, 'copyNote: no bytes');
  spaceCounters(area.space).bytesCopied += size;
  framesMarkDirty(target, size);
  if (tracing()) recordCopy(area, offset, target, size, source);
}

/** Number of bytes, up to `size`, from `offset` to the end of its page. */
export function toPageEnd(offset: u32, size: u32): u32 {
  return min<u32>(PAGE_SIZE - (offset & PAGE_MASK), size);
}

function copy(area: Area, offset: u32, sender: Space, source: u64, size: u32, unit: i32): u32 {
  assert(areaHas(area, offset, size), 'copy: beyond the area');
  while (size) {
    const target = areaWindow(area, offset, true, MESSAGE_SENT);
    if (!target) return size;
    const reach = areaReach(area, offset, target, size);
    const missed = copyFromUser(sender, target, source, reach);
    if (missed) {
      const copied = reach - missed;
      const zeroed = toPageEnd(offset + copied, missed);
      memory.fill(target + copied, 0, zeroed); // as in Linux, the rest of the failing page
      count(area, offset, target, copied, zeroed, unit);
      if (tracing()) {
        recordRun(area, offset, target, copied, source, unit);
        recordCopy(area, offset + copied, target + copied, zeroed, 0);
      }
      return size - copied;
    }
    count(area, offset, target, reach, 0, unit);
    if (tracing()) recordRun(area, offset, target, reach, source, unit);
    offset += reach;
    source += reach;
    size -= reach;
  }
  return 0;
}

/** Counts a run of bytes: first `copied`, then `zeroed`. The window has counted the first page. */
function count(area: Area, offset: u32, target: usize, copied: u32, zeroed: u32, unit: i32): void {
  const counters = spaceCounters(area.space);
  const bytes = copied + zeroed;
  if (unit == EACH_PAGE) {
    const pages = ((offset & PAGE_MASK) + bytes + PAGE_MASK) >>> PAGE_SHIFT;
    counters.copies += pages;
    counters.kmaps += pages - 1;
  } else if (unit == EACH_RUN) {
    counters.copies++;
  }
  counters.bytesCopied += copied;
  framesMarkDirty(target, bytes);
}

/** Records an event for each copy. A copy of the whole range gets one event for each page. */
function recordRun(area: Area, offset: u32, target: usize, copied: u32, source: u64, unit: i32): void {
  for (let done: u32 = 0; done < copied; ) {
    const piece = unit == EACH_RUN ? copied : toPageEnd(offset + done, copied - done);
    recordCopy(area, offset + done, target + done, piece, source + done);
    done += piece;
  }
}

function recordCopy(area: Area, offset: u32, target: usize, size: u32, source: u64): void {
  recordLong(EVENT_COPY, area.pid, offset, <u32>target, size, <u32>source, <u32>(source >> 32));
}
