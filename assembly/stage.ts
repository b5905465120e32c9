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
  STAGE_COMMAND_SIZE,
  STAGE_COMMANDS,
  STAGE_COMMANDS_MAX,
  STAGE_NEXT,
  STAGE_PAYLOADS,
  STAGE_PAYLOADS_MAX,
  STAGE_PAYLOADS_SIZE,
  STAGE_RECORD,
  STAGE_SIZE,
  STAGE_STREAM,
} from './abi/machine';
import { PTR_COOKIE_SIZE, TRANSACTION_DATA_SIZE } from './abi/wire';
import { PtrCookie, TransactionRecord, Word } from './driver/records';
import { bytesCopy } from './lib/bytes';

@unmanaged
export class Stage {
  next: i32; // answer: the thread to resume, or 0
  record: usize; // answer: linear address of the call's record on the tape; 0 when it has none
  payloadsSize: u32; // bytes of the payloads, each rounded up
}

/** One command. Values that need more than 32 bits are none of the stage's. */
@unmanaged
export class Command {
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
class Words {
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
const STREAM_MAX = STAGE_COMMANDS_MAX * (4 + TRANSACTION_DATA_SIZE);

if (offsetof<Stage>('next') != STAGE_NEXT) ERROR('Stage.next');
if (offsetof<Stage>('record') != STAGE_RECORD) ERROR('Stage.record');
if (offsetof<Command>('word') != COMMAND_WORD) ERROR('Command.word');
if (offsetof<Command>('first') != COMMAND_FIRST) ERROR('Command.first');
if (offsetof<Command>('second') != COMMAND_SECOND) ERROR('Command.second');
if (offsetof<Command>('code') != COMMAND_CODE) ERROR('Command.code');
if (offsetof<Command>('flags') != COMMAND_FLAGS) ERROR('Command.flags');
if (offsetof<Command>('dataSize') != COMMAND_DATA_SIZE) ERROR('Command.dataSize');
if (offsetof<Command>('data') != COMMAND_DATA) ERROR('Command.data');
if (offsetof<Command>() > <usize>STAGE_COMMAND_SIZE) ERROR('Command');
if (offsetof<Stage>('payloadsSize') != STAGE_PAYLOADS_SIZE) ERROR('Stage.payloadsSize');
if (STAGE_COMMANDS + STAGE_COMMANDS_MAX * STAGE_COMMAND_SIZE > STAGE_STREAM) ERROR('STAGE_STREAM');
if (STAGE_STREAM + STREAM_MAX > STAGE_PAYLOADS || STAGE_PAYLOADS % 16 != 0) ERROR('STAGE_PAYLOADS');
if (STAGE_PAYLOADS + STAGE_PAYLOADS_MAX != STAGE_SIZE) ERROR('STAGE_SIZE');

export const stage = changetype<Stage>(memory.data(STAGE_SIZE, 16));

export function stageCommand(index: u32): Command {
  return changetype<Command>(changetype<usize>(stage) + STAGE_COMMANDS + index * STAGE_COMMAND_SIZE);
}

export function stagePayloads(): usize {
  return changetype<usize>(stage) + STAGE_PAYLOADS;
}

/** Bytes of the stream of the first `count` commands. */
export function stageStream(count: u32): u32 {
  let size: u32 = 0;
  for (let i: u32 = 0; i < count; i++) size += 4 + payloadSize(stageCommand(i).word);
  return size;
}

/**
 * Spells the first `count` commands and their payloads out.
 *
 * @param to Where to: linear address of the write buffer, or such that the payloads come to lie where they are.
 * @param address User address of the write buffer, a multiple of 16.
 * @param stream Bytes of the commands' stream.
 */
export function stageSpell(count: u32, to: usize, address: u64, stream: u32): void {
  let source = stagePayloads();
  let end: usize = stream; // of all that lies in the write buffer
  let at = to;
  for (let i: u32 = 0; i < count; i++) {
    const command = stageCommand(i);
    const size = payloadSize(command.word);
    changetype<Word>(at).value = command.word;
    at += offsetof<Word>();
    if (size == TRANSACTION_DATA_SIZE) {
      let data: u64 = command.data;
      if (command.dataSize != 0 && data == COMMAND_DATA_BROUGHT) {
        for (; end & 15; end += 4) changetype<Word>(to + end).value = 0;
        data = address + end;
        const room = payloadSpell(to + end, source, command.dataSize);
        source += room;
        end += room;
      }
      transactionSpell(changetype<TransactionRecord>(at), command, data);
    } else {
      plainSpell(at, size, command);
    }
    at += size;
  }
}

/** Copies the `size` bytes of a payload, and zeros up to the next multiple of 16. Returns how many bytes that makes. */
function payloadSpell(to: usize, from: usize, size: u32): usize {
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
function transactionSpell(record: TransactionRecord, command: Command, data: u64): void {
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

function plainSpell(at: usize, size: u32, command: Command): void {
  if (size == PTR_COOKIE_SIZE) {
    const pair = changetype<PtrCookie>(at);
    pair.ptr = command.first;
    pair.cookie = command.second;
  } else if (size != 0) {
    const words = changetype<Words>(at);
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
