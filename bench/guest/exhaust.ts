/**
 * The guest's part of the allocator's exhaustive test: one area, five buffers, and a check of every page after each
 * step. The area is 32 pages long, as in the kernel's KUnit test, so that a set of pages is one word:
 *
 *     page            0    1    2    3    4   ...  31
 *     buffers      [ A ][ B  |   C ]│[ D ]│
 *     touched by C      0    1    1    0              bits, the same way for each buffer
 *     active       = those of live buffers            wanted: a frame, not on the LRU
 *     used         = active since the shrinker ran    wanted: a frame, and on the LRU unless active
 *
 * The wanted state follows from the sizes alone, not from the allocator. A buffer is delivered right after it is
 * reserved, since under some strategies its pages get their frames only at delivery.
 */
import { ENOMEM } from '../../assembly/abi/errno';
import { MAP_FIXED_NOREPLACE, MAP_PRIVATE, PAGE_SHIFT, PAGE_SIZE, PROT_READ } from '../../assembly/abi/machine';
import { allocCreate, allocDeliver, allocFree, allocMmap, allocReserve, BinderAlloc } from '../../assembly/alloc/alloc';
import { Buffer } from '../../assembly/alloc/buffer';
import { lruFirst, lruNext, lruShrink } from '../../assembly/alloc/pages';
import { areaPage, pageOnLru } from '../../assembly/mapping/area';
import { mappingStrategy } from '../../assembly/mapping/index';
import { MapRequest, spaceMap } from '../../assembly/mem/areas';
import { framesFree } from '../../assembly/mem/frames';
import { spaceCreate, spaceResident, spaceVma } from '../../assembly/mem/space';
import {
  ALIGN_NEXT_BUT_ONE_PAGE,
  ALIGN_NEXT_PAGE,
  ALIGN_NEXT_PAGE_END,
  ALIGN_SAME_PAGE,
  ALIGN_SAME_PAGE_END,
  ALIGNMENT_COUNT,
  BUFFER_COUNT,
  ORDER_COUNT,
  PAGE_HAS_FRAME,
  PAGE_ON_LRU,
  STEP_COUNT,
  STEP_FREE,
  STEP_FREE_AGAIN,
  STEP_REFILL,
  STEP_RESERVE_AGAIN,
  STEP_SHRINK,
  SUBJECT_DELIVER,
  SUBJECT_FRAMES,
  SUBJECT_LRU,
  SUBJECT_MAPPED,
  SUBJECT_NONE,
  SUBJECT_NULL,
  SUBJECT_OFFSET,
  SUBJECT_PAGE,
  SUBJECT_RESERVE,
  SUBJECT_SHRUNK,
} from './exhaustcases';

const PAGE_COUNT = 32;
const AREA_SIZE: u32 = PAGE_COUNT * PAGE_SIZE;
const AREA_BASE: u64 = 0x70000000;
const ALL_PAGES: u32 = 0xffffffff;
/** Distance in bytes of an unaligned end from its reference. Five of these fit into a page. */
const BIT: u32 = 512;
const PID = 1;

/** One of the five buffers: its planned place and size, and the reserved buffer. */
@unmanaged
class Planned {
  offset: u32; // wanted
  size: u32;
  pages: u32; // bit for each page that it touches
  buffer: usize; // 0 unless it is live
}

@unmanaged
class Run {
  alloc: BinderAlloc;
  order: i32; // of freeing, 0 to ORDER_COUNT - 1
  freed: u32; // the order as digits of 4 bits: the buffer that is freed first is the lowest
  step: i32; // the next step, or the failed one
  active: u32; // bit for each page that a live buffer touches
  used: u32; // bit for each page that must have a frame
  framesFree: i32; // after the first run; its page tables stay
  atNull: u64; // word at address 0: without asserts, unlinking an entry that is on no list stores there
  subject: i32; // SUBJECT_*: the kind of failure; the fields below are valid only with one
  page: i32;
  wanted: i32;
  found: i32;
}

const run = changetype<Run>(memory.data(offsetof<Run>(), 8));
const request = changetype<MapRequest>(memory.data(offsetof<MapRequest>(), 8));
const plans: usize = memory.data(BUFFER_COUNT * offsetof<Planned>(), 8);

/** Maps the area in a new address space, once after boot. 0, -ENOMEM or -EINVAL. */
export function exhaustStart(strategyNumber: i32): i32 {
  const strategy = mappingStrategy(strategyNumber)!;
  const alloc = allocCreate(PID);
  const space = spaceCreate(0);
  if (!alloc || !space) return -ENOMEM;
  request.addr = AREA_BASE;
  request.len = AREA_SIZE;
  request.prot = PROT_READ;
  request.flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
  const address = spaceMap(space, request);
  if (address < 0) return <i32>address;
  const vma = spaceVma(space, AREA_BASE)!;
  const error = allocMmap(alloc, space, vma, strategy);
  if (error) return error;
  vma.mayWrite = false;
  run.alloc = alloc;
  run.framesFree = -1;
  run.atNull = load<u64>(0);
  run.used = strategy.reclaims ? 0 : ALL_PAGES;
  return 0;
}

/** Runs all orders of freeing from `order` on, until one fails. False when one failed. */
export function exhaustOrders(alignments: i32, atEnd: bool, order: i32): bool {
  planBuffers(alignments, atEnd);
  for (; order < ORDER_COUNT; order++) {
    planOrder(order);
    while (run.step < STEP_COUNT) if (!exhaustStep()) return false;
  }
  return true;
}

/** Prepares a single run. */
export function exhaustPlan(alignments: i32, atEnd: bool, order: i32): void {
  planBuffers(alignments, atEnd);
  planOrder(order);
}

/** Performs the next step of the run. Whether the wanted state holds. */
export function exhaustStep(): bool {
  if (!perform(run.step) || !pagesHold() || !countsHold()) return false;
  run.step++;
  return true;
}

/** The order of the run. */
export function exhaustOrder(): i32 {
  return run.order;
}

/** The step that failed. */
export function exhaustFailed(): i32 {
  return run.step;
}

/** SUBJECT_*: the kind of failure; 0 without one. */
export function exhaustSubject(): i32 {
  return run.subject;
}

/** The page in a wrong state; -1 for a failure of another kind. */
export function exhaustPage(): i32 {
  return run.page;
}

export function exhaustWanted(): i32 {
  return run.wanted;
}

export function exhaustFound(): i32 {
  return run.found;
}

export function exhaustOffset(buffer: i32): u32 {
  return plan(buffer).offset;
}

export function exhaustSize(buffer: i32): u32 {
  return plan(buffer).size;
}

/** The buffer that is freed at place `turn` of the order, from 0. */
export function exhaustFreed(turn: i32): i32 {
  return (run.freed >>> (4 * turn)) & 15;
}

export function exhaustAlloc(): BinderAlloc {
  return run.alloc;
}

function perform(step: i32): bool {
  if (step < STEP_FREE) return reserve(plan(step));
  if (step < STEP_RESERVE_AGAIN) return free(plan(exhaustFreed(step - STEP_FREE)));
  if (step < STEP_REFILL) return reserve(plan(step - STEP_RESERVE_AGAIN));
  if (step < STEP_FREE_AGAIN) {
    const turn = (step - STEP_REFILL) >> 1;
    const planned = plan(exhaustFreed(turn));
    return planned.buffer ? free(planned) : reserve(planned);
  }
  if (step < STEP_SHRINK) return free(plan(exhaustFreed(step - STEP_FREE_AGAIN)));
  return shrink();
}

function plan(index: i32): Planned {
  return changetype<Planned>(plans + <usize>index * offsetof<Planned>());
}

/**
 * Plans contiguous buffers. At the end of the area the layout is mirrored: the last buffer is the image of the first
 * one and ends with the area. The first buffer takes the rest of the area, so that the others get their places. So the
 * alignment of its start has no effect there, and each of these layouts occurs five times.
 */
function planBuffers(alignments: i32, atEnd: bool): void {
  let end: u32 = 0;
  for (let index = 0; index < BUFFER_COUNT; index++) {
    const offset = end;
    end = alignedEnd(offset, alignments % ALIGNMENT_COUNT);
    alignments /= ALIGNMENT_COUNT;
    const last = index == BUFFER_COUNT - 1;
    if (!atEnd) planBuffer(index, offset, end);
    else planBuffer(BUFFER_COUNT - 1 - index, last ? 0 : AREA_SIZE - end, AREA_SIZE - offset);
  }
  assert(end < AREA_SIZE, 'exhaust: the buffers do not fit into the area');
}

function planBuffer(index: i32, offset: u32, end: u32): void {
  const planned = plan(index);
  planned.offset = offset;
  planned.size = end - offset;
  planned.pages = ((<u32>2) << ((end - 1) >>> PAGE_SHIFT)) - ((<u32>1) << (offset >>> PAGE_SHIFT));
  planned.buffer = 0;
}

/** The end of a buffer that begins at `start`. */
function alignedEnd(start: u32, alignment: i32): u32 {
  const next = ((start >>> PAGE_SHIFT) + 1) << PAGE_SHIFT;
  switch (alignment) {
    case ALIGN_SAME_PAGE:
      return start + BIT;
    case ALIGN_SAME_PAGE_END:
      return next;
    case ALIGN_NEXT_PAGE:
      return next + BIT;
    case ALIGN_NEXT_PAGE_END:
      return next + PAGE_SIZE;
    default:
      assert(alignment == ALIGN_NEXT_BUT_ONE_PAGE, 'exhaust: there is no such alignment');
      return next + PAGE_SIZE + BIT;
  }
}

/** Order number `order` of all, sorted by the first freed buffer, then by the second, and so on. */
function planOrder(order: i32): void {
  run.order = order;
  run.freed = 0;
  run.step = 0;
  run.subject = SUBJECT_NONE;
  let left: u32 = (1 << BUFFER_COUNT) - 1;
  let orders = ORDER_COUNT;
  for (let turn = 0; turn < BUFFER_COUNT; turn++) {
    orders /= BUFFER_COUNT - turn;
    let candidates = left;
    for (let skip = (order / orders) % (BUFFER_COUNT - turn); skip; skip--) candidates &= candidates - 1;
    const chosen = ctz(candidates);
    left ^= 1 << chosen;
    run.freed |= chosen << (4 * turn);
  }
}

function reserve(planned: Planned): bool {
  const result = allocReserve(run.alloc, planned.size, 0, 0, false, PID);
  if (result < 0) return fail(SUBJECT_RESERVE, 0, result);
  const buffer = changetype<Buffer>(result);
  planned.buffer = result;
  if (buffer.offset != planned.offset) return fail(SUBJECT_OFFSET, planned.offset, buffer.offset);
  const error = allocDeliver(run.alloc, buffer);
  if (error) return fail(SUBJECT_DELIVER, 0, error);
  run.active |= planned.pages;
  run.used |= planned.pages;
  return true;
}

function free(planned: Planned): bool {
  allocFree(run.alloc, changetype<Buffer>(planned.buffer));
  planned.buffer = 0;
  run.active = 0;
  for (let index = 0; index < BUFFER_COUNT; index++) if (plan(index).buffer) run.active |= plan(index).pages;
  return true;
}

/** Runs the shrinker on all pages that it may take. Afterwards nothing of the run is left. */
function shrink(): bool {
  const reclaims = run.alloc.strategy.reclaims;
  const wanted = reclaims ? popcnt(run.used) : 0;
  const taken = lruShrink(PAGE_COUNT + 1);
  if (taken != wanted) return fail(SUBJECT_SHRUNK, wanted, taken);
  run.used = reclaims ? 0 : ALL_PAGES;
  const left = framesFree();
  if (run.framesFree < 0) run.framesFree = left;
  return left == run.framesFree || fail(SUBJECT_FRAMES, run.framesFree, left);
}

/** Whether exactly the wanted pages have a frame, and exactly the wanted pages are on the LRU. */
function pagesHold(): bool {
  let framed: u32 = 0;
  let onLru: u32 = 0;
  for (let index = 0; index < PAGE_COUNT; index++) {
    const page = areaPage(run.alloc, index);
    framed |= (<u32>(page.frame ? 1 : 0)) << index;
    onLru |= (<u32>(pageOnLru(page) ? 1 : 0)) << index;
  }
  const wrong = (framed ^ run.used) | (onLru ^ idlePages());
  if (!wrong) return true;
  const index = ctz(wrong);
  fail(SUBJECT_PAGE, pageState(run.used, idlePages(), index), pageState(framed, onLru, index));
  run.page = index;
  return false;
}

/** Whether the LRU has every idle page, the user's table maps every page with a frame, and address 0 is unchanged. */
function countsHold(): bool {
  const idle = popcnt(idlePages());
  const listed = lruLength();
  if (listed != idle) return fail(SUBJECT_LRU, idle, listed);
  if (load<u64>(0) != run.atNull) return fail(SUBJECT_NULL, 0, 0);
  if (!run.alloc.strategy.eager) return true;
  const used = popcnt(run.used);
  const mapped = spaceResident(run.alloc.space);
  return mapped == used || fail(SUBJECT_MAPPED, used, mapped);
}

/** Length of the list, counted up to one page too many: a broken list may be endless. */
function lruLength(): i32 {
  let length = 0;
  let page = lruFirst();
  while (page && length <= PAGE_COUNT) {
    length++;
    page = lruNext(page);
  }
  return length;
}

/** Pages that an earlier buffer touched and no live one touches; none under a strategy that keeps its pages. */
function idlePages(): u32 {
  return run.alloc.strategy.reclaims ? run.used & ~run.active : 0;
}

function pageState(framed: u32, onLru: u32, index: i32): i32 {
  return ((framed >>> index) & 1) * PAGE_HAS_FRAME + ((onLru >>> index) & 1) * PAGE_ON_LRU;
}

/** Records the failure. Always false. */
function fail(subject: i32, wanted: i32, found: i32): bool {
  run.subject = subject;
  run.page = -1;
  run.wanted = wanted;
  run.found = found;
  return false;
}
