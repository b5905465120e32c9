/**
 * Strategy `remap`, as L4 and Mach move messages. A whole page of a message is not copied when its source address and its
 * buffer address are equal modulo 4096. Its frame is lent instead, read-only on both sides:
 *
 *     sender's table ──(read-only, copy on write)──> frame <──(read-only)── receiver's table
 *
 * While the message holds the frame, a write by the sender gives the sender a copy. After the buffer is freed the receiver
 * keeps the page, whose bytes are still those of the message. The sender's next write then takes the frame back without a
 * copy. For that, the frame has the page as its keeper.
 *
 * All other bytes are copied into frames of the area, as under `kmap`: partial pages, pages with objects or fix-ups, and
 * memory that is not private and anonymous. So the kernel never writes to a page that is lent for the current message.
 * Before it writes to a lent page that a freed message left, it replaces the frame by a copy that the area owns.
 *
 * A page gets its frame when its bytes arrive. Pages of a buffer without bytes get zeroed frames at delivery.
 */
import { ENOMEM } from '../abi/errno';
import { EVENT_INSTALL, EVENT_UNMAP_USER } from '../abi/events';
import {
  ACCESS_READ,
  FRAME_ANON,
  FRAME_BINDER,
  MAP_SHARED,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
  STRATEGY_REMAP,
} from '../abi/machine';
import { funcref } from '../lib/funcref';
import { faultGivesUp } from '../mem/fault';
import { frameAlloc, frameKeeper, frameKind, framePut, frameSetKeeper } from '../mem/frames';
import { spaceLend } from '../mem/leaves';
import { Space, spaceCounters, spaceVma } from '../mem/space';
import { userWindow } from '../mem/uaccess';
import { trace, traceLong } from '../trace';
import {
  Area,
  areaFrame,
  areaInstall,
  areaPage,
  MessageLayout,
  LruPage,
  pageLeaveLru,
  pageOnLru,
  Strategy,
} from './area';
import { copyByPage, copyNote, toPageEnd } from './copy';
import { ownPageDrop, ownPageInstall } from './ownpage';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));
/** A page of zeros, which the kernel reads in place of pages that were never written. */
const zeroes: usize = memory.data(PAGE_SIZE, 8);

export function remapStrategy(): Strategy {
  record.number = STRATEGY_REMAP;
  record.reclaims = true;
  record.kmaps = true;
  record.setup = funcref(changetype<usize>(setup));
  record.copyIn = funcref(changetype<usize>(copyIn));
  record.window = funcref(changetype<usize>(window));
  record.deliver = funcref(changetype<usize>(deliver));
  record.release = funcref(changetype<usize>(release));
  record.drop = funcref(changetype<usize>(drop));
  return record;
}

function setup(area: Area): i32 {
  faultGivesUp(funcref(changetype<usize>(giveUp)));
  return 0;
}

function copyIn(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  while (size) {
    const chunk = toPageEnd(offset, size);
    if (chunk != PAGE_SIZE || !lend(area, offset >>> PAGE_SHIFT, sender, source)) {
      if (chunk == PAGE_SIZE) dropLent(area, offset >>> PAGE_SHIFT);
      const missed = copyByPage(area, offset, sender, source, chunk);
      if (missed) return size - chunk + missed;
    }
    offset += chunk;
    source += chunk;
    size -= chunk;
  }
  return 0;
}

/** Lends the sender's page at `source` to page `index`. False when it has to be copied. */
function lend(area: Area, index: i32, sender: Space, source: u64): bool {
  if (source & PAGE_MASK) return false;
  const vma = spaceVma(sender, source);
  if (!vma || vma.pages || (vma.flags & MAP_SHARED) != 0) return false;
  if (!userWindow(sender, source, PAGE_SIZE, ACCESS_READ)) return false;
  const frame = spaceLend(sender, source);
  if (!frame) return false;
  const page = areaPage(area, index);
  if (page.frame != frame && areaInstall(area, index, frame)) {
    framePut(frame);
    return false;
  }
  pageTake(page, frame);
  traceLong(EVENT_INSTALL, area.pid, index, <u32>frame);
  return true;
}

function window(area: Area, offset: u32, write: bool, delivered: bool): usize {
  const index = <i32>(offset >>> PAGE_SHIFT);
  const page = areaPage(area, index);
  if (!page.frame && !write) return zeroes + (offset & PAGE_MASK);
  if (!page.frame && ownPageInstall(area, index)) return 0;
  if (write && isLent(page) && makeOwn(area, index)) return 0;
  return areaFrame(area, offset);
}

function deliver(area: Area, message: MessageLayout): i32 {
  const last = <i32>((message.offset + message.size - 1) >>> PAGE_SHIFT);
  for (let index = <i32>(message.offset >>> PAGE_SHIFT); index <= last; index++) {
    if (!areaPage(area, index).frame && ownPageInstall(area, index)) return -ENOMEM;
  }
  return 0;
}

/** Makes each lent page the keeper of its frame. A lent page is wholly in one buffer. */
function release(area: Area, offset: u32, size: u32, delivered: bool): void {
  const end = <i32>((offset + size) >>> PAGE_SHIFT);
  for (let index = <i32>((offset + PAGE_MASK) >>> PAGE_SHIFT); index < end; index++) {
    const page = areaPage(area, index);
    if (page.frame && isLent(page)) frameSetKeeper(page.frame, changetype<usize>(page));
  }
}

function drop(area: Area, index: i32): void {
  forgetKeeper(areaPage(area, index));
  ownPageDrop(area, index);
}

/** Called when a sender writes to a frame that the page `keeper` has. Gives the frame back, unless a buffer touches the page. */
function giveUp(keeper: usize): void {
  const page = changetype<LruPage>(keeper);
  if (!pageOnLru(page)) return;
  const area = changetype<Area>(page.area);
  const index = <i32>((keeper - area.pages) / offsetof<LruPage>());
  pageLeaveLru(page);
  trace(EVENT_UNMAP_USER, area.pid, index);
  drop(area, index);
}

/** Drops the frame of page `index` if it is lent, before a write to the whole page: its bytes are not needed. */
function dropLent(area: Area, index: i32): void {
  const page = areaPage(area, index);
  if (page.frame && isLent(page)) drop(area, index);
}

/** Replaces the lent frame of page `index` by a copy that the area owns. 0 or -ENOMEM. */
function makeOwn(area: Area, index: i32): i32 {
  const page = areaPage(area, index);
  const frame = frameAlloc(0, FRAME_BINDER, changetype<usize>(area));
  if (!frame) return -ENOMEM;
  if (areaInstall(area, index, frame)) {
    framePut(frame);
    return -ENOMEM;
  }
  memory.copy(frame, page.frame, PAGE_SIZE);
  spaceCounters(area.space).copies++;
  copyNote(area, (<u32>index) << PAGE_SHIFT, frame, PAGE_SIZE, 0);
  pageTake(page, frame);
  traceLong(EVENT_INSTALL, area.pid, index, <u32>frame);
  return 0;
}

/** Replaces the page's frame. */
function pageTake(page: LruPage, frame: usize): void {
  assert(frame != 0, 'remap: no frame');
  forgetKeeper(page);
  if (page.frame) framePut(page.frame);
  page.frame = frame;
}

function forgetKeeper(page: LruPage): void {
  if (page.frame && frameKeeper(page.frame) == changetype<usize>(page)) frameSetKeeper(page.frame, 0);
}

function isLent(page: LruPage): bool {
  assert(page.frame != 0, 'remap: the page has no frame');
  return frameKind(page.frame) == FRAME_ANON;
}
