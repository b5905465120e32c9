/**
 * The batch: kernel memory that holds the commands of a thread's next BINDER_WRITE_READ. The host writes the commands in a
 * short form. `batchEncode` expands them into the write buffer. The payloads of transactions follow the command stream.
 * After the call the batch has the next thread and the address of the result.
 *
 *     batch          next, record ... | command | command | ...      | room | payload | payload ...
 *     write buffer   | command stream | payload of the first transaction, at a multiple of 16 | of the next ...
 *
 * A stream with payloads of more than a page is encoded in the room before the payloads, and copied from there.
 */
import {
  COMMAND_CODE,
  COMMAND_DATA,
  COMMAND_DATA_BROUGHT,
  COMMAND_DATA_SIZE,
  COMMAND_FIRST,
  COMMAND_FLAGS,
  COMMAND_SECOND,
  COMMAND_WORD,
  BATCH_COMMAND_SIZE,
  BATCH_COMMANDS,
  BATCH_COMMANDS_MAX,
  BATCH_NEXT,
  BATCH_PAYLOADS,
  BATCH_PAYLOADS_MAX,
  BATCH_PAYLOADS_SIZE,
  BATCH_RECORD,
  BATCH_SIZE,
  BATCH_STREAM,
} from './abi/machine';
import { PTR_COOKIE_SIZE, TRANSACTION_DATA_SIZE } from './abi/wire';
import { PtrCookie, TransactionRecord, Word } from './driver/records';
import { bytesCopy } from './lib/bytes';

@unmanaged
export class CommandBatch {
  next: i32; // output: the thread to resume, or 0
  record: usize; // output: linear address of the call's record in the step log; 0 without a record
  payloadsSize: u32; // bytes of the payloads, each rounded up to a multiple of 16
}

/** One command. 32-bit values only; the host encodes wider commands. */
@unmanaged
export class BatchCommand {
  word: u32;
  first: u32;
  second: u32;
  code: u32;
  flags: u32;
  dataSize: u32;
  data: u32;
}

/** Payload of a plain command; the size in the command word says how many of the words it has. */
@unmanaged
class BatchWords {
  first: u32;
  second: u32;
  third: u32;
}

/** 16 bytes. Payloads begin and end at multiples of this size. */
@unmanaged
class Unit {
  low: u64;
  high: u64;
}

/** Bytes of the longest command stream. */
const STREAM_MAX = BATCH_COMMANDS_MAX * (4 + TRANSACTION_DATA_SIZE);

if (offsetof<CommandBatch>('next') != BATCH_NEXT) ERROR('CommandBatch.next');
if (offsetof<CommandBatch>('record') != BATCH_RECORD) ERROR('CommandBatch.record');
if (offsetof<BatchCommand>('word') != COMMAND_WORD) ERROR('Command.word');
if (offsetof<BatchCommand>('first') != COMMAND_FIRST) ERROR('Command.first');
if (offsetof<BatchCommand>('second') != COMMAND_SECOND) ERROR('Command.second');
if (offsetof<BatchCommand>('code') != COMMAND_CODE) ERROR('Command.code');
if (offsetof<BatchCommand>('flags') != COMMAND_FLAGS) ERROR('Command.flags');
if (offsetof<BatchCommand>('dataSize') != COMMAND_DATA_SIZE) ERROR('Command.dataSize');
if (offsetof<BatchCommand>('data') != COMMAND_DATA) ERROR('Command.data');
if (offsetof<BatchCommand>() > <usize>BATCH_COMMAND_SIZE) ERROR('Command');
if (offsetof<CommandBatch>('payloadsSize') != BATCH_PAYLOADS_SIZE) ERROR('CommandBatch.payloadsSize');
if (BATCH_COMMANDS + BATCH_COMMANDS_MAX * BATCH_COMMAND_SIZE > BATCH_STREAM) ERROR('BATCH_STREAM');
if (BATCH_STREAM + STREAM_MAX > BATCH_PAYLOADS || BATCH_PAYLOADS % 16 != 0) ERROR('BATCH_PAYLOADS');
if (BATCH_PAYLOADS + BATCH_PAYLOADS_MAX != BATCH_SIZE) ERROR('BATCH_SIZE');

export const batch = changetype<CommandBatch>(memory.data(BATCH_SIZE, 16));

export function batchCommand(index: u32): BatchCommand {
  return changetype<BatchCommand>(changetype<usize>(batch) + BATCH_COMMANDS + index * BATCH_COMMAND_SIZE);
}

export function batchPayloads(): usize {
  return changetype<usize>(batch) + BATCH_PAYLOADS;
}

/** Bytes of the command stream of the first `count` commands. */
export function batchStreamSize(count: u32): u32 {
  let size: u32 = 0;
  for (let i: u32 = 0; i < count; i++) size += 4 + payloadSize(batchCommand(i).word);
  return size;
}

/**
 * Encodes the first `count` commands and their payloads as the driver reads them.
 *
 * @param to Linear address of the write buffer, or the address in the batch at which payloads stay where they are.
 * @param address User address of the write buffer, a multiple of 16.
 * @param stream Bytes of the command stream.
 */
export function batchEncode(count: u32, to: usize, address: u64, stream: u32): void {
  let source = batchPayloads();
  let end: usize = stream; // end of the bytes in the write buffer
  let at = to;
  for (let i: u32 = 0; i < count; i++) {
    const command = batchCommand(i);
    const size = payloadSize(command.word);
    changetype<Word>(at).value = command.word;
    at += offsetof<Word>();
    if (size == TRANSACTION_DATA_SIZE) {
      let data: u64 = command.data;
      if (command.dataSize != 0 && data == COMMAND_DATA_BROUGHT) {
        for (; end & 15; end += 4) changetype<Word>(to + end).value = 0;
        data = address + end;
        const room = payloadEncode(to + end, source, command.dataSize);
        source += room;
        end += room;
      }
      transactionEncode(changetype<TransactionRecord>(at), command, data);
    } else {
      plainEncode(at, size, command);
    }
    at += size;
  }
}

/** Copies the `size` bytes of a payload, and zeros up to the next multiple of 16. Returns the padded size. */
function payloadEncode(to: usize, from: usize, size: u32): usize {
  const room = align16(size);
  if (to == from) {
    memory.fill(to + size, 0, room - size);
    return room;
  }
  const last = changetype<Unit>(to + room - offsetof<Unit>());
  last.low = 0;
  last.high = 0;
  bytesCopy(to, from, size);
  return room;
}

/** Data or offsets of size 0 have the address 0, as in libbinder. */
function transactionEncode(record: TransactionRecord, command: BatchCommand, data: u64): void {
  const dataSize = command.dataSize;
  record.target = command.first;
  record.cookie = command.second;
  record.code = command.code;
  record.flags = command.flags;
  record.senderPid = 0; // filled in by the driver
  record.senderEuid = 0;
  record.dataSize = dataSize;
  record.offsetsSize = 0;
  record.buffer = dataSize != 0 ? data : 0;
  record.offsets = 0;
}

function plainEncode(at: usize, size: u32, command: BatchCommand): void {
  if (size == PTR_COOKIE_SIZE) {
    const pair = changetype<PtrCookie>(at);
    pair.ptr = command.first;
    pair.cookie = command.second;
  } else if (size != 0) {
    const words = changetype<BatchWords>(at);
    words.first = command.first;
    if (size > 4) words.second = command.second;
    if (size > 8) words.third = 0;
  }
}

/** `size` rounded up to a multiple of 16, where a payload may begin. */
export function align16(size: usize): usize {
  return (size + 15) & -16;
}

/** Payload bytes after a BC_ word: its bits 29..16. */
export function payloadSize(word: u32): u32 {
  return (word >>> 16) & 0x3fff;
}
