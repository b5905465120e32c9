/**
 * Open files, their owners, and descriptor tables.
 *
 * The holders of an open file are its descriptors, its mappings (one reference together), calls parked in it, and messages
 * in flight. Between two calls no file waits to be closed, and no descriptor is reserved.
 */
import * as codes from '../abi/check';
import {
  CACHE_BINDER_PROC,
  CACHE_EPOLL,
  CACHE_FILE,
  CACHE_MEMFD,
  CACHE_STREAM,
  FD_CLOEXEC,
  FRAME_ARRAY,
  FRAME_FILE,
  FRAME_STAGE,
  PAGE_SHIFT,
  PAGE_SIZE,
  STREAM_ORDER,
} from '../abi/machine';
import { isMapped } from '../driver/lifecycle';
import { capacity, Entry, entry } from '../task/fdtable';
import {
  closing,
  FILE_BINDER,
  FILE_EPOLL,
  FILE_MEMFD,
  FILE_NULL,
  FILE_OUTSIDE,
  FILE_STREAM,
  fileQueue,
  fileWatches,
  OpenFile,
} from '../task/file';
import { Memfd } from '../task/memfd';
import { Process } from '../task/process';
import { Stream } from '../task/stream';
import { checkQueueOfWatches, checkWatchesOfFile } from './epolls';
import { claimLink, holdFrames, listHold, pointsAt } from './links';
import { blame } from './report';
import { claim, hold } from './tally';

export function checkFile(file: OpenFile): bool {
  const at = changetype<usize>(file);
  claim(codes.VIOLATION_FILE_REFS, at, file.refs);
  claimLink(at);
  if (file.refs <= 0 || file.closing) return blame(codes.VIOLATION_FILE, at, 0, file.closing);
  if (file.mapped) hold(codes.VIOLATION_FILE_REFS, at);
  if (!checkBehind(file, at)) return false;
  if (!checkWatchesOfFile(file, fileWatches(file)) || !checkQueueOfWatches(fileQueue(file))) return false;
  if (file.kind != FILE_BINDER && file.kind != FILE_MEMFD)
    return !file.mapped || blame(codes.VIOLATION_FILE_MAPPED, at, 1, 0);
  const mapped = isMapped(file);
  return mapped == file.mapped || blame(codes.VIOLATION_FILE_MAPPED, at, file.mapped ? 1 : 0, mapped ? 1 : 0);
}

/** The closing list is empty between calls. */
export function checkClosing(): bool {
  return listHold(closing);
}

export function checkMemfd(memfd: Memfd): bool {
  const at = changetype<usize>(memfd);
  claim(codes.VIOLATION_OWNER, at, 1);
  if (!holdFrames(memfd.base, memfd.order, FRAME_ARRAY, at)) return false;
  const room = <u32>(PAGE_SIZE << memfd.order) / memfd.stride;
  if (memfd.count > room || memfd.size > memfd.count << PAGE_SHIFT)
    return blame(codes.VIOLATION_MEMFD, at, memfd.size, memfd.count);
  for (let index: u32 = 0; index < memfd.count; index++) {
    if (!holdFrames(load<usize>(memfd.base + index * memfd.stride), 0, FRAME_FILE, at)) return false;
  }
  return true;
}

export function checkStream(stream: Stream): bool {
  const at = changetype<usize>(stream);
  claim(codes.VIOLATION_STREAM_READERS, at, stream.readers);
  claim(codes.VIOLATION_STREAM_WRITERS, at, stream.writers);
  const waiting = stream.tail - stream.head;
  const fits = waiting <= <u32>(PAGE_SIZE << STREAM_ORDER) && stream.readers + stream.writers > 0;
  if (!fits) return blame(codes.VIOLATION_STREAM, at, stream.head, stream.tail);
  return holdFrames(stream.ring, STREAM_ORDER, FRAME_STAGE, at);
}

/** Checks the descriptor table of a live process, and holds its files. */
export function checkDescriptors(process: Process): bool {
  const at = changetype<usize>(process);
  if (!holdFrames(process.files, process.filesOrder, FRAME_ARRAY, at)) return false;
  const end = capacity(process);
  if (<u32>process.filesLow > <u32>end) return blame(codes.VIOLATION_DESCRIPTOR, at, process.filesLow);
  for (let fd = 0; fd < end; fd++) {
    const slot = entry(process, fd);
    if (slot.file) {
      if (!checkDescriptor(process, slot, fd)) return false;
    } else if (fd < process.filesLow || slot.flags) {
      return blame(codes.VIOLATION_DESCRIPTOR, at, fd);
    }
  }
  return true;
}

function checkDescriptor(process: Process, slot: Entry, fd: i32): bool {
  const at = changetype<usize>(process);
  if (slot.file & 7 || slot.flags & ~FD_CLOEXEC) return blame(codes.VIOLATION_DESCRIPTOR, at, fd, <i32>slot.file);
  hold(codes.VIOLATION_FILE_REFS, slot.file);
  return pointsAt(CACHE_FILE, slot.file, at);
}

/** Checks the owner or the streams of a file, by its kind. */
function checkBehind(file: OpenFile, at: usize): bool {
  switch (file.kind) {
    case FILE_NULL:
      return !file.owner || blame(codes.VIOLATION_FILE, at, 0, file.kind);
    case FILE_BINDER:
      hold(codes.VIOLATION_PROC_FILE, file.owner);
      return pointsAt(CACHE_BINDER_PROC, file.owner, at);
    case FILE_MEMFD:
      hold(codes.VIOLATION_OWNER, file.owner);
      return pointsAt(CACHE_MEMFD, file.owner, at);
    case FILE_OUTSIDE:
      return file.owner != 0 || blame(codes.VIOLATION_FILE, at, 0, file.kind);
    case FILE_STREAM:
      return checkEnds(file, at);
    case FILE_EPOLL:
      hold(codes.VIOLATION_OWNER, file.owner);
      return pointsAt(CACHE_EPOLL, file.owner, at);
    default:
      return blame(codes.VIOLATION_FILE, at, 0, file.kind);
  }
}

function checkEnds(file: OpenFile, at: usize): bool {
  const reads = changetype<usize>(file.reads);
  const writes = changetype<usize>(file.writes);
  if (!reads && !writes) return blame(codes.VIOLATION_FILE, at, 0, file.kind);
  if (reads) {
    hold(codes.VIOLATION_STREAM_READERS, reads);
    if (!pointsAt(CACHE_STREAM, reads, at)) return false;
    if (file.reads!.readFile != at) return blame(codes.VIOLATION_FILE, at, 0, file.kind);
  }
  if (!writes) return true;
  hold(codes.VIOLATION_STREAM_WRITERS, writes);
  if (!pointsAt(CACHE_STREAM, writes, at)) return false;
  return file.writes!.writeFile == at || blame(codes.VIOLATION_FILE, at, 0, file.kind);
}
