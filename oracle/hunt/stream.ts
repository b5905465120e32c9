/**
 * A command stream with the payloads that its commands point at, in user memory:
 *
 *     | commands, up to 512 bytes | payloads, each at a multiple of 8 ...
 *     ^ wbuf                      ^ wbuf + 512
 */
import { BC_FREE_BUFFER, BC_REPLY_SG, BC_TRANSACTION_SG } from '../../assembly/abi/protocol.ts';
import type { StepInputOf, WriteReadInput } from '../../host/trace/journal.ts';
import { hexOfAddress } from '../../host/wire/hex.ts';
import { payloadSize } from '../../host/wire/words.ts';
import { Bytes } from './bytes.ts';
import type { Actor } from './scene.ts';

const STREAM_BYTES = 512;
/** The words whose data ends in buffers_size. */
const SG_WORDS = new Set([BC_TRANSACTION_SG, BC_REPLY_SG]);

/** struct binder_transaction_data, followed by buffers_size for the _SG words. */
export interface TransactionData {
  target: number;
  cookie: number;
  code: number;
  flags: number;
  dataSize: bigint | number;
  offsetsSize: bigint | number;
  buffer: bigint | number;
  offsets: bigint | number;
  buffersSize: bigint | number;
}

export class Stream {
  readonly #commands = new Bytes();
  readonly #payloads = new Bytes();

  /** @param wbuf Its address. */
  constructor(readonly wbuf: number) {}

  /** Bytes of the commands. */
  get size(): number {
    return this.#commands.length;
  }

  /** Whether another transaction fits. */
  get hasRoom(): boolean {
    return this.size + 76 <= STREAM_BYTES;
  }

  /** Appends a payload after the commands. @returns Its address. */
  place(bytes: ArrayLike<number>): number {
    this.#payloads.align(8);
    const at = this.wbuf + STREAM_BYTES + this.#payloads.length;
    this.#payloads.raw(bytes);
    return at;
  }

  /** Address that the next payload gets. */
  get nextPlace(): number {
    return this.wbuf + STREAM_BYTES + ((this.#payloads.length + 7) & ~7);
  }

  /** A word with its values: u64 each if the payload has space for them, otherwise u32. */
  command(word: number, ...values: (bigint | number)[]): this {
    this.#commands.u32(word);
    const wide = values.length === 0 ? 0 : Math.floor(payloadSize(word) / values.length);
    // a handle with a cookie is 4 and 8 bytes
    if (values.length === 2 && payloadSize(word) === 12) this.#commands.u32(Number(values[0])).u64(values[1] ?? 0);
    else for (const value of values) wide >= 8 ? this.#commands.u64(value) : this.#commands.u32(Number(value));
    return this;
  }

  freeBuffer(address: number): this {
    return this.command(BC_FREE_BUFFER, address);
  }

  transaction(word: number, data: TransactionData): this {
    this.#commands.raw(transactionBytes(word, data));
    return this;
  }

  raw(bytes: ArrayLike<number>): this {
    this.#commands.raw(bytes);
    return this;
  }

  /** The bytes to be stored at `wbuf`. */
  toHex(): string {
    if (this.#payloads.length === 0) return this.#commands.toHex();
    return new Bytes().raw(this.#commands.toBytes()).upTo(STREAM_BYTES).raw(this.#payloads.toBytes()).toHex();
  }

  /** The step that writes it, and reads `readSize` bytes. */
  step(actor: Actor, readSize: number, changes: Partial<WriteReadInput> = {}): StepInputOf<'wr'> {
    return {
      op: 'wr',
      by: actor.thread,
      in: {
        fd: actor.fd,
        arg: hexOfAddress(actor.arg),
        wbuf: hexOfAddress(this.wbuf),
        poke: this.toHex(),
        write_size: this.size,
        write_consumed: 0,
        rbuf: hexOfAddress(actor.rbuf),
        read_size: readSize,
        read_consumed: 0,
        ...changes,
      },
    };
  }
}

/** A transaction's word and data in a stream. */
export function transactionBytes(word: number, data: TransactionData): Uint8Array {
  const bytes = new Bytes().u32(word).u64(data.target).u64(data.cookie).u32(data.code).u32(data.flags).u32(0).u32(0);
  bytes.u64(data.dataSize).u64(data.offsetsSize).u64(data.buffer).u64(data.offsets);
  if (SG_WORDS.has(word)) bytes.u64(data.buffersSize);
  return bytes.toBytes();
}
