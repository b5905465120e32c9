/**
 * Open files. A descriptor refers to one. Duplicates, forked children, mappings and messages in flight share it.
 *
 * The reference count is the number of these holders. At zero the file goes on the closing list. Only driver/lifecycle
 * drains the list, because the end of a file may wake threads and call the driver.
 */
import { CACHE_FILE, O_NONBLOCK } from '../abi/machine';
import {
  LIST_SIZE,
  listAddTail,
  listDel,
  listEmpty,
  listFirst,
  listInit,
  listLast,
  listLinked,
  listNext,
} from '../lib/list';
import { kmemZalloc, kmemCache, kmemFree } from '../mem/kmem';
import { Memfd } from './memfd';
import { Stream } from './stream';

/** Kinds of open files. */
export const FILE_BINDER: u8 = 1; // owner: the binder_proc
export const FILE_NULL: u8 = 2; // /dev/null; descriptors 0, 1 and 2 of a new process
export const FILE_MEMFD: u8 = 3; // owner: Memfd
export const FILE_STREAM: u8 = 4; // an end of a pipe or of a socket pair: `reads`, `writes`
export const FILE_EPOLL: u8 = 5; // owner: Epoll
export const FILE_OUTSIDE: u8 = 6; // of a program outside of the machine; owner: the host's number

// reasons why a file is on the closing list, for driver/lifecycle
export const CLOSING_FLUSH: u8 = 1; // a descriptor of it was closed
export const CLOSING_RELEASE: u8 = 2; // its last holder is gone

// inode numbers of files that exist once; other files get numbers from INODE_FIRST on
const INODE_NULL = 2;
const INODE_BINDER = 3; // and the numbers after it, for the other devices
const INODE_EPOLL = 6;
const INODE_FIRST = 8;

@unmanaged
export class OpenFile {
  closingNext: usize; // link in the closing list
  closingPrev: usize;
  refs: i32;
  flags: u32; // O_* of open, changed by F_SETFL
  owner: usize; // its Proc, Memfd, Epoll or number, by kind; set at open and constant
  reads: Stream | null; // stream that it reads
  writes: Stream | null; // stream that it writes
  watchesNext: usize; // head of the Watches of it, newest first
  watchesPrev: usize;
  queueNext: usize; // queue of Watches; of a binder file, its binder threads have them
  queuePrev: usize;
  inode: u32; // identity of the file, the same for every open of it
  position: u32; // of a memfd: offset of the next read or write
  kind: u8;
  device: u8; // DEVICE_* of a binder file
  closing: u8; // CLOSING_* since the list was last drained
  mapped: bool; // it has mappings, which hold one reference together
}

@unmanaged
class Inodes {
  next: u32;
}

export const closing: usize = memory.data(LIST_SIZE, 4);
const inodes = changetype<Inodes>(memory.data(offsetof<Inodes>(), 4));

export function filesBoot(): void {
  listInit(closing);
  inodes.next = INODE_FIRST;
  kmemCache(CACHE_FILE, offsetof<OpenFile>());
}

/** A new open file with one reference, or null when memory is out. */
export function fileOpen(kind: u8, flags: u32): OpenFile | null {
  const address = kmemZalloc(CACHE_FILE);
  if (!address) return null;
  const file = changetype<OpenFile>(address);
  file.refs = 1;
  file.kind = kind;
  file.flags = flags;
  file.inode = inodeOf(kind);
  listInit(fileWatches(file));
  listInit(fileQueue(file));
  return file;
}

/** A new open file over a memfd. */
export function fileOpenMemfd(memfd: Memfd, flags: u32): OpenFile | null {
  const file = fileOpen(FILE_MEMFD, flags);
  if (file) file.owner = changetype<usize>(memfd);
  return file;
}

/** A new open file that is an end of streams. */
export function fileOpenStream(reads: Stream | null, writes: Stream | null, flags: u32): OpenFile | null {
  const file = fileOpen(FILE_STREAM, flags);
  if (file) {
    file.reads = reads;
    file.writes = writes;
    if (reads) reads.readFile = changetype<usize>(file);
    if (writes) writes.writeFile = changetype<usize>(file);
  }
  return file;
}

export function fileGet(file: OpenFile): void {
  file.refs++;
}

/** Drops one reference. The last one puts the file on the closing list. */
export function filePut(file: OpenFile): void {
  assert(file.refs > 0, 'filePut: file has no reference');
  if (--file.refs == 0) note(file, CLOSING_RELEASE);
}

/** Called when a descriptor of `file` was closed. The driver flushes a binder file at each close. */
export function fileFlush(file: OpenFile): void {
  if (file.kind == FILE_BINDER) note(file, CLOSING_FLUSH);
}

export function fileNonblock(file: OpenFile): bool {
  return (file.flags & O_NONBLOCK) != 0;
}

/** Whether the file is open for reading. Only the write end of a pipe is not. */
export function fileReadable(file: OpenFile): bool {
  return file.kind != FILE_STREAM || file.reads != null;
}

/** Whether the file is open for writing. */
export function fileWritable(file: OpenFile): bool {
  return file.kind != FILE_STREAM || file.writes != null;
}

/** Whether epoll can watch the file: one that never blocks it refuses. */
export function filePollable(file: OpenFile): bool {
  return file.kind != FILE_MEMFD && file.kind != FILE_NULL;
}

export function fileWatches(file: OpenFile): usize {
  return changetype<usize>(file) + offsetof<OpenFile>('watchesNext');
}

export function fileQueue(file: OpenFile): usize {
  return changetype<usize>(file) + offsetof<OpenFile>('queueNext');
}

export function fileAnyClosing(): bool {
  return !listEmpty(closing);
}

/** The oldest file on the closing list, or null. Its `closing` has the reasons. */
export function fileFirstClosing(): OpenFile | null {
  return changetype<OpenFile | null>(listFirst(closing));
}

export function fileNextClosing(file: OpenFile): OpenFile | null {
  return changetype<OpenFile | null>(listNext(changetype<usize>(file), closing));
}

/** Takes the newest file off the closing list, or null. The caller clears its `closing`. */
export function fileTakeClosing(): OpenFile | null {
  const last = listLast(closing);
  if (!last) return null;
  listDel(last);
  return changetype<OpenFile>(last);
}

export function fileFree(file: OpenFile): void {
  kmemFree(CACHE_FILE, changetype<usize>(file));
}

function note(file: OpenFile, what: u8): void {
  file.closing |= what;
  const link = changetype<usize>(file);
  if (!listLinked(link)) listAddTail(link, closing);
}

function inodeOf(kind: u8): u32 {
  if (kind == FILE_NULL) return INODE_NULL;
  if (kind == FILE_BINDER) return INODE_BINDER;
  if (kind == FILE_EPOLL) return INODE_EPOLL;
  return inodes.next++;
}
