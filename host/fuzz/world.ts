/**
 * What programs know of the machine that they run on: living threads, and what reads brought them. A value that is often
 * right reaches further into the driver than one that never is.
 */
import { PAGE_SIZE, WINDOW_ARGUMENT, WINDOW_READ, WINDOW_SIZE } from '../../assembly/abi/machine.ts';
import { BR_REPLY, BR_TRANSACTION, BR_TRANSACTION_SEC_CTX, TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { TRANSACTION_DATA_BUFFER, TRANSACTION_DATA_FLAGS } from '../../assembly/abi/wire.ts';
import type { Process } from '../os/process.ts';
import type { FileInfo } from '../os/syscalls.ts';
import type { Thread } from '../os/thread.ts';
import { WriteReadCall } from '../os/writeread.ts';
import type { Parts } from '../steps.ts';
import { u32At, u64At } from '../wire/endian.ts';
import type { Op } from '../wire/operations.ts';
import { payloadSize } from '../wire/words.ts';
import type { Dice } from './dice.ts';

/** Addresses in every process. */
const ARENA = 0x1000_0000;
const ARENA_SIZE = 0x80_0000;
const ARENA_END = ARENA + ARENA_SIZE;
/** Memory that all threads of a process use. */
export const SHARED = ARENA + ARENA_SIZE / 2;
export const MAPPINGS: readonly number[] = [0x7000_0000, 0x7100_0000];

/** Windows in front of SHARED. */
const WINDOWS = (SHARED - ARENA) / WINDOW_SIZE;
const BUFFERS_MAX = 24;
const FILES_MAX = 16;
const PROCESSES_MAX = 5;
const THREADS_MAX = 4;

export class FuzzWorld {
  /** Threads that can make a call. */
  awake: Thread[] = [];
  /** Threads that sleep in one. */
  asleep: Thread[] = [];
  /** Living processes. */
  processes: Process[] = [];
  /** Processes and threads that there ever were: their names and numbers are used once. */
  made = 0;
  /** Who acts next; null when no thread can. */
  actor: Thread | null = null;
  /** Descriptors of files that a process has made. */
  readonly #files = new Map<string, number[]>();
  /** Addresses of received messages. */
  readonly #buffers = new Map<Process, number[]>();
  /** Calls whose result is not known yet. */
  readonly #calls = new Map<Thread, WriteReadCall>();
  /** Threads that received a call and have not replied. */
  readonly #serving = new Set<Thread>();

  constructor(
    readonly parts: Parts,
    readonly dice: Dice,
  ) {}

  /** Whether the program stays small with another process; and with another thread in one. */
  get hasRoomForProcess(): boolean {
    return this.processes.length < PROCESSES_MAX;
  }

  hasRoomForThread(thread: Thread): boolean {
    return this.processOf(thread).threads.length < THREADS_MAX;
  }

  /** Takes in a step. @param returned What the call returned. */
  learn({ op, by }: { readonly op: Op; readonly by: string | null }, returned: unknown): void {
    if (op === 'mkfd' && by !== null) this.#keepFile(by, (returned as FileInfo).ret);
    if (by !== null && returned instanceof WriteReadCall) this.#calls.set(this.parts.directory.thread(by), returned);
    for (const [thread, call] of this.#calls) {
      if (!call.done && thread.alive) continue;
      this.#calls.delete(thread);
      if (call.done && call.ret === 0) this.#read(thread, call.bytes);
    }
    this.#look();
  }

  /** A descriptor of a file that the acting process made; undefined when it made none. */
  fileOf({ home }: Thread): number | undefined {
    return this.dice.maybeOf(this.#files.get(home.name) ?? []);
  }

  processOf({ home }: Thread): Process {
    return this.parts.directory.process(home.name);
  }

  /** The address of a message that the thread's process received; undefined when it has none. */
  bufferOf(thread: Thread): number | undefined {
    return this.dice.maybeOf(this.#buffers.get(this.processOf(thread)) ?? []);
  }

  /** Forgets a message that was freed, as a rule. */
  freed(thread: Thread, address: number): void {
    const known = this.#buffers.get(this.processOf(thread));
    const at = known?.indexOf(address) ?? -1;
    if (at >= 0 && this.dice.below(16) !== 0) known?.splice(at, 1);
  }

  /** Whether the thread has a call to reply to. */
  isServing(thread: Thread): boolean {
    return this.#serving.has(thread);
  }

  replied(thread: Thread): void {
    this.#serving.delete(thread);
  }

  /** Addresses of a thread's buffers. */
  windowOf({ index }: Thread): { wbuf: number; rbuf: number; arg: number } {
    const wbuf = ARENA + WINDOW_SIZE * (index % WINDOWS);
    return { wbuf, rbuf: wbuf + WINDOW_READ, arg: wbuf + WINDOW_ARGUMENT };
  }

  /** An address that means something, or nearly. */
  address(): number {
    const { dice } = this;
    switch (dice.below(8)) {
      case 0:
        return dice.of(NOWHERE);
      case 1:
        return ARENA_END - dice.below(80);
      case 2:
        return dice.of(MAPPINGS) + 8 * dice.below(600);
      case 3:
        return dice.of(MAPPINGS) + PAGE_SIZE * dice.below(300);
      case 4:
        return ARENA + dice.below(ARENA_SIZE);
      default:
        return SHARED + 8 * dice.below(2000);
    }
  }

  #keepFile(by: string, fd: number): void {
    const { name } = this.parts.directory.thread(by).home;
    const known = this.#files.get(name) ?? [];
    this.#files.set(name, known);
    if (fd >= 0 && known.length < FILES_MAX) known.push(fd);
  }

  #look(): void {
    const { processes } = this.parts.directory;
    this.processes = processes.filter((process) => process.alive);
    this.awake = [];
    this.asleep = [];
    for (const { threads } of this.processes) {
      for (const thread of threads) if (thread.alive) (thread.call === null ? this.awake : this.asleep).push(thread);
    }
  }

  #read(thread: Thread, bytes: Uint8Array): void {
    for (let at = 0; at + 4 <= bytes.length; ) {
      const word = u32At(bytes, at);
      at += 4;
      const isCall = word === BR_TRANSACTION || word === BR_TRANSACTION_SEC_CTX;
      if (isCall || word === BR_REPLY) {
        if (isCall && (u32At(bytes, at + TRANSACTION_DATA_FLAGS) & TF_ONE_WAY) === 0) this.#serving.add(thread);
        this.#keep(thread, u64At(bytes, at + TRANSACTION_DATA_BUFFER));
      }
      at += payloadSize(word);
    }
  }

  #keep(thread: Thread, buffer: number): void {
    const process = this.processOf(thread);
    const known = this.#buffers.get(process) ?? [];
    this.#buffers.set(process, known);
    known.push(buffer);
    if (known.length > BUFFERS_MAX) known.shift();
  }
}

/** Addresses at which nothing is, or where an end is. */
const NOWHERE: readonly number[] = [
  0,
  1,
  8,
  ARENA - 4,
  ARENA_END,
  0x6000_0000,
  0xdead_0000,
  0xffff_ffff,
  2 ** 32,
  2 ** 39 - 8,
  2 ** 39,
  2 ** 48,
  Number.MAX_SAFE_INTEGER,
];
