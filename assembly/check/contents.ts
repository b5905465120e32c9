/**
 * References that the messages in a proc's buffers hold. The driver takes them when it translates a message. It reads the
 * same objects again to release them. So every allocated buffer of a live proc holds, until it is freed,
 *
 *     the node that was called              strongly (localStrongRefs)
 *     each BINDER object's node             strongly
 *     each WEAK_BINDER object's node        weakly (localWeakRefs)
 *     its place in the queue of oneways     for a oneway
 *
 * The count is exact: the receiver cannot write its mapping, and a node held in this way cannot be freed and made anew. It
 * is exact for lost messages, too. Their buffers cannot be freed and stay until the proc dies, as in Linux.
 *
 * Refs cannot be counted. HANDLE objects hold refs, but user space may drop more counts of a handle than it ever took. A
 * dead proc cannot be counted: its nodes are gone, and its buffers are freed without being read again.
 */
import {
  VIOLATION_BUFFER_OBJECT,
  VIOLATION_NODE,
  VIOLATION_NODE_LOCAL_STRONG,
  VIOLATION_NODE_LOCAL_WEAK,
  VIOLATION_NODE_ONEWAY,
  VIOLATION_TRANSACTION_BUFFER,
} from '../abi/check';
import { CACHE_BINDER_NODE, CACHE_BINDER_TRANSACTION, PAGE_MASK, PAGE_SHIFT } from '../abi/machine';
import { BINDER_TYPE_BINDER, BINDER_TYPE_WEAK_BINDER } from '../abi/protocol';
import { FLAT_OBJECT_HANDLE } from '../abi/wire';
import { allocRanges, BinderAlloc } from '../alloc/alloc';
import { Buffer, bufferOffsetsStart } from '../alloc/buffer';
import { rangesFirst, rangesNext } from '../alloc/ranges';
import { Node, Proc, Transaction } from '../driver/objects';
import { rbLeft, rbRight, rbRoot } from '../lib/rbtree';
import { areaPage } from '../mapping/area';
import { mappingStaged } from '../mapping/index';
import { pointsAt } from './links';
import { blame } from './report';
import { hold } from './tally';

/** Counts for all buffers of a proc. Its area and nodes were checked before. */
export function holdMessages(proc: Proc): bool {
  if (!proc.alloc.size) return true;
  const ranges = allocRanges(proc.alloc);
  let buffer = rangesFirst(ranges);
  while (buffer) {
    if (!buffer.free && !holdMessage(proc, buffer)) return false;
    buffer = rangesNext(ranges, buffer);
  }
  return true;
}

function holdMessage(proc: Proc, buffer: Buffer): bool {
  const at = changetype<usize>(buffer);
  if (buffer.transaction) {
    if (!pointsAt(CACHE_BINDER_TRANSACTION, buffer.transaction, at)) return false;
    const transaction = changetype<Transaction>(buffer.transaction);
    if (transaction.buffer != buffer || transaction.toProc != proc)
      return blame(VIOLATION_TRANSACTION_BUFFER, at, <i32>buffer.transaction);
  }
  if (proc.isDead) return true;
  if (buffer.targetNode) {
    if (!pointsAt(CACHE_BINDER_NODE, buffer.targetNode, at)) return false;
    if (changetype<Node>(buffer.targetNode).proc != proc) return blame(VIOLATION_NODE, buffer.targetNode);
    hold(VIOLATION_NODE_LOCAL_STRONG, buffer.targetNode);
    if (buffer.isAsync) hold(VIOLATION_NODE_ONEWAY, buffer.targetNode);
  }
  const start = bufferOffsetsStart(buffer);
  for (let entry: u32 = 0; entry + 8 <= buffer.offsetsSize; entry += 8) {
    if (!holdObject(proc, buffer, wordAt(proc.alloc, buffer, buffer.offset + start + entry))) return false;
  }
  return true;
}

/** Counts for one object of a message, at `offset` of its data. The driver has checked that the object is complete. */
function holdObject(proc: Proc, buffer: Buffer, offset: u32): bool {
  if (offset & 3 || offset + FLAT_OBJECT_HANDLE + 8 > buffer.dataSize)
    return blame(VIOLATION_BUFFER_OBJECT, changetype<usize>(buffer), offset);
  const object = buffer.offset + offset;
  const type = wordAt(proc.alloc, buffer, object);
  if (type != BINDER_TYPE_BINDER && type != BINDER_TYPE_WEAK_BINDER) return true;
  const low = wordAt(proc.alloc, buffer, object + FLAT_OBJECT_HANDLE);
  const high = wordAt(proc.alloc, buffer, object + FLAT_OBJECT_HANDLE + 4);
  const node = nodeOf(proc, low | ((<u64>high) << 32));
  if (!node) return blame(VIOLATION_BUFFER_OBJECT, changetype<usize>(buffer), offset);
  hold(type == BINDER_TYPE_BINDER ? VIOLATION_NODE_LOCAL_STRONG : VIOLATION_NODE_LOCAL_WEAK, changetype<usize>(node));
  return true;
}

/** The proc's node for `ptr`, or null. Unlike the driver's search it takes no reference. */
function nodeOf(proc: Proc, ptr: u64): Node | null {
  let link = rbRoot(changetype<usize>(proc) + offsetof<Proc>('nodes'));
  while (link) {
    const node = changetype<Node>(link - offsetof<Node>('rbParent'));
    if (ptr == node.ptr) return node;
    link = ptr < node.ptr ? rbLeft(link) : rbRight(link);
  }
  return null;
}

/** The 32-bit word at `offset` of an area, 4-aligned, in the message of `buffer`: staged or delivered. */
function wordAt(alloc: BinderAlloc, buffer: Buffer, offset: u32): u32 {
  const index = <i32>(offset >>> PAGE_SHIFT);
  const staged = buffer.delivered ? <usize>0 : mappingStaged(alloc, index);
  const frame = staged ? staged : areaPage(alloc, index).frame;
  return frame ? load<u32>(frame + (offset & PAGE_MASK)) : 0;
}
