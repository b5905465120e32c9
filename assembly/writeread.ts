/**
 * The program's part of a BINDER_WRITE_READ. A program stores commands and binder_write_read in its window, makes the call,
 * and reads the result. The host is the program of every thread. These functions do all of it in one crossing into wasm.
 *
 * The results log gets a record of each call, so that results outlive the read buffer. The host empties the log when it is
 * full.
 *
 *     results log   end | write_consumed, read_consumed, length, bytes read | next record | ... | free
 */
import {
  ACCESS_READ,
  ACCESS_WRITE,
  PAGE_SIZE,
  RECORD_LENGTH,
  RECORD_READ,
  RECORD_READ_CONSUMED,
  RECORD_WRITE_CONSUMED,
  RESULTS_END,
  RESULTS_RECORDS,
  RESULTS_SIZE,
  WINDOW_ARGUMENT,
  WINDOW_READ,
  WINDOW_WRITE,
} from './abi/machine';
import { WRITE_READ_SIZE } from './abi/wire';
import { WriteRead } from './driver/records';
import { bytesCopy } from './lib/bytes';
import { Space } from './mem/space';
import { userWindow } from './mem/uaccess';
import { align16, batch, batchCommand, batchPayloads, batchEncode, batchStreamSize } from './batch';
import { Thread, threadCallFrame } from './task/process';

@unmanaged
class ResultLog {
  end: u32; // offset of the next record from the start of the log; 0 before the first record
}

@unmanaged
class ResultRecord {
  writeConsumed: u64;
  readConsumed: u64;
  length: u32; // bytes that the call read
}

if (offsetof<ResultLog>('end') != RESULTS_END) ERROR('ResultLog.end');
if (offsetof<ResultRecord>('writeConsumed') != RECORD_WRITE_CONSUMED) ERROR('Record.writeConsumed');
if (offsetof<ResultRecord>('readConsumed') != RECORD_READ_CONSUMED) ERROR('Record.readConsumed');
if (offsetof<ResultRecord>('length') != RECORD_LENGTH) ERROR('Record.length');
if (offsetof<ResultRecord>() > <usize>RECORD_READ) ERROR('Record');

/** Highest offset at which a record may begin: one with a page of read bytes fits there. */
const RECORD_LAST: u32 = RESULTS_SIZE - RECORD_READ - PAGE_SIZE;

export const results = changetype<ResultLog>(memory.data(RESULTS_SIZE, 8));

/** Stores the batch's first `count` commands and binder_write_read in a window, where the program may write. */
export function writeReadStore(space: Space, window: u64, count: u32, readSize: u32): void {
  const writeSize = count != 0 ? commandsStore(space, window + WINDOW_WRITE, count) : 0;
  const argument = userWindow(space, window + WINDOW_ARGUMENT, WRITE_READ_SIZE, ACCESS_WRITE);
  if (argument == 0) return;
  const io = changetype<WriteRead>(argument);
  io.writeSize = writeSize;
  io.writeConsumed = 0;
  io.writeBuffer = window + WINDOW_WRITE;
  io.readSize = readSize;
  io.readConsumed = 0;
  io.readBuffer = window + WINDOW_READ;
}

/** Stores the commands and payloads from `address` on, the start of a page. Returns the bytes of the command stream. */
function commandsStore(space: Space, address: u64, count: u32): u32 {
  const first = batchCommand(0);
  if (first.word == 0) {
    pagesStore(space, address, batchPayloads(), first.first);
    return first.second;
  }
  const stream = batchStreamSize(count);
  const start = align16(stream);
  const size = start + batch.payloadsSize;
  if (size <= <usize>PAGE_SIZE) {
    const to = userWindow(space, address, 1, ACCESS_WRITE);
    if (to != 0) batchEncode(count, to, address, stream);
  } else {
    const from = batchPayloads() - start;
    batchEncode(count, from, address, stream);
    pagesStore(space, address, from, size);
  }
  return stream;
}

/** Stores bytes from the start of a page on. Stops at the first page that faults, as a program's stores do. */
function pagesStore(space: Space, address: u64, from: usize, size: usize): void {
  for (let done: usize = 0; done < size; done += PAGE_SIZE) {
    const to = userWindow(space, address + done, 1, ACCESS_WRITE);
    if (to == 0) break;
    bytesCopy(to, from + done, min<usize>(size - done, PAGE_SIZE));
  }
}

/**
 * Appends the result of the thread's call to the results log. Only a call that succeeded leaves its result in the thread's
 * call frame; any other gets no record.
 */
export function resultRecord(thread: Thread, result: i32): void {
  batch.record = 0;
  if (result < 0) return;
  const io = changetype<WriteRead>(threadCallFrame(thread));
  const size: u64 = io.readSize != 0 ? io.readConsumed : 0;
  const at = max<u32>(results.end, RESULTS_RECORDS);
  if (at > RECORD_LAST || size > <u64>PAGE_SIZE) return;
  const record = changetype<ResultRecord>(changetype<usize>(results) + at);
  if (size != 0) {
    const read = userWindow(thread.process.space!, io.readBuffer, <u32>size, ACCESS_READ);
    if (read == 0) return;
    bytesCopy(changetype<usize>(record) + RECORD_READ, read, <u32>size);
  }
  record.writeConsumed = io.writeConsumed;
  record.readConsumed = io.readConsumed;
  record.length = <u32>size;
  batch.record = changetype<usize>(record);
  results.end = at + RECORD_READ + ((<u32>size + 7) & -8);
}
