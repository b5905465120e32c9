/**
 * How the kernel reaches user memory: through the user's page table and with the user's rights, page by page.
 * A page that is not there is brought in as if the user had touched it. Nothing here sleeps or raises a signal:
 * a copy says how many bytes it could not make, everything else says that it could not.
 *
 *     window   [va, va + len) inside one page: its linear address, to read or write in place
 *     copy     any range: physically contiguous pages are copied in one go
 *
 * Linear addresses are good until the space next changes: do not keep them over anything that maps, unmaps or faults.
 * Writing marks the frames dirty; a window for writing counts as written. `walks` is counted here, one a page.
 * Copies and their bytes are the callers' to count, who know what they copy.
 */
import { ACCESS_READ, ACCESS_WRITE, PAGE_MASK, PAGE_SIZE } from '../abi/machine';
import { bytesCopy } from '../lib/bytes';
import { frameMarkDirty } from './frames';
import { pteAllows, pteFrame } from './pte';
import { spaceFault } from './fault';
import { Space, spaceWalks, USER_END } from './space';
import { tableWalk } from './table';
import { walkCached, walkRemember } from './walkcache';

/** The longest structure that userRead takes. */
export const USER_READ_MAX: u32 = 128;

/** Where userRead puts a structure that lies across the border of two pages. */
const straddled = memory.data(128, 8);

/**
 * Linear address of [va, va + len) if that lies in one page and the user may access it so; otherwise 0.
 * @param access ACCESS_READ or ACCESS_WRITE
 */
export function userWindow(space: Space, va: u64, len: u32, access: i32): usize {
  return len > bytesToPageEnd(va) ? 0 : addressOrNull(userTouch(space, va, access));
}

/** Touches one byte: its linear address, or -(signal << 8 | si_code) as of spaceFault. */
export function userTouch(space: Space, va: u64, access: i32): i32 {
  const entry = walkCached(spaceWalks(space), va);
  if (!pteAllows(entry, access == ACCESS_WRITE)) return touchSlowly(space, va, access);
  space.counters.walks++;
  return touched(entry, va, access);
}

/** The same, when the walk cache does not know the table, or the page does not let the access through. */
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
  walkRemember(spaceWalks(space), space.root, va);
  return touched(entry, va, access);
}

/** Linear address of the byte at `va` in the page of `entry`. */
function touched(entry: u64, va: u64, access: i32): i32 {
  const address = pteFrame(entry) | ((va as usize) & PAGE_MASK);
  if (access == ACCESS_WRITE) frameMarkDirty(address);
  return address as i32;
}

/**
 * Linear address at which `len` bytes (at most USER_READ_MAX) of user memory can be read; 0 if they cannot.
 * In place as a rule; across the border of two pages they are copied, and stand there until the next call of
 * userRead or putUser.
 */
export function userRead(space: Space, va: u64, len: u32): usize {
  assert(len <= USER_READ_MAX, 'userRead: too long');
  if (len <= bytesToPageEnd(va)) return addressOrNull(userTouch(space, va, ACCESS_READ));
  return copyFromUser(space, straddled, va, len) == 0 ? straddled : 0;
}

/**
 * The next `len` bytes (at most USER_READ_MAX) behind `read` bytes that userRead has just found at `place`, which lie at
 * `va` themselves: as of userRead, without another walk when they are in the same page.
 */
export function userReadOn(space: Space, place: usize, read: u32, va: u64, len: u32): usize {
  const end = ((place as u32) & PAGE_MASK) + read + len;
  return end <= (PAGE_SIZE as u32) && place != straddled ? place + read : userRead(space, va, len);
}

/** Stores a u32 in user memory, aligned or not, as one store: false if it cannot, and then no byte of it is stored. */
export function putUser32(space: Space, va: u64, value: u32): bool {
  if (bytesToPageEnd(va) < 4) {
    store<u32>(straddled, value);
    return userTouch(space, va + 3, ACCESS_WRITE) >= 0 && copyToUser(space, va, straddled, 4) == 0;
  }
  const address = userTouch(space, va, ACCESS_WRITE);
  if (address < 0) return false;
  store<u32>(address, value);
  return true;
}

/** Stores a u64 in user memory, aligned or not, as one store: false if it cannot, and then no byte of it is stored. */
export function putUser64(space: Space, va: u64, value: u64): bool {
  if (bytesToPageEnd(va) < 8) {
    store<u64>(straddled, value);
    return userTouch(space, va + 7, ACCESS_WRITE) >= 0 && copyToUser(space, va, straddled, 8) == 0;
  }
  const address = userTouch(space, va, ACCESS_WRITE);
  if (address < 0) return false;
  store<u64>(address, value);
  return true;
}

/** Copies `len` bytes from user memory at `src` to linear address `dst`. Returns how many were NOT copied. */
export function copyFromUser(space: Space, dst: usize, src: u64, len: u32): u32 {
  if (!inOnePage(src, len)) return copyFromUserSlowly(space, dst, src, len);
  const address = userTouch(space, src, ACCESS_READ);
  if (address < 0) return len;
  bytesCopy(dst, address, len);
  return 0;
}

/** Copies `len` bytes from linear address `src` to user memory at `dst`. Returns how many were NOT copied. */
export function copyToUser(space: Space, dst: u64, src: usize, len: u32): u32 {
  if (!inOnePage(dst, len)) return copyToUserSlowly(space, dst, src, len);
  const address = userTouch(space, dst, ACCESS_WRITE);
  if (address < 0) return len;
  bytesCopy(address, src, len);
  return 0;
}

/** The same for a range that lies in several pages, or in none: no bytes touch nothing. */
function copyFromUserSlowly(space: Space, dst: usize, src: u64, len: u32): u32 {
  let done: u32 = 0; // bytes of which the linear address is known
  let run: usize = 0; // linear address of those that are not copied yet
  let from: u32 = 0; // where in the whole they begin
  while (done < len) {
    const address = userTouch(space, src + done, ACCESS_READ);
    if (address < 0) break;
    if ((address as usize) != run + (done - from)) {
      if (done > from) bytesCopy(dst + from, run, done - from);
      run = address;
      from = done;
    }
    done += min(len - done, bytesToPageEnd(src + done));
  }
  if (done > from) bytesCopy(dst + from, run, done - from);
  return len - done;
}

/** The same for a range that lies in several pages, or in none. */
function copyToUserSlowly(space: Space, dst: u64, src: usize, len: u32): u32 {
  let done: u32 = 0;
  let run: usize = 0;
  let from: u32 = 0;
  while (done < len) {
    const address = userTouch(space, dst + done, ACCESS_WRITE);
    if (address < 0) break;
    if ((address as usize) != run + (done - from)) {
      if (done > from) bytesCopy(run, src + from, done - from);
      run = address;
      from = done;
    }
    done += min(len - done, bytesToPageEnd(dst + done));
  }
  if (done > from) bytesCopy(run, src + from, done - from);
  return len - done;
}

function addressOrNull(address: i32): usize {
  return address < 0 ? 0 : address;
}

/** Whether the bytes, one at least, lie in one page; 0 wraps to more than any page has. */
function inOnePage(va: u64, len: u32): bool {
  return len - 1 < bytesToPageEnd(va);
}

function bytesToPageEnd(va: u64): u32 {
  return PAGE_SIZE - ((va as u32) & PAGE_MASK);
}
