/**
 * The allocator's exhaustive test, the part inside of the guest: one area, five buffers, and after each step a look at
 * every page. The area is 32 pages long, as in the kernel's KUnit test, so that sets of pages are words:
 *
 *     page            0    1    2    3    4   ...  31
 *     buffers      [ A ][ B  |   C ]│[ D ]│
 *     touched by C      0    1    1    0              bits, the same way for each buffer
 *     active       = those of live buffers            wanted: a frame, not on the LRU
 *     used         = active since the shrinker ran    wanted: a frame, and on the LRU unless active
 *
 * What is wanted follows from the sizes alone; nothing of it is asked of the allocator. A buffer is reserved and delivered
 * at once, since under some strategies its pages get their frames only then.
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
/** How far an end that is not aligned lies behind what it is measured from. Five of these fit into a page. */
const BIT: u32 = 512;
const PID = 1;

/** One of the five buffers: what is asked for, and what came of it. */
@unmanaged
class Planned {
  offset: u32; // where it has to lie
  size: u32;
  pages: u32; // bit for each page that it touches
  buffer: usize; // while it lives
}

@unmanaged
class Run {
  alloc: BinderAlloc;
  order: i32; // of freeing, 0 to ORDER_COUNT - 1
  freed: u32; // the same as digits of 4 bits: the buffer that is freed first is the lowest
  step: i32; // that is next, or that failed
  active: u32; // bit for each page that a live buffer touches
  used: u32; // bit for each page that has to have a frame
  framesFree: i32; // behind the first run; its page tables stay
  atNull: u64; // what lies at address 0: without asserts, to unlink what is on no list stores there
  subject: i32; // SUBJECT_*: what is wrong; nothing that follows is meant otherwise
  page: i32;
  wanted: i32;
  found: i32;
}

const run = changetype<Run>(memory.data(offsetof<Run>(), 8));
const request = changetype<MapRequest>(memory.data(offsetof<MapRequest>(), 8));
const plans: usize = memory.data(BUFFER_COUNT * offsetof<Planned>(), 8);

/** Maps the area in a space of its own. The machine is booted and has none yet. 0, -ENOMEM or -EINVAL. */
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

/** Runs all orders of freeing from `order` on, until one fails. Whether none did. */
export function exhaustOrders(alignments: i32, atEnd: bool, order: i32): bool {
  planBuffers(alignments, atEnd);
  for (; order < ORDER_COUNT; order++) {
    planOrder(order);
    while (run.step < STEP_COUNT) if (!exhaustStep()) return false;
  }
  return true;
}

/** Makes a single run ready. */
export function exhaustPlan(alignments: i32, atEnd: bool, order: i32): void {
  planBuffers(alignments, atEnd);
  planOrder(order);
}

/** The next step of the run. Whether all is as it has to be. */
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

/** SUBJECT_*: what is wrong; 0 as long as nothing is. */
export function exhaustSubject(): i32 {
  return run.subject;
}

/** The page that is in a wrong state; -1 when it is something else. */
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

/** The buffer that is freed as number `turn`, from 0. */
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
 * Lays the buffers out one behind the other. At the end of the area it is the mirror image: the last buffer is the first
 * one's image and ends with the area. The first one takes all that the others leave, so that each finds its place: how it
 * would begin makes no difference there, and each of these layouts comes up five times.
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

/** Where a buffer ends that begins at `start`. */
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

/** Order number `order` of all, sorted by who is freed first, then by who is next, and so on. */
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

/** The shrinker takes all that it may. Nothing of the run is left then. */
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

/** Every page has a frame, and is on the LRU, exactly if it has to. */
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

/** The LRU is as long as there are idle pages, as many pages are mapped for the user as have frames, and null is no record. */
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

/** Pages that the list links, counted no further than to one too many: a broken list may have no end. */
function lruLength(): i32 {
  let length = 0;
  let page = lruFirst();
  while (page && length <= PAGE_COUNT) {
    length++;
    page = lruNext(page);
  }
  return length;
}

/** Those that no live buffer touches, but one did; none under a strategy that keeps its pages. */
function idlePages(): u32 {
  return run.alloc.strategy.reclaims ? run.used & ~run.active : 0;
}

function pageState(framed: u32, onLru: u32, index: i32): i32 {
  return ((framed >>> index) & 1) * PAGE_HAS_FRAME + ((onLru >>> index) & 1) * PAGE_ON_LRU;
}

/** Keeps what is wrong. Always false. */
function fail(subject: i32, wanted: i32, found: i32): bool {
  run.subject = subject;
  run.page = -1;
  run.wanted = wanted;
  run.found = found;
  return false;
}
