/**
 * Strategy `huge`: all pages get frames at mmap, in physically contiguous runs of up to 2 MiB. Leaves are as large as
 * alignment allows. An aligned 2 MiB gets a block, an aligned 64 KiB entries with the contiguous hint, the rest pages.
 *
 *     pages      0 ............ 511 │ 512 ....... 767 │ 768 ... 831 │ ...
 *     frames     run of order 9     │ run of order 8  │ order 6     │
 *     leaves     one block          │ 16 x 16 hinted  │ 4 x 16      │
 *
 * The kernel copies a run in one go. Nothing is mapped beyond the area. No page is freed before the area is, because a
 * frame inside a run cannot be freed by itself.
 */
import { ENOMEM } from '../abi/errno';
import { EVENT_INSTALL } from '../abi/events';
import { FRAME_BINDER, FRAME_HEAD, FRAME_ORDER_MAX, PAGE_SHIFT, STRATEGY_HUGE } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { frameAllocZero, frameFlags, framePut } from '../mem/frames';
import { spaceInstallRun } from '../mem/leaves';
import { traceLong } from '../trace';
import { Area, areaPage, pageUserAddress, Strategy } from './area';
import { copyByRun } from './copy';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));

export function hugeStrategy(): Strategy {
  record.number = STRATEGY_HUGE;
  record.eager = true;
  record.kmaps = true;
  record.setup = funcref(changetype<usize>(setup));
  record.copyIn = funcref(changetype<usize>(copyByRun));
  record.drop = funcref(changetype<usize>(drop));
  return record;
}

function setup(area: Area): i32 {
  let index = 0;
  while (index < area.pageCount) {
    const pages = installRun(area, index);
    if (!pages) return -ENOMEM;
    index += pages;
  }
  return 0;
}

/** Installs the longest run that fits at page `index` and in memory. Returns its pages, or 0 when memory is out. */
function installRun(area: Area, index: i32): i32 {
  const user = pageUserAddress(area, index);
  let order = FRAME_ORDER_MAX;
  while (1 << order > area.pageCount - index || (user >> PAGE_SHIFT) & ((1 << order) - 1)) order--;
  let run = frameAllocZero(order, FRAME_BINDER, changetype<usize>(area));
  while (!run && order) run = frameAllocZero(--order, FRAME_BINDER, changetype<usize>(area));
  if (!run) return 0;
  const pages = 1 << order;
  for (let each = 0; each < pages; each++) areaPage(area, index + each).frame = run + ((<usize>each) << PAGE_SHIFT);
  traceLong(EVENT_INSTALL, area.pid, index, <u32>run);
  return spaceInstallRun(area.space, user, run, pages, false) ? 0 : pages;
}

/** Frees the run with its first page. The leaves were removed with the mapping. */
function drop(area: Area, index: i32): void {
  const page = areaPage(area, index);
  assert(page.frame != 0, 'huge: the page has no frame');
  if (frameFlags(page.frame) & FRAME_HEAD) framePut(page.frame);
  page.frame = 0;
}
