/** Performs the requests of programs outside of the machine, in order. */
import { closeSync, existsSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EEXIST, EIO, ENODEV } from '../../../assembly/abi/errno.ts';
import { F_SETFL, MAP_FIXED_NOREPLACE, O_NONBLOCK, VA_BITS } from '../../../assembly/abi/machine.ts';
import { BINDER_FREEZE, BINDER_SET_CONTEXT_MGR, BINDER_SET_CONTEXT_MGR_EXT } from '../../../assembly/abi/protocol.ts';
import { FREEZE_INFO_SIZE, FREEZE_INFO_TIMEOUT_MS, WRITE_READ_SIZE } from '../../../assembly/abi/wire.ts';
import type { Machine } from '../../machine.ts';
import type { Call, PollCall } from '../../os/call.ts';
import type { Syscalls } from '../../os/syscalls.ts';
import type { Thread } from '../../os/thread.ts';
import type { Simulation } from '../../sim/simulation.ts';
import { BinderlabError } from '../../wire/error.ts';
import { Memory, type OutsideProgram } from './program.ts';
import { ProgramThread } from './programthread.ts';
import { readAhead } from './readahead.ts';
import * as ring from './ring.ts';

/** Tids of attendants: no process of Linux has one above 2^22. */
const ATTENDANT_TIDS = 2 ** 22;
/** Where mappings are, unless the program says where: below the machine's limit, far from a program's own. */
const MAPPINGS = 0x70_0000_0000;
const MAPPING_DISTANCE = 0x100_0000;
const ADDRESS_MAX = 2 ** VA_BITS;
/** Programs have descriptors below this: native/shim/shim.h. */
const DESCRIPTORS_MAX = 4096;
/** The longest list of commands that is read at once. */
const COMMANDS_MAX = 0x10000;
const [FREEZE, MANAGER, MANAGER_EXT] = [BINDER_FREEZE, BINDER_SET_CONTEXT_MGR, BINDER_SET_CONTEXT_MGR_EXT].map(
  (command) => command >>> 0,
);
/** A command from here on stores its result at its argument. */
const IOC_READ = 0x80000000;
const NO_BYTES = new Uint8Array(0);
/** The file of an epoll instance: exec keeps none. */
const NO_FILE = 0;
/** The longest sleep without a call. */
const HOUR_MS = 3_600_000;

/** The open files of a session. */
export interface Session {
  readonly folder: string;
  readonly ring: ring.Ring;
  /** The FIFO of the watcher: pids. */
  readonly watch: number;
}

/** When a call that waits has waited long enough. */
interface Timeout {
  readonly end: number;
  readonly ms: number;
  readonly thread: Thread;
  readonly call: Call;
}

export class Server {
  readonly #programs = new Map<number, OutsideProgram>();
  /** By their slots. */
  readonly #callers: (ProgramThread | undefined)[] = [];
  readonly #timeouts: Timeout[] = [];
  /** Whether the machine has listeners, or keeps a journal: calls are made with all that they read. */
  readonly #isObserved: boolean;
  #mappings = 0;

  /** @param simulation Its programs run between requests; null for none. */
  constructor(
    private readonly machine: Machine,
    private readonly session: Session,
    private readonly simulation: Simulation | null,
  ) {
    const { guest } = machine;
    this.#isObserved = machine.parts.system.observer !== null;
    session.ring.addon.enter(guest.u8, guest.raw.clientWindowAt());
  }

  /** Serves until the process `pid` has ended, or SIGINT comes; 0: until SIGINT. */
  serve(pid: number): void {
    if (pid !== 0) this.#watch(pid);
    this.#settle();
    for (;;) {
      const next = this.session.ring.next(this.#timeLeft());
      if (next < 0) return;
      if (next === 0) this.#expire();
      else if (this.#look(next >>> 3, next & 7) === pid) return;
      this.#settle();
    }
  }

  /** Ends the programs that are left. */
  end(): void {
    for (const pid of [...this.#programs.keys()]) this.#ended(pid);
  }

  #settle(): void {
    this.simulation?.run({ awaitsOutside: true });
    if (Memory.hasDevices) this.#placeDevices();
  }

  /** Binder descriptors that messages have brought get the programs' numbers. */
  #placeDevices(): void {
    for (const program of this.#programs.values()) {
      const { sys } = program.attendant;
      // the highest first: a number in the machine may be the next one's in the program
      for (const { fd, own } of program.memory.takeDevices().sort((a, b) => b.fd - a.fd)) {
        if (fd !== own) {
          sys.dup(own, fd);
          sys.call('close', { fd: own });
        }
        program.files.set(fd, inodeOf(program.process.pid, fd));
      }
    }
    Memory.hasDevices = false;
  }

  /** Looks at a slot. @returns The process that has ended, or -1. */
  #look(index: number, pending: number): number {
    const caller = this.#callers[index];
    if (caller === undefined) {
      const slot = new ring.RingSlot(this.session.ring, index);
      if ((pending & ring.CALL) === 0) return -1;
      if (slot.op !== ring.ENDED) {
        if (slot.pid !== 0) this.#hello(slot); // 0: it has ended, and a helper has called for it
        return -1;
      }
      const pid = slot.arg(0);
      this.#ended(pid);
      slot.answer(0);
      this.session.ring.addon.tell();
      return pid;
    }
    try {
      if (pending & ring.CALL) this.#call(caller);
      if (pending & ring.CANCEL && caller.slot.isCancelled) wakeUp(caller);
      if (pending & ring.BYE) this.#bye(caller);
    } catch (error) {
      complain(error); // such as an ioctl that the machine refuses
      caller.answer(-EIO);
    }
    return -1;
  }

  #call(caller: ProgramThread): void {
    const { program } = caller;
    const { op } = caller.slot;
    if (op === ring.IOCTL) this.#ioctl(program, caller);
    else if (op === ring.POLL || op === ring.EPOLL_WAIT) this.#poll(caller, op === ring.EPOLL_WAIT);
    else if (op === ring.MMAP) this.#mmap(program, caller);
    else caller.answer(this.#plain(program, caller));
  }

  /** Calls that never sleep. @returns 0, or -errno. */
  #plain(program: OutsideProgram, { thread, slot }: ProgramThread): number {
    const { op, fd } = slot;
    const { sys } = thread;
    const { files } = program;
    switch (op) {
      case ring.OPEN:
        return this.#place(program, sys, sys.open(slot.arg(1) & O_NONBLOCK, slot.arg(0)), fd, slot.arg(2));
      case ring.EPOLL_CTL: {
        const [cmd, watched, events, data] = [0, 1, 2, 3].map((index) => slot.arg(index)) as Four;
        const made = files.has(fd)
          ? 0
          : this.#place(program, sys, sys.call('epoll_create1', { flags: 0 }), fd, NO_FILE);
        return made < 0 ? made : sys.call('epoll_ctl', { epfd: fd, cmd, fd: watched, events, data });
      }
      case ring.CLOSE:
        files.delete(fd);
        return sys.call('close', { fd });
      case ring.DUP: {
        const copy = slot.arg(0);
        files.set(copy, files.get(fd) ?? 0);
        return Math.min(sys.dup(fd, copy), 0);
      }
      case ring.SETFL:
        return sys.call('fcntl', { fd, cmd: F_SETFL, arg: slot.arg(0) });
      case ring.SETUID:
        return sys.setUid(slot.arg(0));
      case ring.MUNMAP: {
        const [addr, len] = [slot.arg(0), slot.arg(1)];
        const result = sys.call('munmap', { addr, len });
        if (result === 0) program.memory.unmap(addr, len);
        return result;
      }
      default:
        return -ENODEV;
    }
  }

  /** Gives what was opened the program's number. @returns 0, or -errno. */
  #place({ files }: OutsideProgram, sys: Syscalls, opened: number, fd: number, file: number): number {
    if (opened < 0) return opened;
    files.set(fd, file);
    if (opened === fd) return 0;
    const moved = sys.dup(opened, fd);
    sys.call('close', { fd: opened });
    return Math.min(moved, 0);
  }

  #ioctl({ memory }: OutsideProgram, caller: ProgramThread): void {
    const { slot, thread } = caller;
    const [command, address] = [slot.arg(0), slot.arg(1)];
    if (command === MANAGER || command === MANAGER_EXT) this.#noteEnds();
    if (!this.#isObserved && slot.arg(2) !== 0) knowCommands(memory, caller, address);
    const call = this.#isObserved
      ? this.#observedIoctl(memory, caller, command, address)
      : thread.sys.ioctl(slot.fd, command | 0, address, NO_BYTES, 0);
    call.whenDone(({ ret }) => caller.answer(ret as number));
    if (call.parked && command === FREEZE) this.#limit(thread, call, memory, address);
  }

  /** The same with all that it reads, and with commands that people can read. */
  #observedIoctl(memory: Memory, caller: ProgramThread, command: number, address: number): Call {
    const { slot, thread } = caller;
    const { sys } = thread;
    const look = (from: number, size: number) => {
      const bytes = new Uint8Array(size);
      return bytes.subarray(0, memory.look(from, bytes));
    };
    const { argument, call, payloads, descriptors } = readAhead(look, slot.fd, command, address);
    for (const fd of descriptors.filter((one) => !memory.has(one))) {
      if (this.machine.keepsJournal) sys.lack(fd);
      else memory.lack(fd);
    }
    for (const { address, bytes } of payloads) {
      if (this.machine.keepsJournal) sys.poke(address, bytes);
      else memory.poke(address, bytes);
    }
    if (call === null) {
      const outLen = command >>> 0 >= IOC_READ ? argument.bytes.length : 0;
      return sys.ioctl(slot.fd, command | 0, address, argument.bytes, outLen);
    }
    return sys.writeRead(call);
  }

  /** poll of one descriptor, or epoll_wait. One that waits rings the thread's bell. */
  #poll(caller: ProgramThread, isEpoll: boolean): void {
    const { slot, thread } = caller;
    const { sys } = thread;
    const [isWaiting, fd] = isEpoll ? [slot.arg(2), slot.arg(3)] : [slot.arg(1), slot.arg(2)];
    const bell = isWaiting === 0 ? -1 : this.session.ring.addon.take(slot.maker, fd);
    const timeout = bell < 0 ? 0 : -1;
    const call = isEpoll
      ? sys.epollWait(slot.fd, slot.arg(0), slot.arg(1), timeout)
      : sys.poll(slot.fd, slot.arg(0), timeout);
    call.whenDone((done: Call) => {
      if (bell >= 0) strike(bell); // before the answer, after which the thread silences it
      caller.answer(done.ret as number, isEpoll ? 0 : (done as PollCall).revents);
    });
  }

  /** A freeze waits for the calls that are under way no longer than it says. */
  #limit(thread: Thread, call: Call, memory: Memory, address: number): void {
    const info = new Uint8Array(FREEZE_INFO_SIZE);
    if (memory.look(address, info) < info.length) return;
    const ms = new DataView(info.buffer).getUint32(FREEZE_INFO_TIMEOUT_MS, true);
    this.#timeouts.push({ end: performance.now() + ms, ms, thread, call });
  }

  /** Milliseconds until the next timeout. */
  #timeLeft(): number {
    if (this.#timeouts.length === 0) return HOUR_MS;
    return Math.max(0, Math.min(...this.#timeouts.map(({ end }) => end)) - performance.now());
  }

  #expire(): void {
    const now = performance.now();
    for (const one of this.#timeouts.filter(({ end }) => end <= now)) {
      this.#timeouts.splice(this.#timeouts.indexOf(one), 1);
      if (one.thread.call === one.call) one.thread.awaitTimeout(one.ms);
    }
  }

  #mmap({ memory }: OutsideProgram, caller: ProgramThread): void {
    const { slot } = caller;
    const [wanted, length, prot, flags, offset] = [0, 1, 2, 3, 4].map((index) => slot.arg(index)) as Five;
    const number = this.#mappings;
    const isGood = wanted > 0 && wanted + length < ADDRESS_MAX;
    const address = isGood ? wanted : MAPPINGS + number * MAPPING_DISTANCE;
    const { fd } = slot;
    const input = { addr: address, len: length, prot, flags: flags | MAP_FIXED_NOREPLACE, fd, off: offset };
    let result = caller.thread.sys.call('mmap', input);
    if (result >= 0) {
      this.#mappings++;
      const mapped = memory.map(result, length, join(this.session.folder, `mapping-${number}`));
      if (mapped < 0) result = mapped;
    }
    caller.answer(result, number);
  }

  #hello(slot: ring.RingSlot): void {
    const { pid, tid } = slot;
    const [uid, parent, isExec] = [slot.arg(0), slot.arg(1), slot.arg(2) !== 0];
    const kept = isExec ? slot.kept(slot.arg(3)) : [];
    try {
      if (isExec) this.#forget(pid, slot.index);
      // a child of vfork has called nothing before exec: it is its parent's child if it has descriptors of it
      const forked = isExec && kept.length === 0 ? undefined : this.#programs.get(parent);
      if (!this.#programs.has(pid)) this.#noteEnds(parent);
      const program = this.#programs.get(pid) ?? this.#begin(pid, uid, forked);
      if (isExec) afterExec(program, uid, kept);
      const { process, attendant, memory } = program;
      const thread = tid === pid ? process.main : process.thread(`${process.name}.${tid}`, { tid, by: attendant });
      const caller = new ProgramThread(thread, slot, program);
      if (!this.#isObserved) this.session.ring.addon.own(slot.index, program.space);
      memory.callers.set(tid, caller);
      this.#callers[slot.index] = caller;
      slot.answer(0);
    } catch (error) {
      complain(error); // such as a process of the simulation that has its number
      this.session.ring.addon.release(slot.index);
      slot.answer(-EEXIST);
    }
  }

  #begin(pid: number, uid: number, parent: OutsideProgram | undefined): OutsideProgram {
    const name = `${commandName(pid)}:${pid}`;
    const memory = new Memory(pid, this.session.ring.addon, this.#isObserved);
    const process =
      parent === undefined
        ? this.machine.spawn(name, { pid, uid, memory })
        : parent.process.fork(name, { pid, by: parent.attendant, memory });
    const attendant = process.thread(`${name}.attendant`, { tid: ATTENDANT_TIDS + pid });
    if (parent === undefined) attendant.sys.call('rlimit', { nofile: DESCRIPTORS_MAX });
    const space = this.machine.parts.system.foreign.spaceOf(process.pointer);
    const program = { process, attendant, memory, files: new Map(parent?.files), space };
    this.#programs.set(pid, program);
    this.#watch(pid);
    return program;
  }

  /** The thread ends; it may be in a call. */
  #bye(caller: ProgramThread): void {
    const { thread, slot } = caller;
    const { process, memory } = this.#programs.get(slot.pid) as OutsideProgram;
    wakeUp(caller);
    memory.callers.delete(slot.tid);
    this.#release(slot.index);
    if (thread !== process.main) thread.exit();
  }

  /** The process begins another program: its threads have gone. @param kept The slot that it has from now on. */
  #forget(pid: number, kept: number): void {
    for (const slot of this.session.ring.slotsOf(pid)) {
      const caller = this.#callers[slot];
      if (caller !== undefined && slot !== kept) this.#bye(caller);
      else if (slot !== kept) this.#release(slot);
    }
  }

  /**
   * Programs that have ended have done so before what follows, also those of which the watcher has not told yet.
   *
   * @param except A child takes over what this one had.
   */
  #noteEnds(except = 0): void {
    for (const pid of [...this.#programs.keys()])
      if (pid !== except && this.session.ring.addon.ended(pid) !== 0) this.#ended(pid);
  }

  #ended(pid: number): void {
    const program = this.#programs.get(pid);
    for (const slot of this.session.ring.slotsOf(pid)) this.#release(slot);
    this.#releaseLost();
    if (program === undefined) return;
    this.#programs.delete(pid);
    if (program.attendant.alive) program.attendant.exitProcess();
    program.memory.close();
  }

  #release(slot: number): void {
    this.#callers[slot] = undefined;
    this.session.ring.addon.release(slot);
  }

  /** Processes may have ended with a slot, before they said hello. */
  #releaseLost(): void {
    for (const pid of this.session.ring.owners()) {
      if (this.#programs.has(pid) || existsSync(`/proc/${pid}`)) continue;
      for (const slot of this.session.ring.slotsOf(pid)) this.#release(slot);
    }
  }

  #watch(pid: number): void {
    writeSync(this.session.watch, Uint32Array.of(pid));
  }
}

type Four = [number, number, number, number];
type Five = [number, number, number, number, number];

/** The commands of a binder_write_read, which did not come with the call, are read in one go: the driver reads them word by word. */
function knowCommands(memory: Memory, caller: ProgramThread, address: number): void {
  const data = new DataView(new ArrayBuffer(WRITE_READ_SIZE));
  memory.look(address, new Uint8Array(data.buffer));
  const [size, consumed, buffer] = [0, 8, 16].map((at) => Number(data.getBigUint64(at, true))) as [
    number,
    number,
    number,
  ];
  const [from, rest] = [buffer + consumed, size - consumed];
  if (rest <= 0 || rest > COMMANDS_MAX) return;
  const commands = new Uint8Array(rest);
  caller.know({ address: from, bytes: commands.subarray(0, memory.look(from, commands)) });
}

/** What exec does: the mappings go, and the descriptors but those that are kept. */
function afterExec(
  { process, attendant, memory, files }: OutsideProgram,
  uid: number,
  kept: readonly ring.Kept[],
): void {
  const { sys } = attendant;
  for (const { address, length } of [...memory.mapped]) {
    sys.call('munmap', { addr: address, len: length });
    memory.unmap(address, length);
  }
  const before = [...files];
  for (const { fd, file } of kept) {
    const copied = before.find(([, other]) => other === file)?.[0];
    if (copied !== undefined && files.get(fd) !== file) sys.dup(copied, fd);
  }
  files.clear();
  for (const { fd, file } of kept) files.set(fd, file);
  for (const [fd] of before) if (!files.has(fd)) sys.call('close', { fd });
  if (process.uid !== uid) sys.setUid(uid);
}

/** Makes an eventfd readable, and closes it. */
function strike(bell: number): void {
  writeSync(bell, BigUint64Array.of(1n));
  closeSync(bell);
}

/** The call in which the thread sleeps ends with EINTR. */
function wakeUp({ thread }: ProgramThread): void {
  if (thread.parked) thread.signal();
}

/** Reports what a program has done wrong. */
function complain(error: unknown): void {
  if (!(error instanceof BinderlabError)) throw error;
  process.stderr.write(`binderlab: ${error.message}\n`);
}

function inodeOf(pid: number, fd: number): number {
  return statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false })?.ino ?? NO_FILE;
}

function commandName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'program'; // it has ended already
  }
}
