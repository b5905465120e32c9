/**
 * Memory files: bytes in frames. A read or write reaches them at an offset. Mappings share the frames.
 *
 *     pages: u32 frame of page 0 │ page 1 │ …     the PageArray of every mapping; each page below the size has a frame
 */
import { EFAULT, EINVAL, ENOMEM } from '../abi/errno';
import {
  CACHE_MEMFD,
  FRAME_ARRAY,
  FRAME_FILE,
  FRAME_ORDER_MAX,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
} from '../abi/machine';
import { frameAllocZero, frameMarkDirty, framePut } from '../mem/frames';
import { kmemZalloc, kmemCache, kmemFree } from '../mem/kmem';
import { PageArray, Space } from '../mem/space';
import { copyFromUser, copyToUser } from '../mem/uaccess';

@unmanaged
export class Memfd extends PageArray {
  size: u32; // bytes
  order: i32; // of the block at `base`
}

@unmanaged
class Entry {
  frame: usize;
}

export function memfdBoot(): void {
  kmemCache(CACHE_MEMFD, offsetof<Memfd>());
}

/** Makes an empty file, or null when memory is out. */
export function memfdCreate(): Memfd | null {
  const address = kmemZalloc(CACHE_MEMFD);
  if (!address) return null;
  const memfd = changetype<Memfd>(address);
  memfd.base = frameAllocZero(0, FRAME_ARRAY, address);
  if (!memfd.base) {
    kmemFree(CACHE_MEMFD, address);
    return null;
  }
  memfd.stride = offsetof<Entry>();
  memfd.installOnFault = true;
  return memfd;
}

/** Frees the file and its frames. It must not have a mapping. */
export function memfdDestroy(memfd: Memfd): void {
  for (let index: u32 = 0; index < memfd.count; index++) framePut(entry(memfd, index).frame);
  framePut(memfd.base);
  kmemFree(CACHE_MEMFD, changetype<usize>(memfd));
}

/** ftruncate(2) to a larger size. New bytes are zero. 0, -EINVAL for a smaller size, or -ENOMEM. */
export function memfdGrow(memfd: Memfd, size: u32): i32 {
  if (size < memfd.size) return -EINVAL;
  const count = (size >>> PAGE_SHIFT) + (size & PAGE_MASK ? 1 : 0);
  if (!reserve(memfd, count)) return -ENOMEM;
  while (memfd.count < count) {
    const frame = frameAllocZero(0, FRAME_FILE, changetype<usize>(memfd));
    if (!frame) return -ENOMEM;
    entry(memfd, memfd.count).frame = frame;
    memfd.count++;
  }
  memfd.size = size;
  return 0;
}

/** Copies up to `length` bytes from `offset` to user memory. Bytes read, or -EFAULT when no byte could be stored. */
export function memfdRead(memfd: Memfd, offset: u32, space: Space, user: u64, length: u32): i32 {
  if (offset >= memfd.size) return 0;
  const total = min(length, memfd.size - offset);
  let done: u32 = 0;
  while (done < total) {
    const at = offset + done;
    const size = min<u32>(total - done, PAGE_SIZE - (at & PAGE_MASK));
    const missed = copyToUser(space, user + done, address(memfd, at), size);
    done += size - missed;
    if (missed) return done ? done : -EFAULT;
  }
  return done;
}

/** Copies `length` bytes of user memory to `offset`, and grows the file if needed. Bytes written, -EFAULT or -ENOMEM. */
export function memfdWrite(memfd: Memfd, offset: u32, space: Space, user: u64, length: u32): i32 {
  if (offset + length < offset) return -EINVAL;
  if (offset + length > memfd.size) {
    const error = memfdGrow(memfd, offset + length);
    if (error) return error;
  }
  let done: u32 = 0;
  while (done < length) {
    const at = offset + done;
    const size = min<u32>(length - done, PAGE_SIZE - (at & PAGE_MASK));
    const target = address(memfd, at);
    const missed = copyFromUser(space, target, user + done, size);
    frameMarkDirty(target);
    done += size - missed;
    if (missed) return done ? done : -EFAULT;
  }
  return done;
}

/** Linear address of the byte at `offset`, which must be below the size. */
export function memfdAddress(memfd: Memfd, offset: u32): usize {
  assert(offset < memfd.size, 'memfdAddress: beyond the end');
  return address(memfd, offset);
}

function address(memfd: Memfd, offset: u32): usize {
  return entry(memfd, offset >>> PAGE_SHIFT).frame + (offset & PAGE_MASK);
}

function entry(memfd: Memfd, index: u32): Entry {
  return changetype<Entry>(memfd.base + index * memfd.stride);
}

/** Makes room for `count` entries. */
function reserve(memfd: Memfd, count: u32): bool {
  let order = memfd.order;
  while (<u32>(PAGE_SIZE << order) < count * offsetof<Entry>()) order++;
  if (order == memfd.order) return true;
  if (order > FRAME_ORDER_MAX) return false;
  const base = frameAllocZero(order, FRAME_ARRAY, changetype<usize>(memfd));
  if (!base) return false;
  memory.copy(base, memfd.base, PAGE_SIZE << memfd.order);
  framePut(memfd.base);
  memfd.base = base;
  memfd.order = order;
  return true;
}
