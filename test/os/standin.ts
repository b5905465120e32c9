/**
 * A guest of JavaScript in the place of the wasm module: user memory is one flat piece for each process, and a test says
 * what each ioctl answers. It lets the host's own behaviour be tested alone.
 */
import { ENOMEM } from '../../assembly/abi/errno.ts';
import {
  BATCH_COMMAND_SIZE,
  BATCH_COMMANDS,
  BATCH_NEXT,
  BATCH_PAYLOADS,
  COMMAND_CODE,
  COMMAND_DATA,
  COMMAND_DATA_BROUGHT,
  COMMAND_DATA_SIZE,
  COMMAND_FIRST,
  COMMAND_FLAGS,
  COMMAND_SECOND,
  COMMAND_WORD,
  ENTRY_CALL,
  PAGE_SIZE,
  PARKED,
  SEGV_MAPERR,
  SIGSEGV,
  WINDOW_ARGUMENT,
  WINDOW_READ,
  WINDOW_WRITE,
} from '../../assembly/abi/machine.ts';
import { BINDER_WRITE_READ } from '../../assembly/abi/protocol.ts';
import { TRANSACTION_DATA_SIZE } from '../../assembly/abi/wire.ts';
import type { GuestExports } from '../../build/layout.ts';
import type { Guest } from '../../host/guest/guest.ts';
import { Directory } from '../../host/os/directory.ts';
import { Process, type ProcessDirectory } from '../../host/os/process.ts';
import { System } from '../../host/os/system.ts';
import type { Thread } from '../../host/os/thread.ts';
import { recordBytes } from '../../host/os/writeread.ts';
import { EntryWriter } from '../../host/trace/entries.ts';
import { Command } from '../../host/wire/command.ts';
import { bc } from '../../host/wire/commands.ts';
import { BROUGHT_ALONG } from '../../host/wire/payload.ts';
import { StreamSize } from '../../host/wire/stream.ts';
import { payloadSize } from '../../host/wire/words.ts';
import { WordView } from '../../host/wire/wordview.ts';

export const ARENA = { address: 0x10000000, size: 0x80000 };

/** Where the guest keeps what is its own: no process has the memory there. */
const CALL_FRAME = 0;
const SCRATCH = 4096;
const BATCH = 8192;
const STEP_LOG = 65536;
/** The stand-in prints nothing. */
const KERNEL_LOG = 0x60000;

/** One ioctl, as the stand-in was asked for it. */
export interface Asked {
  thread: number;
  fd: number;
  cmd: number;
  arg: number;
}

export class StandIn {
  readonly u8 = new Uint8Array(4 * ARENA.size);
  readonly i32 = new Int32Array(this.u8.buffer);
  readonly u32 = new Uint32Array(this.u8.buffer);
  readonly data = new DataView(this.u8.buffer);
  readonly system: System;
  readonly directory: ProcessDirectory = new Directory<Process, Thread>();
  /** What the next ioctls answer, in order; 0 when there is nothing left. */
  readonly answers: ((asked: Asked) => number)[] = [];
  /** Threads to be woken, and what their calls answer then. */
  readonly wakes: [thread: number, answer: () => number][] = [];
  readonly log: string[] = [];
  #processes = 0;
  #resumed: () => number = () => 0;

  constructor() {
    const raw: Partial<GuestExports> = {
      procCreate: () => (this.#processes < 3 ? ++this.#processes : -ENOMEM),
      procFork: () => -ENOMEM,
      mainThread: (process) => 100 * process,
      callFrame: () => CALL_FRAME,
      scratch: () => SCRATCH,
      commandBatch: () => BATCH,
      stepLog: () => STEP_LOG,
      klogHead: () => KERNEL_LOG,
      klogBase: () => KERNEL_LOG,
      threadCreate: (thread, tid) => thread + (tid % 100),
      sysMmap: (_, addr) => addr,
      sysOpen: () => 3,
      sysClose: (_, fd) => (fd === 3 ? 0 : -9),
      sysIoctl: (thread, fd, cmd, arg) => this.answers.shift()?.({ thread, fd, cmd, arg }) ?? 0,
      sysWriteRead: (thread, fd, window, count, readSize, actor) => {
        if (actor >= 0) this.#record(actor, fd, window, count, readSize);
        return this.#writeRead(thread, fd, window, count, readSize);
      },
      userTouch: (process, addr) => {
        const at = addr - ARENA.address;
        return at >= 0 && at < ARENA.size ? process * ARENA.size + at : -((SIGSEGV << 8) | SEGV_MAPERR);
      },
      userLook: (process, addr) => {
        const at = addr - ARENA.address;
        return at >= 0 && at < ARENA.size ? process * ARENA.size + at : 0;
      },
      runNext: () => this.#runNext(),
      resumeKeep: () => {
        const ret = this.#resumed();
        this.data.setUint32(BATCH + BATCH_NEXT, this.#runNext(), true);
        return ret;
      },
      procKill: (process) => this.log.push(`kill ${process}`),
    };
    this.system = new System({ raw, u8: this.u8, i32: this.i32, u32: this.u32, data: this.data } as unknown as Guest);
  }

  spawn(name: string): Process {
    return Process.spawn(this.system, this.directory, name, { pid: this.directory.nextPid, uid: 0 }, ARENA);
  }

  /** Linear address of a byte of a process's arena. */
  linear(process: Process, address: number): number {
    return process.pointer * ARENA.size + address - ARENA.address;
  }

  #runNext(): number {
    const [thread, answer] = this.wakes.shift() ?? [0, () => PARKED];
    this.#resumed = answer;
    return thread;
  }

  /** The call as the guest records it, with the commands as the driver reads them. */
  #record(actor: number, fd: number, window: number, count: number, readSize: number): void {
    const entry = new EntryWriter().begin(ENTRY_CALL).u32(actor).u32(fd).u32(window).u32(readSize);
    const { poke, writeSize } = this.#batched(count, window * PAGE_SIZE + WINDOW_WRITE);
    entry.u32(count === 0 ? 0 : 1);
    if (count > 0) entry.u32(0).u32(poke.length).u32(writeSize);
    for (const word of WordView.of(poke).i32.subarray(0, (poke.length + 3) >> 2)) entry.u32(word >>> 0);
    this.system.stepLog.append(entry.end());
  }

  /** It records no results: the host looks for itself. */
  #writeRead(thread: number, fd: number, window: number, count: number, readSize: number): number {
    const process = Math.floor(thread / 100);
    const place = (part: number) => process * ARENA.size + window * PAGE_SIZE + part - ARENA.address;
    const wbuf = window * PAGE_SIZE + WINDOW_WRITE;
    const rbuf = window * PAGE_SIZE + WINDOW_READ;
    const arg = window * PAGE_SIZE + WINDOW_ARGUMENT;
    const { poke, writeSize } = this.#batched(count, wbuf);
    this.u8.set(poke, place(WINDOW_WRITE));
    const input = { fd, arg, wbuf, poke, writeSize, writeConsumed: 0, rbuf, readSize, readConsumed: 0 };
    this.u8.set(recordBytes(input), place(WINDOW_ARGUMENT));
    const ret = this.answers.shift()?.({ thread, fd, cmd: BINDER_WRITE_READ, arg }) ?? 0;
    this.data.setUint32(BATCH + BATCH_NEXT, this.#runNext(), true);
    return ret;
  }

  /** The commands in the batch as they lie at an address, and how long their stream is. */
  #batched(count: number, address: number): { poke: Uint8Array; writeSize: number } {
    let payload = BATCH + BATCH_PAYLOADS;
    const field = (index: number, offset: number) =>
      this.data.getUint32(BATCH + BATCH_COMMANDS + index * BATCH_COMMAND_SIZE + offset, true);
    if (count > 0 && field(0, COMMAND_WORD) === 0) {
      return { poke: this.u8.slice(payload, payload + field(0, COMMAND_FIRST)), writeSize: field(0, COMMAND_SECOND) };
    }
    const commands = Array.from({ length: count }, (_, index) => {
      const of = (offset: number) => field(index, offset);
      const [size, data] = [of(COMMAND_DATA_SIZE), of(COMMAND_DATA)];
      const isMessage = payloadSize(of(COMMAND_WORD)) === TRANSACTION_DATA_SIZE;
      const isBrought = isMessage && data === COMMAND_DATA_BROUGHT;
      const bytes = isBrought ? this.u8.slice(payload, payload + size) : null;
      if (bytes !== null) payload += (size + 15) & ~15;
      const [code, flags] = [of(COMMAND_CODE), of(COMMAND_FLAGS)];
      const [first, second] = [of(COMMAND_FIRST), of(COMMAND_SECOND)];
      if (!isMessage) return Command.plain(of(COMMAND_WORD), first, second);
      return new Command(
        of(COMMAND_WORD),
        first,
        second,
        code,
        flags,
        bytes,
        isBrought ? BROUGHT_ALONG : data,
        size,
        null,
      );
    });
    return { poke: bc.bytes(commands, address), writeSize: new StreamSize(commands).stream };
  }

  /** Does what the driver does at the end of a call: stores what was consumed, and what is returned. */
  answer(process: Process, arg: number, writeConsumed: number, returned: Uint8Array): void {
    const at = this.linear(process, arg);
    for (const record of [at, CALL_FRAME]) {
      this.data.setUint32(record + 8, writeConsumed, true);
      this.data.setUint32(record + 32, returned.length, true);
    }
    this.u8.set(returned, this.linear(process, this.data.getUint32(at + 40, true)));
  }
}
