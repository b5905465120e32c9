/**
 * Pages that belong to one area: a zeroed frame each, read-only for the user, reached by the kernel through the direct
 * map, one page at a time. Several strategies are made of these and differ in when pages come and go.
 */
import { ENOMEM } from '../abi/errno';
import { EVENT_INSTALL } from '../abi/events';
import { FRAME_BINDER } from '../abi/machine';
import { frameAllocZero, framePut } from '../mem/frames';
import { trace } from '../trace';
import { Area, areaInstall, areaPage, areaReady, areaZap } from './area';

/** A zeroed frame for page `index`, mapped for the user where the mapping still is; its table first, so that no table's frame comes between two pages. 0 or -ENOMEM. */
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

/** A zeroed frame for page `index`, not mapped anywhere. 0 or -ENOMEM. */
export function ownPageFill(area: Area, index: i32): i32 {
  assert(!areaPage(area, index).frame, 'ownPageFill: the page has a frame already');
  const frame = frameAllocZero(0, FRAME_BINDER, changetype<usize>(area));
  if (!frame) return -ENOMEM;
  areaPage(area, index).frame = frame;
  trace(EVENT_INSTALL, area.pid, index, <u32>frame);
  return 0;
}

export function ownPageDrop(area: Area, index: i32): void {
  const page = areaPage(area, index);
  assert(page.frame != 0, 'ownPageDrop: the page has no frame');
  areaZap(area, index);
  framePut(page.frame);
  page.frame = 0;
}
