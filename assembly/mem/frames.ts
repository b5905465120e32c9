/**
 * Physical memory: the frame table, and the allocator of blocks of 2^order frames (a buddy allocator).
 * A frame is 4 KiB of linear memory, its number the linear address >> 12. The table has an entry for every frame:
 *
 *     0      1       2       4          8       12      16
 *     +------+-------+-------+----------+-------+-------+
 *     | kind | order | flags | refcount | owner | keeper|    a block that is in use
 *     +------+-------+-------+----------+-------+-------+
 *     | FREE | order | flags |    0     | next  | prev  |    a free block: on the list of its order
 *     +------+-------+-------+----------+-------+-------+
 *
 * The first entry of a block has FRAME_HEAD, its order and its reference count; the others of a block in use repeat
 * kind and owner, the others of a free block are zero. Two blocks of one order whose addresses differ in one bit are
 * buddies; free buddies merge. A block is split from its lower end, so fresh memory is given out in ascending order.
 *
 * Contents of a new block are undefined; frameAllocZero gives zeroes. Debug builds poison frames that become free,
 * and verify at the next allocation that nobody has written to them since.
 */
import {
  FRAME_DIRTY,
  FRAME_FREE,
  FRAME_HEAD,
  FRAME_ORDER_MAX,
  FRAME_POISONED,
  FRAME_RESERVED,
  FRAME_TABLE_ENTRY,
  PAGE_SHIFT,
  PAGE_SIZE,
  POISON_BYTE,
  POISON_END,
} from '../abi/machine';
import {
  LIST_SIZE,
  listAddHead,
  listAddTail,
  listCheck,
  listDel,
  listEmpty,
  listFirst,
  listInit,
  listNext,
} from '../lib/list';
import { machineCounters } from './counters';

@unmanaged
class Frame {
  kind: u8;
  order: u8;
  flags: u16;
  refcount: u32;
  /** Free: `next` of the list link. In use: whom the block belongs to; what that is depends on the kind. */
  owner: usize;
  /** Free: `prev` of the list link. In use: who keeps the frame though it could do without, or 0. */
  link: usize;
}

@unmanaged
class FramesState {
  /** Linear address of the entry of frame 0. */
  table: usize;
  /** Frames of memory, reserved ones included. */
  count: usize;
  /** Free frames, in blocks of whatever order. */
  free: usize;
  /** End of the highest block ever given out: linear memory from here on is as zero as the host made it. */
  touched: usize;
}

if (offsetof<Frame>() != FRAME_TABLE_ENTRY) ERROR('Frame is not the size of a frame table entry');

const state = changetype<FramesState>(memory.data(offsetof<FramesState>(), 4));
const freeLists = memory.data(LIST_SIZE * (FRAME_ORDER_MAX + 1), 4);
const LINK = offsetof<Frame>('owner');
/** Of the first word of an entry, what is zero but for the kind in all frames of a block behind the first. */
const INNER_MASK: u64 = 0xffffffff0000ffff | ((FRAME_HEAD as u64) << 16);
/** Eight bytes of poison. */
const POISON_WORD: u64 = (POISON_BYTE as u64) * 0x0101010101010101;

/**
 * Lays out `memoryBytes` of linear memory: poison below the statics, the table behind them, frames in the rest.
 * Linear memory must be as the host made it: zero but for the module's static data.
 */
export function framesBoot(memoryBytes: usize): void {
  const table = (__heap_base + 15) & ~15;
  state.table = table;
  state.count = memoryBytes >>> PAGE_SHIFT;
  state.free = 0;
  memory.fill(0, POISON_BYTE as u8, POISON_END);
  for (let order = 0; order <= FRAME_ORDER_MAX; order++) listInit(freeList(order));

  const tableEnd = table + state.count * FRAME_TABLE_ENTRY;
  const first = (tableEnd + PAGE_SIZE - 1) >>> PAGE_SHIFT;
  state.touched = first << PAGE_SHIFT;
  assert(first < state.count, 'framesBoot: there is no memory left behind the frame table');
  for (let number: usize = 0; number < first; number++) frameAt(number).kind = FRAME_RESERVED as u8;

  let number = first;
  while (number < state.count) {
    let order = FRAME_ORDER_MAX;
    while ((number & ((1 << order) - 1)) != 0 || number + (1 << order) > state.count) order--;
    const block = frameAt(number);
    block.order = order as u8;
    block.flags = FRAME_HEAD as u16;
    listAddTail(linkOf(block), freeList(order));
    state.free += 1 << order;
    number += 1 << order;
  }
}

/**
 * A block of 2^order frames with one reference.
 * @param kind FRAME_*, neither FRAME_FREE nor FRAME_RESERVED
 * @param owner whom the block belongs to, for inspection; its meaning depends on the kind
 * @returns its linear address, a multiple of its size; 0 if no block of that size is free
 */
export function frameAlloc(order: i32, kind: u32, owner: usize): usize {
  let from = order;
  while (listEmpty(freeList(from))) {
    if (++from > FRAME_ORDER_MAX) return 0;
  }
  const block = changetype<Frame>(listFirst(freeList(from)) - LINK);
  listDel(linkOf(block));
  while (from > order) {
    from--;
    const upper = neighbour(block, 1 << from);
    upper.order = from as u8;
    upper.flags |= FRAME_HEAD as u16;
    listAddHead(linkOf(upper), freeList(from));
  }
  const frames: usize = 1 << order;
  state.free -= frames;
  machineCounters.framesAllocated += frames;
  state.touched = max(state.touched, addressOf(block) + (frames << PAGE_SHIFT));
  if (!ASC_NO_ASSERT) assertPoisoned(block, frames);
  for (let i: usize = 1; i < frames; i++) {
    const frame = neighbour(block, i);
    frame.kind = kind as u8;
    frame.owner = owner;
  }
  block.kind = kind as u8;
  block.order = order as u8;
  block.flags = FRAME_HEAD as u16;
  block.refcount = 1;
  block.owner = owner;
  return addressOf(block);
}

/** frameAlloc of a block that is filled with zeroes (and therefore dirty). */
export function frameAllocZero(order: i32, kind: u32, owner: usize): usize {
  const address = frameAlloc(order, kind, owner);
  if (address == 0) return 0;
  const frames: usize = 1 << order;
  memory.fill(address, 0, frames << PAGE_SHIFT);
  machineCounters.framesZeroed += frames;
  for (let i: usize = 0; i < frames; i++) frameMarkDirty(address + (i << PAGE_SHIFT));
  return address;
}

/** One more reference to the block that begins at `address`. */
export function frameGet(address: usize): void {
  const block = frameOf(address);
  assert(isHeadInUse(block), 'frameGet: no block in use begins there');
  block.refcount++;
}

/** One reference less to the block that begins at `address`; the last one frees it. */
export function framePut(address: usize): void {
  const block = frameOf(address);
  assert(isHeadInUse(block), 'framePut: no block in use begins there');
  if (--block.refcount == 0) blockFree(block);
}

/** FRAME_* of the frame that holds `address`. */
export function frameKind(address: usize): u32 {
  return frameOf(address).kind;
}

export function frameOwner(address: usize): usize {
  return frameOf(address).owner;
}

/** Who keeps the frame at `address` and would give it up if asked: the faultGivesUp function knows what that is. 0: nobody. */
export function frameKeeper(address: usize): usize {
  return frameOf(address).link;
}

export function frameSetKeeper(address: usize, keeper: usize): void {
  frameOf(address).link = keeper;
}

/** References to the block that begins at `address`. */
export function frameRefcount(address: usize): u32 {
  return frameOf(address).refcount;
}

/** FRAME_DIRTY and FRAME_HEAD of the frame that holds `address`. */
export function frameFlags(address: usize): u32 {
  return frameOf(address).flags;
}

/** Order of the block that begins at `address`. */
export function frameOrder(address: usize): i32 {
  return frameOf(address).order;
}

/** The first block in use behind `address`, or behind the block that begins there; 0: there is none. */
export function frameNextUsed(address: usize): usize {
  let number = address >>> PAGE_SHIFT;
  while (true) {
    const before = frameAt(number);
    number += before.kind == FRAME_RESERVED ? 1 : 1 << (before.order as usize);
    if (number >= state.count) return 0;
    if ((frameAt(number).kind as i32) > FRAME_RESERVED) return number << PAGE_SHIFT;
  }
}

/** The frame's bytes have been written to. */
export function frameMarkDirty(address: usize): void {
  const frame = frameOf(address);
  if ((frame.flags & FRAME_DIRTY) == 0) frame.flags |= FRAME_DIRTY as u16; // nearly always set: a load is cheaper
}

/** The same for all frames of [address, address + size), one byte at least. */
export function framesMarkDirty(address: usize, size: usize): void {
  const last = changetype<usize>(frameOf(address + size - 1));
  for (let at = changetype<usize>(frameOf(address)); at <= last; at += FRAME_TABLE_ENTRY) {
    const frame = changetype<Frame>(at);
    if ((frame.flags & FRAME_DIRTY) == 0) frame.flags |= FRAME_DIRTY as u16;
  }
}

/** Hands the block that begins at `address` to another kind and owner, in all its frames. */
export function frameSetOwner(address: usize, kind: u32, owner: usize): void {
  const block = frameOf(address);
  assert(isHeadInUse(block), 'frameSetOwner: no block in use begins there');
  const frames: usize = 1 << (block.order as u32);
  for (let i: usize = 0; i < frames; i++) {
    const frame = neighbour(block, i);
    frame.kind = kind as u8;
    frame.owner = owner;
  }
}

/** How many frames are free. */
export function framesFree(): i32 {
  return state.free as i32;
}

/** How many frames are of a kind, and `owner`'s; owner 0: whosever they are. Looks at every frame. */
export function framesOf(kind: u32, owner: usize): i32 {
  let found = 0;
  for (let number: usize = 0; number < state.count; number++) {
    const frame = frameAt(number);
    if (frame.kind == kind && (!owner || frame.owner == owner)) found++;
  }
  return found;
}

/** Linear address of the frame table. */
export function framesTable(): usize {
  return state.table;
}

/** How many frames the memory has, reserved ones included. */
export function framesCount(): i32 {
  return state.count as i32;
}

/** Linear address behind which nobody has ever written: all of the machine's state lies below it. */
export function framesTouched(): usize {
  return state.touched;
}

/** Gives a block without references back, merged with its buddy as long as that is free too. */
function blockFree(block: Frame): void {
  let order = block.order as i32;
  const frames: usize = 1 << order;
  if (!ASC_NO_ASSERT) memory.fill(addressOf(block), POISON_BYTE as u8, frames << PAGE_SHIFT);
  for (let i: usize = 0; i < frames; i++) {
    const frame = neighbour(block, i);
    frame.kind = FRAME_FREE as u8;
    frame.order = 0;
    frame.flags = (ASC_NO_ASSERT ? 0 : FRAME_POISONED) as u16;
    frame.owner = 0;
    frame.link = 0;
  }
  state.free += frames;

  let number = numberOf(block);
  while (order < FRAME_ORDER_MAX) {
    const buddy = number ^ (1 << order);
    if (buddy >= state.count) break;
    const other = frameAt(buddy);
    if (!isFreeBlock(other, order)) break;
    listDel(linkOf(other));
    other.order = 0;
    other.flags &= ~(FRAME_HEAD as u16);
    number &= buddy;
    order++;
  }
  const merged = frameAt(number);
  merged.order = order as u8;
  merged.flags |= FRAME_HEAD as u16;
  listAddHead(linkOf(merged), freeList(order));
}

/**
 * Verifies the table, the lists and the poison below the statics.
 * @returns 0 if all is well; else the linear address of the first frame whose entry is wrong (a frame of the
 *   poison area is at least 1), or -1 if the lists or the number of free frames disagree with the table
 */
export function framesCheck(): i32 {
  for (let at: usize = 0; at < (POISON_END as usize); at += 8) {
    if (load<u64>(at) != POISON_WORD) return max(spoiltByte(at), 1) as i32;
  }
  let free: usize = 0;
  let freeBlocks = 0;
  let number: usize = 0;
  while (number < state.count) {
    const block = frameAt(number);
    if (block.kind == FRAME_RESERVED) {
      number++;
      continue;
    }
    if (!blockCheck(block, number)) return (number << PAGE_SHIFT) as i32;
    if (block.kind == FRAME_FREE) {
      free += 1 << (block.order as u32);
      freeBlocks++;
    }
    number += 1 << (block.order as u32);
  }
  return free == state.free && freeBlocks == listedBlocks() ? 0 : -1;
}

/** The first byte from `at` on that is not poison; there is one. */
function spoiltByte(at: usize): usize {
  let byte = at;
  while (load<u8>(byte) == POISON_BYTE) byte++;
  return byte;
}

/** Does a well-formed block begin at frame `number`? */
function blockCheck(block: Frame, number: usize): bool {
  const order = block.order as i32;
  const frames: usize = 1 << order;
  const isFree = block.kind == FRAME_FREE;
  if (order > FRAME_ORDER_MAX || (number & (frames - 1)) != 0 || number + frames > state.count) return false;
  if ((block.flags & FRAME_HEAD) == 0 || isFree != (block.refcount == 0)) return false;
  const end = changetype<usize>(neighbour(block, frames));
  for (let at = changetype<usize>(neighbour(block, 1)); at < end; at += FRAME_TABLE_ENTRY) {
    if ((load<u64>(at) & INNER_MASK) != block.kind) return false;
  }
  if (!isFree || order == FRAME_ORDER_MAX) return true;
  const buddy = number ^ frames;
  return buddy >= state.count || !isFreeBlock(frameAt(buddy), order); // they would have been merged
}

/** How many blocks the free lists hold; -1 if a list is broken or holds a block of another order. */
function listedBlocks(): i32 {
  let blocks = 0;
  for (let order = 0; order <= FRAME_ORDER_MAX; order++) {
    const head = freeList(order);
    if (!listCheck(head)) return -1;
    for (let link = listFirst(head); link != 0; link = listNext(link, head)) {
      if (!isFreeBlock(changetype<Frame>(link - LINK), order)) return -1;
      blocks++;
    }
  }
  return blocks;
}

/** The frames of a block that have been free before must be as they were left. */
function assertPoisoned(block: Frame, frames: usize): void {
  for (let i: usize = 0; i < frames; i++) {
    const frame = neighbour(block, i);
    if ((frame.flags & FRAME_POISONED) == 0) continue;
    frame.flags &= ~(FRAME_POISONED as u16);
    const address = addressOf(frame);
    for (let at = address; at < address + PAGE_SIZE; at++) {
      assert(load<u8>(at) == POISON_BYTE, 'frameAlloc: somebody has written to a free frame');
    }
  }
}

function isHeadInUse(block: Frame): bool {
  return (block.kind as i32) > FRAME_RESERVED && (block.flags & FRAME_HEAD) != 0 && block.refcount != 0;
}

function isFreeBlock(block: Frame, order: i32): bool {
  return block.kind == FRAME_FREE && (block.order as i32) == order && (block.flags & FRAME_HEAD) != 0;
}

function freeList(order: i32): usize {
  return freeLists + (order as usize) * LIST_SIZE;
}

function linkOf(block: Frame): usize {
  return changetype<usize>(block) + LINK;
}

function frameOf(address: usize): Frame {
  return frameAt(address >>> PAGE_SHIFT);
}

function frameAt(number: usize): Frame {
  return changetype<Frame>(state.table + number * FRAME_TABLE_ENTRY);
}

function neighbour(frame: Frame, distance: usize): Frame {
  return changetype<Frame>(changetype<usize>(frame) + distance * FRAME_TABLE_ENTRY);
}

function numberOf(frame: Frame): usize {
  return (changetype<usize>(frame) - state.table) / FRAME_TABLE_ENTRY;
}

function addressOf(frame: Frame): usize {
  return numberOf(frame) << PAGE_SHIFT;
}
