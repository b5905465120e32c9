/**
 * Pages that belong to one area. Each has a zeroed frame, read-only for the user. The kernel reaches it through the direct
 * map, one page at a time. Several strategies use these pages, and differ in when they install and drop them.
 */
import { ENOMEM } from '../abi/errno';
import { EVENT_INSTALL } from '../abi/events';
import { FRAME_BINDER } from '../abi/machine';
import { frameAllocZero, framePut } from '../mem/frames';
import { traceLong } from '../trace';
import { Area, areaInstall, areaPage, areaReady, areaZap } from './area';

/**
 * Installs a zeroed frame for page `index`, and maps it for the user where the mapping is still there. Allocates the page
 * table first, so that no table is between the frames of two pages. 0 or -ENOMEM.
 */
export function ownPageInstall(area: Area, index: i32): i32 {
  if (areaReady(area, index)) return -ENOMEM;
  const error = ownPageFill(area, index);
  if (error) return error;
  const page = areaPage(area, index);
  if (!areaInstall(area, index, page.frame)) return 0;
  framePut(page.frame);
  page.frame = 0;
  return -ENOMEM;
}

/** Gives page `index` a zeroed frame, without mapping it. 0 or -ENOMEM. */
export function ownPageFill(area: Area, index: i32): i32 {
  assert(!areaPage(area, index).frame, 'ownPageFill: the page has a frame already');
  const frame = frameAllocZero(0, FRAME_BINDER, changetype<usize>(area));
  if (!frame) return -ENOMEM;
  areaPage(area, index).frame = frame;
  traceLong(EVENT_INSTALL, area.pid, index, <u32>frame);
  return 0;
}

export function ownPageDrop(area: Area, index: i32): void {
  const page = areaPage(area, index);
  assert(page.frame != 0, 'ownPageDrop: the page has no frame');
  areaZap(area, index);
  framePut(page.frame);
  page.frame = 0;
}
