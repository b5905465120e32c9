/**
 * A list of commands as BINDER_WRITE_READ takes it:
 *
 *     | command stream ... | payload of the first transaction | payload of the next ...
 *     ^ write buffer       ^ each at a multiple of 16
 */
import {
  HANDLE_COOKIE_COOKIE,
  PTR_COOKIE_COOKIE,
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
  TRANSACTION_DATA_TARGET,
} from '../../assembly/abi/wire.ts';
import type { Command } from './command.ts';
import { align, EMPTY_PAYLOAD, offsetsPlace, storePayload } from './payload.ts';
import { Piece } from './piece.ts';

/** Up to here a loop is quicker than `fill`. */
const ZERO_SHORT = 256;
/** A transaction with a size for its buffers. */
const SG_SIZE = 4 + TRANSACTION_DATA_SG_SIZE;

// In words behind the BC_ word: an imported constant is looked up at every use, one of the file's own costs nothing.
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

/** How much memory a list of commands takes. One extent may be used for list after list. */
export class Extent {
  /** Bytes of the command stream. */
  stream = 0;
  /** Bytes of the stream and of the payloads behind it. */
  size = 0;

  static of(commands: readonly Command[]): Extent {
    const extent = new Extent();
    extent.measure(commands);
    return extent;
  }

  measure(commands: readonly Command[]): void {
    let stream = 0;
    let payloads = 0;
    for (let i = 0; i < commands.length; i++) {
      const { size, room } = commands[i] as Command;
      stream += size;
      payloads += room;
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
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i] as Command;
    const { bytes, payload, size, room } = command;
    const payloadAddress = payloadAt - base + address;
    if (bytes !== null) piece.u8.set(bytes, at);
    else if ((at & 3) === 0) storeCommand(piece, at >> 2, command, payloadAddress);
    else storeApart(piece, at, command, payloadAddress);
    at += size;
    if (payload === null || room === 0) continue;
    zero(piece, end, payloadAt + room);
    storePayload(piece, payloadAt, payloadAddress, payload);
    payloadAt += room;
    end = payloadAt;
  }
}

/** A command behind raw bytes of an odd number: it does not lie on words, so it is made elsewhere and copied. */
function storeApart({ u8 }: Piece, at: number, command: Command, payloadAddress: number): void {
  const apart = new Piece(new ArrayBuffer(align(command.size, 8)));
  storeCommand(apart, 0, command, payloadAddress);
  u8.set(apart.u8.subarray(0, command.size), at);
}

/** Zeroes the bytes from `at` up to `end`. */
function zero({ u8, u64s }: Piece, at: number, end: number): void {
  if (end - at > ZERO_SHORT || ((at | end) & 7) !== 0) u8.fill(0, at, end);
  else for (let i = at >> 3; i < end >> 3; i++) u64s[i] = 0n;
}

/** Stores one command from word `index` on; its payload will lie at `payloadAddress`. */
function storeCommand(piece: Piece, index: number, command: Command, payloadAddress: number): void {
  const { i32 } = piece;
  const { first, second } = command;
  const body = index + 1;
  i32[index] = command.word;
  switch (command.shape) {
    case 'transaction':
      storeTransaction(piece, body, command, payloadAddress);
      break;
    case 'value':
      piece.setBig(body, first);
      break;
    case 'handle':
      i32[body] = first as number;
      break;
    case 'pair':
      i32[body] = first as number;
      i32[body + 1] = second as number;
      break;
    case 'ptr-cookie':
      piece.setBig(body, first);
      piece.setBig(body + PTR_COOKIE_COOKIE / 4, second);
      break;
    case 'handle-cookie':
      i32[body] = first as number;
      piece.setBig(body + HANDLE_COOKIE_COOKIE / 4, second);
      break;
  }
}

/** A part without bytes has the address 0, as libbinder sends it. */
function storeTransaction(piece: Piece, body: number, command: Command, payloadAddress: number): void {
  const payload = command.payload ?? EMPTY_PAYLOAD;
  const { dataSize, offsets, placedAt } = payload;
  const { i32 } = piece;
  const data = placedAt === 0 ? payloadAddress : placedAt;
  piece.setBig(body + TARGET, command.first);
  piece.setBig(body + COOKIE, command.second);
  i32[body + CODE] = command.code;
  i32[body + FLAGS] = command.flags;
  i32[body + SENDER_PID] = 0; // the driver's to fill in
  i32[body + SENDER_EUID] = 0;
  piece.setU64(body + DATA_SIZE, dataSize);
  piece.setU64(body + OFFSETS_SIZE, 8 * offsets.length);
  piece.setU64(body + BUFFER, dataSize > 0 ? data : 0);
  piece.setU64(body + OFFSETS, offsets.length > 0 ? offsetsPlace(payload, payloadAddress) : 0);
  if (command.size === SG_SIZE) piece.setU64(body + BUFFERS_SIZE, payload.buffersSize);
}
