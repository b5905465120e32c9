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
 * and verify at the next allocation that they were not written since.
 */
import {
  FRAME_DIRTY,
  FRAME_FREE,
  FRAME_HEAD,
  FRAME_ORDER_MAX,
  FRAME_POISONED,
  FRAME_RESERVED,
  FRAME_TABLE_ENTRY,
  INJECT_FRAME,
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
import { injectionDue } from './injection';

@unmanaged
class Frame {
  kind: u8;
  order: u8;
  flags: u16;
  refcount: u32;
  owner: usize; // free: `next` of the list link. In use: the block's owner, whose type depends on the kind
  link: usize; // free: `prev` of the list link. In use: the keeper, which can give the frame up; or 0
}

@unmanaged
class FramesState {
  table: usize; // linear address of the entry of frame 0
  count: usize; // frames of memory, reserved ones included
  free: usize; // free frames, in blocks of whatever order
  touched: usize; // end of the highest block ever given out: linear memory from here on is as zero as the host made it
}

if (offsetof<Frame>() != FRAME_TABLE_ENTRY) ERROR('Frame is not the size of a frame table entry');

const state = changetype<FramesState>(memory.data(offsetof<FramesState>(), 4));
const freeLists = memory.data(LIST_SIZE * (FRAME_ORDER_MAX + 1), 4);
const LINK = offsetof<Frame>('owner');
/** The bits of an entry's first word that are zero, but for the kind, in all frames of a block after the first. */
const INNER_MASK: u64 = 0xffffffff0000ffff | ((<u64>FRAME_HEAD) << 16);
/** Eight bytes of poison. */
const POISON_WORD: u64 = <u64>POISON_BYTE * 0x0101010101010101;

/**
 * Lays out `memoryBytes` of linear memory: poison below the statics, the table after them, frames in the rest.
 * Linear memory must be as the host made it: zero but for the module's static data.
 */
export function framesBoot(memoryBytes: usize): void {
  const table = (__heap_base + 15) & ~15;
  state.table = table;
  state.count = memoryBytes >>> PAGE_SHIFT;
  state.free = 0;
  memory.fill(0, <u8>POISON_BYTE, POISON_END);
  for (let order = 0; order <= FRAME_ORDER_MAX; order++) listInit(freeList(order));

  const tableEnd = table + state.count * FRAME_TABLE_ENTRY;
  const first = (tableEnd + PAGE_SIZE - 1) >>> PAGE_SHIFT;
  state.touched = first << PAGE_SHIFT;
  assert(first < state.count, 'framesBoot: there is no memory left after the frame table');
  for (let number: usize = 0; number < first; number++) frameAt(number).kind = <u8>FRAME_RESERVED;

  let number = first;
  while (number < state.count) {
    let order = FRAME_ORDER_MAX;
    while ((number & ((1 << order) - 1)) != 0 || number + (1 << order) > state.count) order--;
    const block = frameAt(number);
    block.order = <u8>order;
    block.flags = <u16>FRAME_HEAD;
    listAddTail(linkOf(block), freeList(order));
    state.free += 1 << order;
    number += 1 << order;
  }
}

/**
 * A block of 2^order frames with one reference.
 * @param kind FRAME_*, neither FRAME_FREE nor FRAME_RESERVED
 * @param owner the block's owner, for inspection; its type depends on the kind
 * @returns its linear address, a multiple of its size; 0 if no block of that size is free
 */
export function frameAlloc(order: i32, kind: u32, owner: usize): usize {
  if (injectionDue(INJECT_FRAME)) return 0;
  let from = order;
  while (listEmpty(freeList(from))) {
    if (++from > FRAME_ORDER_MAX) return 0;
  }
  const block = changetype<Frame>(listFirst(freeList(from)) - LINK);
  listDel(linkOf(block));
  while (from > order) {
    from--;
    const upper = neighbour(block, 1 << from);
    upper.order = <u8>from;
    upper.flags |= <u16>FRAME_HEAD;
    listAddHead(linkOf(upper), freeList(from));
  }
  const frames: usize = 1 << order;
  state.free -= frames;
  machineCounters.framesAllocated += frames;
  state.touched = max(state.touched, addressOf(block) + (frames << PAGE_SHIFT));
  if (!ASC_NO_ASSERT) assertPoisoned(block, frames);
  for (let i: usize = 1; i < frames; i++) {
    const frame = neighbour(block, i);
    frame.kind = <u8>kind;
    frame.owner = owner;
  }
  block.kind = <u8>kind;
  block.order = <u8>order;
  block.flags = <u16>FRAME_HEAD;
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

/** The keeper of the frame at `address`, for the function of faultGivesUp; 0: none. */
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

/** The first block in use after `address`, or after the block that begins there; 0: there is none. */
export function frameNextUsed(address: usize): usize {
  let number = address >>> PAGE_SHIFT;
  while (true) {
    const before = frameAt(number);
    number += before.kind == FRAME_RESERVED ? 1 : 1 << (<usize>before.order);
    if (number >= state.count) return 0;
    if (<i32>frameAt(number).kind > FRAME_RESERVED) return number << PAGE_SHIFT;
  }
}

/** The frame's bytes have been written to. */
export function frameMarkDirty(address: usize): void {
  const frame = frameOf(address);
  if ((frame.flags & FRAME_DIRTY) == 0) frame.flags |= <u16>FRAME_DIRTY; // nearly always set: a load is cheaper
}

/** The same for all frames of [address, address + size), one byte at least. */
export function framesMarkDirty(address: usize, size: usize): void {
  const last = changetype<usize>(frameOf(address + size - 1));
  for (let at = changetype<usize>(frameOf(address)); at <= last; at += FRAME_TABLE_ENTRY) {
    const frame = changetype<Frame>(at);
    if ((frame.flags & FRAME_DIRTY) == 0) frame.flags |= <u16>FRAME_DIRTY;
  }
}

/** How many frames are free. */
export function framesFree(): i32 {
  return <i32>state.free;
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
  return <i32>state.count;
}

/** Linear address from which on memory was never written. All of the machine's state is below it. */
export function framesTouched(): usize {
  return state.touched;
}

/** Gives a block without references back, merged with its buddy as long as that is free too. */
function blockFree(block: Frame): void {
  let order = <i32>block.order;
  const frames: usize = 1 << order;
  if (!ASC_NO_ASSERT) memory.fill(addressOf(block), <u8>POISON_BYTE, frames << PAGE_SHIFT);
  for (let i: usize = 0; i < frames; i++) {
    const frame = neighbour(block, i);
    frame.kind = <u8>FRAME_FREE;
    frame.order = 0;
    frame.flags = <u16>(ASC_NO_ASSERT ? 0 : FRAME_POISONED);
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
    other.flags &= ~(<u16>FRAME_HEAD);
    number &= buddy;
    order++;
  }
  const merged = frameAt(number);
  merged.order = <u8>order;
  merged.flags |= <u16>FRAME_HEAD;
  listAddHead(linkOf(merged), freeList(order));
}

/**
 * Verifies the table, the lists and the poison below the statics.
 * @returns 0 if all is well; else the linear address of the first frame whose entry is wrong (a frame of the
 *   poison area is at least 1), or -1 if the lists or the number of free frames disagree with the table
 */
export function framesCheck(): i32 {
  for (let at: usize = 0; at < <usize>POISON_END; at += 64) {
    if (!isPoison(at)) return <i32>max(spoiltByte(at), 1);
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
    if (!blockCheck(block, number)) return <i32>(number << PAGE_SHIFT);
    if (block.kind == FRAME_FREE) {
      free += 1 << (<u32>block.order);
      freeBlocks++;
    }
    number += 1 << (<u32>block.order);
  }
  return free == state.free && freeBlocks == listedBlocks() ? 0 : -1;
}

/** Whether 64 bytes are poison: the words differ from it in no bit. */
function isPoison(at: usize): bool {
  const front = (load<u64>(at) ^ POISON_WORD) | (load<u64>(at, 8) ^ POISON_WORD);
  const next = (load<u64>(at, 16) ^ POISON_WORD) | (load<u64>(at, 24) ^ POISON_WORD);
  const third = (load<u64>(at, 32) ^ POISON_WORD) | (load<u64>(at, 40) ^ POISON_WORD);
  const last = (load<u64>(at, 48) ^ POISON_WORD) | (load<u64>(at, 56) ^ POISON_WORD);
  return !(front | next | third | last);
}

/** The first byte from `at` on that is not poison; there is one. */
function spoiltByte(at: usize): usize {
  let byte = at;
  while (load<u8>(byte) == POISON_BYTE) byte++;
  return byte;
}

/** Does a well-formed block begin at frame `number`? */
function blockCheck(block: Frame, number: usize): bool {
  const order = <i32>block.order;
  const frames: usize = 1 << order;
  const isFree = block.kind == FRAME_FREE;
  if (order > FRAME_ORDER_MAX || (number & (frames - 1)) != 0 || number + frames > state.count) return false;
  if ((block.flags & FRAME_HEAD) == 0 || isFree != (block.refcount == 0)) return false;
  const kind: u64 = block.kind;
  const end = changetype<usize>(neighbour(block, frames));
  let at = changetype<usize>(neighbour(block, 1));
  let differing: u64 = 0; // bits in which an entry differs from what it should be
  for (; at + 4 * FRAME_TABLE_ENTRY <= end; at += 4 * FRAME_TABLE_ENTRY) {
    differing |= (load<u64>(at) ^ kind) | (load<u64>(at, FRAME_TABLE_ENTRY) ^ kind);
    differing |= (load<u64>(at, 2 * FRAME_TABLE_ENTRY) ^ kind) | (load<u64>(at, 3 * FRAME_TABLE_ENTRY) ^ kind);
  }
  for (; at < end; at += FRAME_TABLE_ENTRY) differing |= load<u64>(at) ^ kind;
  if (differing & INNER_MASK) return false;
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
    frame.flags &= ~(<u16>FRAME_POISONED);
    const address = addressOf(frame);
    for (let at = address; at < address + PAGE_SIZE; at++) {
      assert(load<u8>(at) == POISON_BYTE, 'frameAlloc: something has written to a free frame');
    }
  }
}

function isHeadInUse(block: Frame): bool {
  return <i32>block.kind > FRAME_RESERVED && (block.flags & FRAME_HEAD) != 0 && block.refcount != 0;
}

function isFreeBlock(block: Frame, order: i32): bool {
  return block.kind == FRAME_FREE && <i32>block.order == order && (block.flags & FRAME_HEAD) != 0;
}

function freeList(order: i32): usize {
  return freeLists + <usize>order * LIST_SIZE;
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
