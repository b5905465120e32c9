/**
 * Open files: what a descriptor refers to, shared by duplicates, forked children, mappings and messages in flight.
 *
 * The reference count is the number of those holders. When it reaches zero, a file of this rank is freed at once;
 * a binder file goes on the closing list, which only driver/lifecycle drains: nothing here knows Binder.
 */
import { CACHE_FILE } from '../abi/machine';
import { LIST_SIZE, listAddTail, listDel, listFirst, listInit, listLinked } from '../lib/list';
import { kmemAlloc, kmemCache, kmemFree } from '../mem/kmem';

/** What an open file is. */
export const FILE_CONSOLE: u8 = 0; // descriptors 0, 1 and 2 of a new process
export const FILE_BINDER: u8 = 1;

// what driver/lifecycle is told about a file on the closing list
export const CLOSING_FLUSH: u8 = 1; // a descriptor of it was closed
export const CLOSING_RELEASE: u8 = 2; // its last holder is gone

@unmanaged
export class OpenFile {
  closingNext: usize; // link in the closing list
  closingPrev: usize;
  refs: i32;
  flags: u32; // O_* of open, changed by F_SETFL
  owner: usize; // the binder_proc behind a binder file; set at open, never changes
  kind: u8;
  device: u8; // DEVICE_* of a binder file
  closing: u8; // CLOSING_* since the list was last drained
  mapped: bool; // mappings of it hold one reference together
}

const closing: usize = memory.data(LIST_SIZE, 4);

export function filesBoot(): void {
  listInit(closing);
  kmemCache(CACHE_FILE, offsetof<OpenFile>());
}

/** A new open file with one reference, or null when memory is out. */
export function fileOpen(kind: u8, flags: u32): OpenFile | null {
  const address = kmemAlloc(CACHE_FILE);
  if (!address) return null;
  const file = changetype<OpenFile>(address);
  file.refs = 1;
  file.kind = kind;
  file.flags = flags;
  return file;
}

export function fileGet(file: OpenFile): void {
  file.refs++;
}

/** Drops one reference; the last one frees the file, or hands it to the driver. */
export function filePut(file: OpenFile): void {
  assert(file.refs > 0, 'filePut: file has no reference');
  if (--file.refs > 0) return;
  if (file.kind == FILE_BINDER) note(file, CLOSING_RELEASE);
  else fileFree(file);
}

/** A descriptor of `file` was closed: a binder file wants to hear of it even while others hold it. */
export function fileFlush(file: OpenFile): void {
  if (file.kind == FILE_BINDER) note(file, CLOSING_FLUSH);
}

/** The next file of the closing list, taken off it, or null. Its `closing` tells what happened; the caller clears it. */
export function fileTakeClosing(): OpenFile | null {
  const first = listFirst(closing);
  if (!first) return null;
  listDel(first);
  return changetype<OpenFile>(first);
}

export function fileFree(file: OpenFile): void {
  kmemFree(CACHE_FILE, changetype<usize>(file));
}

function note(file: OpenFile, what: u8): void {
  file.closing |= what;
  const link = changetype<usize>(file);
  if (!listLinked(link)) listAddTail(link, closing);
}
