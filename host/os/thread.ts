/**
 * A thread, as scripts see it: the system calls with names and defaults. A failed call throws an error that says what
 * failed and why. To see the kernel refuse something, pass `mayFail` or catch the error.
 */
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  O_CLOEXEC,
  O_NONBLOCK,
  PROT_READ,
} from '../../assembly/abi/machine.ts';
import * as protocol from '../../assembly/abi/protocol.ts';
import { EXTENDED_ERROR_SIZE } from '../../assembly/abi/wire.ts';
import type { Command } from '../wire/command.ts';
import { bc } from '../wire/commands.ts';
import { NO_BYTES, u32At } from '../wire/endian.ts';
import { errnoMeaning } from '../wire/errno.ts';
import { BinderlabError, callError } from '../wire/error.ts';
import { checkForm, checkInput, checkNames, checkReading } from '../wire/forms.ts';
import { hexOfAddress } from '../wire/hex.ts';
import {
  type ExtendedError,
  extendedErrorOf,
  type FrozenInfo,
  frozenInfoOf,
  ioctlBytes,
  ioctlName,
  managerBytes,
  type NodeDebugInfo,
  type NodeInfoForRef,
  nodeDebugInfoOf,
  nodeInfoForRefOf,
  u32Bytes,
} from '../wire/ioctls.ts';
import { DEVICES } from '../wire/kinds.ts';
import type { InputOf, PlainOp } from '../wire/operations.ts';
import { type Strategy, strategyFlags } from '../wire/strategy.ts';
import { StreamSize } from '../wire/stream.ts';
import { bytesOfText } from '../wire/text.ts';
import { commandWords } from '../wire/words.ts';
import { type Arena, READ_BUFFER_SIZE, tooLong, type Window, WRITE_BUFFER_SIZE } from './arena.ts';
import type { Call, EpollCall, IoctlCall, PollCall, ReadCall, WriteCall } from './call.ts';
import type { UserMemory } from './memory.ts';
import { type FileInfo, Syscalls } from './syscalls.ts';
import type { System } from './system.ts';
import type { WriteReadCall } from './writeread.ts';

/** The part of a process that its threads need. */
interface Home {
  readonly name: string;
  readonly pid: number;
  /** Its uid, as setresuid left it. */
  uid: number;
  readonly memory: UserMemory;
  readonly arena: Arena;
  /** Called when all threads have ended at once. */
  allEnded(): void;
}

export interface WriteReadOptions {
  /** Bytes to read at most; default 256. 0 does not read. */
  readonly readSize?: number;
  /** Whether a negative result is accepted. EAGAIN and EINTR always are. */
  readonly mayFail?: boolean;
}

export interface IoctlOptions {
  /** User address of the argument; default: in the thread's own buffers. */
  readonly arg?: number;
  /** Stored at `arg` before the call. */
  readonly poke?: Uint8Array;
  /** Bytes at `arg` after the call, returned as the call's `bytes`. */
  readonly outLen?: number;
  /** Whether a negative result is accepted. */
  readonly mayFail?: boolean;
}

export interface MmapOptions {
  readonly prot?: number;
  readonly flags?: number;
  /** How its pages are mapped; the machine's way when absent. */
  readonly strategy?: Strategy;
}

export type Device = keyof typeof DEVICES;

/** The size that libbinder maps: 1 MiB less two pages. */
export const MAP_LENGTH = 1040384;
export const MAP_ADDRESS = 0x70000000;

const EPOLL_COMMANDS = { add: EPOLL_CTL_ADD, modify: EPOLL_CTL_MOD, delete: EPOLL_CTL_DEL } as const;
const NO_OPTIONS = {};
const IOCTL_OPTIONS = ['arg', 'poke', 'outLen', 'mayFail'];
const NODE_FIELDS = ['flags', 'ptr', 'cookie'];
/** Results of a read that are no error of the script. */
const NORMAL_ERRORS: ReadonlySet<string | null> = new Set(['EAGAIN', 'EINTR']);
/** Errors of the descriptor, whatever the commands are. */
const DESCRIPTOR_ERRORS: ReadonlySet<string | null> = new Set(['EBADF', 'ENOTTY']);

export class Thread {
  alive = true;
  /** The system call in which it sleeps; null while it is awake. */
  call: Call | null = null;
  /** @internal */ seat: number;
  /** @internal */ number: number;
  /** @internal The same system calls without defaults and without errors: -errno is a result there. */
  readonly sys: Syscalls;
  /** Addresses of its ioctl buffers; allocated by the first call that needs them. */
  #buffers: Window | null = null;

  /** @internal */ constructor(
    private readonly system: System,
    /** @internal */ readonly home: Home,
    readonly name: string,
    readonly tid: number,
    /** @internal The guest's thread. */
    readonly pointer: number,
    /** @internal Number of the thread in its process; 0 is the main thread. */
    readonly index: number,
  ) {
    this.seat = system.freeSeat;
    this.number = system.threadNames.length;
    this.sys = new Syscalls(system, this, home.memory, home);
    system.enlist(this);
  }

  /** @internal The same thread in a copy of the machine. */
  copyTo(system: System, home: Home): Thread {
    const copy = new Thread(system, home, this.name, this.tid, this.pointer, this.index);
    copy.alive = this.alive;
    copy.seat = this.seat;
    copy.number = this.number;
    copy.call = copy.sys.copyFrom(this);
    return copy;
  }

  /** Whether it sleeps in a system call. */
  get parked(): boolean {
    return this.alive && this.call !== null;
  }

  /** Opens a Binder device. @returns The descriptor. */
  open({ nonblock = false, device = 'binder' as Device, ...others } = {}): number {
    checkForm('open', { device, nonblock }, others);
    return this.#checked(`open of /dev/${device}`, this.sys.open(nonblock ? O_NONBLOCK : 0, DEVICES[device]));
  }

  close(fd: number): void {
    this.#plain('close', { fd }, () => `close of descriptor ${fd}`);
  }

  /** @param to The number wanted; default: the lowest free one. @returns The new descriptor. */
  dup(fd: number, to = -1): number {
    checkForm('dup', { fd, to });
    return this.#checked(`dup of descriptor ${fd}`, this.sys.dup(fd, to));
  }

  fcntl(fd: number, cmd: number, arg = 0): number {
    return this.#plain('fcntl', { fd, cmd, arg }, () => `fcntl ${cmd} of descriptor ${fd}`);
  }

  /**
   * Maps a Binder device: messages to this process will be in that mapping.
   *
   * @param strategy How its pages are mapped; default: the machine's strategy.
   * @returns The address.
   */
  mmap(
    fd: number,
    length: number = MAP_LENGTH,
    address: number = MAP_ADDRESS,
    { prot = PROT_READ, flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE, strategy, ...others }: MmapOptions = {},
  ): number {
    checkForm('mmap', { prot, flags, strategy }, others);
    const named = strategy === undefined ? 0 : strategyFlags(strategy);
    return this.#plain(
      'mmap',
      { addr: address, len: length, prot, flags: (flags | named) >>> 0, fd, off: 0 },
      () => `mmap of ${length} bytes of descriptor ${fd} at ${hexOfAddress(address)}`,
    );
  }

  munmap(address: number = MAP_ADDRESS, length: number = MAP_LENGTH): void {
    const input = { addr: address, len: length };
    this.#plain('munmap', input, () => `munmap of ${length} bytes at ${hexOfAddress(address)}`);
  }

  mprotect(address: number, length: number, prot: number): void {
    const input = { addr: address, len: length, prot };
    this.#plain('mprotect', input, () => `mprotect of ${length} bytes at ${hexOfAddress(address)}`);
  }

  /** Sets the uid: setresuid of the whole process. */
  setUid(uid: number): void {
    checkForm('setUid', { uid });
    this.#checked(`setresuid to ${uid}`, this.sys.setUid(uid));
  }

  /**
   * Sets the security context of the process, as setcon(3) does. BR_TRANSACTION_SEC_CTX carries it.
   *
   * @param context Text, stored as UTF-8 with a final NUL; null removes it.
   */
  setContext(context: string | null): void {
    checkForm('setContext', { context });
    const bytes = context === null ? NO_BYTES : bytesOfText(`${context}\0`);
    this.#checked(`setcon to ${context === null ? 'no context' : `"${context}"`}`, this.sys.setContext(bytes));
  }

  /**
   * Creates a file in memory at the lowest free descriptor: memfd_create.
   *
   * @param content At most 4096 bytes; writes and ftruncate make it longer.
   * @returns The descriptor.
   */
  memfd(content: Uint8Array = NO_BYTES): number {
    checkForm('memfd', { content });
    this.sys.check();
    const fd = this.sys.freeDescriptor();
    return this.#checked('making a memfd', this.sys.makeFile('memfd', fd, -1, content).ret);
  }

  /** Extends a file in memory; the new bytes are zero. */
  ftruncate(fd: number, length: number): void {
    this.#plain('ftruncate', { fd, len: length }, () => `ftruncate of descriptor ${fd} to ${length} bytes`);
  }

  /** What an open file is: its identity, and what a memfd holds. */
  fileInfo(fd: number): FileInfo {
    checkForm('fdinfo', { fd });
    return this.sys.fileInfo(fd);
  }

  /** Creates a stream socket pair at the two lowest free descriptors. @returns Both. */
  socketPair(): [fd: number, fd2: number] {
    return this.#twoEnds('socketpair');
  }

  /** Creates a non-blocking pipe. @returns The read end and the write end. */
  pipe(): [fd: number, fd2: number] {
    return this.#twoEnds('pipe');
  }

  /** Reads up to `length` bytes from a descriptor; parks while a stream is empty. */
  read(fd: number, length: number = READ_BUFFER_SIZE, { mayFail = false, ...others } = {}): ReadCall {
    checkForm('read', { fd, length, mayFail }, others);
    if (length > READ_BUFFER_SIZE) throw tooLong(`${length} bytes to read`, READ_BUFFER_SIZE);
    const call = this.sys.read(fd, this.#window().rbuf, length);
    if (!mayFail && call.done) this.#checked(`read of descriptor ${fd}`, call.ret as number);
    return call;
  }

  /** Writes to a descriptor; parks while a stream is full. The return value is the number of bytes written. */
  write(fd: number, bytes: Uint8Array, { mayFail = false, ...others } = {}): WriteCall {
    checkForm('write', { fd, bytes, mayFail }, others);
    if (bytes.length > WRITE_BUFFER_SIZE) throw tooLong(`${bytes.length} bytes to write`, WRITE_BUFFER_SIZE);
    const call = this.sys.write(fd, this.#window().wbuf, bytes);
    if (!mayFail && call.done) this.#checked(`write to descriptor ${fd}`, call.ret as number);
    return call;
  }

  /** Waits for events of one descriptor, or returns the present ones (`wait: false`). */
  poll(fd: number, { events = EPOLLIN as number, wait = true, ...others } = {}): PollCall {
    checkForm('poll', { fd, events, wait }, others);
    return this.sys.poll(fd, events, wait ? -1 : 0);
  }

  /** Creates an epoll instance. @returns Its descriptor, which closes on exec. */
  epollCreate(): number {
    return this.#plain('epoll_create1', { flags: O_CLOEXEC }, () => 'epoll_create1');
  }

  /**
   * Watches a descriptor, changes what is asked of it, or forgets it.
   *
   * @param options EPOLL* events, also modes as EPOLLET; the number that `epollWait` answers with, `fd` as a rule.
   */
  epollCtl(
    epfd: number,
    command: 'add' | 'modify' | 'delete',
    fd: number,
    { events = EPOLLIN as number, data = Math.max(fd, 0), ...others } = {},
  ): void {
    checkForm('epollCtl', { command, events, data }, others);
    const input = { epfd, cmd: EPOLL_COMMANDS[command], fd, events, data };
    this.#plain('epoll_ctl', input, () => `epoll_ctl: ${command} descriptor ${fd}`);
  }

  /** Waits until a watched descriptor is ready, up to `timeoutMs`; null: without end; 0: not at all. */
  epollWait(epfd: number, { eventsMax = 16, timeoutMs = null as number | null, ...others } = {}): EpollCall {
    checkForm('epollWait', { epfd, eventsMax, timeoutMs }, others);
    return this.sys.epollWait(epfd, this.#window().rbuf, eventsMax, timeoutMs ?? -1);
  }

  /**
   * Any ioctl but BINDER_WRITE_READ.
   */
  ioctl(fd: number, cmd: number, options: IoctlOptions = NO_OPTIONS): IoctlCall {
    if (options !== NO_OPTIONS) checkNames('ioctl', options, IOCTL_OPTIONS);
    const { arg = this.#window().arg, poke = NO_BYTES, outLen = 0, mayFail = false } = options;
    if (!(poke instanceof Uint8Array) || (fd | 0) !== fd || typeof cmd !== 'number' || !(arg >= 0 && outLen >= 0)) {
      checkForm('ioctl', { fd, cmd, arg, poke, outLen });
    }
    const call = this.sys.ioctl(fd, cmd, arg, poke, outLen);
    if (!mayFail && call.done && (call.ret as number) < 0) {
      const name = ioctlName(cmd) ?? `ioctl ${hexOfAddress(cmd >>> 0)}`;
      throw callError(`${this.name}: ${name}`, call.ret as number, errnoMeaning(-(call.ret as number), name));
    }
    return call;
  }

  /** @returns The protocol version of the driver: 8. */
  version(fd: number): number {
    return u32At(this.ioctl(fd, protocol.BINDER_VERSION, { outLen: 4 }).bytes, 0);
  }

  /** Sets how many threads the driver may ask this process to create. */
  setMaxThreads(fd: number, count: number): void {
    checkForm('setMaxThreads', { count });
    this.ioctl(fd, protocol.BINDER_SET_MAX_THREADS, { poke: u32Bytes(count) });
  }

  /** Makes this process the context manager, handle 0. @param node Its node, when flags or a name are needed. */
  becomeContextManager(fd: number, node?: { flags?: number; ptr?: bigint | number; cookie?: bigint | number }): void {
    if (node === undefined) {
      this.ioctl(fd, protocol.BINDER_SET_CONTEXT_MGR, { poke: u32Bytes(0) });
    } else {
      checkNames('becomeContextManager', node, NODE_FIELDS);
      const poke = managerBytes({ flags: node.flags ?? 0, ptr: node.ptr ?? 0, cookie: node.cookie ?? 0 });
      this.ioctl(fd, protocol.BINDER_SET_CONTEXT_MGR_EXT, { poke });
    }
  }

  enableOnewaySpamDetection(fd: number, enable = true): void {
    this.ioctl(fd, protocol.BINDER_ENABLE_ONEWAY_SPAM_DETECTION, { poke: u32Bytes(enable ? 1 : 0) });
  }

  /** BINDER_THREAD_EXIT: the driver drops its binder thread; the next ioctl makes a new one. */
  leaveBinder(fd: number): void {
    this.ioctl(fd, protocol.BINDER_THREAD_EXIT, { poke: u32Bytes(0) });
  }

  /** Freezes or thaws a process. With a timeout the call may park until the process has no call pending. */
  freeze(fd: number, pid: number, { enable = true, timeoutMs = 0, mayFail = false, ...others } = {}): IoctlCall {
    checkForm('freeze', { pid, enable, timeoutMs, mayFail }, others);
    const poke = ioctlBytes('BINDER_FREEZE', { pid, enable, 'timeout ms': timeoutMs });
    return this.ioctl(fd, protocol.BINDER_FREEZE, { poke, mayFail });
  }

  frozenInfo(fd: number, pid: number): FrozenInfo {
    return frozenInfoOf(this.#ask(fd, protocol.BINDER_GET_FROZEN_INFO, ioctlBytes('BINDER_GET_FROZEN_INFO', { pid })));
  }

  /** Why this thread's last transaction failed. */
  extendedError(fd: number): ExtendedError {
    return extendedErrorOf(this.#ask(fd, protocol.BINDER_GET_EXTENDED_ERROR, new Uint8Array(EXTENDED_ERROR_SIZE)));
  }

  /** The process's first node above `ptr`; all fields are 0 when there is none. */
  nodeDebugInfo(fd: number, ptr: bigint | number = 0): NodeDebugInfo {
    const query = ioctlBytes('BINDER_GET_NODE_DEBUG_INFO', { 'after object': ptr });
    return nodeDebugInfoOf(this.#ask(fd, protocol.BINDER_GET_NODE_DEBUG_INFO, query));
  }

  /** Reference counts of the node of a handle; only the context manager may ask. */
  nodeInfoForRef(fd: number, handle: number): NodeInfoForRef {
    checkForm('nodeInfoForRef', { handle });
    const query = ioctlBytes('BINDER_GET_NODE_INFO_FOR_REF', { handle });
    return nodeInfoForRefOf(this.#ask(fd, protocol.BINDER_GET_NODE_INFO_FOR_REF, query));
  }

  /**
   * BINDER_WRITE_READ: sends commands, then reads. The thread parks while there is nothing to read; a later step wakes it.
   */
  writeRead(fd: number, commands: readonly Command[], options: WriteReadOptions = NO_OPTIONS): WriteReadCall {
    const { readSize = 256, mayFail = false } = options;
    if (options !== NO_OPTIONS) checkReading(options);
    const call = this.sys.exchange(fd, this.#window(), commands, readSize);
    const { ret } = call;
    if (ret !== null && ret < 0 && !mayFail && !NORMAL_ERRORS.has(call.errno)) {
      throw this.#writeReadError(call, fd, commands);
    }
    return call;
  }

  /** Reads without sending; parks while there is nothing to read. */
  wait(fd: number, options?: WriteReadOptions): WriteReadCall {
    return this.writeRead(fd, [], options);
  }

  /** Sends a signal with an empty handler: a parked call returns EINTR. */
  signal(): void {
    this.#checkAlive();
    this.system.act('signal', null, { thread: this.name, tid: this.tid }, () =>
      this.system.raw.signalSend(this.pointer),
    );
  }

  /** Lets time pass until the parked call returns: for freezes with a timeout. */
  awaitTimeout(ms: number): void {
    checkForm('awaitTimeout', { ms });
    this.#checkAlive();
    this.system.act('await', null, { thread: this.name, ms }, () => this.system.raw.timeoutExpire(this.pointer));
  }

  /** Exits, without BINDER_THREAD_EXIT. */
  exit(): void {
    this.sys.check();
    this.system.act('texit', this, {}, () => {
      this.system.raw.threadExit(this.pointer);
      this.system.dismiss(this);
    });
  }

  /** Exits the whole process: exit_group. */
  exitProcess(): void {
    this.sys.check();
    this.system.act('exit', this, {}, () => {
      this.system.raw.procExit(this.pointer);
      this.home.allEnded();
    });
  }

  /** @internal Drops its buffer addresses. The first call that needs buffers allocates the same ones again. */
  forgetBuffers(): void {
    this.#buffers = null;
  }

  /** An ioctl that answers in the structure with which it asks. */
  #ask(fd: number, cmd: number, query: Uint8Array): Uint8Array {
    return this.ioctl(fd, cmd, { poke: query, outLen: query.length }).bytes;
  }

  #window(): Window {
    if (this.#buffers === null) {
      this.#buffers = this.home.arena.window(this.index);
      this.sys.noteFirst();
    }
    return this.#buffers;
  }

  #twoEnds(kind: 'pipe' | 'socketpair'): [fd: number, fd2: number] {
    this.sys.check();
    const fd = this.sys.freeDescriptor();
    const fd2 = this.sys.freeDescriptor(fd + 1);
    this.#checked(`making a ${kind}`, this.sys.makeFile(kind, fd, fd2, NO_BYTES).ret);
    return [fd, fd2];
  }

  #checkAlive(): void {
    if (!this.alive) throw new BinderlabError(`${this.name} has ended.`);
  }

  /** A system call that its row describes completely, with its inputs checked. @param what As `#checked` has it. */
  #plain<O extends PlainOp>(op: O, input: InputOf<O>, what: () => string): number {
    checkInput(op, input);
    const ret = this.sys.call(op, input);
    return ret < 0 ? this.#checked(what(), ret) : ret;
  }

  /** @param what The call and its object; the first word is the call's name. */
  #checked(what: string, ret: number): number {
    if (ret < 0) throw callError(`${this.name}: ${what}`, ret, errnoMeaning(-ret, what));
    return ret;
  }

  #writeReadError(call: WriteReadCall, fd: number, commands: readonly Command[]): BinderlabError {
    checkForm('writeRead', { fd, commands, readSize: 0 });
    const ret = call.ret as number;
    const what = `${this.name}: BINDER_WRITE_READ (step ${call.step})`;
    const consumed = call.writeConsumed ?? 0;
    const why = call.complaint ?? errnoMeaning(-ret);
    if (DESCRIPTOR_ERRORS.has(call.errno)) return callError(what, ret);
    const { stream } = new StreamSize(commands);
    if (consumed >= stream) return callError(what, ret, `all commands were taken; the read failed: ${why}`);
    const bytes = bc.bytes(commands, this.#window().wbuf);
    const words = commandWords(bytes, 0, stream);
    const left = commandWords(bytes, consumed, stream);
    const [failed] = left;
    const which =
      failed === undefined
        ? 'its last bytes, which are no whole word,'
        : `command ${words.length - left.length + 1} of ${words.length}, ${failed},`;
    return callError(what, ret, `${which} at byte ${consumed} of the stream: ${why}`);
  }
}
