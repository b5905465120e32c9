/**
 * The system calls of one thread in the kernel's own form: numbers in, the raw return value out, -errno included. Each call
 * is one step. An act of a thread that is dead or asleep is an error of the script.
 */
import * as machine from '../../assembly/abi/machine.ts';
import { BINDER_WRITE_READ } from '../../assembly/abi/protocol.ts';
import type { Command } from '../wire/command.ts';
import { i32At, u32At } from '../wire/endian.ts';
import { AsleepError, BinderlabError } from '../wire/error.ts';
import { checkForm } from '../wire/forms.ts';
import { ioctlName } from '../wire/ioctls.ts';
import type { FileKind } from '../wire/kinds.ts';
import { INPUTS, type InputOf, OPERATIONS, type Op, type OutputOf, type PlainOp } from '../wire/operations.ts';
import { StreamSize } from '../wire/stream.ts';
import { READ_BUFFER_SIZE, tooLong, type Window, WRITE_BUFFER_SIZE, windowAt } from './arena.ts';
import { type Call, EpollCall, IoctlCall, PollCall, ReadCall, resultOf, WriteCall } from './call.ts';
import type { UserMemory } from './memory.ts';
import type { System, Task } from './system.ts';
import { type CallContext, recordBytes, type WriteRead, WriteReadCall } from './writeread.ts';

/** The result of a memory access: bytes stored or read, and the fault that ended it early. */
export type Stored = OutputOf<'poke'>;
export type FileInfo = OutputOf<'fdinfo'>;

const FILE_KINDS: Readonly<Record<FileKind, number>> = {
  memfd: machine.FILE_KIND_MEMFD,
  pipe: machine.FILE_KIND_PIPE,
  null: machine.FILE_KIND_NULL,
  socketpair: machine.FILE_KIND_SOCKETPAIR,
};
const TWO_ENDED: ReadonlySet<FileKind> = new Set<FileKind>(['pipe', 'socketpair']);
// Local copies: V8 looks up an imported constant at every use.
const WRITE_ROOM = WRITE_BUFFER_SIZE;
const READ_ROOM = READ_BUFFER_SIZE;
/** setresuid: keeps the value. */
const UID_UNCHANGED = 0xffffffff;

export class Syscalls {
  readonly #caller: CallContext;

  constructor(
    private readonly system: System,
    private readonly task: Task,
    private readonly memory: UserMemory,
    /** The process, whose credentials setUid changes. */
    private readonly owner: { uid: number },
  ) {
    const { linear, stepLog, raw } = system;
    this.#caller = {
      name: task.name,
      memory,
      linear,
      frame: raw.callFrame(task.pointer) / 4,
      stepLog,
      kernelLog: system.kernelLog,
      tid: task.tid,
      firstStep: Infinity,
    };
  }

  /** Takes over the state of the same thread in another machine. @returns The call in which it sleeps there, for this thread. */
  copyFrom({ sys, call }: { readonly sys: Syscalls; readonly call: Call | null }): Call | null {
    this.#caller.firstStep = sys.#caller.firstStep;
    return call?.copyFor(this.#caller) ?? null;
  }

  /** @param device 0 /dev/binder, 1 /dev/hwbinder, 2 /dev/vndbinder. @returns The descriptor, or -errno. */
  open(flags: number, device = 0): number {
    const input = device === 0 ? { flags } : { flags, device };
    return this.#call('open', input, (thread) => this.system.raw.sysOpen(thread, device, flags));
  }

  /** A system call that its row says all of. @returns 0 or more, or -errno. */
  call<O extends PlainOp>(op: O, input: InputOf<O>): number {
    const run = this.system.raw[OPERATIONS[op].guest] as (thread: number, ...values: number[]) => number;
    const values: number[] = [];
    for (const { machineName } of INPUTS[op].values()) values.push(input[machineName as keyof typeof input] as number);
    return this.#call(op, input, (thread) => run(thread, ...values));
  }

  /** @param to -1: the lowest free number. */
  dup(fd: number, to: number): number {
    const { raw } = this.system;
    return this.#call('dup', { fd, to }, (thread) =>
      to === -1 ? raw.sysDup(thread, fd) : raw.sysDup3(thread, fd, to, 0),
    );
  }

  setUid(uid: number): number {
    const ret = this.#call('setuid', { uid }, (thread) => this.system.raw.setUid(thread, uid));
    if (ret === 0 && uid !== UID_UNCHANGED) this.owner.uid = uid;
    return ret;
  }

  /** Sets the security context of the process; no bytes remove it. */
  setContext(context: Uint8Array): number {
    const { raw, guest } = this.system;
    if (context.length > machine.PAGE_SIZE)
      throw new BinderlabError(`a security context has ${machine.PAGE_SIZE} bytes at most`);
    return this.#call('setcon', { context }, (thread) => {
      guest.u8.set(context, this.system.scratch);
      return raw.setcon(thread, context.length);
    });
  }

  /** @param timeout 0: returns at once; -1: sleeps until something is ready. */
  poll(fd: number, events: number, timeout: number): PollCall {
    const { raw } = this.system;
    const call = new PollCall(this.#caller);
    return this.#sleeping(call, { fd, events, timeout }, (thread) => raw.sysPoll(thread, fd, events, timeout));
  }

  /** @param timeout Milliseconds; 0: returns at once; negative: sleeps until something is ready. */
  epollWait(epfd: number, addr: number, maxevents: number, timeout: number): EpollCall {
    const { raw } = this.system;
    const call = new EpollCall(this.#caller, addr);
    const run = (thread: number) => raw.sysEpollWait(thread, epfd, addr, maxevents, timeout);
    return this.#sleeping(call, { epfd, addr, maxevents, timeout }, run);
  }

  /** Reads up to `len` bytes to `addr`; may sleep at an empty stream. */
  read(fd: number, addr: number, len: number): ReadCall {
    const { raw } = this.system;
    const call = new ReadCall(this.#caller, addr);
    return this.#sleeping(call, { fd, addr, len }, (thread) => raw.sysRead(thread, fd, addr, len));
  }

  /**
   * Writes the `len` bytes at `addr`; may sleep at a full stream, and write less than all.
   *
   * @param poke Stored at `addr` before the call.
   */
  write(fd: number, addr: number, poke: Uint8Array, len: number = poke.length): WriteCall {
    const { raw } = this.system;
    const run = (thread: number) => raw.sysWrite(thread, fd, addr, len);
    return this.#sleeping(new WriteCall(this.#caller), { fd, addr, poke, len }, run, () => this.#store(addr, poke));
  }

  /** The lowest free descriptor from `from` up. Not a step. */
  freeDescriptor(from = 0): number {
    let fd = from;
    while (this.system.raw.sysFcntl(this.task.pointer, fd, machine.F_GETFD, 0) >= 0) fd++;
    return fd;
  }

  /**
   * Any ioctl but BINDER_WRITE_READ.
   *
   * @param poke Stored at `arg` before the call.
   * @param outLen Bytes at `arg` to keep after the call.
   */
  ioctl(fd: number, cmd: number, arg: number, poke: Uint8Array, outLen: number): IoctlCall {
    const { raw } = this.system;
    const input = { fd, cmd: cmd >>> 0, name: ioctlName(cmd), arg, poke, outLen };
    const call = new IoctlCall(this.#caller, arg, outLen);
    this.#sleeping(
      call,
      input,
      (thread) => raw.sysIoctl(thread, fd, cmd, arg),
      () => this.#store(arg, poke),
    );
    this.memory.outside?.forget?.();
    return call;
  }

  /** BINDER_WRITE_READ, with every field given by the caller. */
  writeRead(input: WriteRead): WriteReadCall {
    const { system, memory } = this;
    const { fd, arg, wbuf, poke, readSize } = input;
    const call = new WriteReadCall(this.#caller, input, readSize);
    const prepare = () => {
      this.#store(wbuf, poke);
      memory.store(arg, recordBytes(input));
      if (system.observer !== null && memory.outside === null) call.watch();
    };
    this.#sleeping(call, input, (thread) => system.raw.sysIoctl(thread, fd, BINDER_WRITE_READ, arg), prepare);
    memory.outside?.forget?.();
    return call;
  }

  /** BINDER_WRITE_READ from the thread's window: one crossing into the guest, unless the commands need more room. */
  exchange(fd: number, window: Window, commands: readonly Command[], readSize: number): WriteReadCall {
    const { system, task } = this;
    const { batch } = system;
    this.check();
    if (!(readSize >= 0 && readSize <= READ_ROOM)) throw unreadable(fd, commands, readSize);
    const count = batch.put(commands, window.wbuf);
    // a value that is not a list has no length
    if (!(count >= 0)) return this.writeRead(this.#laidOut(fd, window, commands, readSize));
    const call = new WriteReadCall(this.#caller, window, readSize);
    const actor = system.enterRecorded(task, call);
    const ret = system.raw.sysWriteRead(task.pointer, fd, window.page, count, readSize, actor);
    return system.leave(task, call, ret, batch.record, batch.next);
  }

  /** The same, as a journal recorded it. @param entry An ENTRY_CALL, which may be any bytes. */
  again(entry: Uint8Array): WriteReadCall {
    const { system, task } = this;
    const { batch } = system;
    const fd = i32At(entry, machine.CALL_FD);
    const page = u32At(entry, machine.CALL_WINDOW);
    const readSize = u32At(entry, machine.CALL_READ_SIZE);
    this.check();
    const count = batch.putRecorded(entry);
    if (readSize > READ_ROOM) throw tooLong(`${readSize} bytes to read`, READ_ROOM);
    // as in `exchange`: the engine does not inline a function that both call
    const call = new WriteReadCall(this.#caller, windowAt(page), readSize);
    const actor = system.enterRecorded(task, call);
    const ret = system.raw.sysWriteRead(task.pointer, fd, page, count, readSize, actor);
    return system.leave(task, call, ret, batch.record, batch.next);
  }

  /** The same call with every field given, and the commands as bytes. */
  #laidOut(fd: number, { arg, wbuf, rbuf }: Window, commands: readonly Command[], readSize: number): WriteRead {
    checkForm('writeRead', { fd, commands, readSize });
    const extent = new StreamSize(commands);
    const { size, stream } = extent;
    if (size > WRITE_ROOM) throw tooLong(`${size} bytes of commands and payload`, WRITE_ROOM);
    const poke = this.system.batch.bytes(commands, wbuf, extent);
    return { fd, arg, wbuf, poke, writeSize: stream, writeConsumed: 0, rbuf, readSize, readConsumed: 0 };
  }

  /** Notes the first step of the thread that needs its buffers. */
  noteFirst(): void {
    this.#caller.firstStep = Math.min(this.#caller.firstStep, this.system.nextStep);
  }

  /** Stores bytes, as a store instruction of this thread does. */
  poke(addr: number, bytes: Uint8Array): Stored {
    return this.#access('poke', { addr, bytes }, () => this.#stored(this.memory.store(addr, bytes)));
  }

  /** Says that the program outside does not have the descriptor which the next ioctl sends. */
  lack(fd: number): void {
    this.check();
    this.system.act('lack', this.task, { fd }, () => this.memory.outside?.lack?.(fd));
  }

  fill(addr: number, len: number, byte: number): Stored {
    return this.#access('fill', { addr, len, byte }, () => this.#stored(this.memory.fill(addr, len, byte)));
  }

  /** Reads up to the first fault. */
  peek(addr: number, len: number): Stored & { bytes: Uint8Array } {
    return this.#access('peek', { addr, len }, () => {
      const bytes = this.memory.load(addr, len);
      // no spread: the engine would make a new hidden class for each result
      const stored = this.#stored(bytes.length) as Stored & { bytes: Uint8Array };
      stored.bytes = bytes;
      return stored;
    });
  }

  /** Opens a file of another kind at these numbers. Pipes and socket pairs have two, others use `fd` only. */
  makeFile(kind: FileKind, fd: number, fd2: number, content: Uint8Array): FileInfo {
    const { system, task } = this;
    if (content.length > machine.PAGE_SIZE) {
      throw new BinderlabError(
        `a file is made with ${machine.PAGE_SIZE} bytes at most, and these are ${content.length}`,
      );
    }
    this.check();
    const input = { kind, fd, ...(TWO_ENDED.has(kind) ? { fd2 } : {}), content };
    return system.act('mkfd', task, input, (): FileInfo => {
      system.guest.u8.set(content, system.scratch);
      const inode = system.raw.fileMake(task.pointer, FILE_KINDS[kind], fd, fd2, content.length);
      return inode < 0 ? resultOf(inode) : { ret: fd, file: system.fileName(inode) };
    });
  }

  /** Describes an open file: its identity, and the contents of a memfd. */
  fileInfo(fd: number): FileInfo {
    const { system, task } = this;
    const { u8 } = system.guest;
    this.check();
    return system.act('fdinfo', task, { fd }, (): FileInfo => {
      const info: FileInfo = resultOf(system.raw.fileStat(task.pointer, fd));
      if (info.ret < 0) return info;
      const at = system.scratch;
      info.file = system.fileName(u32At(u8, at));
      info.cloexec = u32At(u8, at + 4);
      const length = i32At(u8, at + 8);
      if (length >= 0) info.content = u8.slice(at + 12, at + 12 + length);
      return info;
    });
  }

  /** @throws BinderlabError unless the thread is alive and awake. */
  check(): void {
    const { task } = this;
    // compared: any other test for truth takes the engine ten instructions more
    if (task.alive !== true) {
      throw new BinderlabError(
        `${task.name} has ended: a thread does nothing after its exit, or after its process was killed.`,
      );
    }
    if (task.call !== null) throw new AsleepError(task.name, task.call.step);
  }

  #call(op: Op, input: object, run: (thread: number) => number): number {
    this.check();
    const ret = this.system.syscall(op, this.task, input, () => run(this.task.pointer));
    if (ret === machine.PARKED) throw new Error(`${op} went to sleep`);
    return ret;
  }

  /** A system call that may sleep. @param prepare Stores what the call reads. */
  #sleeping<C extends Call>(call: C, input: object, run: (thread: number) => number, prepare?: () => void): C {
    const { system, task } = this;
    this.check();
    system.checkQuiet();
    prepare?.();
    system.enter(task, input, call);
    return system.leave(task, call, run(task.pointer));
  }

  #store(address: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.memory.store(address, bytes);
  }

  #access<T extends Stored>(op: Op, input: object, run: () => T): T {
    this.check();
    return this.system.access(op, this.task, input, run);
  }

  #stored(count: number): Stored {
    const { fault } = this.memory;
    return fault === null ? { ret: count } : { ret: count, signal: fault.signal, siCode: fault.siCode };
  }
}

/** The error of a read that cannot be. */
function unreadable(fd: number, commands: readonly Command[], readSize: number): BinderlabError {
  checkForm('writeRead', { fd, commands, readSize });
  return tooLong(`${readSize} bytes to read`, READ_ROOM);
}
