/**
 * A buffer: a range of a mapping that is free or holds one message.
 *
 *     offset ─> data, padded to 8 │ offsets, padded to 8 │ extra (scatter-gather, security context)
 *
 * Buffers tile the area without gaps.
 */
@unmanaged
export class Buffer {
  entryNext: usize; // link in the list of all buffers by address; first, so that a link is a buffer
  entryPrev: usize;
  rbParent: usize; // node in the tree of free buffers by size, or of allocated ones by address
  rbLeft: usize;
  rbRight: usize;
  offset: u32; // from the start of the area, 8-aligned
  size: u32; // bytes to the next buffer
  dataSize: u32;
  offsetsSize: u32;
  extraSize: u32;
  transaction: usize; // the transaction it carries until that is freed; the driver's
  targetNode: usize; // node that was called, 0 in a reply; the driver's
  debugId: i32; // of its transaction
  pid: i32; // process that sent it
  free: bool;
  clearOnFree: bool; // TF_CLEAR_BUF
  staged: bool; // the strategy was asked to stage its message
  delivered: bool; // the strategy was asked to deliver it, and did
  allowUserFree: bool; // handed to user space, not yet given back
  isAsync: bool; // counts against the asynchronous half
  spamSuspect: bool;
}

/** Makes a free buffer of memory that may hold anything. What every message sets is left as it is. */
export function bufferInit(buffer: Buffer, offset: u32, size: u32): void {
  assert(size != 0 && (size & 7) == 0 && (offset & 7) == 0, 'bufferInit: empty, or not 8-aligned');
  buffer.entryNext = 0;
  buffer.entryPrev = 0;
  buffer.offset = offset;
  buffer.size = size;
  buffer.transaction = 0;
  buffer.pid = 0;
  buffer.free = true;
  buffer.clearOnFree = false;
}

/** Offset of the tree node in a buffer. */
export const BUFFER_RB: usize = 8;

if (offsetof<Buffer>('rbParent') != BUFFER_RB) ERROR('Buffer.rbParent is not at BUFFER_RB');

export function bufferOfRb(node: usize): Buffer {
  return changetype<Buffer>(node - BUFFER_RB);
}

export function align8(size: u64): u64 {
  return (size + 7) & ~7;
}

/** Bytes from the start of the buffer to its offsets array. */
export function bufferOffsetsStart(buffer: Buffer): u32 {
  return (buffer.dataSize + 7) & ~7;
}
