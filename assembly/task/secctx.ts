/**
 * Security contexts: labels of processes. A security module sets them in Linux; here the host does. A node may ask for the
 * labels of its callers. A process begins with the machine's label, and a child with its parent's. An open file keeps the
 * label of the process that opened it, as the credentials in Linux. That label outlives the process.
 *
 *     size, counted │ bytes of the label        the machine's label is in static memory, any other in a frame
 */
import { FRAME_ARRAY, SECCTX_MAX } from '../abi/machine';
import { frameAllocZero, frameGet, framePut } from '../mem/frames';

/** A label, which is constant. Its bytes follow the record. */
@unmanaged
export class SecurityContext {
  size: u32; // bytes, at least 1
  counted: bool; // it is in a frame of its own, with a reference for each holder
}

/** Bytes of the record of the longest label. */
export const SECURITY_CONTEXT_SIZE: i32 = 8 + SECCTX_MAX;

if (offsetof<SecurityContext>() > 8) ERROR('SecurityContext');

export function secctxBytes(context: SecurityContext): usize {
  return changetype<usize>(context) + 8;
}

/** Makes a label of `size` bytes, 1 to SECCTX_MAX, with one reference; null when memory is out. */
export function secctxCreate(source: usize, size: u32): SecurityContext | null {
  const frame = frameAllocZero(0, FRAME_ARRAY, 0);
  if (!frame) return null;
  const context = changetype<SecurityContext>(frame);
  secctxFill(context, source, size);
  context.counted = true;
  return context;
}

/** Fills a label in memory of SECURITY_CONTEXT_SIZE bytes. */
export function secctxFill(context: SecurityContext, source: usize, size: u32): void {
  assert(size > 0 && size <= <u32>SECCTX_MAX, 'secctxFill: a label of that size cannot be');
  context.size = size;
  context.counted = false;
  memory.copy(secctxBytes(context), source, size);
}

/** Adds a holder. Returns the same label. */
export function secctxGet(context: SecurityContext | null): SecurityContext | null {
  if (context && context.counted) frameGet(changetype<usize>(context));
  return context;
}

export function secctxPut(context: SecurityContext | null): void {
  if (context && context.counted) framePut(changetype<usize>(context));
}
