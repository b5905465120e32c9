/**
 * Security contexts: the label that a security module gives a process, and that a node may ask to be told of its callers.
 * The emulator has no such module; labels are given by the host. A process begins with the machine's label, and a child
 * with its parent's.
 */
import { EINVAL, ENOMEM } from '../abi/errno';
import { FRAME_ARRAY, SECCTX_MAX } from '../abi/machine';
import { frameAllocZero, framePut } from '../mem/frames';
import { Process } from './process';

/** Gives the process a label of its own, `length` bytes at `source`; with 0 bytes it has none. 0, -EINVAL or -ENOMEM. */
export function secctxSet(process: Process, source: usize, length: u32): i32 {
  if (length > <u32>SECCTX_MAX) return -EINVAL;
  const frame = length ? frameAllocZero(0, FRAME_ARRAY, changetype<usize>(process)) : 0;
  if (length && !frame) return -ENOMEM;
  secctxDrop(process);
  if (length) memory.copy(frame, source, length);
  process.secctx = frame;
  process.secctxSize = length;
  process.secctxOwned = length > 0;
  return 0;
}

/** A child begins with its parent's label. 0 or -ENOMEM. */
export function secctxFork(child: Process, parent: Process): i32 {
  if (parent.secctxOwned) return secctxSet(child, parent.secctx, parent.secctxSize);
  child.secctx = parent.secctx;
  child.secctxSize = parent.secctxSize;
  return 0;
}

/** Gives the label's memory back. */
export function secctxDrop(process: Process): void {
  if (process.secctxOwned) framePut(process.secctx);
  process.secctx = 0;
  process.secctxSize = 0;
  process.secctxOwned = false;
}
