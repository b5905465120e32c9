/**
 * Byte streams. A pipe has one stream, a stream socket pair one for each direction. A stream is a ring of 64 KiB of kernel
 * memory. Each byte is copied into the ring and out of it. A read from an empty stream or a write to a full one returns
 * -EAGAIN. The caller decides whether to sleep then.
 */
import { EAGAIN, EFAULT, EPIPE } from '../abi/errno';
import { CACHE_STREAM, FRAME_STAGE, PAGE_SIZE, STREAM_ORDER } from '../abi/machine';
import { frameAlloc, frameMarkDirty, framePut } from '../mem/frames';
import { kmemZalloc, kmemCache, kmemFree } from '../mem/kmem';
import { Space, spaceCounters } from '../mem/space';
import { copyFromUser, copyToUser } from '../mem/uaccess';

const CAPACITY: u32 = PAGE_SIZE << STREAM_ORDER;

@unmanaged
export class Stream {
  ring: usize; // frames of CAPACITY bytes
  head: u32; // bytes ever read
  tail: u32; // bytes ever written
  readers: i32; // open files that read it
  writers: i32; // open files that write it
  readFile: usize; // OpenFile that reads it; 0 once it is closed
  writeFile: usize; // OpenFile that writes it; 0 once it is closed
}

export function streamBoot(): void {
  kmemCache(CACHE_STREAM, offsetof<Stream>());
}

/** Makes an empty stream with one reader and one writer, or null when memory is out. */
export function streamCreate(): Stream | null {
  const address = kmemZalloc(CACHE_STREAM);
  if (!address) return null;
  const stream = changetype<Stream>(address);
  stream.ring = frameAlloc(STREAM_ORDER, FRAME_STAGE, address);
  if (!stream.ring) {
    kmemFree(CACHE_STREAM, address);
    return null;
  }
  stream.readers = 1;
  stream.writers = 1;
  return stream;
}

/** Closes one end. Frees the stream when both ends are closed. */
export function streamClose(stream: Stream, reader: bool): void {
  assert(reader ? stream.readers > 0 : stream.writers > 0, 'streamClose: that end is closed already');
  if (reader) {
    stream.readers--;
    stream.readFile = 0;
  } else {
    stream.writers--;
    stream.writeFile = 0;
  }
  if (stream.readers || stream.writers) return;
  framePut(stream.ring);
  kmemFree(CACHE_STREAM, changetype<usize>(stream));
}

/** Number of bytes that can be read. */
export function streamReady(stream: Stream): u32 {
  assert(stream.tail - stream.head <= CAPACITY, 'streamReady: more bytes than the ring holds');
  return stream.tail - stream.head;
}

export function streamFull(stream: Stream): bool {
  return streamReady(stream) == CAPACITY;
}

/** Takes up to `length` bytes. Bytes read, 0 at the end of the stream, -EAGAIN when it is empty, -EFAULT. */
export function streamRead(stream: Stream, space: Space, user: u64, length: u32): i32 {
  const total = min(length, streamReady(stream));
  if (!total) return length && stream.writers ? -EAGAIN : 0;
  let done: u32 = 0;
  while (done < total) {
    const at = stream.head % CAPACITY;
    const size = min(total - done, CAPACITY - at);
    const missed = copyToUser(space, user + done, stream.ring + at, size);
    count(space, size - missed);
    stream.head += size - missed;
    done += size - missed;
    if (missed) return done ? done : -EFAULT;
  }
  return done;
}

/** Adds up to `length` bytes, as many as fit. Bytes written, -EPIPE without a reader, -EAGAIN when it is full, -EFAULT. */
export function streamWrite(stream: Stream, space: Space, user: u64, length: u32): i32 {
  if (!stream.readers) return -EPIPE;
  const total = min(length, CAPACITY - streamReady(stream));
  if (!total) return length ? -EAGAIN : 0;
  let done: u32 = 0;
  while (done < total) {
    const at = stream.tail % CAPACITY;
    const size = min(total - done, CAPACITY - at);
    const missed = copyFromUser(space, stream.ring + at, user + done, size);
    frameMarkDirty(stream.ring + at);
    count(space, size - missed);
    stream.tail += size - missed;
    done += size - missed;
    if (missed) return done ? done : -EFAULT;
  }
  return done;
}

function count(space: Space, size: u32): void {
  const counters = spaceCounters(space);
  counters.copies++;
  counters.bytesCopied += size;
}
