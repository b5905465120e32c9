/**
 * The host's side of the command batch in linear memory: the commands of a thread's next BINDER_WRITE_READ, and the fields
 * that the guest fills in for the call. Plain commands and transactions of plain data are stored in a short form; the guest
 * encodes them into the write buffer. The host encodes all others itself, as the driver reads them.
 */
import * as machine from '../../assembly/abi/machine.ts';
import { TRANSACTION_DATA_SIZE } from '../../assembly/abi/wire.ts';
import type { Command } from '../wire/command.ts';
import { u32At } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import { align, storeBytes } from '../wire/payload.ts';
import { StreamSize, storeCommands } from '../wire/stream.ts';
import { WordView } from '../wire/wordview.ts';
import { WRITE_BUFFER_SIZE } from './arena.ts';

// Word offsets. Local copies: V8 looks up an imported constant at every use.
const FIRST = machine.COMMAND_FIRST / 4;
const SECOND = machine.COMMAND_SECOND / 4;
const CODE = machine.COMMAND_CODE / 4;
const FLAGS = machine.COMMAND_FLAGS / 4;
const DATA_SIZE = machine.COMMAND_DATA_SIZE / 4;
const DATA = machine.COMMAND_DATA / 4;
const COMMAND_WORDS = machine.BATCH_COMMAND_SIZE / 4;

const COUNT_MAX = machine.BATCH_COMMANDS_MAX;
const PAYLOADS_MAX = machine.BATCH_PAYLOADS_MAX;
/** Payload bytes after a BC_ word. */
const SIZE = 0x3fff_0000;
const TRANSACTION = TRANSACTION_DATA_SIZE << 16;
const INT_MAX = 0x7fff_ffff;
const WORD_MAX = 0xffff_ffff;
/** Upper bound of every index. With it the engine omits overflow checks of sums. */
const INDEX = 0x3fff_ffff;

export class CommandBatch {
  readonly #next: number;
  readonly #record: number;
  readonly #payloadsSize: number;
  readonly #commands: number;
  readonly #payloads: number;
  readonly #payloadsEnd: number;
  /** A write buffer in the host's memory; allocated at first use. */
  #apart: WordView | null = null;

  constructor(
    private readonly linear: WordView,
    /** Linear address of the batch. */
    start: number,
  ) {
    this.#next = (start + machine.BATCH_NEXT) >>> 2;
    this.#payloadsSize = (start + machine.BATCH_PAYLOADS_SIZE) >>> 2;
    this.#record = (start + machine.BATCH_RECORD) >>> 2;
    this.#commands = (start + machine.BATCH_COMMANDS) >>> 2;
    this.#payloads = start + machine.BATCH_PAYLOADS;
    this.#payloadsEnd = start + machine.BATCH_PAYLOADS + machine.BATCH_PAYLOADS_MAX;
  }

  /**
   * Stores commands that the guest will encode at `address`.
   *
   * @returns How many commands the batch holds; -1 when they do not fit.
   */
  put(commands: readonly Command[], address: number): number {
    const { length } = commands;
    if (length > COUNT_MAX) return this.#putLaidOut(commands, address);
    const { i32, u8 } = this.linear;
    const end = this.#payloadsEnd;
    let at = this.#commands & INDEX;
    let payload = this.#payloads & INDEX;
    for (let i = 0; i < length; i++) {
      const command = commands[i];
      if (command === undefined || command === null) return this.#putLaidOut(commands, address);
      const { word, first, second } = command;
      const size = word & SIZE;
      if (typeof first !== 'number' || typeof second !== 'number' || isWide(first) || isWide(second)) {
        return this.#putLaidOut(commands, address);
      }
      i32[at] = word;
      i32[at + FIRST] = first;
      i32[at + SECOND] = second;
      if (size === TRANSACTION) {
        const { bytes, placedAt, dataSize } = command;
        i32[at + CODE] = command.code;
        i32[at + FLAGS] = command.flags;
        i32[at + DATA_SIZE] = dataSize;
        i32[at + DATA] = placedAt;
        const from = payload;
        if (bytes !== null) payload = (payload + ((dataSize + 15) & -16)) & INDEX;
        if (command.attached !== null || payload > end || isWide(dataSize) || placedAt >= WORD_MAX) {
          return this.#putLaidOut(commands, address);
        }
        if (bytes !== null) storeBytes(u8, from, bytes, dataSize);
      } else if (word === 0 || size > TRANSACTION) {
        return this.#putLaidOut(commands, address);
      }
      at = (at + COMMAND_WORDS) & INDEX;
    }
    i32[this.#payloadsSize] = payload - this.#payloads;
    return length;
  }

  /**
   * Stores the commands of a recorded call.
   *
   * @param entry An ENTRY_CALL of a journal, which may be any bytes.
   * @returns How many commands the batch holds.
   * @throws BinderlabError when they are no commands of a batch.
   */
  putRecorded(entry: Uint8Array): number {
    const { i32, u8 } = this.linear;
    const count = u32At(entry, machine.CALL_COUNT);
    let from = machine.CALL_COMMANDS;
    let payloads = 0;
    let isKnown = count <= COUNT_MAX;
    for (let i = 0; i < count && i < COUNT_MAX; i++) {
      const at = this.#commands + i * COMMAND_WORDS;
      const word = u32At(entry, from);
      const isMessage = (word & SIZE) === TRANSACTION;
      const length = isMessage ? machine.CALL_TRANSACTION_SIZE : machine.CALL_COMMAND_SIZE;
      for (let field = 0; field < length; field += 4) i32[at + field / 4] = u32At(entry, from + field);
      const isBrought = isMessage && u32At(entry, from + machine.COMMAND_DATA) === machine.COMMAND_DATA_BROUGHT;
      const size = isBrought
        ? u32At(entry, from + machine.COMMAND_DATA_SIZE)
        : word === 0
          ? u32At(entry, from + machine.COMMAND_FIRST)
          : 0;
      isKnown &&= (word & SIZE) <= TRANSACTION && size <= PAYLOADS_MAX;
      payloads += isBrought ? align(size, 16) : align(size, 4);
      from += length;
    }
    if (!isKnown || payloads > PAYLOADS_MAX || from + payloads !== entry.length) {
      throw new BinderlabError(`a recorded call of ${count} commands has ${entry.length} bytes, which cannot be`);
    }
    u8.set(entry.subarray(from), this.#payloads);
    i32[this.#payloadsSize] = payloads;
    return count;
  }

  /** @returns The encoded commands for a write buffer at `address`; valid until the next call. */
  bytes(commands: readonly Command[], address: number, { size, stream }: StreamSize): Uint8Array {
    this.#apart ??= new WordView(new ArrayBuffer(WRITE_BUFFER_SIZE));
    storeCommands(this.#apart, 0, address, commands, stream);
    return this.#apart.u8.subarray(0, size);
  }

  /** The thread to resume after the last `sysWriteRead` or `resumeKeep`, or 0. */
  get next(): number {
    return this.linear.i32[this.#next] as number;
  }

  /** Linear address of the last call's record in the step log; 0 for none. */
  get record(): number {
    return this.linear.i32[this.#record] as number;
  }

  #putLaidOut(commands: readonly Command[], address: number): number {
    const { size, stream } = new StreamSize(commands);
    if (size > machine.BATCH_PAYLOADS_MAX) return -1;
    const { i32 } = this.linear;
    const at = this.#commands;
    i32[at] = 0;
    i32[at + FIRST] = size;
    i32[at + SECOND] = stream;
    storeCommands(this.linear, this.#payloads, address, commands, stream);
    return 1;
  }
}

/** Whether a value needs more than 32 bits. The first comparison is of integers, and decides most cases. */
function isWide(value: number): boolean {
  return value > INT_MAX && value > WORD_MAX;
}
