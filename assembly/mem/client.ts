/**
 * Memory and descriptors of programs outside of the machine. `space` says whose they are, by the address of its record. A copy
 * returns the number of bytes that it could not copy.
 *
 * The host gives the functions. For speed it also lends a window for one call: bytes of a program that it knows already, and room
 * for bytes that the call stores. A copy that the window serves does not leave the guest.
 */
import { CLIENT_PIECES, CLIENT_STORED_BYTES, CLIENT_WINDOW_BYTES } from '../abi/machine';
import { bytesCopy } from '../lib/bytes';
import { traceActorTid } from '../trace';
import { Space } from './space';

/** Copies `size` bytes at `va` of the program to linear address `target`. */
declare function read(space: usize, target: usize, va: f64, size: u32): u32;

/** Copies `size` bytes from linear address `source` to `va` of the program. */
declare function write(space: usize, va: f64, source: usize, size: u32): u32;

/** What the program reads at `va`, in a Binder mapping, are the `size` bytes at linear address `source` from now on. */
declare function show(space: usize, va: f64, source: usize, size: u32): void;

/** Opens the file of the program's descriptor `fd` once more: its number at the host, above 0; or -EBADF. */
declare function take(space: usize, fd: i32): i32;

/**
 * Gives the program a descriptor of the host's file, or of a Binder device that its table has as `~file`. Its number, or -EMFILE.
 */
declare function give(space: usize, file: i32): i32;

/** Closes the program's descriptor `fd`. */
declare function shut(space: usize, fd: i32): void;

/** The last reference to the host's file is gone. */
declare function drop(file: i32): void;

/** Bytes of a program, in the window. */
@unmanaged
class Piece {
  address: u64;
  offset: u32; // of the bytes, in the window
  size: u32;
  tid: i32; // of a stored one: the thread whose call stores it
  unused: u32;
}

@unmanaged
class Window {
  space: usize; // that the sent bytes are of; 0: it is not lent
  sentCount: u32;
  storedCount: u32;
  storedSize: u32; // bytes that are stored
}

/** The pieces follow, first those that were sent, then the stored ones, then the bytes of both. */
const SENT: usize = 16;
const STORED: usize = SENT + CLIENT_PIECES * offsetof<Piece>();
const BYTES: usize = STORED + CLIENT_PIECES * offsetof<Piece>();
const STORED_BYTES: usize = CLIENT_WINDOW_BYTES - CLIENT_STORED_BYTES;
if (BYTES >= STORED_BYTES) ERROR('the window is too small');

const window = changetype<Window>(memory.data(CLIENT_WINDOW_BYTES, 8));

export function clientWindow(): usize {
  return changetype<usize>(window);
}

export function clientRead(space: Space, target: usize, va: u64, size: u32): u32 {
  if (window.space == changetype<usize>(space)) {
    for (let i: u32 = 0; i < window.sentCount; i++) {
      const sent = piece(SENT, i);
      const from = va - sent.address;
      if (from >= sent.size || size > sent.size - <u32>from) continue;
      bytesCopy(target, bytesOf(sent) + <usize>from, size);
      return 0;
    }
  }
  return read(changetype<usize>(space), target, <f64>va, size);
}

export function clientWrite(space: Space, va: u64, source: usize, size: u32): u32 {
  if (window.space && keep(va, source, size)) return 0;
  return write(changetype<usize>(space), <f64>va, source, size);
}

export function clientShow(space: Space, va: u64, source: usize, size: u32): void {
  show(changetype<usize>(space), <f64>va, source, size);
}

export function clientTake(space: Space, fd: i32): i32 {
  return take(changetype<usize>(space), fd);
}

export function clientGive(space: Space, file: i32): i32 {
  return give(changetype<usize>(space), file);
}

export function clientShut(space: Space, fd: i32): void {
  shut(changetype<usize>(space), fd);
}

export function clientDrop(file: i32): void {
  drop(file);
}

/** Keeps the bytes in the window, if there is room. Bytes that follow the last ones are added to them. */
function keep(va: u64, source: usize, size: u32): bool {
  const count = window.storedCount;
  const at = window.storedSize;
  if (size > <u32>CLIENT_STORED_BYTES - at) return false;
  const last = count ? piece(STORED, count - 1) : null;
  const tid = traceActorTid();
  if (last && last.address + last.size == va && last.tid == tid) {
    last.size += size;
  } else {
    if (count == CLIENT_PIECES) return false;
    const added = piece(STORED, count);
    added.address = va;
    added.offset = <u32>STORED_BYTES + at;
    added.size = size;
    added.tid = tid;
    window.storedCount = count + 1;
  }
  bytesCopy(changetype<usize>(window) + STORED_BYTES + at, source, size);
  window.storedSize = at + size;
  return true;
}

function piece(table: usize, index: u32): Piece {
  return changetype<Piece>(changetype<usize>(window) + table + index * offsetof<Piece>());
}

function bytesOf(one: Piece): usize {
  return changetype<usize>(window) + one.offset;
}
