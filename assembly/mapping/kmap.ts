/**
 * Strategy `kmap`, Linux 5.1 on: a page is mapped for the user when a buffer first covers it; the kernel keeps no address
 * of its own for it and maps one page at a time for each copy. On a machine with a direct map, as here and on arm64,
 * that mapping costs no page-table write; it is counted all the same (`kmaps`).
 */
import { ENOMEM } from '../abi/errno';
import { EVENT_INSTALL } from '../abi/events';
import { FRAME_BINDER, PAGE_MASK, PAGE_SHIFT } from '../abi/machine';
import { frameAllocZero, framePut } from '../mem/frames';
import { spaceInstall, spaceZap } from '../mem/leaves';
import { spaceCounters } from '../mem/space';
import { trace } from '../trace';
import { Area, areaPage, pageUserAddress } from './area';

/** A zeroed frame, mapped read-only for the user. */
export function kmapInstall(area: Area, index: i32): i32 {
  const frame = frameAllocZero(0, FRAME_BINDER, changetype<usize>(area));
  if (!frame) return -ENOMEM;
  const error = spaceInstall(area.space, pageUserAddress(area, index), frame, false);
  if (error) {
    framePut(frame);
    return error;
  }
  areaPage(area, index).frame = frame;
  trace(EVENT_INSTALL, area.pid, index, <u32>frame);
  return 0;
}

export function kmapWindow(area: Area, offset: u32): usize {
  const frame = areaPage(area, offset >>> PAGE_SHIFT).frame;
  assert(frame != 0, 'kmapWindow: page has no frame');
  spaceCounters(area.space).kmaps++;
  return frame + (offset & PAGE_MASK);
}

export function kmapDrop(area: Area, index: i32): void {
  const page = areaPage(area, index);
  if (area.mapped) spaceZap(area.space, pageUserAddress(area, index));
  framePut(page.frame);
  page.frame = 0;
}
