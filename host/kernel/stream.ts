/**
 * A list of commands as BINDER_WRITE_READ takes it:
 *
 *     | command stream ... | payload of the first transaction | payload of the next ...
 *     ^ write buffer       ^ each at a multiple of 16
 */
import {
  HANDLE_COOKIE_COOKIE,
  HANDLE_COOKIE_SIZE,
  PTR_COOKIE_COOKIE,
  PTR_COOKIE_SIZE,
  TRANSACTION_DATA_BUFFER,
  TRANSACTION_DATA_CODE,
  TRANSACTION_DATA_COOKIE,
  TRANSACTION_DATA_DATA_SIZE,
  TRANSACTION_DATA_FLAGS,
  TRANSACTION_DATA_OFFSETS,
  TRANSACTION_DATA_OFFSETS_SIZE,
  TRANSACTION_DATA_SENDER_EUID,
  TRANSACTION_DATA_SENDER_PID,
  TRANSACTION_DATA_SG_BUFFERS_SIZE,
  TRANSACTION_DATA_SG_SIZE,
  TRANSACTION_DATA_SIZE,
  TRANSACTION_DATA_TARGET,
} from '../../assembly/abi/wire.ts';
import type { Command } from './command.ts';
import { align, storeAttached, storeBytes } from './payload.ts';
import { Piece } from './piece.ts';
import { payloadSize } from './words.ts';

// In words behind the BC_ word.
const TARGET = TRANSACTION_DATA_TARGET / 4;
const COOKIE = TRANSACTION_DATA_COOKIE / 4;
const CODE = TRANSACTION_DATA_CODE / 4;
const FLAGS = TRANSACTION_DATA_FLAGS / 4;
const SENDER_PID = TRANSACTION_DATA_SENDER_PID / 4;
const SENDER_EUID = TRANSACTION_DATA_SENDER_EUID / 4;
const DATA_SIZE = TRANSACTION_DATA_DATA_SIZE / 4;
const OFFSETS_SIZE = TRANSACTION_DATA_OFFSETS_SIZE / 4;
const BUFFER = TRANSACTION_DATA_BUFFER / 4;
const OFFSETS = TRANSACTION_DATA_OFFSETS / 4;
const BUFFERS_SIZE = TRANSACTION_DATA_SG_BUFFERS_SIZE / 4;

/** How much memory a list of commands takes. */
export class Extent {
  /** Bytes of the command stream. */
  readonly stream: number;
  /** Bytes of the stream and of the payloads behind it. */
  readonly size: number;

  constructor(commands: readonly Command[]) {
    let stream = 0;
    let payloads = 0;
    for (const command of commands) {
      stream += streamSize(command);
      payloads += dataRoom(command) + (command.attached?.room ?? 0);
    }
    this.stream = stream;
    this.size = payloads === 0 ? stream : align(stream, 16) + payloads;
  }
}

/**
 * Lays the commands out in `piece` from byte `base` (a multiple of 16) on, where they have room.
 *
 * @param address User address of that byte.
 * @param stream Bytes of their stream.
 */
export function storeCommands(
  piece: Piece,
  base: number,
  address: number,
  commands: readonly Command[],
  stream: number,
): void {
  let at = base;
  let end = base + stream;
  let payloadAt = base + align(stream, 16);
  for (const command of commands) {
    const { word, bytes, dataSize, attached } = command;
    const size = streamSize(command);
    const payloadAddress = payloadAt - base + address;
    if (word === 0) piece.u8.set(bytes as Uint8Array, at);
    else if ((at & 3) === 0) storeCommand(piece, at >> 2, command, payloadAddress);
    else storeApart(piece, at, command, size, payloadAddress);
    at += size;
    const data = dataRoom(command);
    const room = data + (attached?.room ?? 0);
    if (room === 0) continue;
    piece.u8.fill(0, end, payloadAt + room);
    if (bytes !== null) storeBytes(piece.u8, payloadAt, bytes, Math.min(bytes.length, dataSize));
    if (attached !== null) storeAttached(piece, payloadAt, payloadAddress, data, attached);
    payloadAt += room;
    end = payloadAt;
  }
}

/** @returns Bytes of a command in the stream. */
export function streamSize({ word, bytes }: Command): number {
  return word === 0 ? (bytes as Uint8Array).length : 4 + payloadSize(word);
}

/** @returns Bytes of the data that a command brings along, up to where something else may begin. */
function dataRoom({ dataSize, placedAt }: Command): number {
  return placedAt === 0 ? align(dataSize, 16) : 0;
}

/** A command behind raw bytes of an odd number: it does not lie on words, so it is made elsewhere and copied. */
function storeApart({ u8 }: Piece, at: number, command: Command, size: number, payloadAddress: number): void {
  const apart = new Piece(new ArrayBuffer(align(size, 8)));
  storeCommand(apart, 0, command, payloadAddress);
  u8.set(apart.u8.subarray(0, size), at);
}

/** Stores one command from word `index` on; its payload will lie at `payloadAddress`. */
function storeCommand(piece: Piece, index: number, command: Command, payloadAddress: number): void {
  const { i32 } = piece;
  const { word, first, second } = command;
  const body = index + 1;
  i32[index] = word;
  switch (payloadSize(word)) {
    case 0:
      break;
    case 4:
      i32[body] = Number(first);
      break;
    case 8:
      piece.setBig(body, first);
      if (second !== 0) i32[body + 1] = Number(second);
      break;
    case PTR_COOKIE_SIZE:
      piece.setBig(body, first);
      piece.setBig(body + PTR_COOKIE_COOKIE / 4, second);
      break;
    case HANDLE_COOKIE_SIZE:
      i32[body] = Number(first);
      piece.setBig(body + HANDLE_COOKIE_COOKIE / 4, second);
      break;
    case TRANSACTION_DATA_SIZE:
    case TRANSACTION_DATA_SG_SIZE:
      storeTransaction(piece, body, command, payloadAddress);
      break;
  }
}

/** A part without bytes has the address 0, as libbinder sends it. */
function storeTransaction(piece: Piece, body: number, command: Command, payloadAddress: number): void {
  const { dataSize, placedAt, attached } = command;
  const { i32 } = piece;
  const data = placedAt === 0 ? payloadAddress : placedAt;
  const offsets = attached === null ? 0 : attached.offsets.length;
  piece.setBig(body + TARGET, command.first);
  piece.setBig(body + COOKIE, command.second);
  i32[body + CODE] = command.code;
  i32[body + FLAGS] = command.flags;
  i32[body + SENDER_PID] = 0; // the driver's to fill in
  i32[body + SENDER_EUID] = 0;
  piece.setU64(body + DATA_SIZE, dataSize);
  piece.setU64(body + OFFSETS_SIZE, 8 * offsets);
  piece.setU64(body + BUFFER, dataSize > 0 ? data : 0);
  piece.setU64(body + OFFSETS, offsets > 0 ? payloadAddress + dataRoom(command) : 0);
  if (payloadSize(command.word) === TRANSACTION_DATA_SG_SIZE) {
    piece.setU64(body + BUFFERS_SIZE, attached === null ? 0 : attached.buffersSize);
  }
}
