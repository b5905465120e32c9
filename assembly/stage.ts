/**
 * The stage: where the host lays down, in one page of kernel memory, what a thread's next BINDER_WRITE_READ is to store in
 * its write buffer, and where it finds what came of the call. Commands lie there in short, and are spelled out into the
 * write buffer; the payloads of transactions follow their stream:
 *
 *     stage          next, record | command | command | ...              | payload | payload ...
 *     write buffer   | command stream | payload of the first transaction, at a multiple of 16 | of the next ...
 */
import {
  COMMAND_CODE,
  COMMAND_DATA,
  COMMAND_DATA_SIZE,
  COMMAND_FIRST,
  COMMAND_FLAGS,
  COMMAND_SECOND,
  COMMAND_WORD,
  PAGE_SIZE,
  STAGE_COMMAND_SIZE,
  STAGE_COMMANDS,
  STAGE_COMMANDS_MAX,
  STAGE_NEXT,
  STAGE_PAYLOADS,
  STAGE_PAYLOADS_MAX,
  STAGE_RECORD,
} from './abi/machine';
import { PTR_COOKIE_SIZE, TRANSACTION_DATA_SIZE } from './abi/wire';
import { PtrCookie, TransactionRecord, Word } from './driver/records';
import { bytesCopy } from './lib/bytes';

@unmanaged
export class Stage {
  next: i32; // answer: the thread to resume, or 0
  record: usize; // answer: linear address of the call's record on the tape; 0 when it has none
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

/** Bytes of the longest stream on the stage, and of the longest one with its payloads, which begin at a multiple of 16. */
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
if (STAGE_COMMANDS + STAGE_COMMANDS_MAX * STAGE_COMMAND_SIZE > STAGE_PAYLOADS) ERROR('STAGE_PAYLOADS');
if (((STREAM_MAX + 15) & -16) + STAGE_PAYLOADS_MAX > PAGE_SIZE) ERROR('STAGE_PAYLOADS_MAX');

export function stageCommand(stage: Stage, index: u32): Command {
  return changetype<Command>(changetype<usize>(stage) + STAGE_COMMANDS + index * STAGE_COMMAND_SIZE);
}

export function stagePayloads(stage: Stage): usize {
  return changetype<usize>(stage) + STAGE_PAYLOADS;
}

/** Bytes of the stream of the first `count` commands. */
export function stageStream(stage: Stage, count: u32): u32 {
  let size: u32 = 0;
  for (let i: u32 = 0; i < count; i++) size += 4 + payloadSize(stageCommand(stage, i).word);
  return size;
}

/**
 * Spells the first `count` commands and their payloads out.
 *
 * @param to Linear address of the write buffer, which lies in one page.
 * @param address Its user address, a multiple of 16.
 * @param stream Bytes of the commands' stream.
 */
export function stageSpell(stage: Stage, count: u32, to: usize, address: u64, stream: u32): void {
  let source = stagePayloads(stage);
  let end: usize = stream; // of all that lies in the write buffer
  let at = to;
  for (let i: u32 = 0; i < count; i++) {
    const command = stageCommand(stage, i);
    const size = payloadSize(command.word);
    changetype<Word>(at).value = command.word;
    at += offsetof<Word>();
    if (size == TRANSACTION_DATA_SIZE) {
      let data: u64 = command.data;
      if (command.dataSize != 0 && data == 0) {
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
  const room: usize = (size + 15) & -16;
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

/** The bytes behind a BC_ word: its bits 29..16. */
function payloadSize(word: u32): u32 {
  return (word >>> 16) & 0x3fff;
}
