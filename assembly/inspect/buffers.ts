/** Cursors over binder_alloc: buffers, pages, and the LRU. */
import {
  BUFFER_ALLOW_USER_FREE,
  BUFFER_ASYNC,
  BUFFER_CLEAR_ON_FREE,
  BUFFER_DATA_SIZE,
  BUFFER_EXTRA_SIZE,
  BUFFER_FREE,
  BUFFER_ID,
  BUFFER_NODE_ID,
  BUFFER_OFFSET,
  BUFFER_OFFSETS_SIZE,
  BUFFER_PID,
  BUFFER_SIZE,
  BUFFER_SPAM_SUSPECT,
  BUFFER_TRANSACTION,
  PAGE_ACTIVE,
  PAGE_FRAME,
  PAGE_INDEX,
  PAGE_KERNEL,
  PAGE_NONE,
  PAGE_ON_LRU,
  PAGE_PID,
  PAGE_STATE,
  PAGE_USER,
} from '../abi/inspect';
import { PAGE_SHIFT } from '../abi/machine';
import { allocRanges, BinderAlloc } from '../alloc/alloc';
import { Buffer } from '../alloc/buffer';
import { lruFirst, lruNext, pageIndex } from '../alloc/pages';
import { rangesFirst, rangesFirstFree, rangesNext, rangesNextFree } from '../alloc/ranges';
import { Node, Proc } from '../driver/objects';
import { Area, areaPage, Page, pageOnLru, pageUserAddress } from '../mapping/area';
import { recordPut, recordPut64, recordPutAddress, recordPutFlag } from './record';

export function bufferAfter(proc: Proc, after: usize): usize {
  const alloc = proc.alloc;
  if (!alloc.size) return 0;
  const ranges = allocRanges(alloc);
  return describeBuffer(alloc, after ? rangesNext(ranges, changetype<Buffer>(after)) : rangesFirst(ranges));
}

export function freeBufferAfter(proc: Proc, after: usize): usize {
  const alloc = proc.alloc;
  if (!alloc.size) return 0;
  return describeBuffer(alloc, after ? rangesNextFree(changetype<Buffer>(after)) : rangesFirstFree(allocRanges(alloc)));
}

export function pageAfter(proc: Proc, after: usize): usize {
  const alloc = proc.alloc;
  if (!alloc.size) return 0;
  const index = after ? pageIndex(changetype<Page>(after)) + 1 : 0;
  return index < alloc.pageCount ? describePage(areaPage(alloc, index)) : 0;
}

export function lruPageAfter(after: usize): usize {
  const page = after ? lruNext(changetype<Page>(after)) : lruFirst();
  return page ? describePage(page) : 0;
}

function describeBuffer(alloc: BinderAlloc, buffer: Buffer | null): usize {
  if (!buffer) return 0;
  recordPut(BUFFER_OFFSET, buffer.offset);
  recordPut(BUFFER_SIZE, buffer.size);
  recordPutFlag(BUFFER_FREE, buffer.free);
  if (buffer.free) return changetype<usize>(buffer);
  const node = changetype<Node | null>(buffer.targetNode);
  recordPut(BUFFER_ID, buffer.debugId);
  recordPut(BUFFER_DATA_SIZE, buffer.dataSize);
  recordPut(BUFFER_OFFSETS_SIZE, buffer.offsetsSize);
  recordPut(BUFFER_EXTRA_SIZE, buffer.extraSize);
  recordPutAddress(BUFFER_TRANSACTION, buffer.transaction);
  recordPut(BUFFER_NODE_ID, node ? node.debugId : 0);
  recordPut(BUFFER_PID, buffer.pid);
  recordPutFlag(BUFFER_ALLOW_USER_FREE, buffer.allowUserFree);
  recordPutFlag(BUFFER_ASYNC, buffer.isAsync);
  recordPutFlag(BUFFER_CLEAR_ON_FREE, buffer.clearOnFree);
  recordPutFlag(BUFFER_SPAM_SUSPECT, buffer.spamSuspect);
  return changetype<usize>(buffer);
}

function describePage(page: Page): usize {
  const area = changetype<Area>(page.area);
  const index = pageIndex(page);
  recordPut(PAGE_INDEX, index);
  recordPut(PAGE_STATE, !page.frame ? PAGE_NONE : pageOnLru(page) ? PAGE_ON_LRU : PAGE_ACTIVE);
  recordPutAddress(PAGE_FRAME, page.frame);
  recordPut64(PAGE_USER, pageUserAddress(area, index));
  if (area.kernelBase) recordPut64(PAGE_KERNEL, area.kernelBase + ((<u64>index) << PAGE_SHIFT));
  recordPut(PAGE_PID, area.pid);
  return changetype<usize>(page);
}
