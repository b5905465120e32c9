/**
 * The machine as scripts see it: boots the guest, creates processes, performs the steps of journals, and keeps the journal.
 * Everything that happens in it is a step.
 */
import { guestWasm } from '#wasm';
import { PAGE_SIZE } from '../assembly/abi/machine.ts';
import { Guest, type WasmSource } from './guest/guest.ts';
import { type DebugFile, DebugFiles } from './inspect/debugfs.ts';
import { Inspector } from './inspect/inspector.ts';
import { type Shortage, shortageOf, shortageSentence } from './inspect/shortage.ts';
import { Directory } from './os/directory.ts';
import { type ArenaRange, Process, type ProcessDirectory } from './os/process.ts';
import { System } from './os/system.ts';
import type { Thread } from './os/thread.ts';
import { findViolation } from './os/violation.ts';
import type { AwaitedReply } from './sim/deadlock.ts';
import { Simulation, type SimulationOptions, type World } from './sim/simulation.ts';
import { Snapshot } from './snapshot.ts';
import { dumpFile, type Parts, performEntries, performStep, type RecordedEntries, shrink } from './steps.ts';
import type { Journal, JournalHeader, Step, StepInput } from './trace/journal.ts';
import { JournalKeeper, type JournalKeeping } from './trace/journalkeeper.ts';
import { type Counters, countersAt } from './wire/counters.ts';
import { BinderlabError, callError } from './wire/error.ts';
import { checkForm } from './wire/forms.ts';
import { addressOfHex, bytesOfHex, hexOfAddress, hexOfBytes } from './wire/hex.ts';
import { DEBUG_MASK_DEFAULT } from './wire/kernelmessages.ts';
import { type LogLine, SCRIPT_TAG } from './wire/log.ts';
import { STRATEGIES, type Strategy, strategyNumber } from './wire/strategy.ts';

export { STRATEGIES, type Strategy } from './wire/strategy.ts';

export interface BootOptions {
  /** The guest: its bytes, or a compiled module; default: the package's release build. */
  wasm?: WasmSource;
  strategy?: Strategy;
  /** Size of the machine's memory, MiB. */
  memoryMiB?: number;
  /** Size of the kernel's vmalloc area, MiB. */
  vmallocMiB?: number;
  /** Seed of the random choices of scripts and schedules; kept in the journal. */
  seed?: number;
  /** The driver's id counter: the next transaction, node or reference gets the next number. */
  lastDebugId?: number;
  /** The uid that has been context manager since boot; null: none. */
  contextMgrUid?: number | null;
  /** Security context of every sender with its final NUL; null: no module can name a sender. */
  secctx?: Uint8Array | null;
  /** Linux's `debug_mask`, which lines the kernel log has: 1 user errors, 2 failed transactions, 4 dead ones; default 7, all. */
  debugMask?: number;
  /** User address of each process's arena. */
  arena?: ArenaRange;
  /** What to keep of the journal; default nothing. Kept in memory it needs memory for every byte sent. */
  journal?: JournalKeeping;
  /** Name and description of the scenario, for the journal. */
  name?: string;
  description?: string;
  /** Arguments for the script. */
  args?: readonly string[];
}

const DEFAULT_ARENA: ArenaRange = { address: 0x10000000, size: 8 * 1024 * 1024 };
const MIB = 1024 * 1024;
const MEMORY_MIB_MIN = 2;
/** Linear addresses cross the boundary as positive i32. */
const MEMORY_MIB_MAX = 2047;

export class Machine {
  /** @internal The wasm instance and its memory. */
  readonly guest: Guest;
  readonly strategy: Strategy;
  readonly memoryMiB: number;
  readonly seed: number;
  /** The script's arguments: those after `--` on the command line. Empty in a replay. */
  readonly args: readonly string[];
  /** The state as plain objects. Inspection is not a step, and changes nothing. */
  readonly inspect: Inspector;
  readonly #system: System;
  readonly #directory: ProcessDirectory = new Directory<Process, Thread>();
  readonly #parts: Parts;
  readonly #listeners = {
    step: new Set<(step: Step) => void>(),
    log: new Set<(line: LogLine) => void>(),
  };
  readonly #keeper: JournalKeeper;

  #simulation: Simulation | null = null;

  /** The snapshot taken or restored last: the next one shares its unchanged pages. */
  #snapshot: Snapshot | null = null;

  private constructor(options: BootOptions) {
    const { strategy = 'kmap', memoryMiB = 64, vmallocMiB = 128, seed = 0, arena = DEFAULT_ARENA } = options;
    const { lastDebugId = 0, contextMgrUid = null, secctx = null } = options;
    checkForm('boot', { vmallocMiB, seed, arena, lastDebugId, contextMgrUid, secctx });
    const number = strategyNumber(strategy);
    if (number === undefined) {
      throw new BinderlabError(`no strategy is called "${strategy}"; there are ${STRATEGIES.join(', ')}.`);
    }
    if (!Number.isInteger(memoryMiB) || memoryMiB < MEMORY_MIB_MIN || memoryMiB > MEMORY_MIB_MAX) {
      throw new BinderlabError(
        `a machine has ${MEMORY_MIB_MIN} to ${MEMORY_MIB_MAX} MiB of memory, in whole MiB; ${memoryMiB} is not possible.`,
      );
    }
    this.strategy = strategy;
    this.memoryMiB = memoryMiB;
    this.seed = seed;
    this.args = options.args ?? [];
    this.guest = new Guest(options.wasm ?? guestWasm(), memoryMiB);
    this.#system = new System(this.guest);
    this.#system.log.listener = (line) => this.#tell(this.#listeners.log, line);
    this.#system.kernelLog.mask = options.debugMask ?? DEBUG_MASK_DEFAULT;
    this.inspect = new Inspector(this.guest);
    this.#system.kernelLog.explainShortage = (transaction) => {
      const shortage = this.explain(transaction);
      return shortage === null ? null : shortageSentence(shortage);
    };
    this.#parts = {
      system: this.#system,
      directory: this.#directory,
      arena,
      debugFiles: new DebugFiles(this.inspect),
    };
    this.#keeper = new JournalKeeper(this.#system, {
      t: 'header',
      format: 1,
      name: options.name ?? 'unnamed',
      desc: options.description ?? '',
      emulator: { strategy, seed, memory: memoryMiB },
      secctx: secctx === null ? null : hexOfBytes(secctx),
      cpus: 1,
      page_size: PAGE_SIZE,
      last_debug_id: lastDebugId,
      context_mgr_uid: contextMgrUid,
      arena: { addr: hexOfAddress(arena.address), size: arena.size },
      procs: [],
      steps: 0,
    });
    const { raw } = this.guest;
    const booted = raw.boot(memoryMiB * MIB, number, vmallocMiB);
    if (booted < 0) throw callError(`boot with ${memoryMiB} MiB of memory`, booted);
    raw.setCounters(lastDebugId, contextMgrUid ?? -1);
    if (secctx !== null) this.#setSecctx(secctx);
    this.keepJournal(options.journal ?? false);
  }

  /** @throws BinderlabError for options that make no machine. */
  static boot(options: BootOptions = {}): Machine {
    return new Machine(options);
  }

  /** A machine in the initial state of a journal. */
  static fromHeader(header: JournalHeader, options: BootOptions = {}): Machine {
    return new Machine({
      lastDebugId: header.last_debug_id,
      contextMgrUid: header.context_mgr_uid,
      secctx: header.secctx === null ? null : bytesOfHex(header.secctx),
      arena: { address: addressOfHex(header.arena.addr), size: header.arena.size },
      name: header.name,
      description: header.desc,
      ...options,
    });
  }

  /**
   * Creates a process with one thread, `process.main`, and an empty arena.
   *
   * @param pid Default: the next multiple of 1000.
   */
  spawn(name: string, { uid = 0, pid = this.#directory.nextPid } = {}): Process {
    checkForm('spawn', { name, uid, pid });
    return Process.spawn(this.#system, this.#directory, name, pid, uid, this.#parts.arena);
  }

  /**
   * Creates a simulation, which runs programs: processes whose threads are generators.
   *
   * @param options The default seed of the schedule is the machine's.
   * @throws BinderlabError when the machine has one already.
   */
  simulate(options: SimulationOptions = {}): Simulation {
    const world: World = {
      system: this.#system,
      spawn: (name, who) => this.spawn(name, who),
      awaitedReplies: () => this.#awaitedReplies(),
    };
    this.#simulation = new Simulation(world, { seed: this.seed, keepChoices: this.#keeper.isKept, ...options });
    return this.#simulation;
  }

  /** @throws BinderlabError when no process ever had that name. */
  process(name: string): Process {
    return this.#directory.process(name);
  }

  thread(name: string): Thread {
    return this.#directory.thread(name);
  }

  /** All processes, in order of creation, dead ones included. */
  get processes(): readonly Process[] {
    return this.#directory.processes;
  }

  /**
   * Performs a journal's step; ignores its outputs.
   *
   * @returns The step with the outputs of this machine.
   * @throws BinderlabError for an impossible step: an unknown name, a thread that is dead or asleep.
   */
  perform(input: StepInput): Step {
    this.#system.observer = this.#keeper.recording();
    try {
      performStep(this.#parts, input);
      return this.#keeper.last as Step;
    } finally {
      this.#observe();
    }
  }

  /** @internal The same for a step as it was recorded. @returns What this machine recorded of it; good until the next step. */
  performEntries(recorded: RecordedEntries): Uint8Array {
    this.#system.observer = this.#keeper.recording();
    try {
      performEntries(this.#parts, recorded);
      return this.#keeper.lastEntries;
    } finally {
      this.#observe();
    }
  }

  /**
   * @internal Performs a step of a journal without recording it: a history does so on its way.
   *
   * @param onTurn Called with the name of each woken thread before it goes on.
   */
  redo(input: StepInput | RecordedEntries, onTurn: ((thread: string) => void) | null = null): void {
    this.#system.observer = null;
    this.#system.onTurn = onTurn;
    try {
      if ('entries' in input) performEntries(this.#parts, input);
      else performStep(this.#parts, input);
    } finally {
      this.#system.onTurn = null;
      this.#observe();
    }
  }

  /** @internal What steps are performed on, for who performs them without a record. */
  get parts(): Parts {
    return this.#parts;
  }

  /** @internal The last step that is kept, also while a script is stopped in the middle of the next one. */
  get newestStep(): Step | null {
    return this.#keeper.newest;
  }

  /** @internal The step that ended last, after `perform` or while a journal is kept; null before the first. */
  get lastStep(): Step | null {
    return this.#keeper.last;
  }

  /**
   * Calls `f` after every step. It may look at the machine, and not act in it.
   *
   * @returns Removes the listener.
   */
  on(event: 'step', listener: (step: Step) => void): () => void;
  /** The same for each line of the log. */
  on(event: 'log', listener: (line: LogLine) => void): () => void;
  on(event: 'step' | 'log', listener: (news: never) => void): () => void {
    checkForm('on', { event, listener });
    const listeners: Set<(news: never) => void> = this.#listeners[event];
    listeners.add(listener);
    this.#observe();
    return () => {
      listeners.delete(listener);
      this.#observe();
    };
  }

  /** The last lines of the log of emulator and libbinder, oldest first. */
  get log(): readonly LogLine[] {
    return this.#system.log.lines;
  }

  /**
   * The last lines of the kernel log, oldest first: what Linux's driver prints about each refusal, as dmesg shows it. Linux's
   * limit of lines in a time does not apply.
   */
  get kernelLog(): readonly string[] {
    return this.#system.kernelLog.lines();
  }

  /**
   * Why a message found no buffer: who holds the space of its receiver now, and what would fit; `shortageLines` says it in words.
   *
   * @param transaction Its number; default: the last such message.
   * @returns null when the last 32 failed transactions have none, or when the receiver is gone.
   */
  explain(transaction?: number): Shortage | null {
    const nameOf = (pid: number) => this.processes.filter((process) => process.pid === pid).at(-1)?.name ?? null;
    return shortageOf(this.inspect, nameOf, transaction);
  }

  /** Whether later steps have the field `klog`: the lines of the kernel log that the driver printed during the step. */
  keepKernelLog(keep: boolean): void {
    this.#keeper.keepKernelLog(keep);
  }

  /**
   * Reads a file of the driver in debugfs: `state`, `stats`, `transactions`, `transaction_log`, `failed_transaction_log` or
   * `proc/PID`. One step; `debugFiles` reads them without one.
   */
  dump(file: string): DebugFile {
    checkForm('dump', { file });
    return dumpFile(this.#parts, file);
  }

  /**
   * Lets the shrinker take up to `pages` unused pages of binder mappings, least recently used first.
   *
   * @returns How many pages it took.
   */
  shrink(pages: number): number {
    checkForm('shrink', { pages });
    return shrink(this.#parts, pages);
  }

  /** The driver's files in debugfs. Reading them here is not a step. */
  get debugFiles(): DebugFiles {
    return this.#parts.debugFiles;
  }

  /** Adds a remark to the journal. */
  note(text: string): void {
    checkForm('note', { text });
    this.perform({ op: 'note', in: { text } });
  }

  /**
   * The journal so far.
   *
   * @throws BinderlabError while none is kept.
   */
  get journal(): Journal {
    return this.#keeper.journal;
  }

  /**
   * Starts a journal: of all steps in memory, of the last ones, or of all in a file. `false` drops it, or completes the file.
   *
   * @throws Error of the file system, for a path that cannot be written.
   */
  keepJournal(keep: JournalKeeping): void {
    checkForm('keepJournal', { keep });
    this.#keeper.keep(keep);
    this.#observe();
  }

  /** @internal Virtual time of its simulation, in milliseconds; 0 without one. */
  get now(): number {
    return this.#simulation?.now ?? 0;
  }

  /** Number of the next step. */
  get nextStep(): number {
    return this.#system.nextStep;
  }

  /** The memory model's counters since boot: of the whole machine, or of one process. */
  counters(process?: Process): Counters {
    return countersAt(this.guest.u8, this.guest.raw.counters(process?.pointer ?? 0));
  }

  /** Frames of 4 KiB that hold messages now: of one process's mappings, or of all mappings, memory files and sockets. */
  framesResident(process?: Process): number {
    return this.guest.raw.framesResident(process?.pointer ?? 0);
  }

  /** Bytes of kernel address space that mappings reserve now. */
  kernelBytesReserved(): number {
    return this.guest.raw.kernelReserved();
  }

  /** Free frames of 4 KiB. */
  freeFrames(): number {
    return this.guest.raw.framesFree();
  }

  /** Live kernel objects. */
  liveObjects(): number {
    return this.guest.raw.objectsLive();
  }

  /** Takes a snapshot for `restore`. Takes as much memory as changed since the last one. Changes nothing. */
  snapshot(): Snapshot {
    this.#snapshot = new Snapshot(this.#parts, this.#snapshot);
    return this.#snapshot;
  }

  /**
   * Restores a snapshot, earlier or later: the machine, its processes and threads, their parked calls and the journal return
   * to that moment. A process or thread created since is dead.
   *
   * @throws BinderlabError for a snapshot of another machine, or when this one runs programs: generators cannot go back.
   */
  restore(snapshot: Snapshot): void {
    this.#system.checkQuiet();
    if (!(snapshot instanceof Snapshot)) throw new BinderlabError('restore takes what snapshot() gave.');
    if (!snapshot.isOf(this.#parts)) throw new BinderlabError('a snapshot can be restored only on its own machine.');
    if (this.#system.onReturn !== null) {
      throw new BinderlabError(
        'the programs of a simulation cannot go back; keep its journal, and walk that: new History(machine.journal, boot).',
      );
    }
    snapshot.restore();
    this.#snapshot = snapshot;
    this.#keeper.rewind(snapshot.step);
  }

  /** A digest of the whole state, 16 hex digits: equal digits, equal state. */
  hash(): string {
    this.#system.stepLog.detach(); // the guest clears it
    return BigInt.asUintN(64, this.guest.raw.stateHash()).toString(16).padStart(16, '0');
  }

  /**
   * Verifies the whole machine: every list, tree, count and page table. It changes nothing.
   *
   * @throws BinderlabError that names the violated invariant, the object and the numbers.
   */
  check(): void {
    const violation = findViolation(this.guest.raw);
    if (violation !== null) throw new BinderlabError(`the machine is broken (${violation.name}): ${violation.text}.`);
  }

  /**
   * Kills the living processes, oldest first. The journal does not record that. Logs a warning about a simulation that was
   * never run.
   */
  end(): void {
    const forgotten = this.#simulation?.forgotten ?? null;
    if (forgotten !== null) {
      const text = `the simulation was never run, so it did not run ${forgotten.join(', ')}: call its run().`;
      this.#system.log.add({ level: 'error', pid: 0, tag: SCRIPT_TAG, text });
    }
    this.#system.observer = null;
    for (const process of this.#directory.processes) if (process.alive) process.kill();
    this.#observe();
  }

  #awaitedReplies(): AwaitedReply[] {
    return this.inspect.procs().flatMap(({ loopers }) =>
      loopers.flatMap(({ tid, stack: [top] }) => {
        if (top?.role !== 'outgoing') return [];
        const { code, to } = top.transaction;
        return [{ tid, code, pid: to.pid, serverTid: to.tid }];
      }),
    );
  }

  /** Changes the listeners. Deferred while listeners are called: one that unsubscribes still gets this step. */
  #observe(): void {
    if (this.#system.telling) return;
    const { step } = this.#listeners;
    this.#system.observer = this.#keeper.observer(step.size > 0 ? (one) => this.#tell(step, one) : null);
  }

  #tell<T>(listeners: ReadonlySet<(news: T) => void>, news: T): void {
    if (listeners.size === 0) return;
    const wasTelling = this.#system.telling;
    this.#system.telling = true;
    try {
      for (const listener of listeners) listener(news);
    } finally {
      this.#system.telling = wasTelling;
      this.#observe();
    }
  }

  #setSecctx(secctx: Uint8Array): void {
    this.#system.namesSenders = true;
    const { setSecctx, scratch } = this.guest.raw;
    this.guest.u8.set(secctx, scratch());
    setSecctx(secctx.length);
  }
}
