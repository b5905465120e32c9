/**
 * The machine as scripts see it: boots the guest, creates processes, performs the steps of journals, and keeps the journal.
 * Everything that happens in it is a step.
 */
import { type BootOptions, bootGuest, checkedOptions, headerOf, packagedGuest } from './bootoptions.ts';
import { copyMachine } from './fork.ts';
import { Guest } from './guest/guest.ts';
import type { Listener, MachineEventName } from './hooks.ts';
import { type Injected, type Injection, Injector } from './injector.ts';
import { type DebugFile, DebugFiles } from './inspect/debugfs.ts';
import { type Explanation, explanationOf } from './inspect/explanation.ts';
import { Inspector } from './inspect/inspector.ts';
import { KernelMemory } from './inspect/kernelmemory.ts';
import { shortageSentence } from './inspect/shortage.ts';
import { brokenBy, Lifetimes } from './lifetimes.ts';
import { Listening } from './listening.ts';
import { Directory } from './os/directory.ts';
import type { ForeignMemory } from './os/foreignmemory.ts';
import { Process, type ProcessDirectory } from './os/process.ts';
import { System } from './os/system.ts';
import type { Thread } from './os/thread.ts';
import { findViolation } from './os/violation.ts';
import { Properties } from './properties.ts';
import type { AwaitedReply } from './sim/deadlock.ts';
import { Simulation, type SimulationOptions, type World } from './sim/simulation.ts';
import { Snapshot } from './snapshot.ts';
import { dumpFile, type Parts, performEntries, performStep, type RecordedEntries, shrink } from './steps.ts';
import type { Journal, JournalHeader, Step, StepInput } from './trace/journal.ts';
import { JournalKeeper, type JournalKeeping } from './trace/journalkeeper.ts';
import { type Counters, countersAt } from './wire/counters.ts';
import { BinderlabError } from './wire/error.ts';
import { checkForm } from './wire/forms.ts';
import { addressOfHex, bytesOfHex } from './wire/hex.ts';
import { DEBUG_MASK_DEFAULT } from './wire/kernelmessages.ts';
import { type LogLine, SCRIPT_TAG } from './wire/log.ts';
import type { Strategy } from './wire/strategy.ts';

export type { BootOptions } from './bootoptions.ts';
export { STRATEGIES, type Strategy } from './wire/strategy.ts';

export interface SpawnOptions {
  readonly uid?: number;
  readonly pid?: number;
  readonly memory?: ForeignMemory;
}

const NO_JOURNAL =
  'a journal does not hold what programs outside of the machine store: keep none while there is such a program.';

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
  /** @internal What has to hold. */
  readonly properties: Properties;
  readonly #system: System;
  readonly #directory: ProcessDirectory = new Directory<Process, Thread>();
  readonly #parts: Parts;
  /** @internal Who observes its steps. */
  readonly listening: Listening;
  readonly #injector: Injector;
  readonly #keeper: JournalKeeper;
  readonly #lifetimes: Lifetimes | null;
  #simulation: Simulation | null = null;

  /** The snapshot taken or restored last: the next one shares its unchanged pages. */
  #snapshot: Snapshot | null = null;

  private constructor(private readonly options: BootOptions) {
    const { strategy, memoryMiB, seed, arena, secctx } = checkedOptions(options);
    this.strategy = strategy;
    this.memoryMiB = memoryMiB;
    this.seed = seed;
    this.args = options.args ?? [];
    this.guest = options.guest ?? new Guest(options.wasm ?? packagedGuest(), memoryMiB);
    this.#system = new System(this.guest);
    this.#system.kernelLog.mask = options.debugMask ?? DEBUG_MASK_DEFAULT;
    this.inspect = new Inspector(this.guest);
    this.#system.kernelLog.explainShortage = (transaction) => {
      const { shortage } = this.explain(transaction);
      return shortage === null ? null : shortageSentence(shortage);
    };
    this.#parts = {
      system: this.#system,
      directory: this.#directory,
      arena,
      debugFiles: new DebugFiles(this.inspect),
    };
    const watch = (hear: (step: Step) => void) => this.on('step', hear);
    this.properties = new Properties(options.director === undefined ? watch : null, (error) => this.#stop(error));
    this.#keeper = new JournalKeeper(this.#system, headerOf(options));
    this.#injector = new Injector(this.#parts, new KernelMemory(this.guest));
    this.listening = new Listening(
      this.#system,
      this.#keeper,
      this.inspect,
      () => this.processes,
      (error) => this.#stop(error),
      this.#injector,
    );
    if (options.guest === undefined) bootGuest(this.guest, options);
    this.#system.namesSenders = secctx !== null;
    this.#lifetimes = options.historicalBugs?.length && !options.director ? new Lifetimes(this) : null;
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
      historicalBugs: header.historical_bugs ?? [],
      ...options,
    });
  }

  /**
   * Creates a process with one thread, `process.main`, and an empty arena.
   *
   * @param options.pid Default: the next multiple of 1000.
   * @param options.memory The memory of a program outside of the machine, instead of an arena.
   * @throws BinderlabError for such a program while a journal is kept: a journal does not hold what it reads.
   */
  spawn(name: string, { uid = 0, pid = this.#directory.nextPid, memory, ...others }: SpawnOptions = {}): Process {
    checkForm('spawn', { name, uid, pid, memory }, others);
    if (memory !== undefined && !memory.isRecorded && this.keepsJournal) throw new BinderlabError(NO_JOURNAL);
    return Process.spawn(this.#system, this.#directory, name, { pid, uid }, memory ?? this.#parts.arena);
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
      director: this.options.director ?? null,
      beforeTurn: this.options.beforeTurn ?? null,
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
    this.listening.record();
    try {
      performStep(this.#parts, input);
      return this.#keeper.last as Step;
    } finally {
      this.listening.observe();
    }
  }

  /** @internal The same for a step as it was recorded. @returns What this machine recorded of it; good until the next step. */
  performEntries(recorded: RecordedEntries): Uint8Array {
    this.listening.record();
    try {
      performEntries(this.#parts, recorded);
      return this.#keeper.lastEntries;
    } finally {
      this.listening.observe();
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
      this.listening.observe();
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
   * Calls the listener after every step with what happened there: `step` with the step itself, `transaction`, `command`,
   * `return`, `page`, `fault`, `wake` and `death` with each of those; `log` with every line of the log. It may look at the machine,
   * and not act in it; `fork` makes a machine to act in.
   *
   * @returns Removes the listener.
   */
  on<N extends MachineEventName>(event: N, listener: Listener<N>): () => void {
    checkForm('on', { event, listener });
    return this.listening.on(event, listener);
  }

  /**
   * Stops after each step in which a condition holds.
   *
   * @param condition What `until` of `binderlab step` takes: `BR_REPLY`, `client.0`, `ioctl`, `error`, `buffers > 3`. Or a function.
   * @param reached Called there; the script goes on when it returns. Without it the script's call throws a BreakError; a
   *   simulation ends its turn first, and `run()` throws it. A second `run()` goes on.
   * @returns Removes the break.
   * @throws BinderlabError for a text that is no condition.
   */
  break(condition: string | ((step: Step) => boolean), reached?: (step: Step) => void): () => void {
    checkForm('break', { condition, reached });
    return this.listening.break(condition, reached);
  }

  /**
   * States that something holds after every step: `binderlab explore` tries all schedules, and any other run stops where it does not.
   *
   * @param holds Looks at the machine, or at what programs know; called after each step. It must not act or change anything.
   */
  always(name: string, holds: () => boolean): void {
    this.properties.add('always', name, holds);
  }

  /** The same for what holds after some step, once at least, before the script ends. */
  eventually(name: string, holds: () => boolean): void {
    this.properties.add('eventually', name, holds);
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
   * What does not go on, and why: the last message that found no buffer, and who holds the space; who waits for whose reply,
   * and which thread has to come; which process holds handles for the objects of which. `explanationLines` says it in words.
   *
   * @param transaction Number of the message that found no buffer; default: the last one. It has to be one of the last 32 that failed.
   */
  explain(transaction?: number): Explanation {
    return explanationOf(this.inspect, this.processes, transaction);
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

  /**
   * Lets something go wrong later: an allocation fails, a copy faults, a signal comes, a process dies. A journal has it, so that
   * a replay under the same strategy comes out equal. Failing allocations and copies are counted one kind at a time: another one
   * takes the place of the last.
   *
   * @returns How often there has been an occasion, and how to end it.
   */
  inject(injection: Injection): Injected {
    const { what, nth, bytes, ...others } = injection;
    checkForm('inject', { what, nth, bytes }, others);
    const injected = this.#injector.inject(injection);
    this.listening.refresh();
    return injected;
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
   * The journal so far. Until the next step every read returns the same object.
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
    if (keep !== false && this.#system.foreign.anyUnrecorded) throw new BinderlabError(NO_JOURNAL);
    this.#keeper.keep(keep);
    this.listening.observe();
  }

  /** Whether a journal is kept, or the last steps of one. */
  get keepsJournal(): boolean {
    return this.#keeper.isKept;
  }

  /** @internal Its simulation; null without one. */
  get simulation(): Simulation | null {
    return this.#simulation;
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
    this.#system.checkBetween();
    this.#snapshot = new Snapshot(this.#parts, this.#keeper.save(), this.#snapshot);
    return this.#snapshot;
  }

  /**
   * Restores a snapshot, earlier or later: the machine, its processes and threads, their parked calls and the journal return
   * to that moment. A process or thread created since is dead. The journal begins there if it was started elsewhere, later.
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
    this.#keeper.restore(snapshot.journal, snapshot.step);
    this.listening.restart();
  }

  /**
   * Makes a second machine in the same state, to try something in. Neither knows of the other afterwards. Its processes and
   * threads have the same names, and sleep in the same calls: `thread.call`. It has no listeners and no journal, and the
   * programs of a simulation stay here.
   */
  fork(): Machine {
    const { guest: _, director: __, beforeTurn: ___, ...options } = this.options;
    const copy = new Machine({ ...options, wasm: this.guest.module, journal: false });
    copyMachine(this.#parts, copy.#parts);
    copy.#system.kernelLog.mask = this.#system.kernelLog.mask;
    copy.listening.restart();
    return copy;
  }

  /** A digest of the whole state, 16 hex digits: equal digits, equal state. Listeners make no difference. */
  hash(): string {
    this.#system.checkBetween();
    this.#system.stepLog.detach(); // the guest clears it
    return BigInt.asUintN(64, this.guest.stateHash()).toString(16).padStart(16, '0');
  }

  /**
   * Verifies the whole machine: every list, tree, count and page table. It changes nothing.
   *
   * @throws BinderlabError that names the violated invariant, the object and the numbers.
   */
  check(): void {
    const violation = findViolation(this.guest.raw);
    if (violation !== null) throw brokenBy(violation, this.#lifetimes);
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
    this.listening.observe();
  }

  #awaitedReplies(): AwaitedReply[] {
    return this.explain().waits.map(({ thread: { tid }, code, server, takenBy, text }) => {
      return { tid, code, pid: server?.pid ?? 0, serverTid: takenBy?.tid ?? 0, text };
    });
  }

  /** Stops the script, or the simulation that runs. */
  #stop(error: Error): void {
    if (!this.#simulation?.isRunning) throw error;
    this.#simulation.stop(error);
  }
}
