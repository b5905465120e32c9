/** A process, as scripts see it: threads, memory, exit. */
import { MAP_ANONYMOUS, MAP_FIXED_NOREPLACE, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import { errnoMeaning } from '../wire/errno.ts';
import { BinderlabError, callError } from '../wire/error.ts';
import { checkForm, shown } from '../wire/forms.ts';
import { hexOfAddress } from '../wire/hex.ts';
import type { LogLine } from '../wire/log.ts';
import { objectsOf, type Placed, type ReceivedObject } from '../wire/objects.ts';
import type { TransactionReturn } from '../wire/returns.ts';
import { textOfBytes } from '../wire/text.ts';
import { Arena, type ArenaState } from './arena.ts';
import type { Directory } from './directory.ts';
import type { ForeignMemory } from './foreignmemory.ts';
import { UserMemory } from './memory.ts';
import { RecordedMemory } from './recordedmemory.ts';
import type { Stored } from './syscalls.ts';
import type { System } from './system.ts';
import { Thread } from './thread.ts';

/** What errnoMeaning calls the start of processes and threads. */
const MAKING = 'making';
const OF_MESSAGE =
  '; a message is in the mapping of the process that opened the device, and a child of fork has no mapping of its parent';

/** User address of each process's arena. */
export interface ArenaRange {
  readonly address: number;
  readonly size: number;
}

export interface ForkOptions {
  readonly pid?: number;
  readonly by?: Thread;
  readonly memory?: ForeignMemory;
}

/** Of a program outside of the machine. */
const NO_ARENA: ArenaRange = { address: 0, size: 0 };

export type ProcessDirectory = Directory<Process, Thread>;

/** The host's part of a process at one moment. */
export interface SavedProcess {
  readonly threads: readonly Thread[];
  readonly arena: ArenaState;
  readonly uid: number;
}

export class Process {
  /** @internal */ readonly memory: UserMemory;
  readonly arena: Arena;
  /** Its threads, dead ones included; the main thread is the first. */
  readonly threads: Thread[] = [];
  /** Called with each child. A child inherits them, as it inherits memory. */
  readonly #forkHandlers: ((child: Process) => void)[] = [];

  private constructor(
    private readonly system: System,
    private readonly directory: ProcessDirectory,
    readonly name: string,
    readonly pid: number,
    /** Its uid: from its creation, or from setresuid. */
    public uid: number,
    /** @internal The guest's process. */
    readonly pointer: number,
    private readonly range: ArenaRange,
  ) {
    this.memory = new UserMemory(system.guest, pointer);
    this.arena = new Arena(range.address, range.size);
  }

  /** @internal Creates a process with one thread, and an empty arena or the memory of a program outside. One step. */
  static spawn(
    system: System,
    directory: ProcessDirectory,
    name: string,
    { pid, uid }: { pid: number; uid: number },
    range: ArenaRange | ForeignMemory,
  ): Process {
    const isForeign = 'show' in range;
    directory.checkFree(name);
    return system.act('proc', null, { name, pid, uid, ...(isForeign ? { outside: 1 } : {}) }, () => {
      const pointer = checkMade(`process ${name}`, system.raw.procCreate(pid, uid));
      const process = new Process(system, directory, name, pid, uid, pointer, isForeign ? NO_ARENA : range);
      process.#begin();
      if (isForeign) process.#beOutside(range);
      else process.#mapArena();
      return process;
    });
  }

  /** @internal Whether the machine has security contexts for senders, as with SELinux. */
  get namesSenders(): boolean {
    return this.system.namesSenders;
  }

  /** Its first thread. */
  get main(): Thread {
    return this.threads[0] as Thread;
  }

  /** Whether any of its threads is alive. */
  get alive(): boolean {
    return this.threads.some((thread) => thread.alive);
  }

  /** Adds a line to the machine's log. */
  log(level: LogLine['level'], tag: string, text: string): void {
    this.system.log.add({ level, pid: this.pid, tag, text });
  }

  /**
   * Creates a further thread. One step.
   *
   * @param by The thread that makes the system call; by default one that is awake.
   */
  thread(
    name = `${this.name}.${this.threads.length}`,
    { tid = this.pid + this.threads.length, by = this.#free('make a thread'), ...others } = {},
  ): Thread {
    checkForm('thread', { name, tid, by }, others);
    this.#checkOwn('thread', by);
    by.sys.check();
    this.directory.checkFree(name);
    let thread: Thread | null = null;
    const made = this.system.syscall('spawn', by, { thread: name, tid }, () => {
      const pointer = this.system.raw.threadCreate(by.pointer, tid);
      if (pointer <= 0) return pointer;
      thread = this.#addThread(name, tid, pointer);
      return tid;
    });
    if (thread === null) throw callError(`${by.name}: making thread ${name}`, made, errnoMeaning(-made, MAKING));
    return thread;
  }

  /**
   * Forks: the child has a copy of the arena and of the descriptors, and no Binder mapping. One step.
   *
   * @param by The thread that forks; by default the main thread.
   * @param memory The child's memory, if this process is a program outside of the machine.
   */
  fork(name: string, { pid = this.directory.nextPid, by = this.main, memory, ...others }: ForkOptions = {}): Process {
    checkForm('fork', { name, pid, by, memory }, others);
    this.#checkOwn('fork', by);
    by.sys.check();
    this.directory.checkFree(name);
    let child: Process | null = null;
    const { outside } = this.memory;
    const childMemory = memory ?? (outside instanceof RecordedMemory ? outside.copy() : undefined);
    const made = this.system.syscall('fork', by, { name, pid }, () => {
      const pointer = this.system.raw.procFork(by.pointer, pid);
      if (pointer <= 0) return pointer;
      child = new Process(this.system, this.directory, name, pid, this.uid, pointer, this.range);
      child.#begin();
      if (childMemory !== undefined) child.#beOutside(childMemory);
      return pid;
    });
    if (child === null) throw callError(`${by.name}: fork of ${name}`, made, errnoMeaning(-made, MAKING));
    this.#handDown(child);
    return child;
  }

  #checkOwn(call: string, by: Thread): void {
    if (this.threads.includes(by)) return;
    const whose = this.threads.some(({ name }) => name === by?.name) ? ' of another machine' : '';
    throw new BinderlabError(`${call}: by is ${by?.name ?? shown(by)}${whose}; it is to be a thread of ${this.name}.`);
  }

  /** Calls `f` with each child of this process and of its children when it is created: pthread_atfork. */
  atFork(handler: (child: Process) => void): void {
    this.#forkHandlers.push(handler);
  }

  /** SIGKILL: when the step ends, everything of it is released. */
  kill(): void {
    if (!this.alive) throw new BinderlabError(`${this.name} has ended already: it cannot be killed again.`);
    this.system.act('kill', null, { proc: this.name, pid: this.pid }, () => {
      this.system.raw.procKill(this.pointer);
      this.allEnded();
    });
  }

  /**
   * Reads its memory. One step, by a thread that is awake.
   *
   * @throws BinderlabError on a fault.
   */
  read(address: number, length: number): Uint8Array {
    return this.#read(address, length);
  }

  /** @throws BinderlabError on a fault. */
  write(address: number, bytes: Uint8Array): void {
    checkForm('process.write', { address, bytes });
    const stored = this.#free('write memory').sys.poke(address, bytes);
    this.#checkAccess('write', address, bytes.length, stored);
  }

  /** Allocates memory of the arena. @param align A power of two. @returns Its address. */
  alloc(length: number, align = 8): number {
    checkForm('alloc', { length, align });
    return this.arena.alloc(length, align);
  }

  /** Allocates memory and stores bytes there, for `data` of a large transaction. */
  place(bytes: Uint8Array, align = 8): Placed {
    checkForm('place', { bytes, align });
    const address = this.alloc(bytes.length, align);
    this.write(address, bytes);
    return { address, length: bytes.length };
  }

  /** The data of a message that a thread of this process received. */
  dataOf(received: TransactionReturn): Uint8Array {
    return received.dataSize === 0 ? new Uint8Array(0) : this.#read(received.buffer, received.dataSize, OF_MESSAGE);
  }

  /** The objects in that data. */
  objectsOf(received: TransactionReturn): ReceivedObject[] {
    if (received.offsetsSize === 0) return [];
    return objectsOf(this.dataOf(received), this.#read(received.offsets, received.offsetsSize, OF_MESSAGE));
  }

  /** That data as UTF-8 text. Includes the bytes of appended objects. */
  textOf(received: TransactionReturn): string {
    return textOfBytes(this.dataOf(received));
  }

  /**
   * The handle of the first handle object in it. It stays valid after the buffer is freed if the process acquires it
   * before.
   *
   * @throws BinderlabError when there is no handle.
   */
  handleOf(received: TransactionReturn): number {
    const objects = this.objectsOf(received);
    for (const object of objects) if (object.type === 'handle') return object.handle;
    const there = objects.map((object) => object.type).join(', ') || 'no object at all';
    throw new BinderlabError(`${this.name} expected a handle in ${received.name}, and there is ${there}.`);
  }

  /** @internal */ allEnded(): void {
    for (const thread of this.threads) this.system.dismiss(thread);
  }

  /** @internal The same process in a copy of the machine; its handlers of forks stay here. */
  copyTo(system: System, directory: ProcessDirectory): Process {
    const { name, pid, uid, pointer, range } = this;
    const copy = new Process(system, directory, name, pid, uid, pointer, range);
    for (const thread of this.threads) copy.threads.push(thread.copyTo(system, copy));
    copy.arena.state = this.arena.state;
    const { outside } = this.memory;
    if (this.alive && outside instanceof RecordedMemory) copy.#beOutside(outside.copy());
    return copy;
  }

  /** @internal */ save(): SavedProcess {
    return { threads: [...this.threads], arena: this.arena.state, uid: this.uid };
  }

  /** @internal */ restore({ threads, arena, uid }: SavedProcess): void {
    this.uid = uid;
    this.threads.length = 0;
    for (const thread of threads) {
      this.threads.push(thread);
      thread.forgetBuffers();
    }
    this.arena.state = arena;
  }

  #handDown(child: Process): void {
    for (const handler of this.#forkHandlers) child.#forkHandlers.push(handler);
    for (const handler of this.#forkHandlers) handler(child);
  }

  #beOutside(memory: ForeignMemory): void {
    this.system.foreign.add(this.pointer, memory);
    this.memory.outside = memory;
  }

  /** Makes its main thread, and enters it in the directory. */
  #begin(): void {
    this.#addThread(`${this.name}.0`, this.pid, this.system.raw.mainThread(this.pointer));
    this.directory.addProcess(this);
  }

  #addThread(name: string, tid: number, pointer: number): Thread {
    const thread = new Thread(this.system, this, name, tid, pointer, this.threads.length);
    this.threads.push(thread);
    this.directory.addThread(thread);
    return thread;
  }

  #mapArena(): void {
    const { address, size } = this.range;
    const flags = MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    const at = this.system.raw.sysMmap(this.main.pointer, address, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (at !== address)
      throw callError(`${this.name}: mapping the arena at ${hexOfAddress(address)}`, Math.min(at, -1));
  }

  /** A thread that is awake. */
  #free(what: string): Thread {
    const free = this.threads.find((thread) => thread.alive && !thread.parked);
    if (free !== undefined) return free;
    if (!this.alive) throw new BinderlabError(`${this.name} has ended: it cannot ${what}.`);
    throw new BinderlabError(
      `${this.name} cannot ${what}: all its threads are parked in system calls. Wake one first, or make a second thread before.`,
    );
  }

  /** @param hint Added to the text of a fault. */
  #read(address: number, length: number, hint = ''): Uint8Array {
    checkForm('process.read', { address, length });
    const peeked = this.#free('read memory').sys.peek(address, length);
    this.#checkAccess('read', address, length, peeked, hint);
    return peeked.bytes;
  }

  #checkAccess(verb: string, address: number, length: number, stored: Stored, hint = ''): void {
    if (stored.signal === undefined) return;
    const at = hexOfAddress(address + stored.ret);
    throw new BinderlabError(
      `${this.name} cannot ${verb} ${length} bytes at ${hexOfAddress(address)}: ${stored.signal} at ${at}, ${this.#faultMeaning(stored)}${hint}.`,
    );
  }

  #faultMeaning({ signal, siCode }: Stored): string {
    if (signal === 'SIGBUS') return 'a page of a mapping without memory: no buffer has covered it yet';
    if (siCode === 2) return 'which is mapped, but not for that: Binder mappings are read-only';
    const { address, size } = this.range;
    return `where nothing is mapped; the arena is ${hexOfAddress(address)} to ${hexOfAddress(address + size)}`;
  }
}

/** @param made A pointer of the guest, or a negative errno. */
function checkMade(what: string, made: number): number {
  if (made <= 0) throw callError(`making ${what}`, Math.min(made, -1), errnoMeaning(-made, MAKING));
  return made;
}
