/**
 * Processes on a bare guest: a client, and a server that is the context manager. Everything goes through the raw exports
 * and prefilled user memory, so that the benchmarks measure the driver and not the typed host.
 *
 *     arena   page 0   binder_write_read records, one every 64 bytes
 *             page 1   what reads return
 *             page 2.. command streams with their payloads, contiguous
 *             DATA     payloads, page-aligned
 */
import {
  ACCESS_WRITE,
  DEVICE_BINDER,
  MAP_ANONYMOUS,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  O_CLOEXEC,
  O_RDWR,
  PAGE_SIZE,
  PARKED,
  PROT_READ,
  PROT_WRITE,
} from '../assembly/abi/machine.ts';
import { BINDER_SET_CONTEXT_MGR, BINDER_WRITE_READ, BR_REPLY, BR_TRANSACTION } from '../assembly/abi/protocol.ts';
import {
  TRANSACTION_DATA_BUFFER,
  WRITE_READ_READ_BUFFER,
  WRITE_READ_READ_CONSUMED,
  WRITE_READ_READ_SIZE,
  WRITE_READ_WRITE_BUFFER,
  WRITE_READ_WRITE_CONSUMED,
  WRITE_READ_WRITE_SIZE,
} from '../assembly/abi/wire.ts';
import type { GuestExports } from '../build/layout.ts';
import { Guest, type WasmSource } from '../host/guest/guest.ts';
import type { Command } from '../host/wire/command.ts';
import { bc } from '../host/wire/commands.ts';
import { StreamSize } from '../host/wire/stream.ts';

const MIB = 1024 * 1024;
const ARENA = 0x10000000;
const ARENA_SIZE = 4 * MIB;
/** User addresses of an arena's parts. */
const READS = ARENA + PAGE_SIZE;
const STREAMS = ARENA + 2 * PAGE_SIZE;
export const DATA = ARENA + 16 * PAGE_SIZE;
const RECORD_STRIDE = 64;
const READ_SIZE = 256;

export const MAPPING = 0x70000000;
/** The largest size that the driver uses, so that two oneways of 512 KiB fit at once. */
const MAPPING_SIZE = 4 * MIB;
/** The ioctl's number as wasm takes it: an i32. */
const WRITE_READ = BINDER_WRITE_READ | 0;

/** The options of a bare guest. */
export interface GuestChoice {
  wasm: WasmSource;
  /** STRATEGY_* */
  strategy: number;
  memoryMiB: number;
}

/** A repeatable BINDER_WRITE_READ. */
export interface Prepared {
  /** User address of its binder_write_read. */
  readonly arg: number;
  /** Indices of the `consumed` fields among the doubles of linear memory. */
  readonly writeConsumed: number;
  readonly readConsumed: number;
}

/** One process with one thread that has mapped the device. */
export class Actor {
  readonly process: number;
  readonly thread: number;
  readonly fd: number;
  readonly #ioctl: GuestExports['sysIoctl'];
  /** Linear memory, for stores of eight zero bytes at once. */
  readonly #doubles: Float64Array;
  #records = 0;
  #streamEnd = STREAMS;

  constructor(
    readonly guest: Guest,
    pid: number,
  ) {
    const { raw } = guest;
    this.#ioctl = raw.sysIoctl;
    this.#doubles = new Float64Array(guest.memory.buffer);
    this.process = good(raw.procCreate(pid, 0));
    this.thread = raw.mainThread(this.process);
    const anonymous = MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    good(raw.sysMmap(this.thread, ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE, anonymous, -1, 0));
    this.fd = good(raw.sysOpen(this.thread, DEVICE_BINDER, O_RDWR | O_CLOEXEC));
    const mapping = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    good(raw.sysMmap(this.thread, MAPPING, MAPPING_SIZE, PROT_READ, mapping, this.fd, 0));
  }

  /** Linear address of a byte of the process's memory, valid to the end of its page. */
  linear(address: number): number {
    return good(this.guest.raw.userTouch(this.process, address, ACCESS_WRITE));
  }

  /** Stores bytes in the process's memory. */
  store(address: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(bytes.length - at, PAGE_SIZE - ((address + at) % PAGE_SIZE));
      this.guest.u8.set(bytes.subarray(at, at + size), this.linear(address + at));
      at += size;
    }
  }

  /** Stores commands and their binder_write_read in the arena; with `reads` the call reads, too. */
  prepare(commands: readonly Command[], { reads = true } = {}): Prepared {
    const address = this.#streamEnd;
    const bytes = bc.bytes(commands, address);
    this.store(address, bytes);
    this.#streamEnd += (bytes.length + 63) & ~63;
    if (this.#streamEnd > DATA) throw new Error('the arena has no room for more commands');

    const arg = ARENA + this.#records++ * RECORD_STRIDE;
    const at = this.linear(arg);
    const set = (offset: number, value: number) => this.guest.data.setUint32(at + offset, value, true);
    set(WRITE_READ_WRITE_SIZE, new StreamSize(commands).stream);
    set(WRITE_READ_WRITE_BUFFER, address);
    set(WRITE_READ_READ_SIZE, reads ? READ_SIZE : 0);
    set(WRITE_READ_READ_BUFFER, READS);
    return {
      arg,
      writeConsumed: (at + WRITE_READ_WRITE_CONSUMED) >> 3,
      readConsumed: (at + WRITE_READ_READ_CONSUMED) >> 3,
    };
  }

  /** Like `prepare`, in a place that the next call of `scratch` overwrites. */
  scratch(commands: readonly Command[], options?: { reads?: boolean }): Prepared {
    const [records, streamEnd] = [this.#records, this.#streamEnd];
    const prepared = this.prepare(commands, options);
    this.#records = records;
    this.#streamEnd = streamEnd;
    return prepared;
  }

  /** Makes a prepared call. @returns Its raw result. */
  call(prepared: Prepared): number {
    this.#doubles[prepared.writeConsumed] = 0;
    this.#doubles[prepared.readConsumed] = 0;
    return this.#ioctl(this.thread, this.fd, WRITE_READ, prepared.arg);
  }

  /** The words that the last read returned, each with the linear address of its payload. */
  *answer(prepared: Prepared): Generator<{ word: number; payload: number }> {
    const { data } = this.guest;
    let at = this.linear(READS);
    const end = at + data.getUint32(prepared.readConsumed << 3, true);
    while (at < end) {
      const word = data.getUint32(at, true);
      yield { word, payload: at + 4 };
      at += 4 + ((word >>> 16) & 0x3fff);
    }
  }

  /** Address of the message that the last read returned. @throws Error when there was none. */
  received(prepared: Prepared): number {
    for (const { word, payload } of this.answer(prepared)) {
      if (word === BR_TRANSACTION || word === BR_REPLY) {
        return this.guest.data.getUint32(payload + TRANSACTION_DATA_BUFFER, true);
      }
    }
    throw new Error('a read returned no message');
  }
}

/** The guest with its first two processes, each after its thread's first ioctl. */
export class GuestScene {
  readonly guest: Guest;
  readonly raw: GuestExports;
  readonly client: Actor;
  readonly server: Actor;
  #pids = 2000;

  /** @param recording Whether it records events. */
  constructor({ wasm, strategy, memoryMiB }: GuestChoice, { recording = false } = {}) {
    this.guest = new Guest(wasm, memoryMiB);
    this.raw = this.guest.raw;
    good(this.raw.boot(memoryMiB * MIB, strategy, 128));
    this.guest.record(recording);
    this.client = new Actor(this.guest, 1000);
    this.server = new Actor(this.guest, 2000);
    good(this.raw.sysIoctl(this.server.thread, this.server.fd, BINDER_SET_CONTEXT_MGR, 0));
    good(this.client.call(this.client.prepare([])));
    good(this.server.call(this.server.prepare([bc.enterLooper()], { reads: false })));
  }

  /** Makes one more process, up to its first ioctl. */
  actor(): Actor {
    this.#pids += 1000;
    const actor = new Actor(this.guest, this.#pids);
    good(actor.call(actor.prepare([])));
    return actor;
  }

  /** Resumes the next woken thread. @returns The result of its call. */
  resume(): number {
    return this.raw.resume(this.raw.wakeNext());
  }
}

/** @throws Error for a negative result of the guest, including PARKED. */
export function good(result: number): number {
  if (result < 0) throw new Error(result === PARKED ? 'the call went to sleep' : `the guest answered ${result}`);
  return result;
}
