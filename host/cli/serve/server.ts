/** Performs the requests of programs outside of the machine, in order. */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EEXIST, EIO, ENODEV } from '../../../assembly/abi/errno.ts';
import { MAP_FIXED_NOREPLACE, O_NONBLOCK, VA_BITS } from '../../../assembly/abi/machine.ts';
import { BINDER_FREEZE, BINDER_WRITE_READ } from '../../../assembly/abi/protocol.ts';
import { WRITE_READ_SIZE } from '../../../assembly/abi/wire.ts';
import type { Machine } from '../../machine.ts';
import type { Call, PollCall } from '../../os/call.ts';
import type { Simulation } from '../../sim/simulation.ts';
import { BinderlabError } from '../../wire/error.ts';
import { Memory, type OutsideProgram } from './program.ts';
import { ProgramThread, refuse } from './programthread.ts';
import * as wire from './wire.ts';

/** Tids of attendants: no process of Linux has one above 2^22. */
const ATTENDANT_TIDS = 2 ** 22;
/** Where mappings are, unless the program says where: below the machine's limit, far from a program's own. */
const MAPPINGS = 0x70_0000_0000;
const MAPPING_DISTANCE = 0x100_0000;
const ADDRESS_MAX = 2 ** VA_BITS;
/** The longest list of commands that is read at once. */
const COMMANDS_MAX = 0x10000;
const NO_BYTES = new Uint8Array(0);

/** The open files of a session. */
export interface Session {
  readonly folder: string;
  /** The FIFO of requests. */
  readonly requests: number;
  /** The FIFO of the watcher: pids. */
  readonly watch: number;
}

export class Server {
  readonly #programs = new Map<number, OutsideProgram>();
  #mappings = 0;

  /** @param simulation Its programs run between requests; null for none. */
  constructor(
    private readonly machine: Machine,
    private readonly session: Session,
    private readonly simulation: Simulation | null,
  ) {}

  /** Serves until the process `pid` has ended; 0: for ever. */
  serve(pid: number): void {
    const requests = new wire.Requests(this.session.requests);
    if (pid !== 0) this.#watch(pid);
    this.#settle();
    for (;;) {
      const request = requests.next();
      this.#perform(request);
      this.#settle();
      if (request.op === wire.ENDED && request.pid === pid) return;
    }
  }

  /** Ends the programs that are left. */
  end(): void {
    for (const pid of [...this.#programs.keys()]) this.#ended(pid);
  }

  #settle(): void {
    this.simulation?.run({ awaitsOutside: true });
  }

  #perform(request: wire.ShimRequest): void {
    const { op, pid } = request;
    if (op === wire.ENDED) this.#ended(pid);
    else if (op === wire.HELLO) this.#hello(request);
    else this.#serve(request);
  }

  /** A request of a thread that has said hello. */
  #serve(request: wire.ShimRequest): void {
    const { op, pid, tid } = request;
    const program = this.#programs.get(pid);
    const caller = program?.memory.callers.get(tid);
    if (program === undefined || caller === undefined) return; // it has been killed
    try {
      if (op === wire.SIGNAL || op === wire.BYE) wakeUp(caller);
      if (op === wire.BYE) this.#bye(program, caller, tid);
      else if (op !== wire.SIGNAL) this.#call(program, caller, request);
    } catch (error) {
      complain(error); // such as a call by a handler of a signal, while its thread sleeps in another one
      caller.answer(-EIO);
    }
  }

  #call(program: OutsideProgram, caller: ProgramThread, request: wire.ShimRequest): void {
    const { op } = request;
    if (op === wire.IOCTL) this.#ioctl(program, caller, request);
    else if (op === wire.POLL) this.#poll(caller, request);
    else if (op === wire.MMAP) this.#mmap(program, caller, request);
    else caller.answer(this.#plain(program, caller, request));
  }

  /** Calls that never sleep. @returns 0, or -errno. */
  #plain(program: OutsideProgram, { thread }: ProgramThread, request: wire.ShimRequest): number {
    const { op, fd } = request;
    const { sys } = thread;
    switch (op) {
      case wire.OPEN: {
        const opened = sys.open(request.arg(1) & O_NONBLOCK, request.arg(0));
        if (opened < 0 || opened === fd) return Math.min(opened, 0);
        const moved = sys.dup(opened, fd);
        sys.call('close', { fd: opened });
        return Math.min(moved, 0);
      }
      case wire.CLOSE:
        return sys.call('close', { fd });
      case wire.DUP:
        return Math.min(sys.dup(fd, request.arg(0)), 0);
      case wire.SETUID:
        return sys.setUid(request.arg(0));
      case wire.MUNMAP: {
        const [addr, len] = [request.arg(0), request.arg(1)];
        const result = sys.call('munmap', { addr, len });
        if (result === 0) program.memory.unmap(addr, len);
        return result;
      }
      default:
        return -ENODEV;
    }
  }

  #ioctl({ memory }: OutsideProgram, caller: ProgramThread, request: wire.ShimRequest): void {
    const [command, address] = [request.arg(0), request.arg(1)];
    const bytes = Buffer.from(request.bytes); // the call may outlast the request
    if (command === BINDER_WRITE_READ >>> 0 && bytes.length > 0) knowCommands(memory, caller, address, bytes);
    else if (bytes.length > 0) caller.know(address, bytes);
    const call = caller.thread.sys.ioctl(request.fd, command | 0, address, NO_BYTES, 0);
    call.whenDone(({ ret }) => caller.answer(ret as number));
    // There is no clock: the time that a freeze may take is over at once.
    if (call.parked && command === BINDER_FREEZE >>> 0) caller.thread.awaitTimeout(0);
  }

  #poll(caller: ProgramThread, request: wire.ShimRequest): void {
    const call: PollCall = caller.thread.sys.poll(request.fd, request.arg(0), request.arg(1) === 0 ? 0 : -1);
    call.whenDone((done: Call) => caller.answer(done.ret as number, (done as PollCall).revents));
  }

  #mmap({ memory }: OutsideProgram, caller: ProgramThread, request: wire.ShimRequest): void {
    const [wanted, length, prot, flags, offset] = [0, 1, 2, 3, 4].map((index) => request.arg(index)) as Five;
    const number = this.#mappings;
    const isGood = wanted > 0 && wanted + length < ADDRESS_MAX;
    const address = isGood ? wanted : MAPPINGS + number * MAPPING_DISTANCE;
    const { fd } = request;
    const input = { addr: address, len: length, prot, flags: flags | MAP_FIXED_NOREPLACE, fd, off: offset };
    const result = caller.thread.sys.call('mmap', input);
    if (result >= 0) {
      this.#mappings++;
      memory.map(result, length, join(this.session.folder, `mapping-${number}`));
    }
    caller.answer(result, number);
  }

  #hello(request: wire.ShimRequest): void {
    const { pid, tid } = request;
    const [uid, parent, isFirst] = [request.arg(0), request.arg(1), request.arg(2) !== 0];
    const fifo = join(this.session.folder, `${tid}`);
    if (isFirst) this.#ended(pid); // exec
    try {
      const program = this.#programs.get(pid) ?? this.#begin(pid, uid, this.#programs.get(parent));
      const { process, attendant, memory } = program;
      const thread = tid === pid ? process.main : process.thread(`${process.name}.${tid}`, { tid, by: attendant });
      const caller = new ProgramThread(thread, fifo);
      memory.callers.set(tid, caller);
      caller.answer(0, globalThis.process.pid);
    } catch (error) {
      complain(error); // such as a process of the simulation that has its number
      refuse(fifo, EEXIST);
    }
  }

  #begin(pid: number, uid: number, parent: OutsideProgram | undefined): OutsideProgram {
    const name = `${commandName(pid)}:${pid}`;
    const memory = new Memory(pid);
    const process =
      parent === undefined
        ? this.machine.spawn(name, { pid, uid, memory })
        : parent.process.fork(name, { pid, by: parent.attendant, memory });
    const attendant = process.thread(`${name}.attendant`, { tid: ATTENDANT_TIDS + pid });
    const program = { process, attendant, memory };
    this.#programs.set(pid, program);
    this.#watch(pid);
    return program;
  }

  #bye({ process, memory }: OutsideProgram, caller: ProgramThread, tid: number): void {
    memory.callers.delete(tid);
    caller.close();
    if (caller.thread !== process.main) caller.thread.exit();
  }

  #ended(pid: number): void {
    const program = this.#programs.get(pid);
    if (program === undefined) return;
    this.#programs.delete(pid);
    if (program.attendant.alive) program.attendant.exitProcess();
    program.memory.close();
  }

  #watch(pid: number): void {
    writeSync(this.session.watch, Uint32Array.of(pid));
  }
}

type Five = [number, number, number, number, number];

/**
 * The commands that a binder_write_read names are read in one go: the driver reads them word by word. Few follow it in the
 * request.
 */
function knowCommands(memory: Memory, caller: ProgramThread, address: number, bytes: Buffer): void {
  const record = bytes.subarray(0, WRITE_READ_SIZE);
  const [size, consumed, buffer] = [wire.u64(record, 0), wire.u64(record, 8), wire.u64(record, 16)];
  caller.know(address, record);
  if (size <= consumed || size - consumed > COMMANDS_MAX) return;
  let commands: Uint8Array = bytes.subarray(WRITE_READ_SIZE);
  if (commands.length === 0) {
    commands = new Uint8Array(size - consumed);
    commands = commands.subarray(0, memory.look(buffer + consumed, commands));
  }
  caller.know(buffer + consumed, commands);
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

function commandName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'program'; // it has ended already
  }
}
