/**
 * Strategy `vmalloc`, Linux 4.14 to 5.0, the one that textbooks show. Each page has two addresses at a constant distance:
 * one in the receiver's user space and one, the twin, in the kernel's vmalloc area. The driver copies through the twin.
 *
 *     kernelBase + offset ──kernel's table──> frame <──receiver's table── userBase + offset
 *
 * The whole range is reserved at mmap. So the kernel's address space runs out before memory does.
 */
import { ENOMEM } from '../abi/errno';
import { EVENT_INSTALL } from '../abi/events';
import { FRAME_BINDER, PAGE_SHIFT, STRATEGY_VMALLOC } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { frameAllocZero, framePut } from '../mem/frames';
import { kernelAddress, kernelInstall, kernelZap, vmallocRelease, vmallocReserve } from '../mem/vmalloc';
import { traceLong } from '../trace';
import { Area, areaInstall, areaPage, areaZap, Strategy } from './area';
import { copyAtOnce } from './copy';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));

export function vmallocStrategy(): Strategy {
  record.number = STRATEGY_VMALLOC;
  record.eager = true;
  record.reclaims = true;
  record.setup = funcref(changetype<usize>(setup));
  record.install = funcref(changetype<usize>(install));
  record.copyIn = funcref(changetype<usize>(copyAtOnce));
  record.window = funcref(changetype<usize>(window));
  record.drop = funcref(changetype<usize>(drop));
  record.teardown = funcref(changetype<usize>(teardown));
  return record;
}

function setup(area: Area): i32 {
  area.kernelBase = vmallocReserve(area.pageCount);
  return area.kernelBase ? 0 : -ENOMEM;
}

/** Installs a zeroed frame in the kernel's page table and, read-only, in the receiver's. */
function install(area: Area, index: i32): i32 {
  assert(area.kernelBase != 0 && !areaPage(area, index).frame, 'vmalloc: no twin, or a frame already');
  const frame = frameAllocZero(0, FRAME_BINDER, changetype<usize>(area));
  if (!frame) return -ENOMEM;
  const twin = pageKernelAddress(area, index);
  let error = kernelInstall(twin, frame);
  if (!error) {
    error = areaInstall(area, index, frame);
    if (error) kernelZap(twin);
  }
  if (error) {
    framePut(frame);
    return error;
  }
  areaPage(area, index).frame = frame;
  traceLong(EVENT_INSTALL, area.pid, index, <u32>frame, <u32>twin, <u32>(twin >> 32));
  return 0;
}

function window(area: Area, offset: u32, write: bool, delivered: bool): usize {
  return kernelAddress(area.kernelBase + offset);
}

function drop(area: Area, index: i32): void {
  const page = areaPage(area, index);
  assert(page.frame != 0, 'vmalloc: the page has no frame');
  kernelZap(pageKernelAddress(area, index));
  areaZap(area, index);
  framePut(page.frame);
  page.frame = 0;
}

function teardown(area: Area): void {
  if (area.kernelBase) vmallocRelease(area.kernelBase, area.pageCount);
  area.kernelBase = 0;
}

function pageKernelAddress(area: Area, index: i32): u64 {
  return area.kernelBase + ((<u64>index) << PAGE_SHIFT);
}
