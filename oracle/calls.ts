/**
 * The system calls of a scenario's thread, each one step of the journal. Sizes, pointers and descriptors have default values
 * that a scenario can replace.
 */
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN } from '../assembly/abi/machine.ts';
import {
  BINDER_ENABLE_ONEWAY_SPAM_DETECTION,
  BINDER_FREEZE,
  BINDER_GET_EXTENDED_ERROR,
  BINDER_GET_FROZEN_INFO,
  BINDER_GET_NODE_DEBUG_INFO,
  BINDER_GET_NODE_INFO_FOR_REF,
  BINDER_SET_CONTEXT_MGR,
  BINDER_SET_CONTEXT_MGR_EXT,
  BINDER_SET_MAX_THREADS,
  BINDER_THREAD_EXIT,
  BINDER_VERSION,
} from '../assembly/abi/protocol.ts';
import {
  EXTENDED_ERROR_SIZE,
  FROZEN_STATUS_INFO_SIZE,
  NODE_DEBUG_INFO_SIZE,
  NODE_INFO_FOR_REF_SIZE,
} from '../assembly/abi/wire.ts';
import { ioctlName } from '../host/wire/ioctls.ts';
import type { Op, Operations } from '../host/wire/operations.ts';
import { address, bytesOf, type Chunk, u32, u64 } from './bytes.ts';
import { bc, type Command, layOut } from './commands.ts';
import type { ObjectBytes } from './objects.ts';
import type { Outcome } from './outcome.ts';

/** Default address of the mapping. */
export const MAP = 0x70000000;
/** Bytes of a mapping as libbinder makes it. */
export const MAP_SIZE = (1 << 20) - 8192;
/** The half of the arena that no thread uses for its buffers. */
export const DATA = 0x10400000;
export const ARENA = 0x10000000;
export const ARENA_SIZE = 8 << 20;
export const O_NONBLOCK = 0x800;

const PROT_READ = 1;
const MAP_PRIVATE = 0x2;
const MAP_FIXED_NOREPLACE = 0x100000;
const POLLIN = 0x1;
const POLLOUT = 0x4;
const F_SETFL = 4;
/** Default size of a read. */
const READ_SIZE = 256;

/** The acting thread, with its addresses in its process's arena. */
export interface Actor {
  /** Addresses of commands, of returns, and of struct binder_write_read or an ioctl's argument. */
  readonly wbuf: number;
  readonly rbuf: number;
  readonly arg: number;
  /** The descriptor of the device that its process opened first. */
  readonly fd: number;
  perform<O extends Op>(op: O, input: Operations[O]['in']): Promise<Outcome>;
}

export interface MmapOptions {
  addr?: number;
  len?: number;
  prot?: number;
  flags?: number;
  fd?: number;
  off?: number;
}

export interface IoctlOptions {
  arg?: number | bigint;
  fd?: number;
  /** Bytes stored at `arg` before the call. */
  input?: Uint8Array;
  /** Bytes at `arg` to keep after the call. */
  out?: number;
}

export interface WriteReadOptions {
  write?: readonly Command[];
  /** Size of the read; 0: no read. */
  read?: number;
  fd?: number;
  arg?: number;
  wbuf?: number;
  rbuf?: number;
  /** The stream's size, when it should differ from the real one. */
  wsize?: number;
  wconsumed?: number;
  rconsumed?: number;
}

type FileKind = Operations['mkfd']['in']['kind'];

export abstract class Calls {
  protected abstract get actor(): Actor;

  open(flags = 0, device = 0): Promise<Outcome> {
    return this.actor.perform('open', { flags, ...(device === 0 ? {} : { device }) });
  }

  close(fd = this.actor.fd): Promise<Outcome> {
    return this.actor.perform('close', { fd });
  }

  mmap(options: MmapOptions = {}): Promise<Outcome> {
    const { addr = MAP, len = MAP_SIZE, prot = PROT_READ, fd = this.actor.fd, off = 0 } = options;
    const flags = options.flags ?? MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    return this.actor.perform('mmap', { addr: address(addr), len, prot, flags: address(flags), fd, off });
  }

  munmap(addr = MAP, len = MAP_SIZE): Promise<Outcome> {
    return this.actor.perform('munmap', { addr: address(addr), len });
  }

  mprotect(addr: number, len: number, prot: number): Promise<Outcome> {
    return this.actor.perform('mprotect', { addr: address(addr), len, prot });
  }

  poke(addr: number, ...chunks: Chunk[]): Promise<Outcome> {
    return this.actor.perform('poke', { addr: address(addr), bytes: bytesOf(...chunks).toString('hex') });
  }

  fill(addr: number, len: number, byte: number): Promise<Outcome> {
    return this.actor.perform('fill', { addr: address(addr), len, byte });
  }

  peek(addr: number | bigint, len: number): Promise<Outcome> {
    return this.actor.perform('peek', { addr: address(addr), len });
  }

  ioctl(
    cmd: number,
    { arg = this.actor.arg, fd = this.actor.fd, input, out = 0 }: IoctlOptions = {},
  ): Promise<Outcome> {
    const poke = Buffer.from(input ?? []).toString('hex');
    const name = ioctlName(cmd);
    return this.actor.perform('ioctl', { fd, cmd: address(cmd), name, arg: address(arg), poke, out_len: out });
  }

  version(options: IoctlOptions = {}): Promise<Outcome> {
    return this.ioctl(BINDER_VERSION, { out: 4, ...options });
  }

  setMaxThreads(count: number): Promise<Outcome> {
    return this.ioctl(BINDER_SET_MAX_THREADS, { input: u32(count) });
  }

  setContextMgr(options: IoctlOptions = {}): Promise<Outcome> {
    return this.ioctl(BINDER_SET_CONTEXT_MGR, { input: u32(0), ...options });
  }

  setContextMgrExt(node: ObjectBytes, options: IoctlOptions = {}): Promise<Outcome> {
    return this.ioctl(BINDER_SET_CONTEXT_MGR_EXT, { input: node.bytes, ...options });
  }

  threadExit(options: IoctlOptions = {}): Promise<Outcome> {
    return this.ioctl(BINDER_THREAD_EXIT, { input: u32(0), ...options });
  }

  nodeDebugInfo(ptr: number | bigint = 0): Promise<Outcome> {
    const input = bytesOf(u64(ptr), Buffer.alloc(NODE_DEBUG_INFO_SIZE - 8));
    return this.ioctl(BINDER_GET_NODE_DEBUG_INFO, { input, out: NODE_DEBUG_INFO_SIZE });
  }

  nodeInfoForRef(handle: number): Promise<Outcome> {
    const input = bytesOf(u32(handle), Buffer.alloc(NODE_INFO_FOR_REF_SIZE - 4));
    return this.ioctl(BINDER_GET_NODE_INFO_FOR_REF, { input, out: NODE_INFO_FOR_REF_SIZE });
  }

  /** @param process It or its pid. @param timeout Milliseconds. */
  freeze(process: { readonly pid: number } | number, enable = 1, timeout = 0): Promise<Outcome> {
    return this.ioctl(BINDER_FREEZE, { input: bytesOf(pidOf(process), enable, timeout) });
  }

  frozenInfo(process: { readonly pid: number } | number): Promise<Outcome> {
    const input = bytesOf(pidOf(process), u32(0xffffffff), u32(0xffffffff));
    return this.ioctl(BINDER_GET_FROZEN_INFO, { input, out: FROZEN_STATUS_INFO_SIZE });
  }

  spamDetection(on = 1): Promise<Outcome> {
    return this.ioctl(BINDER_ENABLE_ONEWAY_SPAM_DETECTION, { input: u32(on) });
  }

  extendedError(options: IoctlOptions = {}): Promise<Outcome> {
    const input = Buffer.alloc(EXTENDED_ERROR_SIZE, 0xee);
    return this.ioctl(BINDER_GET_EXTENDED_ERROR, { input, out: EXTENDED_ERROR_SIZE, ...options });
  }

  /** BINDER_WRITE_READ. */
  wr(options: WriteReadOptions = {}): Promise<Outcome> {
    const { actor } = this;
    const { write = [], read = 0, fd = actor.fd, arg = actor.arg, wbuf = actor.wbuf, rbuf = actor.rbuf } = options;
    const { size, bytes } = layOut(write, wbuf);
    return actor.perform('wr', {
      fd,
      arg: address(arg),
      wbuf: address(wbuf),
      poke: bytes.toString('hex'),
      write_size: options.wsize ?? size,
      write_consumed: options.wconsumed ?? 0,
      rbuf: address(rbuf),
      read_size: read,
      read_consumed: options.rconsumed ?? 0,
    });
  }

  write(...write: Command[]): Promise<Outcome> {
    return this.wr({ write });
  }

  read(size = READ_SIZE): Promise<Outcome> {
    return this.wr({ read: size });
  }

  /** Writes and reads in one ioctl. */
  rw(write: readonly Command[], size = READ_SIZE): Promise<Outcome> {
    return this.wr({ write, read: size });
  }

  /** Enters the loop and reads. */
  loop(size = READ_SIZE): Promise<Outcome> {
    return this.rw([bc.enterLooper()], size);
  }

  /** @param timeout 0, or -1 for a poll that may sleep. */
  poll(timeout = 0, events = POLLIN | POLLOUT, fd = this.actor.fd): Promise<Outcome> {
    return this.actor.perform('poll', { fd, events, timeout });
  }

  /** Reads up to `len` bytes to `addr`. */
  readFrom(fd: number, len: number, addr = this.actor.rbuf): Promise<Outcome> {
    return this.actor.perform('read', { fd, addr: address(addr), len });
  }

  writeTo(fd: number, data: Chunk, addr = this.actor.wbuf): Promise<Outcome> {
    const bytes = bytesOf(data);
    return this.actor.perform('write', { fd, addr: address(addr), poke: bytes.toString('hex'), len: bytes.length });
  }

  epollCreate(flags = 0): Promise<Outcome> {
    return this.actor.perform('epoll_create1', { flags });
  }

  epollAdd(epfd: number, fd: number, events = EPOLLIN, data = fd): Promise<Outcome> {
    return this.epollCtl(epfd, EPOLL_CTL_ADD, fd, events, data);
  }

  epollModify(epfd: number, fd: number, events = EPOLLIN, data = fd): Promise<Outcome> {
    return this.epollCtl(epfd, EPOLL_CTL_MOD, fd, events, data);
  }

  epollDelete(epfd: number, fd: number): Promise<Outcome> {
    return this.epollCtl(epfd, EPOLL_CTL_DEL, fd, 0, 0);
  }

  epollCtl(epfd: number, cmd: number, fd: number, events: number, data: number): Promise<Outcome> {
    return this.actor.perform('epoll_ctl', { epfd, cmd, fd, events: events >>> 0, data: address(data) });
  }

  /** @param timeout 0, or -1 for a wait that may sleep. */
  epollWait(epfd: number, { timeout = 0, maxevents = 8, addr = this.actor.rbuf } = {}): Promise<Outcome> {
    return this.actor.perform('epoll_wait', { epfd, addr: address(addr), maxevents, timeout });
  }

  /** Makes an open file at descriptor `fd`; a pipe has its write end at `fd2`. */
  mkfd(kind: FileKind, fd: number, options: { fd2?: number; content?: Chunk } = {}): Promise<Outcome> {
    const { fd2, content = '' } = options;
    const content16 = bytesOf(content).toString('hex');
    return this.actor.perform('mkfd', { kind, fd, ...(fd2 === undefined ? {} : { fd2 }), content: content16 });
  }

  fdinfo(fd: number): Promise<Outcome> {
    return this.actor.perform('fdinfo', { fd });
  }

  setuid(uid: number): Promise<Outcome> {
    return this.actor.perform('setuid', { uid });
  }

  fcntl(cmd: number, arg: number, fd = this.actor.fd): Promise<Outcome> {
    return this.actor.perform('fcntl', { fd, cmd, arg });
  }

  nonblock(on = true): Promise<Outcome> {
    return this.fcntl(F_SETFL, on ? O_NONBLOCK : 0);
  }

  dup(fd = this.actor.fd, to = -1): Promise<Outcome> {
    return this.actor.perform('dup', { fd, to });
  }

  rlimit(nofile: number): Promise<Outcome> {
    return this.actor.perform('rlimit', { nofile });
  }
}

function pidOf(process: { readonly pid: number } | number): Buffer {
  return u32(typeof process === 'number' ? process : process.pid);
}
