/**
 * The stage: where the host lays down, in memory of the kernel's, what a thread's next BINDER_WRITE_READ is to store in its
 * write buffer, and where it finds what came of the call. Commands lie there in short, and are spelled out into the write
 * buffer; the payloads of transactions follow their stream:
 *
 *     stage          next, record ... | command | command | ...      | room | payload | payload ...
 *     write buffer   | command stream | payload of the first transaction, at a multiple of 16 | of the next ...
 *
 * What is more than a page is spelled out in the room before the payloads, and stored from there.
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
  next: i32; // answer: the thread to resume, or 0
  record: usize; // answer: linear address of the call's record on the tape; 0 when it has none
  payloadsSize: u32; // bytes of the payloads, each rounded up
}

/** One command. Values that need more than 32 bits are none of the stage's. */
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

/** What follows a plain word: as many of them as its size says. */
@unmanaged
class BatchWords {
  first: u32;
  second: u32;
  third: u32;
}

/** Payloads begin and end at multiples of it. */
@unmanaged
class Unit {
  low: u64;
  high: u64;
}

/** Bytes of the longest stream. */
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

/** Bytes of the stream of the first `count` commands. */
export function batchStreamSize(count: u32): u32 {
  let size: u32 = 0;
  for (let i: u32 = 0; i < count; i++) size += 4 + payloadSize(batchCommand(i).word);
  return size;
}

/**
 * Spells the first `count` commands and their payloads out.
 *
 * @param to Where to: linear address of the write buffer, or such that the payloads come to lie where they are.
 * @param address User address of the write buffer, a multiple of 16.
 * @param stream Bytes of the commands' stream.
 */
export function batchEncode(count: u32, to: usize, address: u64, stream: u32): void {
  let source = batchPayloads();
  let end: usize = stream; // of all that lies in the write buffer
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

/** Copies the `size` bytes of a payload, and zeros up to the next multiple of 16. Returns how many bytes that makes. */
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

/** A part without bytes has the address 0, as libbinder sends it. */
function transactionEncode(record: TransactionRecord, command: BatchCommand, data: u64): void {
  const dataSize = command.dataSize;
  record.target = command.first;
  record.cookie = command.second;
  record.code = command.code;
  record.flags = command.flags;
  record.senderPid = 0; // the driver's to fill in
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

/** Bytes up to the next multiple of 16, which is where a payload may begin. */
export function align16(size: usize): usize {
  return (size + 15) & -16;
}

/** The bytes behind a BC_ word: its bits 29..16. */
function payloadSize(word: u32): u32 {
  return (word >>> 16) & 0x3fff;
}
