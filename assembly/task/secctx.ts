/**
 * Security contexts: the label that a security module gives a process, and that a node may ask to see of its callers.
 * The emulator has no such module; labels are given by the host. A process begins with the machine's label, and a child
 * with its parent's. Who opens a file leaves his label with it, as credentials in Linux: it outlives the process.
 *
 *     size, counted │ bytes of the label        the machine's own lies in static memory, any other in a frame
 */
import { FRAME_ARRAY, SECCTX_MAX } from '../abi/machine';
import { frameAllocZero, frameGet, framePut } from '../mem/frames';

/** A label; it never changes. Its bytes follow. */
@unmanaged
export class SecurityContext {
  size: u32; // bytes, 1 at least
  counted: bool; // it has a frame of its own, with a reference for each holder
}

/** Bytes of the record of the longest label. */
export const SECURITY_CONTEXT_SIZE: i32 = 8 + SECCTX_MAX;

if (offsetof<SecurityContext>() > 8) ERROR('SecurityContext');

export function secctxBytes(context: SecurityContext): usize {
  return changetype<usize>(context) + 8;
}

/** A new label of `size` bytes, 1 to SECCTX_MAX, with one reference; null when memory is out. */
export function secctxCreate(source: usize, size: u32): SecurityContext | null {
  const frame = frameAllocZero(0, FRAME_ARRAY, 0);
  if (!frame) return null;
  const context = changetype<SecurityContext>(frame);
  secctxFill(context, source, size);
  context.counted = true;
  return context;
}

/** Makes a label of memory that has SECURITY_CONTEXT_SIZE bytes. */
export function secctxFill(context: SecurityContext, source: usize, size: u32): void {
  assert(size > 0 && size <= <u32>SECCTX_MAX, 'secctxFill: a label of that size cannot be');
  context.size = size;
  context.counted = false;
  memory.copy(secctxBytes(context), source, size);
}

/** One more holder, of the same label. */
export function secctxGet(context: SecurityContext | null): SecurityContext | null {
  if (context && context.counted) frameGet(changetype<usize>(context));
  return context;
}

export function secctxPut(context: SecurityContext | null): void {
  if (context && context.counted) framePut(changetype<usize>(context));
}
