/**
 * Descriptor tables. A descriptor is an index into a block of 8-byte entries. Each process has one block:
 *
 *     entry n:  +0 OpenFile (0 free, RESERVED while a message is being unpacked)   +4 FD_CLOEXEC or 0
 *
 * A new number is always the lowest free one. The table starts with one frame and doubles up to RLIMIT_NOFILE.
 */
import { EBADF, EINVAL, EMFILE, ENOMEM } from '../abi/errno';
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  FRAME_ARRAY,
  FRAME_ORDER_MAX,
  O_APPEND,
  O_CLOEXEC,
  O_DIRECT,
  O_NOATIME,
  O_NONBLOCK,
  PAGE_SIZE,
} from '../abi/machine';
import { frameAllocZero, framePut } from '../mem/frames';
import { FILE_STREAM, fileFlush, fileGet, filePut, OpenFile } from './file';
import { Process } from './process';

/** Flags of an open file that F_SETFL changes. Only O_NONBLOCK has an effect here. */
const SETTABLE: u32 = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

/** A number that is reserved and has no file yet. */
const RESERVED: usize = 1;

@unmanaged
export class Entry {
  file: usize;
  flags: u32; // FD_CLOEXEC or 0
}

const ENTRY_SHIFT = 3;
if (offsetof<Entry>() != 1 << ENTRY_SHIFT) ERROR('Entry is not 8 bytes');

/** Makes an empty table for `process`. 0 or -ENOMEM. */
export function fdTableCreate(process: Process): i32 {
  process.files = frameAllocZero(0, FRAME_ARRAY, changetype<usize>(process));
  process.filesOrder = 0;
  process.filesLow = 0;
  return process.files ? 0 : -ENOMEM;
}

/** Copies the parent's table for `child`, with a reference to each file. 0 or -ENOMEM. */
export function fdTableFork(child: Process, parent: Process): i32 {
  child.files = frameAllocZero(parent.filesOrder, FRAME_ARRAY, changetype<usize>(child));
  if (!child.files) return -ENOMEM;
  child.filesOrder = parent.filesOrder;
  child.filesLow = parent.filesLow;
  memory.copy(child.files, parent.files, PAGE_SIZE << parent.filesOrder);
  for (let fd = 0; fd < capacity(child); fd++) {
    const file = entry(child, fd).file;
    if (file > RESERVED) fileGet(changetype<OpenFile>(file));
  }
  return 0;
}

/** Closes every descriptor in rising order and frees the table. A process whose creation failed has no table. */
export function fdTableDestroy(process: Process): void {
  if (!process.files) return;
  for (let fd = 0; fd < capacity(process); fd++) fdClose(process, fd);
  framePut(process.files);
  process.files = 0;
}

/** The open file of a descriptor, or null. The caller gets no reference. */
export function fdFile(process: Process, fd: i32): OpenFile | null {
  if (<u32>fd >= <u32>capacity(process)) return null;
  const file = entry(process, fd).file;
  return file > RESERVED ? changetype<OpenFile>(file) : null;
}

/** Reserves the lowest free number from `from` up, without a file. The number, -EMFILE or -ENOMEM. */
export function fdReserve(process: Process, from: i32, cloexec: bool): i32 {
  let fd = max(from, process.filesLow);
  while (fd < capacity(process) && entry(process, fd).file) fd++;
  if (fd >= process.nofile) return -EMFILE;
  if (fd >= capacity(process) && !grow(process, fd)) return -ENOMEM;
  entry(process, fd).file = RESERVED;
  entry(process, fd).flags = cloexec ? FD_CLOEXEC : 0;
  if (from <= process.filesLow) process.filesLow = fd + 1;
  return fd;
}

/** Puts a file at a reserved number. The table takes over the caller's reference. */
export function fdInstall(process: Process, fd: i32, file: OpenFile): void {
  assert(entry(process, fd).file == RESERVED, 'fdInstall: number is not reserved');
  entry(process, fd).file = changetype<usize>(file);
}

/**
 * Puts `file` at the number `fd`, in place of any file there. The table takes over the caller's reference.
 * @returns `fd`, -EBADF or -ENOMEM
 */
export function fdPlace(process: Process, fd: i32, file: OpenFile): i32 {
  if (<u32>fd >= <u32>process.nofile) return -EBADF;
  if (fd >= capacity(process) && !grow(process, fd)) return -ENOMEM;
  fdClose(process, fd);
  entry(process, fd).file = changetype<usize>(file);
  entry(process, fd).flags = 0;
  return fd;
}

/** Frees a reserved number. */
export function fdUnreserve(process: Process, fd: i32): void {
  assert(entry(process, fd).file == RESERVED, 'fdUnreserve: number is not reserved');
  clear(process, fd);
}

/** Takes the file out of the table, or null. The caller owns the reference and has to flush the file. */
function fdTake(process: Process, fd: i32): OpenFile | null {
  const file = fdFile(process, fd);
  if (file) clear(process, fd);
  return file;
}

/** close(2). 0 or -EBADF. */
export function fdClose(process: Process, fd: i32): i32 {
  const file = fdTake(process, fd);
  if (!file) return -EBADF;
  fileFlush(file);
  filePut(file);
  return 0;
}

/** dup(2) from number `from` up. The new number, -EBADF, -EMFILE or -ENOMEM. */
export function fdDup(process: Process, fd: i32, from: i32, cloexec: bool): i32 {
  const file = fdFile(process, fd);
  if (!file) return -EBADF;
  const copy = fdReserve(process, from, cloexec);
  if (copy < 0) return copy;
  fileGet(file);
  fdInstall(process, copy, file);
  return copy;
}

/** dup3(2): `to` is closed first when it is open. `to`, -EBADF, -EINVAL or -ENOMEM. */
export function fdDupTo(process: Process, fd: i32, to: i32, flags: i32): i32 {
  if (flags & ~O_CLOEXEC) return -EINVAL;
  if (fd == to) return -EINVAL;
  const file = fdFile(process, fd);
  if (!file) return -EBADF;
  const placed = fdPlace(process, to, file);
  if (placed < 0) return placed;
  fileGet(file);
  entry(process, to).flags = flags & O_CLOEXEC ? FD_CLOEXEC : 0;
  return to;
}

/** fcntl(2): F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL. */
export function fdControl(process: Process, fd: i32, command: i32, argument: i32): i32 {
  const file = fdFile(process, fd);
  if (!file) return -EBADF;
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (argument < 0 || argument >= process.nofile) return -EINVAL;
      return fdDup(process, fd, argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
      return fdCloexec(process, fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
      entry(process, fd).flags = argument & FD_CLOEXEC;
      return 0;
    case F_GETFL:
      return file.flags & ~O_CLOEXEC;
    case F_SETFL:
      if (argument & O_DIRECT && file.kind != FILE_STREAM) return -EINVAL;
      file.flags = (file.flags & ~SETTABLE) | (argument & SETTABLE);
      return 0;
    default:
      return -EINVAL;
  }
}

/** Whether an open descriptor closes on exec. */
export function fdCloexec(process: Process, fd: i32): bool {
  return entry(process, fd).flags != 0;
}

/** Number of entries of the table. */
export function capacity(process: Process): i32 {
  return process.files ? entriesOf(process.filesOrder) : 0;
}

function entriesOf(order: i32): i32 {
  return (PAGE_SIZE << order) >>> ENTRY_SHIFT;
}

/** The entry of a number below the capacity. */
export function entry(process: Process, fd: i32): Entry {
  return changetype<Entry>(process.files + <usize>fd * offsetof<Entry>());
}

function clear(process: Process, fd: i32): void {
  entry(process, fd).file = 0;
  entry(process, fd).flags = 0;
  if (fd < process.filesLow) process.filesLow = fd;
}

/** Doubles the table until it has an entry `fd`. */
function grow(process: Process, fd: i32): bool {
  let order = process.filesOrder;
  while (entriesOf(order) <= fd) order++;
  if (order > FRAME_ORDER_MAX) return false;
  const files = frameAllocZero(order, FRAME_ARRAY, changetype<usize>(process));
  if (!files) return false;
  memory.copy(files, process.files, PAGE_SIZE << process.filesOrder);
  framePut(process.files);
  process.files = files;
  process.filesOrder = order;
  return true;
}
