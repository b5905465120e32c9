/**
 * read(2) and write(2) on open files. An empty or full stream parks the caller, or returns -EAGAIN with O_NONBLOCK. A change
 * of the stream wakes the threads that wait for it.
 */
import { EAGAIN, EBADF, EINTR, EINVAL } from '../abi/errno';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRNORM, PARKED } from '../abi/machine';
import { EVENT_PARK } from '../abi/events';
import { trace } from '../trace';
import { fileNotify } from './epoll';
import { FILE_MEMFD, FILE_NULL, FILE_STREAM, fileNonblock, OpenFile } from './file';
import { Memfd, memfdRead, memfdWrite } from './memfd';
import { CALL_POLL, CALL_STREAM_READ, CALL_STREAM_WRITE, Thread, threadCallFrame } from './process';
import { Stream, streamClose, streamFull, streamRead, streamReady, streamWrite } from './stream';
import { threadPark, wakeWaiting } from './wait';

const READABLE: u32 = EPOLLIN | EPOLLRDNORM;
const WRITABLE: u32 = EPOLLOUT | EPOLLWRNORM;

/** The state of a parked read or write, in the call frame of its thread. */
@unmanaged
class Transfer {
  user: u64;
  length: u32;
}

/** read(2). Bytes read, 0 at the end, a negative errno, or PARKED. */
export function ioRead(thread: Thread, file: OpenFile, user: u64, length: u32): i32 {
  const space = thread.process.space!;
  switch (file.kind) {
    case FILE_MEMFD: {
      const done = memfdRead(changetype<Memfd>(file.owner), file.position, space, user, length);
      if (done > 0) file.position += done;
      return done;
    }
    case FILE_STREAM: {
      const stream = file.reads;
      if (!stream) return -EBADF;
      const wasFull = streamFull(stream);
      const done = streamRead(stream, space, user, length);
      if (done == -EAGAIN && !fileNonblock(file)) return park(thread, file, CALL_STREAM_READ, stream, user, length);
      if (done > 0) {
        wakeBoth(stream, CALL_STREAM_WRITE);
        if (wasFull || file.writes) notifyEnd(stream.writeFile, WRITABLE);
      }
      return done;
    }
    case FILE_NULL:
      return 0;
    default:
      return -EINVAL;
  }
}

/** write(2). Bytes written, a negative errno, or PARKED. */
export function ioWrite(thread: Thread, file: OpenFile, user: u64, length: u32): i32 {
  const space = thread.process.space!;
  switch (file.kind) {
    case FILE_MEMFD: {
      const done = memfdWrite(changetype<Memfd>(file.owner), file.position, space, user, length);
      if (done > 0) file.position += done;
      return done;
    }
    case FILE_STREAM: {
      const stream = file.writes;
      if (!stream) return -EBADF;
      const done = streamWrite(stream, space, user, length);
      if (done == -EAGAIN && !fileNonblock(file)) return park(thread, file, CALL_STREAM_WRITE, stream, user, length);
      if (done > 0) {
        wakeBoth(stream, CALL_STREAM_READ);
        notifyEnd(stream.readFile, READABLE);
      }
      return done;
    }
    case FILE_NULL:
      return length;
    default:
      return -EINVAL;
  }
}

/** Resumes a parked read or write. */
export function ioResume(thread: Thread, file: OpenFile, call: u8, signalled: bool): i32 {
  if (signalled) return -EINTR;
  assert(call == CALL_STREAM_READ || call == CALL_STREAM_WRITE, 'ioResume: no call of a stream');
  const transfer = changetype<Transfer>(threadCallFrame(thread));
  if (call == CALL_STREAM_READ) return ioRead(thread, file, transfer.user, transfer.length);
  return ioWrite(thread, file, transfer.user, transfer.length);
}

/**
 * The events that poll reports for a file other than a binder file. A file that never blocks is always ready. An end whose
 * other end is gone reports EPOLLHUP (reading) or EPOLLERR (writing a pipe), even when the caller did not ask for them.
 */
export function ioReady(file: OpenFile): u32 {
  if (file.kind != FILE_STREAM) return READABLE | WRITABLE;
  const reads = file.reads;
  const writes = file.writes;
  const isPipe = !reads || !writes;
  let ready: u32 = 0;
  if (reads) {
    if (streamReady(reads) || (!isPipe && !reads.writers)) ready |= READABLE;
    if (!reads.writers) ready |= isPipe ? EPOLLHUP : EPOLLHUP | EPOLLRDHUP;
  }
  if (writes) {
    if (!streamFull(writes) || (!isPipe && !writes.readers)) ready |= WRITABLE;
    if (isPipe && !writes.readers) ready |= EPOLLERR;
  }
  return ready;
}

/** The stream at which a poll for `events` waits. A pipe's end has only one stream. */
export function ioPolled(file: OpenFile, events: u32): Stream | null {
  const reads = file.reads;
  return reads && (events & READABLE || !file.writes) ? reads : file.writes;
}

/** Called when an end of streams is gone. Wakes the threads that wait at the other end. */
export function ioClose(file: OpenFile): void {
  const reads = file.reads;
  const writes = file.writes;
  const other = reads ? reads.writeFile : writes!.readFile;
  if (reads) {
    wakeBoth(reads, CALL_STREAM_WRITE);
    streamClose(reads, true);
  }
  if (writes) {
    wakeBoth(writes, CALL_STREAM_READ);
    streamClose(writes, false);
  }
  notifyEnd(other, 0);
}

/** Notifies the watches of one end of streams; none when it is closed. */
function notifyEnd(file: usize, events: u32): void {
  if (file) fileNotify(changetype<OpenFile>(file), events);
}

/** Wakes the threads that sleep in `call` at the stream, and those that poll it. */
function wakeBoth(stream: Stream, call: u8): void {
  wakeWaiting(call, changetype<usize>(stream));
  wakeWaiting(CALL_POLL, changetype<usize>(stream));
}

function park(thread: Thread, file: OpenFile, call: u8, stream: Stream, user: u64, length: u32): i32 {
  assert(length != 0, 'park: nothing to wait for');
  const transfer = changetype<Transfer>(threadCallFrame(thread));
  transfer.user = user;
  transfer.length = length;
  threadPark(thread, call, file, changetype<usize>(stream));
  trace(EVENT_PARK, call);
  return PARKED;
}
