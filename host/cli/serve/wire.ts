/** Requests of preloaded programs, and the answers: native/request.h. */
import { readSync, writeSync } from 'node:fs';

/** What a request asks for; OP_* in native/request.h. */
export const HELLO = 1;
export const BYE = 2;
export const OPEN = 3;
export const CLOSE = 4;
export const DUP = 5;
export const MMAP = 6;
export const MUNMAP = 7;
export const IOCTL = 8;
export const POLL = 9;
export const SIGNAL = 10;
export const ENDED = 11;
export const SETUID = 12;

const REQUEST_SIZE = 64;
const ARGS = 16;
const BYTES = 56;
/** A whole number of requests of any size is in a pipe. */
const PIPE_SIZE = 0x10000;
const ANSWER_SIZE = 24;
const STORE_SIZE = 16;
const TWO_32 = 2 ** 32;

/** One request; good until the next one is read. */
export class ShimRequest {
  constructor(
    private readonly buffer: Buffer,
    private readonly at: number,
  ) {}

  get op(): number {
    return this.buffer.readUInt32LE(this.at);
  }

  get fd(): number {
    return this.buffer.readInt32LE(this.at + 4);
  }

  get pid(): number {
    return this.buffer.readUInt32LE(this.at + 8);
  }

  get tid(): number {
    return this.buffer.readUInt32LE(this.at + 12);
  }

  arg(index: number): number {
    return u64(this.buffer, this.at + ARGS + 8 * index);
  }

  /** The bytes that follow. */
  get bytes(): Buffer {
    const from = this.at + REQUEST_SIZE;
    return this.buffer.subarray(from, from + this.buffer.readUInt32LE(this.at + BYTES));
  }
}

/** Reads requests from their FIFO. */
export class Requests {
  readonly #buffer = Buffer.alloc(2 * PIPE_SIZE);
  #from = 0;
  #to = 0;

  constructor(private readonly file: number) {}

  /** Waits for the next request. */
  next(): ShimRequest {
    for (;;) {
      const have = this.#to - this.#from;
      if (have >= REQUEST_SIZE) {
        const at = this.#from;
        const size = REQUEST_SIZE + this.#buffer.readUInt32LE(at + BYTES);
        if (have >= size) {
          this.#from += size;
          return new ShimRequest(this.#buffer, at);
        }
      }
      this.#fill();
    }
  }

  #fill(): void {
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    this.#to += readSync(this.file, this.#buffer, this.#to, PIPE_SIZE, null);
  }
}

/** The answer to one request: its stores are collected, then it is sent. */
export class Answer {
  #buffer = Buffer.alloc(4 * PIPE_SIZE);
  #end = ANSWER_SIZE;
  #stores = 0;
  /** Where the last store ends: one that follows it is added to it. */
  #next = -1;
  #sizeAt = 0;

  /** The program has these bytes at `address` when the call returns. */
  store(address: number, bytes: Uint8Array): void {
    this.#makeRoom(STORE_SIZE + bytes.length);
    if (address === this.#next) {
      setU64(this.#buffer, this.#sizeAt, u64(this.#buffer, this.#sizeAt) + bytes.length);
    } else {
      setU64(this.#buffer, this.#end, address);
      setU64(this.#buffer, this.#end + 8, bytes.length);
      this.#sizeAt = this.#end + 8;
      this.#end += STORE_SIZE;
      this.#stores++;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#next = address + bytes.length;
  }

  /** @param file The thread's FIFO. @param value The answer's second number. */
  send(file: number, result: number, value: number): void {
    const buffer = this.#buffer;
    buffer.writeBigInt64LE(BigInt(result), 0);
    setU64(buffer, 8, value);
    buffer.writeUInt32LE(this.#stores, 16);
    buffer.writeUInt32LE(this.#end - ANSWER_SIZE, 20);
    for (let at = 0; at < this.#end; ) at += writeSync(file, buffer, at, this.#end - at);
    this.#end = ANSWER_SIZE;
    this.#stores = 0;
    this.#next = -1;
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const larger = Buffer.alloc(2 * (this.#end + bytes));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}

export function u64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * TWO_32;
}

function setU64(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value % TWO_32, at);
  buffer.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}
