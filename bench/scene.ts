/**
 * Two processes on a bare guest: a client, and a server that is the context manager. Everything goes through the raw
 * exports and prefilled user memory, so that what is measured is the driver and not the typed host.
 *
 *     arena   page 0  binder_write_read records, one every 64 bytes
 *             page 1  command streams, one every 256 bytes
 *             page 2  what reads return
 *             page 16 data, page-aligned
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
import { BINDER_SET_CONTEXT_MGR, BINDER_WRITE_READ } from '../assembly/abi/protocol.ts';
import {
  WRITE_READ_READ_BUFFER,
  WRITE_READ_READ_CONSUMED,
  WRITE_READ_READ_SIZE,
  WRITE_READ_WRITE_BUFFER,
  WRITE_READ_WRITE_CONSUMED,
  WRITE_READ_WRITE_SIZE,
} from '../assembly/abi/wire.ts';
import type { RawExports } from '../host/guest/exports.ts';
import { Guest, type WasmSource } from '../host/guest/guest.ts';

const MIB = 1024 * 1024;
const ARENA = 0x10000000;
const ARENA_SIZE = 4 * MIB;
export const MAPPING = 0x70000000;
/** The largest that counts, so that two oneways of 512 KiB find room at once. */
const MAPPING_SIZE = 4 * MIB;
const READ_SIZE = 256;

/** User addresses of an arena's parts. */
const STREAMS = ARENA + PAGE_SIZE;
const READS = ARENA + 2 * PAGE_SIZE;
export const DATA = ARENA + 16 * PAGE_SIZE;
const RECORD_STRIDE = 64;
const STREAM_STRIDE = 256;

/** A BINDER_WRITE_READ that can be made again and again. */
export interface Prepared {
  /** User address of its binder_write_read. */
  readonly arg: number;
  /** Indices of the `consumed` fields (their low halves) among the words of linear memory. */
  readonly writeConsumed: number;
  readonly readConsumed: number;
}

/** One process with one thread that has mapped the device. */
export class Actor {
  readonly process: number;
  readonly thread: number;
  readonly fd: number;
  #prepared = 0;

  constructor(
    readonly guest: Guest,
    pid: number,
  ) {
    const { raw } = guest;
    this.process = good(raw.procCreate(pid, 0));
    this.thread = raw.mainThread(this.process);
    const anonymous = MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    good(raw.sysMmap(this.thread, ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE, anonymous, -1, 0));
    this.fd = good(raw.sysOpen(this.thread, DEVICE_BINDER, O_RDWR | O_CLOEXEC));
    const mapping = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    good(raw.sysMmap(this.thread, MAPPING, MAPPING_SIZE, PROT_READ, mapping, this.fd, 0));
  }

  /** Linear address of a byte of the process's memory, good to the end of its page. */
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

  /** Lays a command stream and its binder_write_read out in the arena. @param reads Whether it reads, too. */
  prepare(stream: Uint8Array, reads: boolean): Prepared {
    const index = this.#prepared++;
    const arg = ARENA + index * RECORD_STRIDE;
    const at = this.linear(arg);
    const { data } = this.guest;
    const set = (offset: number, value: number) => data.setUint32(at + offset, value, true);
    const streamAt = STREAMS + index * STREAM_STRIDE;
    this.store(streamAt, stream);
    set(WRITE_READ_WRITE_SIZE, stream.length);
    set(WRITE_READ_WRITE_BUFFER, streamAt);
    set(WRITE_READ_READ_SIZE, reads ? READ_SIZE : 0);
    set(WRITE_READ_READ_BUFFER, READS);
    return {
      arg,
      writeConsumed: (at + WRITE_READ_WRITE_CONSUMED) >> 2,
      readConsumed: (at + WRITE_READ_READ_CONSUMED) >> 2,
    };
  }

  /** Makes a prepared call. @returns Its raw result. */
  call(prepared: Prepared): number {
    const { raw, i32 } = this.guest;
    i32[prepared.writeConsumed] = 0;
    i32[prepared.readConsumed] = 0;
    return raw.sysIoctl(this.thread, this.fd, BINDER_WRITE_READ, prepared.arg);
  }

  /** Bytes that the last read returned. */
  answer(prepared: Prepared): DataView {
    const { data, i32 } = this.guest;
    return new DataView(data.buffer, this.linear(READS), i32[prepared.readConsumed]);
  }
}

/** The guest, and its two processes, each past its thread's first ioctl. */
export class Scene {
  readonly guest: Guest;
  readonly raw: RawExports;
  readonly client: Actor;
  readonly server: Actor;

  constructor(wasm: WasmSource, strategy: number, memoryMiB = 64) {
    this.guest = new Guest(wasm, memoryMiB);
    this.raw = this.guest.raw;
    good(this.raw.boot(memoryMiB * MIB, strategy, 128));
    this.client = new Actor(this.guest, 1000);
    this.server = new Actor(this.guest, 2000);
    good(this.raw.sysIoctl(this.server.thread, this.server.fd, BINDER_SET_CONTEXT_MGR, 0));
    good(this.client.call(this.client.prepare(new Uint8Array(0), true)));
  }
}

/** @throws Error for a negative result of the guest's; PARKED is one. */
export function good(result: number): number {
  if (result < 0) throw new Error(result === PARKED ? 'the call went to sleep' : `the guest answered ${result}`);
  return result;
}
