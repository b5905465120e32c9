/**
 * The machine that a script sees: boots the guest, makes processes, performs the steps of journals, and keeps the
 * journal of what happens. Everything that happens in it is a step.
 */
import { guestWasm } from '#wasm';
import { PAGE_SIZE } from '../assembly/abi/machine.ts';
import { Guest, type WasmSource } from './guest/guest.ts';
import { type DebugFile, DebugFiles } from './inspect/debugfs.ts';
import { Inspector } from './inspect/inspector.ts';
import { type Counters, countersAt } from './kernel/counters.ts';
import { BinderlabError, callError } from './kernel/error.ts';
import { checkForm } from './kernel/forms.ts';
import { addressOfHex, bytesOfHex, hexOfAddress, hexOfBytes } from './kernel/hex.ts';
import { type LogLine, SCRIPT_TAG } from './kernel/log.ts';
import { type ArenaRange, type People, Process } from './kernel/process.ts';
import { Roster } from './kernel/roster.ts';
import { STRATEGIES, type Strategy, strategyNumber } from './kernel/strategy.ts';
import { System } from './kernel/system.ts';
import type { Thread } from './kernel/thread.ts';
import { findViolation } from './kernel/violation.ts';
import type { AwaitedReply } from './sim/deadlock.ts';
import { Simulation, type SimulationOptions, type World } from './sim/simulation.ts';
import { Snapshot } from './snapshot.ts';
import { dumpFile, performStep, type Stage, shrink } from './steps.ts';
import type { Journal, JournalHeader, Step, StepInput } from './trace/journal.ts';
import { Recorder } from './trace/recorder.ts';

export { STRATEGIES, type Strategy } from './kernel/strategy.ts';

export interface BootOptions {
  /** The guest: its bytes, or the module compiled before; the package's own release build when absent. */
  wasm?: WasmSource;
  strategy?: Strategy;
  /** Size of the machine's memory, MiB. */
  memoryMiB?: number;
  /** Size of the kernel's vmalloc area, MiB. */
  vmallocMiB?: number;
  /** What random choices of scripts and schedules start from; kept in the journal. */
  seed?: number;
  /** The driver's id counter: the next transaction, node or reference gets the number behind it. */
  lastDebugId?: number;
  /** The uid that has been context manager since boot; null: nobody. */
  contextMgrUid?: number | null;
  /** Every sender's security context with its final NUL; null: no module can name a sender. */
  secctx?: Uint8Array | null;
  /** Where each process's arena lies. */
  arena?: ArenaRange;
  /** Whether to keep the journal, not so when absent: it costs time, and memory for every byte that is sent. */
  journal?: boolean;
  /** Name and description of the scenario, for the journal. */
  name?: string;
  description?: string;
  /** What the script is told by who runs it. */
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
  /** The script's arguments: what stood behind `--` on the command line. Empty in a replay. */
  readonly args: readonly string[];
  /** What is inside of it, as plain objects. Looking is no step, and changes nothing. */
  readonly inspect: Inspector;
  readonly #system: System;
  readonly #people: People = new Roster<Process, Thread>();
  readonly #stage: Stage;
  readonly #header: JournalHeader;
  readonly #listeners = {
    step: new Set<(step: Step) => void>(),
    log: new Set<(line: LogLine) => void>(),
  };
  /** Keeps all steps; null while no journal is kept. */
  #keeper: Recorder | null = null;
  /** Makes steps for who only wants to see them go by. */
  readonly #passer = new Recorder(false, (step) => this.#tell(this.#listeners.step, step));

  #simulation: Simulation | null = null;

  /** Taken or restored last: what the next one shares pages with. */
  #snapshot: Snapshot | null = null;

  private constructor(options: BootOptions) {
    const { strategy = 'kmap', memoryMiB = 64, vmallocMiB = 128, seed = 0, arena = DEFAULT_ARENA } = options;
    const { lastDebugId = 0, contextMgrUid = null, secctx = null } = options;
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
    this.inspect = new Inspector(this.guest);
    this.#stage = {
      system: this.#system,
      people: this.#people,
      arena,
      debugFiles: new DebugFiles(this.inspect),
    };
    this.#header = {
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
    };
    const { raw } = this.guest;
    const booted = raw.boot(memoryMiB * MIB, number, vmallocMiB);
    if (booted < 0) throw callError(`boot with ${memoryMiB} MiB of memory`, booted);
    raw.setCounters(lastDebugId, contextMgrUid ?? -1);
    if (secctx !== null) this.#setSecctx(secctx);
    this.keepJournal(options.journal ?? false);
  }

  /** @throws BinderlabError when the options make no machine. */
  static boot(options: BootOptions = {}): Machine {
    return new Machine(options);
  }

  /** A machine in the state that a journal begins with. */
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
   * Makes a process with one thread, `process.main`, and an empty arena.
   *
   * @param pid The thousands in order of creation, when absent.
   */
  spawn(name: string, { uid = 0, pid = this.#people.nextPid } = {}): Process {
    checkForm('spawn', { name, uid, pid });
    return Process.spawn(this.#system, this.#people, name, pid, uid, this.#stage.arena);
  }

  /**
   * Makes a simulation, which runs programs: processes whose threads are generators.
   *
   * @param options The machine's seed decides the schedule when they bring none.
   * @throws BinderlabError when the machine has one already.
   */
  simulate(options: SimulationOptions = {}): Simulation {
    const world: World = {
      system: this.#system,
      spawn: (name, who) => this.spawn(name, who),
      awaitedReplies: () => this.#awaitedReplies(),
    };
    this.#simulation = new Simulation(world, { seed: this.seed, keepChoices: this.#keeper !== null, ...options });
    return this.#simulation;
  }

  /** @throws BinderlabError when there has never been one of that name. */
  process(name: string): Process {
    return this.#people.process(name);
  }

  thread(name: string): Thread {
    return this.#people.thread(name);
  }

  /** All processes, in order of creation, those that have ended included. */
  get processes(): readonly Process[] {
    return this.#people.processes;
  }

  /**
   * Does what a journal's step says; its outputs, if it brings any, are ignored.
   *
   * @returns The step with the outputs that came of it here.
   * @throws BinderlabError when it cannot be done: an unknown name, a thread that sleeps or has ended.
   */
  perform(input: StepInput): Step {
    const recorder = this.#keeper ?? this.#passer;
    this.#system.observer = recorder;
    try {
      performStep(this.#stage, input);
      return recorder.last as Step;
    } finally {
      this.#observe();
    }
  }

  /**
   * Has a function called with every step that is over. It may look at the machine, and not act in it.
   *
   * @returns Ends that.
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

  /** The last lines of the log, oldest first: what the emulator and libbinder have to say to people. */
  get log(): readonly LogLine[] {
    return this.#system.log.lines;
  }

  /**
   * A file of the driver's in debugfs: `state`, `stats`, `transactions`, `transaction_log`, `failed_transaction_log` or
   * `proc/PID`. One step; `debugFiles` reads them without.
   */
  dump(file: string): DebugFile {
    checkForm('dump', { file });
    return dumpFile(this.#stage, file);
  }

  /**
   * Lets the shrinker take up to `pages` pages of binder mappings that no buffer touches, the longest unused first.
   *
   * @returns How many it got.
   */
  shrink(pages: number): number {
    checkForm('shrink', { pages });
    return shrink(this.#stage, pages);
  }

  /** The driver's files in debugfs. Reading them here is no step. */
  get debugFiles(): DebugFiles {
    return this.#stage.debugFiles;
  }

  /** A remark in the journal. */
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
    if (this.#keeper === null) {
      throw new BinderlabError(
        'this machine keeps no journal: boot it with "journal: true", call keepJournal(true) before anything happens, or give "run" a --journal. Steps as they go by are told to machine.on("step", listener).',
      );
    }
    const { steps, procs } = this.#keeper;
    return { header: { ...this.#header, procs, steps: steps.length }, steps };
  }

  /** Begins to keep the journal, or stops and forgets it. */
  keepJournal(keep: boolean): void {
    if (keep === (this.#keeper !== null)) return;
    this.#keeper = keep ? new Recorder(true, (step) => this.#tell(this.#listeners.step, step)) : null;
    this.#observe();
  }

  /** Number of the next step. */
  get nextStep(): number {
    return this.#system.nextStep;
  }

  /** What the memory model counted since boot: of the whole machine, or of one process. */
  counters(process?: Process): Counters {
    return countersAt(this.guest.u8, this.guest.raw.counters(process?.pointer ?? 0));
  }

  /** Frames of 4 KiB that hold messages now: of one process's mappings, or of all mappings, memory files and sockets. */
  framesResident(process?: Process): number {
    return this.guest.raw.framesResident(process?.pointer ?? 0);
  }

  /** Bytes of the kernel's address space that are set aside for mappings now. */
  kernelBytesReserved(): number {
    return this.guest.raw.kernelReserved();
  }

  /** Free frames of 4 KiB. */
  freeFrames(): number {
    return this.guest.raw.framesFree();
  }

  /** Kernel objects that live. */
  liveObjects(): number {
    return this.guest.raw.objectsLive();
  }

  /** This moment, to go back to. Takes as much memory as changed since the last snapshot. Changes nothing. */
  snapshot(): Snapshot {
    this.#snapshot = new Snapshot(this.#stage, this.#snapshot);
    return this.#snapshot;
  }

  /**
   * Goes back, or forward again: the machine, its processes and threads, the calls they sleep in and the journal are
   * what they were. A process or thread made since then has ended.
   *
   * @throws BinderlabError when the snapshot is of another machine, or programs run on this one: they cannot go back.
   */
  restore(snapshot: Snapshot): void {
    this.#system.checkQuiet();
    if (!(snapshot instanceof Snapshot)) throw new BinderlabError('restore takes what snapshot() gave.');
    if (!snapshot.isOf(this.#stage)) throw new BinderlabError('a snapshot can be restored only on its own machine.');
    if (this.#system.onReturn !== null) {
      throw new BinderlabError(
        'the programs of a simulation cannot go back; keep its journal, and walk that: new History(machine.journal, boot).',
      );
    }
    snapshot.restore();
    this.#snapshot = snapshot;
    this.#keeper?.rewind(snapshot.step);
  }

  /** Sixteen hex digits that stand for the machine's whole state: equal digits, equal state. */
  hash(): string {
    this.#system.tape.turn(); // the guest clears it
    return BigInt.asUintN(64, this.guest.raw.stateHash()).toString(16).padStart(16, '0');
  }

  /**
   * Verifies the whole machine: every list, tree, count and page table. It changes nothing.
   *
   * @throws BinderlabError that says which invariant does not hold, of what, and how.
   */
  check(): void {
    const violation = findViolation(this.guest.raw);
    if (violation !== null) throw new BinderlabError(`the machine is broken (${violation.name}): ${violation.text}.`);
  }

  /**
   * Kills the processes that are left, oldest first. The journal does not hold that. A simulation that was never run is told
   * in the log.
   */
  end(): void {
    const forgotten = this.#simulation?.forgotten ?? null;
    if (forgotten !== null) {
      const text = `the simulation was never run, so nothing came of ${forgotten.join(', ')}: call its run().`;
      this.#system.log.add({ level: 'error', pid: 0, tag: SCRIPT_TAG, text });
    }
    this.#system.observer = null;
    for (const process of this.#people.processes) if (process.alive) process.kill();
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

  /** Who watches from now on. Not while listeners are told: who stops to listen is still told of the step. */
  #observe(): void {
    if (this.#system.telling) return;
    this.#system.observer = this.#keeper ?? (this.#listeners.step.size > 0 ? this.#passer : null);
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
