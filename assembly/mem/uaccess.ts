/**
 * Access of the kernel to user memory, page by page, through the user's page table and with the user's rights. A missing
 * page is brought in as if the user had touched it. No function here sleeps or raises a signal. A copy returns the number of
 * bytes that it could not copy. The other functions return a failure.
 *
 *     window   [va, va + len) inside one page: its linear address, to write in place, or to read one value
 *     copy     any range: physically contiguous pages are copied in one go
 *
 * What the kernel acts on it reads once, into memory of its own: another store may change the user's bytes, even one that
 * the kernel makes for the same call.
 *
 * Linear addresses are good until the space next changes: do not keep them over anything that maps, unmaps or faults.
 * Writing marks the frames dirty; a window for writing counts as written. `walks` is counted here: one for each page that
 * is touched, whether the TLB knows it or not.
 * Callers count copies and their bytes, since they know what they copy.
 *
 * While injection counts copies, no window and no page is found by the ways above: the rare path counts the copy, and makes it.
 *
 * A foreign space is that of a program outside of the machine. Only its Binder mappings are areas. What no area has is the
 * program's memory: a copy asks the host for exactly its bytes, and a window finds nothing there.
 */
import {
  ACCESS_READ,
  ACCESS_WRITE,
  FOREIGN_VA_BITS,
  INJECT_COPY,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
} from '../abi/machine';
import { bytesCopy, bytesMove } from '../lib/bytes';
import { clientRead, clientShow, clientWrite } from './client';
import { frameMarkDirty, framesMarkDirty } from './frames';
import { injectionCopied, injectionCopy, injectionCounts, injectionCountsCopies } from './injection';
import { pteAllows, pteFrame } from './pte';
import { faultFrame, spaceFault } from './fault';
import { Space, spaceTlb, spaceVmaAfter, USER_END } from './space';
import { tableLookup, tableWalk } from './table';
import { tlbAddress, tlbHas, tlbKeep, tlbSlot } from './tlb';

/** Scratch for a number that crosses the border of two pages. */
const straddled = memory.data(8, 8);

/**
 * Linear address of [va, va + len) if it is in one page and the user may access it so; otherwise 0.
 * @param access ACCESS_READ or ACCESS_WRITE
 */
export function userWindow(space: Space, va: u64, len: u32, access: i32): usize {
  return len > bytesToPageEnd(va) ? 0 : userAddress(space, va, access);
}

/** The same for the program's own access, which is no copy of the kernel's. */
export function programWindow(space: Space, va: u64, len: u32, access: i32): usize {
  return len > bytesToPageEnd(va) ? 0 : <usize>max<i32>(userTouch(space, va, access), 0);
}

/** Linear address of the byte at `va`, good to the end of its page; 0 if the user may not access it so. */
function userAddress(space: Space, va: u64, access: i32): usize {
  const slot = tlbSlot(spaceTlb(space), va);
  if (!tlbHas(slot, va, access == ACCESS_WRITE)) return addressSlowly(space, va, access);
  space.counters.walks++;
  return tlbAddress(slot, va);
}

function addressSlowly(space: Space, va: u64, access: i32): usize {
  return injectionCountsCopies() ? 0 : <usize>max<i32>(touchSlowly(space, va, access), 0);
}

/** Touches one byte: its linear address, or -(signal << 8 | si_code) as spaceFault returns it. */
export function userTouch(space: Space, va: u64, access: i32): i32 {
  const slot = tlbSlot(spaceTlb(space), va);
  if (!tlbHas(slot, va, access == ACCESS_WRITE)) return touchSlowly(space, va, access);
  space.counters.walks++;
  return <i32>tlbAddress(slot, va);
}

/** A touch of a page that the TLB does not have for this access. */
function touchSlowly(space: Space, va: u64, access: i32): i32 {
  const isWrite = access == ACCESS_WRITE;
  let entry: u64 = 0;
  if (va < USER_END) {
    space.counters.walks++;
    entry = tableWalk(space.root, va);
  }
  if (!pteAllows(entry, isWrite)) {
    const signal = spaceFault(space, va, access);
    if (signal != 0) return signal;
    entry = tableWalk(space.root, va);
  }
  if (isWrite) frameMarkDirty(pteFrame(entry));
  if (!injectionCounts(INJECT_COPY)) tlbKeep(spaceTlb(space), va, entry, isWrite);
  return <i32>(pteFrame(entry) | (<usize>va & PAGE_MASK));
}

/**
 * Where the byte is that a read of `va` would find: its linear address; 0 where it would find a zero, or nothing. It is not
 * touched: nothing is counted, brought in, or kept in the TLB.
 */
export function userLook(space: Space, va: u64): usize {
  if (va >= USER_END) return 0;
  const entry = tableWalk(space.root, va);
  let frame = pteAllows(entry, false) ? pteFrame(entry) : 0;
  if (entry == 0) {
    const vma = spaceVmaAfter(space, va); // spaceVma would remember what it found
    if (vma && vma.start <= va) frame = faultFrame(vma, va);
  }
  return frame == 0 ? 0 : frame | (<usize>va & PAGE_MASK);
}

/** Reads a u32 of user memory, aligned or not; -1 if it cannot. */
export function getUser32(space: Space, va: u64): i64 {
  const window = userWindow(space, va, 4, ACCESS_READ);
  if (window != 0) return <i64>load<u32>(window);
  if (copyFromUser(space, straddled, va, 4) != 0) return -1;
  return <i64>load<u32>(straddled);
}

/** Whether `len` bytes from the start of a window on are in its page. */
export function userInWindow(window: usize, len: u32): bool {
  return (<u32>window & PAGE_MASK) + len <= <u32>PAGE_SIZE;
}

/**
 * Copies the `len` bytes at `va`, as copyFromUser does. They follow `read` bytes that have just been read through
 * `window` (0: not through a window), so there is no other walk where they are in the same page.
 */
export function copyFromUserOn(space: Space, dst: usize, va: u64, len: u32, window: usize, read: u32): u32 {
  if (window == 0 || !userInWindow(window, read + len)) return copyFromUser(space, dst, va, len);
  bytesCopy(dst, window + read, len);
  return 0;
}

/** Stores a u32 in user memory, aligned or not, as one store: false if it cannot, and then no byte of it is stored. */
export function putUser32(space: Space, va: u64, value: u32): bool {
  const address: usize = bytesToPageEnd(va) < 4 ? <usize>0 : userAddress(space, va, ACCESS_WRITE);
  if (address == 0) {
    store<u32>(straddled, value);
    return putStraddled(space, va, 4);
  }
  store<u32>(address, value);
  return true;
}

/** Stores a u64 in user memory, aligned or not, as one store: false if it cannot, and then no byte of it is stored. */
export function putUser64(space: Space, va: u64, value: u64): bool {
  const address: usize = bytesToPageEnd(va) < 8 ? <usize>0 : userAddress(space, va, ACCESS_WRITE);
  if (address == 0) {
    store<u64>(straddled, value);
    return putStraddled(space, va, 8);
  }
  store<u64>(address, value);
  return true;
}

/** Stores the number in `straddled` at `va`, where the kernel has no window for it. */
function putStraddled(space: Space, va: u64, size: u32): bool {
  if (injectionCountsCopies()) return putCounted(space, va, size);
  if (bytesToPageEnd(va) >= size) return putForeign(space, va, straddled, size) == 0;
  const last = va + size - 1;
  if (userAddress(space, last, ACCESS_WRITE) == 0 && foreignBytes(space, last, 1) == 0) return false;
  return copyToUser(space, va, straddled, size) == 0;
}

/**
 * Copies `len` bytes from user memory at `src` to linear address `dst`. Returns the number of bytes NOT copied. Both may be
 * the same memory, because a program may send bytes of the mapping that gets the message. Bytes move in rising order, as in
 * Linux.
 */
export function copyFromUser(space: Space, dst: usize, src: u64, len: u32): u32 {
  if (!inOnePage(src, len)) return copyFromUserSlowly(space, dst, src, len);
  const address = userAddress(space, src, ACCESS_READ);
  if (address == 0) return getForeign(space, dst, src, len);
  bytesMove(dst, address, len);
  return 0;
}

/** Copies `len` bytes from linear address `src` to user memory at `dst`. Returns how many were NOT copied. */
export function copyToUser(space: Space, dst: u64, src: usize, len: u32): u32 {
  if (!inOnePage(dst, len)) return copyToUserSlowly(space, dst, src, len);
  const address = userAddress(space, dst, ACCESS_WRITE);
  if (address == 0) return putForeign(space, dst, src, len);
  bytesCopy(address, src, len);
  return 0;
}

/** `copyFromUser` for a range of several pages, or of 0 bytes, which touches no page. */
function copyFromUserSlowly(space: Space, dst: usize, src: u64, len: u32): u32 {
  if (injectionCountsCopies()) return readCounted(space, dst, src, len);
  let done: u32 = 0;
  while (done < len) {
    const run = userRun(space, src + done, len - done, ACCESS_READ);
    if (run == 0) {
      const bytes = foreignBytes(space, src + done, len - done);
      const missed = getForeign(space, dst + done, src + done, bytes);
      done += bytes - missed;
      if (bytes == 0 || missed != 0) break;
      continue;
    }
    bytesMove(dst + done, runAddress(run), runBytes(run));
    done += runBytes(run);
  }
  return len - done;
}

/** `copyToUser` for a range of several pages, or of 0 bytes. */
function copyToUserSlowly(space: Space, dst: u64, src: usize, len: u32): u32 {
  if (injectionCountsCopies()) return writeCounted(space, dst, src, len);
  let done: u32 = 0;
  while (done < len) {
    const run = userRun(space, dst + done, len - done, ACCESS_WRITE);
    if (run == 0) {
      const bytes = foreignBytes(space, dst + done, len - done);
      const missed = putForeign(space, dst + done, src + done, bytes);
      done += bytes - missed;
      if (bytes == 0 || missed != 0) break;
      continue;
    }
    bytesCopy(runAddress(run), src + done, runBytes(run));
    done += runBytes(run);
  }
  return len - done;
}

/** How many of the bytes at `va`, up to `len`, are a program's outside of the machine: 0 when an area has the first one. */
function foreignBytes(space: Space, va: u64, len: u32): u32 {
  const end = (<u64>1) << FOREIGN_VA_BITS;
  if (!space.foreign || va >= end) return 0;
  const vma = spaceVmaAfter(space, va);
  if (vma && vma.start <= va) return 0;
  return <u32>min<u64>(len, (vma ? vma.start : end) - va);
}

/** `copyFromUser` and `copyToUser` for a range that is in no area, or in one that cannot be accessed so. */
function getForeign(space: Space, dst: usize, src: u64, len: u32): u32 {
  if (injectionCountsCopies()) return readCounted(space, dst, src, len);
  const bytes = foreignBytes(space, src, len);
  return bytes == 0 ? len : len - bytes + clientRead(space, dst, src, bytes);
}

function putForeign(space: Space, dst: u64, src: usize, len: u32): u32 {
  if (injectionCountsCopies()) return writeCounted(space, dst, src, len);
  const bytes = foreignBytes(space, dst, len);
  return bytes == 0 ? len : len - bytes + clientWrite(space, dst, src, bytes);
}

/** Counts `copyFromUser` of a byte or more, and copies what arrives. Returns how many bytes were NOT copied. */
function readCounted(space: Space, dst: usize, src: u64, len: u32): u32 {
  if (len == 0) return 0;
  const arrives = injectionCopy(len);
  const missed = copyFromUser(space, dst, src, arrives);
  injectionCopied();
  return missed + (len - arrives);
}

/** The same for `copyToUser`. */
function writeCounted(space: Space, dst: u64, src: usize, len: u32): u32 {
  if (len == 0) return 0;
  const arrives = injectionCopy(len);
  const missed = copyToUser(space, dst, src, arrives);
  injectionCopied();
  return missed + (len - arrives);
}

/** The same for the number in `straddled`, all or nothing of which is stored. */
function putCounted(space: Space, va: u64, size: u32): bool {
  const arrives = injectionCopy(size) == size;
  const isStored =
    arrives && (size == 4 ? putUser32(space, va, load<u32>(straddled)) : putUser64(space, va, load<u64>(straddled)));
  injectionCopied();
  return isStored;
}

/** Tells the program of a foreign space what it reads at [va, va + len) of a Binder mapping: the host has a copy for it. */
export function userShow(space: Space, va: u64, len: u32): void {
  const end = va + len;
  while (va < end) {
    const linear = userLook(space, va);
    let bytes = <u32>min<u64>(bytesToPageEnd(va), end - va);
    while (va + bytes < end && linear != 0 && userLook(space, va + bytes) == linear + bytes) {
      bytes += <u32>min<u64>(PAGE_SIZE, end - va - bytes);
    }
    if (linear != 0) clientShow(space, va, linear, bytes);
    va += bytes;
  }
}

/**
 * The longest piece of [va, va + len) that begins at `va` and is in contiguous frames: its linear address (runAddress) and
 * its length (runBytes). 0 when the first page cannot be accessed. Further pages must be in the page table already. A page
 * that would have to be brought in begins a piece of its own.
 */
function userRun(space: Space, va: u64, len: u32, access: i32): u64 {
  const address = userAddress(space, va, access);
  if (address == 0) return 0;
  let bytes = bytesToPageEnd(va);
  if (bytes < len) {
    const pages = pagesAfter(tableLookup(space.root, va), (len - bytes + PAGE_MASK) >>> PAGE_SHIFT);
    space.counters.walks += pages; // userAddress has counted the first page
    bytes += pages << PAGE_SHIFT;
  }
  bytes = min(bytes, len);
  if (access == ACCESS_WRITE) framesMarkDirty(address, bytes);
  return ((<u64>bytes) << 32) | <u64>address;
}

function runAddress(run: u64): usize {
  return <usize>run;
}

function runBytes(run: u64): u32 {
  return <u32>(run >>> 32);
}

/** How many pages, up to `limit`, follow the page of the entry at `slot` in its table, with its rights, in contiguous frames. */
function pagesAfter(slot: usize, limit: u32): u32 {
  const end = slot + (min<usize>(limit, (<usize>PAGE_MASK - (slot & PAGE_MASK)) >>> 3) << 3);
  let entry = load<u64>(slot);
  let at = slot;
  while (at < end) {
    entry += PAGE_SIZE;
    if (load<u64>(at, 8) != entry) break;
    at += 8;
  }
  return <u32>((at - slot) >>> 3);
}

/** Whether the bytes, at least one, are in one page. A `len` of 0 wraps to more than a page has. */
function inOnePage(va: u64, len: u32): bool {
  return len - 1 < bytesToPageEnd(va);
}

function bytesToPageEnd(va: u64): u32 {
  return PAGE_SIZE - (<u32>va & PAGE_MASK);
}
