/**
 * Strategy `remap`, as L4 and Mach move messages: a whole page of the message whose place in the sender's memory and in the
 * buffer is the same modulo 4096 is not copied. The frame itself is lent, read-only on both sides:
 *
 *     sender's table ──(read-only, copy on write)──> frame <──(read-only)── receiver's table
 *
 * A write by the sender gives the sender a copy, as long as the message holds the frame; when the buffer is freed the
 * receiver's entry goes, and the frame is the sender's alone again. Everything else is copied into frames of the area's own,
 * as under `kmap`: partial pages, pages with objects or places to fix up, memory that is not private and anonymous. So the
 * kernel never writes to a lent frame: what it writes lies in pages that no single copy covers.
 *
 * Frames come when bytes do. What of a buffer nobody wrote gets zeroed pages at delivery.
 */
import { ENOMEM } from '../abi/errno';
import { EVENT_INSTALL } from '../abi/events';
import { ACCESS_READ, FRAME_ANON, MAP_SHARED, PAGE_MASK, PAGE_SHIFT, PAGE_SIZE, STRATEGY_REMAP } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { frameKind, framePut } from '../mem/frames';
import { spaceLend } from '../mem/leaves';
import { Space, spaceVma } from '../mem/space';
import { userWindow } from '../mem/uaccess';
import { trace } from '../trace';
import { Area, areaFrame, areaInstall, areaPage, Message, Page, Strategy } from './area';
import { copyByPage, toPageEnd } from './copy';
import { ownPageDrop, ownPageInstall } from './ownpage';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));
/** What the kernel reads of pages that nobody has written to. */
const zeroes: usize = memory.data(PAGE_SIZE, 8);

export function remapStrategy(): Strategy {
  record.number = STRATEGY_REMAP;
  record.reclaims = true;
  record.kmaps = true;
  record.copyIn = funcref(changetype<usize>(copyIn));
  record.window = funcref(changetype<usize>(window));
  record.deliver = funcref(changetype<usize>(deliver));
  record.release = funcref(changetype<usize>(release));
  record.drop = funcref(changetype<usize>(ownPageDrop));
  return record;
}

function copyIn(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  while (size) {
    const chunk = toPageEnd(offset, size);
    const whole = chunk == PAGE_SIZE && (source & PAGE_MASK) == 0;
    if (!whole || !lend(area, offset >>> PAGE_SHIFT, sender, source)) {
      const missed = copyByPage(area, offset, sender, source, chunk);
      if (missed) return size - chunk + missed;
    }
    offset += chunk;
    source += chunk;
    size -= chunk;
  }
  return 0;
}

/** Makes page `index` the sender's page at `source`. False when it has to be copied. */
function lend(area: Area, index: i32, sender: Space, source: u64): bool {
  const vma = spaceVma(sender, source);
  if (!vma || vma.pages || (vma.flags & MAP_SHARED) != 0) return false;
  if (!userWindow(sender, source, PAGE_SIZE, ACCESS_READ)) return false;
  const frame = spaceLend(sender, source);
  if (!frame) return false;
  if (areaInstall(area, index, frame)) {
    framePut(frame);
    return false;
  }
  const page = areaPage(area, index);
  if (page.frame) framePut(page.frame);
  page.frame = frame;
  trace(EVENT_INSTALL, area.pid, index, <u32>frame);
  return true;
}

function window(area: Area, offset: u32, write: bool, delivered: bool): usize {
  const index = <i32>(offset >>> PAGE_SHIFT);
  const page = areaPage(area, index);
  assert(!write || !page.frame || !isLent(page), 'remap: the kernel writes to a lent page');
  if (!page.frame && !write) return zeroes + (offset & PAGE_MASK);
  if (!page.frame && ownPageInstall(area, index)) return 0;
  return areaFrame(area, offset);
}

function deliver(area: Area, message: Message): i32 {
  const last = <i32>((message.offset + message.size - 1) >>> PAGE_SHIFT);
  for (let index = <i32>(message.offset >>> PAGE_SHIFT); index <= last; index++) {
    if (!areaPage(area, index).frame && ownPageInstall(area, index)) return -ENOMEM;
  }
  return 0;
}

/** Lent pages go back: they lie wholly in one buffer. */
function release(area: Area, offset: u32, size: u32, delivered: bool): void {
  const end = <i32>((offset + size) >>> PAGE_SHIFT);
  for (let index = <i32>((offset + PAGE_MASK) >>> PAGE_SHIFT); index < end; index++) {
    const page = areaPage(area, index);
    if (page.frame && isLent(page)) ownPageDrop(area, index);
  }
}

function isLent(page: Page): bool {
  return frameKind(page.frame) == FRAME_ANON;
}
