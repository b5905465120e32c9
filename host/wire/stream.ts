/**
 * A list of commands in the form that BINDER_WRITE_READ takes:
 *
 *     | command stream ... | payload of the first transaction | payload of the next ...
 *     ^ write buffer       ^ each at a multiple of 16
 */
import * as wire from '../../assembly/abi/wire.ts';
import { Command } from './command.ts';
import { setBig, setU64 } from './endian.ts';
import { BinderlabError } from './error.ts';
import { shown } from './forms.ts';
import { align, BROUGHT_ALONG, storeAttached, storeBytes } from './payload.ts';
import { payloadSize, wordName } from './words.ts';
import type { WordView } from './wordview.ts';

/** The size of an encoded list of commands. */
export class StreamSize {
  /** Bytes of the command stream. */
  readonly stream: number;
  /** Bytes of the stream and of the payloads after it. */
  readonly size: number;

  constructor(commands: readonly Command[]) {
    let stream = 0;
    let payloads = 0;
    for (const command of commands) {
      checkCommand(command, commands);
      stream += streamSize(command);
      payloads += dataRoom(command) + (command.attached?.room ?? 0);
    }
    this.stream = stream;
    this.size = payloads === 0 ? stream : align(stream, 16) + payloads;
  }
}

/**
 * Encodes the commands from byte `base` of `memory` (a multiple of 16). They must fit.
 *
 * @param address User address of that byte.
 * @param stream Bytes of the command stream.
 */
export function storeCommands(
  memory: WordView,
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
    const payloadAddress = payloadAt - base + address;
    if (word === 0) memory.u8.set(bytes as Uint8Array, at);
    else storeCommand(memory.view, at, command, payloadAddress);
    at += streamSize(command);
    const data = dataRoom(command);
    const room = data + (attached?.room ?? 0);
    if (room === 0) continue;
    memory.u8.fill(0, end, payloadAt + room);
    if (bytes !== null) storeBytes(memory.u8, payloadAt, bytes, Math.min(bytes.length, dataSize));
    if (attached !== null) storeAttached(memory, payloadAt, payloadAddress, data, attached);
    payloadAt += room;
    end = payloadAt;
  }
}

/** @returns Bytes of a command in the stream. */
function streamSize({ word, bytes }: Command): number {
  return word === 0 ? (bytes as Uint8Array).length : 4 + payloadSize(word);
}

/** @returns Bytes of a command's payload data, rounded up to the alignment of the next payload. */
function dataRoom({ dataSize, placedAt }: Command): number {
  return placedAt === BROUGHT_ALONG ? align(dataSize, 16) : 0;
}

/** Stores one command at `at`, aligned or not; its payload will be at `payloadAddress`. */
function storeCommand(view: DataView, at: number, command: Command, payloadAddress: number): void {
  const { word, first, second } = command;
  const body = at + 4;
  view.setUint32(at, word, true);
  switch (payloadSize(word)) {
    case 0:
      break;
    case 4:
      view.setUint32(body, Number(first), true);
      break;
    case 8:
      setBig(view, body, first);
      if (second !== 0) view.setUint32(body + 4, Number(second), true);
      break;
    case wire.PTR_COOKIE_SIZE:
      setBig(view, body, first);
      setBig(view, body + wire.PTR_COOKIE_COOKIE, second);
      break;
    case wire.HANDLE_COOKIE_SIZE:
      view.setUint32(body, Number(first), true);
      setBig(view, body + wire.HANDLE_COOKIE_COOKIE, second);
      break;
    case wire.TRANSACTION_DATA_SIZE:
    case wire.TRANSACTION_DATA_SG_SIZE:
      storeTransaction(view, body, command, payloadAddress);
      break;
  }
}

/** An empty part has the address 0, as libbinder sends it. */
function storeTransaction(view: DataView, at: number, command: Command, payloadAddress: number): void {
  const { dataSize, placedAt, attached } = command;
  const data = placedAt === BROUGHT_ALONG ? payloadAddress : placedAt;
  const offsets = attached === null ? 0 : attached.offsets.length;
  setBig(view, at + wire.TRANSACTION_DATA_TARGET, command.first);
  setBig(view, at + wire.TRANSACTION_DATA_COOKIE, command.second);
  view.setUint32(at + wire.TRANSACTION_DATA_CODE, command.code, true);
  view.setUint32(at + wire.TRANSACTION_DATA_FLAGS, command.flags, true);
  view.setUint32(at + wire.TRANSACTION_DATA_SENDER_PID, 0, true); // the driver fills it in
  view.setUint32(at + wire.TRANSACTION_DATA_SENDER_EUID, 0, true);
  setU64(view, at + wire.TRANSACTION_DATA_DATA_SIZE, dataSize);
  setU64(view, at + wire.TRANSACTION_DATA_OFFSETS_SIZE, 8 * offsets);
  setU64(view, at + wire.TRANSACTION_DATA_BUFFER, dataSize > 0 ? data : 0);
  setU64(view, at + wire.TRANSACTION_DATA_OFFSETS, offsets > 0 ? payloadAddress + dataRoom(command) : 0);
  if (payloadSize(command.word) === wire.TRANSACTION_DATA_SG_SIZE) {
    setU64(view, at + wire.TRANSACTION_DATA_SG_BUFFERS_SIZE, attached === null ? 0 : attached.buffersSize);
  }
}

/** @throws BinderlabError for a value that is not a command, as plain JavaScript may pass. */
function checkCommand(command: Command, commands: readonly Command[]): void {
  if (command instanceof Command && isNumber(command.first) && isNumber(command.second)) return;
  const what = `command ${commands.indexOf(command) + 1} of ${commands.length}`;
  if (!(command instanceof Command)) throw new BinderlabError(`${what} is ${shown(command)}; "bc" makes commands.`);
  const odd = isNumber(command.first) ? command.second : command.first;
  throw new BinderlabError(`${what}, ${wordName(command.word)}: ${shown(odd)} is no number.`);
}

function isNumber(value: bigint | number): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** The commands after the first `consumed` bytes of the stream. */
export function unsent(commands: readonly Command[], consumed: number): Command[] {
  let size = 0;
  return commands.filter((command) => {
    const start = size;
    size += streamSize(command);
    return start >= consumed;
  });
}
