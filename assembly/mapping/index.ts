/**
 * The only switch over strategies, and the functions by which the allocator calls the strategy of an area.
 */
import { EVENT_CLEAR, EVENT_UNMAP_KERNEL, EVENT_UNMAP_USER } from '../abi/events';
import {
  PAGE_SHIFT,
  STRATEGY_FAULT,
  STRATEGY_HUGE,
  STRATEGY_KMAP,
  STRATEGY_PREFAULT,
  STRATEGY_REMAP,
  STRATEGY_TWO_COPY,
  STRATEGY_VMALLOC,
} from '../abi/machine';
import { bytesCopy } from '../lib/bytes';
import { frameMarkDirty } from '../mem/frames';
import { Space, spaceCounters } from '../mem/space';
import { trace, traceLong } from '../trace';
import {
  Area,
  areaHas,
  areaPage,
  areaVma,
  areaWindow,
  MessageLayout,
  MESSAGE_DELIVERED,
  pageOnLru,
  Strategy,
} from './area';
import { copyByPage, copyNote, toPageEnd } from './copy';
import { faultStrategy } from './fault';
import { hugeStrategy } from './huge';
import { kmapStrategy } from './kmap';
import { prefaultStrategy } from './prefault';
import { remapStrategy } from './remap';
import { twoCopyStrategy } from './twocopy';
import { vmallocStrategy } from './vmalloc';

/** The strategy with that number, or null when this build does not have it. */
export function mappingStrategy(number: i32): Strategy | null {
  switch (number) {
    case STRATEGY_KMAP:
      return kmapStrategy();
    case STRATEGY_VMALLOC:
      return vmallocStrategy();
    case STRATEGY_TWO_COPY:
      return twoCopyStrategy();
    case STRATEGY_PREFAULT:
      return prefaultStrategy();
    case STRATEGY_HUGE:
      return hugeStrategy();
    case STRATEGY_REMAP:
      return remapStrategy();
    case STRATEGY_FAULT:
      return faultStrategy();
    default:
      return null;
  }
}

/** Whether a number names a strategy that this build has. */
export function mappingKnown(number: i32): bool {
  return mappingStrategy(number) != null;
}

/** Prepares a new area after its VMA was made. 0 or -ENOMEM. */
export function mappingSetup(area: Area): i32 {
  const setup = area.strategy.setup;
  return setup ? call_indirect<i32>(setup, area) : 0;
}

/** Prepares page `index`, which has no frame, for a new buffer. 0 or -ENOMEM. */
export function mappingInstall(area: Area, index: i32): i32 {
  assert(
    index >= 0 && index < area.pageCount && !areaPage(area, index).frame,
    'mappingInstall: no page without a frame',
  );
  const install = area.strategy.install;
  return install ? call_indirect<i32>(install, area, index) : 0;
}

/** Prepares a range, whose pages are installed, for a new message. 0 or -ENOMEM. */
export function mappingStage(area: Area, offset: u32, size: u32): i32 {
  assert(size != 0 && areaHas(area, offset, size), 'mappingStage: beyond the area');
  const stage = area.strategy.stage;
  return stage ? call_indirect<i32>(stage, area, offset, size) : 0;
}

/** Makes a message visible to its receiver. 0 or -ENOMEM. */
export function mappingDeliver(area: Area, message: MessageLayout): i32 {
  assert(area.strategy.deliver, 'mappingDeliver: the strategy delivers nothing');
  return call_indirect<i32>(area.strategy.deliver, area, message);
}

/** The bounce frame that holds bytes before delivery to page `index`; or 0. */
export function mappingStaged(area: Area, index: i32): usize {
  const staged = area.strategy.staged;
  return staged ? call_indirect<usize>(staged, area, index) : 0;
}

/** Drops what the strategy keeps for the freed buffer at [offset, offset + size). */
export function mappingRelease(area: Area, offset: u32, size: u32, delivered: bool): void {
  const release = area.strategy.release;
  if (release) call_indirect<void>(release, area, offset, size, delivered);
}

/**
 * Takes the frame of a page that no buffer touches, for the shrinker. False while the process is ending. False, too, unless
 * the VMA that mmap made is at the page's address: another mapping, or a piece that was cut off, may be there.
 */
export function mappingReclaim(area: Area, index: i32): bool {
  assert(pageOnLru(areaPage(area, index)), 'mappingReclaim: a buffer touches the page');
  if (!area.space.root) return false;
  const vma = areaVma(area, index);
  if (vma && vma != area.vma) return false;
  trace(EVENT_UNMAP_KERNEL, area.pid, index);
  if (vma) trace(EVENT_UNMAP_USER, area.pid, index);
  drop(area, index);
  return true;
}

/** Frees the frames and reservations of an area whose owner is gone. The caller frees the page array. */
export function mappingTeardown(area: Area): void {
  for (let index = 0; index < area.pageCount; index++) {
    if (areaPage(area, index).frame) drop(area, index);
  }
  const teardown = area.strategy.teardown;
  if (teardown) call_indirect<void>(teardown, area);
}

/** Copies `size` bytes of the sender's memory to `offset`. Returns the bytes not copied: 0, or all from a bad page on. */
export function mappingCopyIn(area: Area, offset: u32, sender: Space, source: u64, size: u32): u32 {
  const copyIn = area.strategy.copyIn;
  if (!copyIn) return copyByPage(area, offset, sender, source, size);
  return call_indirect<u32>(copyIn, area, offset, sender, source, size);
}

/** Stores kernel bytes of a message in the area, and counts them as copied. False when memory is out. */
export function mappingWrite(area: Area, offset: u32, source: usize, size: u32, delivered: bool): bool {
  assert(areaHas(area, offset, size), 'mappingWrite: beyond the area');
  while (size) {
    const chunk = toPageEnd(offset, size);
    const target = areaWindow(area, offset, true, delivered);
    if (!target) return false;
    bytesCopy(target, source, chunk);
    spaceCounters(area.space).copies++;
    copyNote(area, offset, target, chunk, 0);
    offset += chunk;
    source += chunk;
    size -= chunk;
  }
  return true;
}

/** Copies bytes of the area to kernel memory at `target`. */
export function mappingRead(area: Area, offset: u32, target: usize, size: u32, delivered: bool): void {
  assert(areaHas(area, offset, size), 'mappingRead: beyond the area');
  while (size) {
    const chunk = toPageEnd(offset, size);
    bytesCopy(target, areaWindow(area, offset, false, delivered), chunk);
    offset += chunk;
    target += chunk;
    size -= chunk;
  }
}

/** Zeroes the bytes of a released buffer in the pages of the area that have frames. */
export function mappingFill(area: Area, offset: u32, size: u32): void {
  while (size) {
    const chunk = toPageEnd(offset, size);
    fillPageSlowly(area, offset, chunk);
    offset += chunk;
    size -= chunk;
  }
}

/** Zeroes bytes inside one page that has a frame. Drops the page when memory for the write is out. */
function fillPageSlowly(area: Area, offset: u32, size: u32): void {
  const index = <i32>(offset >>> PAGE_SHIFT);
  if (!areaPage(area, index).frame) return;
  const target = areaWindow(area, offset, true, MESSAGE_DELIVERED);
  if (!target) {
    drop(area, index);
    return;
  }
  memory.fill(target, 0, size);
  frameMarkDirty(target);
  traceLong(EVENT_CLEAR, area.pid, offset, <u32>target, size);
}

function drop(area: Area, index: i32): void {
  assert(areaPage(area, index).frame != 0, 'drop: the page has no frame');
  call_indirect<void>(area.strategy.drop, area, index);
}
