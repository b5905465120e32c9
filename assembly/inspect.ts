/**
 * The inspection cursors: how the host looks at kernel objects without touching them.
 *
 *     inspect(CURSOR_PROCS, 0, 0)            -> handle of the first one, its description in the record; 0: there is none
 *     inspect(CURSOR_PROCS, 0, that handle)  -> the next one
 *     inspect(CURSOR_NODES, a proc, 0)       -> the first one of an object's own
 *
 * Handles are good until the machine runs again. The record (abi/inspect) is the only memory that is written; whoever has
 * read it ends with inspectEnd, which leaves it as it was.
 */
import {
  CURSOR_ASYNC_TODO,
  CURSOR_BUFFERS,
  CURSOR_CONTEXTS,
  CURSOR_DEAD_NODES,
  CURSOR_DELIVERED_DEATHS,
  CURSOR_DELIVERED_FREEZES,
  CURSOR_DESCRIPTORS,
  CURSOR_FAILED_LOG,
  CURSOR_FRAMES,
  CURSOR_FREE_BUFFERS,
  CURSOR_LOG,
  CURSOR_LOOPER_TODO,
  CURSOR_LOOPERS,
  CURSOR_LRU,
  CURSOR_NODE_REFS,
  CURSOR_NODES,
  CURSOR_PAGES,
  CURSOR_PROC_TODO,
  CURSOR_PROCESSES,
  CURSOR_PROCS,
  CURSOR_REFS,
  CURSOR_SLABS,
  CURSOR_STACK,
  CURSOR_STATS,
  CURSOR_THREADS,
  CURSOR_VMAS,
} from './abi/inspect';
import { BinderThread, Node, Proc } from './driver/objects';
import { bufferAfter, freeBufferAfter, lruPageAfter, pageAfter } from './inspect/buffers';
import { failedLogAfter, logAfter, statsAfter } from './inspect/counts';
import { frameDescribe, framesAfter, slabsAfter, vmaAfter, walk, walkNextLeaf } from './inspect/memory';
import { deadNodeAfter, nodeAfter, nodeRefAfter, refAfter } from './inspect/nodes';
import { contextAfter, looperAfter, procAfter } from './inspect/procs';
import { recordAddress, recordClear } from './inspect/record';
import { descriptorAfter, processAfter, threadAfter } from './inspect/tasks';
import { stackAfter, workAfter } from './inspect/works';
import { Process } from './task/process';

/**
 * Describes the object behind `after` in a list; the first one with 0.
 * @param owner the object whose list it is; 0 where the machine has only one
 * @returns its handle; 0 at the end, and for a cursor that there is not
 */
export function inspect(cursor: i32, owner: usize, after: usize): usize {
  recordClear();
  switch (cursor) {
    case CURSOR_PROCESSES:
      return processAfter(after);
    case CURSOR_THREADS:
      return threadAfter(changetype<Process>(owner), after);
    case CURSOR_DESCRIPTORS:
      return descriptorAfter(changetype<Process>(owner), after);
    case CURSOR_VMAS:
      return vmaAfter(changetype<Process | null>(owner), after);
    case CURSOR_CONTEXTS:
      return contextAfter(after);
    case CURSOR_PROCS:
      return procAfter(after);
    case CURSOR_LOOPERS:
      return looperAfter(changetype<Proc>(owner), after);
    case CURSOR_STACK:
      return stackAfter(changetype<BinderThread>(owner), after);
    case CURSOR_LOOPER_TODO:
    case CURSOR_PROC_TODO:
    case CURSOR_ASYNC_TODO:
    case CURSOR_DELIVERED_DEATHS:
    case CURSOR_DELIVERED_FREEZES:
      return workAfter(cursor, owner, after);
    case CURSOR_NODES:
      return nodeAfter(changetype<Proc>(owner), after);
    case CURSOR_DEAD_NODES:
      return deadNodeAfter(after);
    case CURSOR_REFS:
      return refAfter(changetype<Proc>(owner), after);
    case CURSOR_NODE_REFS:
      return nodeRefAfter(changetype<Node>(owner), after);
    case CURSOR_BUFFERS:
      return bufferAfter(changetype<Proc>(owner), after);
    case CURSOR_FREE_BUFFERS:
      return freeBufferAfter(changetype<Proc>(owner), after);
    case CURSOR_PAGES:
      return pageAfter(changetype<Proc>(owner), after);
    case CURSOR_LRU:
      return lruPageAfter(after);
    case CURSOR_LOG:
      return logAfter(after);
    case CURSOR_FAILED_LOG:
      return failedLogAfter(after);
    case CURSOR_STATS:
      return statsAfter(changetype<Proc | null>(owner), after);
    case CURSOR_FRAMES:
      return framesAfter(after);
    case CURSOR_SLABS:
      return slabsAfter(after);
    default:
      return 0;
  }
}

/**
 * Describes how a process (0: the kernel) translates an address, given in halves.
 * @returns the level of the descriptor that decides, 1 to 3; 0 when the space has no such address
 */
export function inspectWalk(process: Process | null, vaHigh: u32, vaLow: u32): i32 {
  recordClear();
  return walk(process, join(vaHigh, vaLow));
}

/** Describes the lowest address in [from, end) that has a leaf in the page table. Like inspectWalk; 0 when none has. */
export function inspectLeaf(process: Process | null, fromHigh: u32, fromLow: u32, endHigh: u32, endLow: u32): i32 {
  recordClear();
  return walkNextLeaf(process, join(fromHigh, fromLow), join(endHigh, endLow));
}

/** Describes the frame that holds a linear address. False for an address outside of memory. */
export function inspectFrame(address: usize): bool {
  recordClear();
  return frameDescribe(address);
}

/** Linear address of the record. */
export function inspectRecord(): usize {
  return recordAddress();
}

/** Blanks the record. */
export function inspectEnd(): void {
  recordClear();
}

function join(high: u32, low: u32): u64 {
  return ((<u64>high) << 32) | low;
}
