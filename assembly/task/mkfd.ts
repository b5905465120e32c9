/**
 * Files made at descriptors that the caller chooses, and the result of fstat(2) for an open file.
 */
import { EBADF, EINVAL, ENOMEM } from '../abi/errno';
import {
  FILE_KIND_MEMFD,
  FILE_KIND_NULL,
  FILE_KIND_PIPE,
  FILE_KIND_SOCKETPAIR,
  O_LARGEFILE,
  O_NONBLOCK,
  O_RDWR,
  O_WRONLY,
} from '../abi/machine';
import { fdCloexec, fdFile, fdPlace } from './fdtable';
import { FILE_MEMFD, FILE_NULL, fileFree, fileOpen, fileOpenMemfd, fileOpenStream, filePut, OpenFile } from './file';
import { Memfd, memfdAddress, memfdCreate, memfdDestroy, memfdGrow } from './memfd';
import { Process } from './process';
import { Stream, streamClose, streamCreate } from './stream';

/** The result of fileStat. The first bytes of the content follow it. */
@unmanaged
class Stat {
  inode: u32;
  cloexec: u32;
  length: i32; // bytes of content that follow; -1 for a file without content
}

const CONTENT_MAX: u32 = 256;

/**
 * Opens a file at `fd`. It is a memfd with `length` bytes from `content`, /dev/null, a non-blocking pipe, or a stream socket
 * pair. `fd` is the read end of a pipe and `fd2` the write end; a socket pair has one end at each.
 * @returns the inode number, -EINVAL, -EBADF or -ENOMEM
 */
export function fileMake(process: Process, kind: i32, fd: i32, fd2: i32, content: usize, length: u32): i32 {
  switch (kind) {
    case FILE_KIND_MEMFD:
      return place(process, fd, makeMemfd(content, length));
    case FILE_KIND_NULL:
      return place(process, fd, fileOpen(FILE_NULL, O_RDWR | O_LARGEFILE));
    case FILE_KIND_PIPE:
      return makePipe(process, fd, fd2);
    case FILE_KIND_SOCKETPAIR:
      return makeSocketPair(process, fd, fd2);
    default:
      return -EINVAL;
  }
}

/** Describes an open descriptor at `target`: Stat, then up to 256 bytes of content. 0 or -EBADF. */
export function fileStat(process: Process, fd: i32, target: usize): i32 {
  const file = fdFile(process, fd);
  if (!file) return -EBADF;
  const stat = changetype<Stat>(target);
  stat.inode = file.inode;
  stat.cloexec = fdCloexec(process, fd) ? 1 : 0;
  stat.length = -1;
  if (file.kind != FILE_MEMFD) return 0;
  const memfd = changetype<Memfd>(file.owner);
  const length = min(memfd.size, CONTENT_MAX);
  stat.length = length;
  if (length) memory.copy(target + offsetof<Stat>(), memfdAddress(memfd, 0), length);
  return 0;
}

function makeMemfd(content: usize, length: u32): OpenFile | null {
  const memfd = memfdCreate();
  if (!memfd) return null;
  const grown = memfdGrow(memfd, length) == 0;
  const file = fileOpenMemfd(memfd, O_RDWR | O_LARGEFILE);
  if (!grown || !file) {
    if (file) fileFree(file);
    memfdDestroy(memfd);
    return null;
  }
  if (length) memory.copy(memfdAddress(memfd, 0), content, length);
  return file;
}

function makePipe(process: Process, fd: i32, fd2: i32): i32 {
  const stream = streamCreate();
  if (!stream) return -ENOMEM;
  return placeBoth(process, fd, fd2, stream, null);
}

function makeSocketPair(process: Process, fd: i32, fd2: i32): i32 {
  const there = streamCreate();
  const back = there ? streamCreate() : null;
  if (!there || !back) {
    if (there) dropStream(there);
    return -ENOMEM;
  }
  return placeBoth(process, fd, fd2, there, back);
}

/**
 * Opens both ends at their descriptors. The ends of a pipe have one inode.
 * @param there stream that `fd2` writes and `fd` reads
 * @param back stream that `fd` writes and `fd2` reads; null in a pipe
 */
function placeBoth(process: Process, fd: i32, fd2: i32, there: Stream, back: Stream | null): i32 {
  assert(there != back, 'placeBoth: one stream both ways');
  const first = fileOpenStream(there, back, back ? O_RDWR : O_NONBLOCK);
  const second = first ? fileOpenStream(back, there, back ? O_RDWR : O_WRONLY | O_NONBLOCK) : null;
  if (!first || !second) {
    if (first) fileFree(first);
    dropStream(there);
    if (back) dropStream(back);
    return -ENOMEM;
  }
  if (!back) second.inode = first.inode;
  const inode = place(process, fd, first);
  const other = place(process, fd2, second);
  return other < 0 ? other : inode;
}

/** Puts the file at `fd`, or drops it on failure. Its inode number, or a negative errno. */
function place(process: Process, fd: i32, file: OpenFile | null): i32 {
  if (!file) return -ENOMEM;
  const placed = fdPlace(process, fd, file);
  if (placed >= 0) return file.inode;
  filePut(file);
  return placed;
}

function dropStream(stream: Stream): void {
  streamClose(stream, true);
  streamClose(stream, false);
}
