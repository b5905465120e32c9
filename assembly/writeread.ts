/**
 * The program's part of a BINDER_WRITE_READ. A program stores commands and binder_write_read in its window, makes the call,
 * and reads the result. The host is the program of every thread. These functions do all of it in one crossing into wasm.
 *
 * The step log gets an entry of each result, so that results outlive the read buffer. For a host that keeps a journal it
 * gets an entry of each call, too. The host takes the entries away before the log is full.
 *
 *     step log   end | result | call | result | ... | free
 *     result     head, actor, step, rank | write_consumed, read_consumed, length, bytes read
 *     call       head, actor, fd, window, read size, count | commands | payloads
 */
import {
  ACCESS_READ,
  ACCESS_WRITE,
  BATCH_COMMANDS_MAX,
  BATCH_PAYLOADS_MAX,
  CALL_ACTOR,
  CALL_COMMAND_SIZE,
  CALL_COMMANDS,
  CALL_COUNT,
  CALL_FD,
  CALL_READ_SIZE,
  CALL_TRANSACTION_SIZE,
  CALL_WINDOW,
  ENTRY_CALL,
  ENTRY_KIND_BITS,
  ENTRY_RESULT,
  LOG_CALL_MAX,
  LOG_END,
  LOG_FIRST,
  LOG_SIZE,
  PAGE_SIZE,
  RECORD_LENGTH,
  RECORD_READ,
  RECORD_READ_CONSUMED,
  RECORD_WRITE_CONSUMED,
  RESULT_RECORD,
  WINDOW_ARGUMENT,
  WINDOW_READ,
  WINDOW_WRITE,
} from './abi/machine';
import { TRANSACTION_DATA_SIZE, WRITE_READ_SIZE } from './abi/wire';
import { Word, WriteRead } from './driver/records';
import { bytesCopy } from './lib/bytes';
import { Space } from './mem/space';
import { programWindow } from './mem/uaccess';
import {
  align16,
  batch,
  BatchCommand,
  batchCommand,
  batchEncode,
  batchPayloads,
  batchStreamSize,
  payloadSize,
} from './batch';
import { Thread, threadCallFrame } from './task/process';

@unmanaged
class StepLog {
  end: u32; // offset of the next entry from the start of the log; 0 before the first entry
}

@unmanaged
class ResultEntry {
  head: u32; // kind and size
  actor: u32; // filled in by the host, as the next two
  step: u32;
  rank: u32;
}

@unmanaged
class ResultRecord {
  writeConsumed: u64;
  readConsumed: u64;
  length: u32; // bytes that the call read
}

@unmanaged
class CallEntry {
  head: u32; // kind and size
  actor: u32;
  fd: i32;
  window: u32;
  readSize: u32;
  count: u32;
}

if (offsetof<StepLog>('end') != LOG_END) ERROR('StepLog.end');
if (offsetof<ResultEntry>() != RESULT_RECORD) ERROR('ResultEntry');
if (offsetof<ResultRecord>('writeConsumed') != RECORD_WRITE_CONSUMED) ERROR('Record.writeConsumed');
if (offsetof<ResultRecord>('readConsumed') != RECORD_READ_CONSUMED) ERROR('Record.readConsumed');
if (offsetof<ResultRecord>('length') != RECORD_LENGTH) ERROR('Record.length');
if (offsetof<ResultRecord>() > <usize>RECORD_READ) ERROR('Record');
if (offsetof<CallEntry>('actor') != CALL_ACTOR) ERROR('CallEntry.actor');
if (offsetof<CallEntry>('fd') != CALL_FD) ERROR('CallEntry.fd');
if (offsetof<CallEntry>('window') != CALL_WINDOW) ERROR('CallEntry.window');
if (offsetof<CallEntry>('readSize') != CALL_READ_SIZE) ERROR('CallEntry.readSize');
if (offsetof<CallEntry>('count') != CALL_COUNT) ERROR('CallEntry.count');
if (offsetof<CallEntry>() != CALL_COMMANDS) ERROR('CallEntry');
if (CALL_COMMANDS + BATCH_COMMANDS_MAX * CALL_TRANSACTION_SIZE + BATCH_PAYLOADS_MAX > LOG_CALL_MAX)
  ERROR('LOG_CALL_MAX');

/** Bytes of a result's entry before what was read. */
const RESULT_READ: u32 = RESULT_RECORD + RECORD_READ;
/** Highest offset at which the entry of a result may begin: one with a page of read bytes fits there. */
const RESULT_LAST: u32 = LOG_SIZE - RESULT_READ - PAGE_SIZE;
/** The same for the entry of a call. */
const CALL_LAST: u32 = LOG_SIZE - LOG_CALL_MAX;

export const log = changetype<StepLog>(memory.data(LOG_SIZE, 8));

/** Stores the batch's first `count` commands and binder_write_read in a window, where the program may write. */
export function writeReadStore(space: Space, window: u64, count: u32, readSize: u32): void {
  const writeSize = count != 0 ? commandsStore(space, window + WINDOW_WRITE, count) : 0;
  const argument = programWindow(space, window + WINDOW_ARGUMENT, WRITE_READ_SIZE, ACCESS_WRITE);
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
    const to = programWindow(space, address, 1, ACCESS_WRITE);
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
    const to = programWindow(space, address + done, 1, ACCESS_WRITE);
    if (to == 0) break;
    bytesCopy(to, from + done, min<usize>(size - done, PAGE_SIZE));
  }
}

/**
 * Appends the result of the thread's call to the step log. Only a call that succeeded leaves its result in the thread's
 * call frame; any other gets no record.
 */
export function resultRecord(thread: Thread, result: i32): void {
  batch.record = 0;
  if (result < 0) return;
  const io = changetype<WriteRead>(threadCallFrame(thread));
  const size: u64 = io.readSize != 0 ? io.readConsumed : 0;
  const at = max<u32>(log.end, LOG_FIRST);
  if (at > RESULT_LAST || size > <u64>PAGE_SIZE) return;
  const entry = changetype<ResultEntry>(changetype<usize>(log) + at);
  const record = changetype<ResultRecord>(changetype<usize>(entry) + RESULT_RECORD);
  if (size != 0) {
    const read = programWindow(thread.process.space!, io.readBuffer, <u32>size, ACCESS_READ);
    if (read == 0) return;
    bytesRecord(changetype<usize>(record) + RECORD_READ, read, <u32>size);
  }
  const room = RESULT_READ + ((<u32>size + 3) & -4);
  entry.head = entryHead(ENTRY_RESULT, room);
  entry.actor = 0;
  entry.step = 0;
  entry.rank = 0;
  record.writeConsumed = io.writeConsumed;
  record.readConsumed = io.readConsumed;
  record.length = <u32>size;
  batch.record = changetype<usize>(record);
  log.end = at + room;
}

/**
 * Appends the call that thread number `actor` is about to make, with the batch's first `count` commands, to the step log.
 * The host leaves room for it.
 */
export function callRecord(actor: u32, fd: i32, window: u32, count: u32, readSize: u32): void {
  const at = max<u32>(log.end, LOG_FIRST);
  assert(at <= CALL_LAST, 'callRecord: the log has no room');
  if (at > CALL_LAST) return;
  const entry = changetype<CallEntry>(changetype<usize>(log) + at);
  entry.actor = actor;
  entry.fd = fd;
  entry.window = window;
  entry.readSize = readSize;
  entry.count = count;
  let to = changetype<usize>(entry) + CALL_COMMANDS;
  for (let i: u32 = 0; i < count; i++) to += commandRecord(to, batchCommand(i));
  if (count != 0) {
    const size = batchCommand(0).word == 0 ? batchCommand(0).first : batch.payloadsSize;
    to += bytesRecord(to, batchPayloads(), size);
  }
  const room = <u32>(to - changetype<usize>(entry));
  entry.head = entryHead(ENTRY_CALL, room);
  log.end = at + room;
}

/** Stores what a command has. Returns the bytes that it took. */
function commandRecord(to: usize, command: BatchCommand): usize {
  const target = changetype<BatchCommand>(to);
  target.word = command.word;
  target.first = command.first;
  target.second = command.second;
  if (payloadSize(command.word) < <u32>TRANSACTION_DATA_SIZE) return CALL_COMMAND_SIZE;
  target.code = command.code;
  target.flags = command.flags;
  target.dataSize = command.dataSize;
  target.data = command.data;
  return CALL_TRANSACTION_SIZE;
}

/** Copies bytes to an entry, and zeros to the next word. Returns the size with the zeros. */
function bytesRecord(to: usize, from: usize, size: u32): u32 {
  if (size & 3) changetype<Word>(to + (size & -4)).value = 0;
  bytesCopy(to, from, size);
  return (size + 3) & -4;
}

function entryHead(kind: u32, size: u32): u32 {
  return kind | ((size >> 2) << ENTRY_KIND_BITS);
}
