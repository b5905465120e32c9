/**
 * Strategy `two-copy`: the same protocol without shared pages. The sender's bytes are copied into bounce buffers of the
 * kernel. At delivery they are copied again, into the receiver's own pages.
 *
 *     sender ──copyIn──> stage of page i ──deliver──> frame of page i <──receiver's table── userBase + i pages
 *
 * The stage of a page is its bounce buffer. It serves the undelivered messages that touch the page, and is freed with the
 * last of them. So the kernel holds no memory for the area most of the time. The receiver's pages are mapped when a message
 * first arrives in them.
 */
import { ENOMEM } from '../abi/errno';
import { FRAME_ARRAY, FRAME_STAGE, PAGE_MASK, PAGE_SHIFT, PAGE_SIZE, STRATEGY_TWO_COPY } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { frameAllocZero, framePut } from '../mem/frames';
import { spaceCounters } from '../mem/space';
import {
  Area,
  areaFrame,
  areaPage,
  areaWindow,
  MessageLayout,
  MESSAGE_DELIVERED,
  MESSAGE_SENT,
  Strategy,
} from './area';
import { copyNote, toPageEnd } from './copy';
import { ownPageDrop, ownPageInstall } from './ownpage';

/** The bounce buffer of a page. The area's `own` block has one record for each page. */
@unmanaged
class Bounce {
  frame: usize; // 0 without a bounce buffer
  messages: u32; // undelivered messages that touch the page
}

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));

export function twoCopyStrategy(): Strategy {
  record.number = STRATEGY_TWO_COPY;
  record.reclaims = true;
  record.kmaps = true;
  record.setup = funcref(changetype<usize>(setup));
  record.staged = funcref(changetype<usize>(staged));
  record.stage = funcref(changetype<usize>(stage));
  record.window = funcref(changetype<usize>(window));
  record.deliver = funcref(changetype<usize>(deliver));
  record.release = funcref(changetype<usize>(release));
  record.drop = funcref(changetype<usize>(ownPageDrop));
  record.teardown = funcref(changetype<usize>(teardown));
  return record;
}

function setup(area: Area): i32 {
  let order = 0;
  while (PAGE_SIZE << order < area.pageCount * <i32>offsetof<Bounce>()) order++;
  area.own = frameAllocZero(order, FRAME_ARRAY, changetype<usize>(area));
  area.ownOrder = order;
  return area.own ? 0 : -ENOMEM;
}

function staged(area: Area, index: i32): usize {
  return pageStage(area, index).frame;
}

/** Counts the message in all pages before any page gets a frame, so that `release` can undo a failure, too. */
function stage(area: Area, offset: u32, size: u32): i32 {
  const last = lastPage(offset, size);
  for (let index = firstPage(offset); index <= last; index++) pageStage(area, index).messages++;
  for (let index = firstPage(offset); index <= last; index++) {
    const each = pageStage(area, index);
    if (!each.frame) each.frame = frameAllocZero(0, FRAME_STAGE, changetype<usize>(area));
    if (!each.frame) return -ENOMEM;
  }
  return 0;
}

function window(area: Area, offset: u32, write: bool, delivered: bool): usize {
  if (delivered) return areaFrame(area, offset);
  const frame = pageStage(area, firstPage(offset)).frame;
  assert(frame != 0, 'twocopy: page has no stage');
  return frame + (offset & PAGE_MASK);
}

/**
 * The second copy. It leaves out the padding, so the receiver sees only bytes of the message.
 */
function deliver(area: Area, message: MessageLayout): i32 {
  const last = lastPage(message.offset, message.size);
  for (let index = firstPage(message.offset); index <= last; index++) {
    if (!areaPage(area, index).frame && ownPageInstall(area, index)) return -ENOMEM;
  }
  copyOver(area, message.offset, message.dataSize);
  copyOver(area, message.offsetsOffset, message.offsetsSize);
  copyOver(area, message.extraOffset, message.extraSize);
  unstage(area, message.offset, message.size);
  return 0;
}

function release(area: Area, offset: u32, size: u32, delivered: bool): void {
  if (!delivered) unstage(area, offset, size);
}

function teardown(area: Area): void {
  if (area.own) framePut(area.own);
  area.own = 0;
}

function copyOver(area: Area, offset: u32, size: u32): void {
  while (size) {
    const chunk = toPageEnd(offset, size);
    const target = areaWindow(area, offset, true, MESSAGE_DELIVERED);
    memory.copy(target, areaWindow(area, offset, false, MESSAGE_SENT), chunk);
    spaceCounters(area.space).copies++;
    copyNote(area, offset, target, chunk, 0);
    offset += chunk;
    size -= chunk;
  }
}

/**
 * Ends the use of the stages by the message at [offset, offset + size). Zeroes its bytes where a stage stays, so that a
 * later message in the same place does not see them.
 */
function unstage(area: Area, offset: u32, size: u32): void {
  while (size) {
    const chunk = toPageEnd(offset, size);
    const each = pageStage(area, firstPage(offset));
    assert(each.messages > 0, 'twocopy: no message is staged here');
    each.messages--;
    if (each.frame && each.messages) memory.fill(each.frame + (offset & PAGE_MASK), 0, chunk);
    if (each.frame && !each.messages) {
      framePut(each.frame);
      each.frame = 0;
    }
    offset += chunk;
    size -= chunk;
  }
}

function pageStage(area: Area, index: i32): Bounce {
  return changetype<Bounce>(area.own + <usize>index * offsetof<Bounce>());
}

function firstPage(offset: u32): i32 {
  return <i32>(offset >>> PAGE_SHIFT);
}

function lastPage(offset: u32, size: u32): i32 {
  return <i32>((offset + size - 1) >>> PAGE_SHIFT);
}
