/**
 * Steps: one act of one thread, and everything that follows until no thread can run. Owns the schedule of the machine's
 * single processor, the number of the next step, and the sleeping threads.
 *
 *     act -> woken threads, in the order they were woken -> deferred work -> those that it woke -> ... -> quiet
 */
import { PARKED } from '../../assembly/abi/machine.ts';
import type { GuestExports } from '../../build/layout.ts';
import type { Guest } from '../guest/guest.ts';
import { BinderlabError } from '../wire/error.ts';
import { Log } from '../wire/log.ts';
import { type Op, opHasOutput } from '../wire/operations.ts';
import { StepLog } from '../wire/steplog.ts';
import { WordView } from '../wire/wordview.ts';
import { CommandBatch } from './batch.ts';
import { type Call, resultOf } from './call.ts';
import { ForeignSpaces, type ForeignState } from './foreign.ts';
import { KernelLog } from './kernellog.ts';

// Local copy: V8 looks up an imported constant at every use.
const ASLEEP = PARKED;

/** A thread as the scheduler sees it. */
export interface Task {
  readonly name: string;
  readonly tid: number;
  /** The guest's thread. */
  readonly pointer: number;
  /**
   * Its position among the machine's threads: order of creation, except that the position of a dead thread is used again.
   * Lists in journals are sorted by it, as the kernel's recorder sorts them.
   */
  readonly seat: number;
  /** Its number among all threads that there ever were. */
  readonly number: number;
  /** False once the thread or its process has ended. */
  alive: boolean;
  /** The call in which it sleeps. */
  call: Call | null;
}

/** The scheduler's state at one moment. */
export interface SystemState {
  readonly nextStep: number;
  readonly seats: readonly (Task | null)[];
  /** The sleeping threads' calls. */
  readonly parked: ReadonlyMap<Task, Call>;
  /** Results of the calls that were parked then or in an earlier state. */
  readonly calls: ReadonlyMap<Call, object>;
  readonly files: ReadonlyMap<number, string>;
  readonly foreign: ForeignState;
}

/** A choice of the schedule among runnable threads. */
export interface ScheduleChoice {
  /** Their names. The first one ran last, or has waited longest. */
  readonly of: readonly string[];
  /** Index of the chosen one in `of`. */
  readonly chose: number;
}

/**
 * Keeps the journal. Inputs and outputs are plain objects: names in camelCase, addresses as numbers, bytes as Uint8Array.
 */
export interface Observer {
  /**
   * A step begins.
   *
   * @param by The acting thread; null when no thread acts.
   * @param sched The choices since the previous step.
   */
  begin(step: number, op: Op, by: Task | null, input: object, sched: readonly ScheduleChoice[]): void;
  /** The same for a call that the guest records. */
  call(step: number, sched: readonly ScheduleChoice[], by: Task): void;
  /**
   * A call that may sleep is done.
   *
   * @param record Linear address of its record in the step log; 0 for none.
   * @param isOwn Whether this step made the call, not an earlier one.
   */
  result(task: Task, call: Call, record: number, isOwn: boolean): void;
  /** The step is over. @param output Its output; null for none, or when there was a `result`. */
  end(op: Op, output: object | null): void;
}

export class System {
  readonly raw: GuestExports;
  /** Results of BINDER_WRITE_READs, and what a journal needs. */
  readonly stepLog: StepLog;
  /** Linear memory. */
  readonly linear: WordView;
  /** Linear address of a scratch page, for bytes that belong to no user memory. */
  readonly scratch: number;
  /** The command batch that host and guest share for a BINDER_WRITE_READ. */
  readonly batch: CommandBatch;
  readonly log = new Log();
  /** What the driver printed. */
  readonly kernelLog: KernelLog;
  /** Programs outside of the machine. */
  readonly foreign: ForeignSpaces;
  /** Whether listeners are being called, or a memory outside is asked: they may look, and not act. */
  telling = false;
  /** Whether a memory outside is asked: in the middle of a call. */
  asking = false;
  /** Whether senders have security contexts, as with SELinux. */
  namesSenders = false;
  /** Called with every step; null without a journal. */
  observer: Observer | null = null;
  /** Called with each parked call that is done, in order; null without a simulation. */
  onReturn: ((task: Task) => void) | null = null;
  /** Called before a woken thread goes on; null unless a history asks who did what in a step. */
  onTurn: ((thread: string) => void) | null = null;
  /** The schedule's choices since the last step. */
  choices: ScheduleChoice[] = [];
  /** Number of the next step. */
  nextStep = 0;
  readonly #tasks = new Map<number, Task>();
  /** Names of open files by inode, in order of first appearance. */
  readonly #files = new Map<number, string>();
  /** Names of all threads that there ever were, by number. */
  readonly threadNames: string[] = [];
  /** Threads by seat; null for a free seat. */
  readonly #seats: (Task | null)[] = [];
  /** Calls that were parked in a saved state. Only their state can differ between two saved states. */
  readonly #saved = new Set<Call>();

  constructor(readonly guest: Guest) {
    this.raw = guest.raw;
    this.linear = new WordView(guest.u8.buffer);
    this.scratch = this.raw.scratch();
    this.batch = new CommandBatch(this.linear, this.raw.commandBatch());
    this.stepLog = new StepLog(this.linear, this.raw.stepLog());
    this.kernelLog = new KernelLog(this.linear, this.raw);
    this.foreign = new ForeignSpaces(guest, this);
  }

  /** The running thread; null in deferred work. */
  get running(): Task | null {
    return this.#tasks.get(this.raw.runningThread()) ?? null;
  }

  /** The first free seat: that of the next thread. */
  get freeSeat(): number {
    const free = this.#seats.indexOf(null);
    return free < 0 ? this.#seats.length : free;
  }

  /** Registers a thread in the free seat. */
  enlist(task: Task): void {
    this.#tasks.set(task.pointer, task);
    this.#seats[task.seat] = task;
    this.threadNames.push(task.name);
  }

  /** Removes a thread that has ended; its parked call never returns. */
  dismiss(task: Task): void {
    if (!task.alive) return;
    task.alive = false;
    this.#tasks.delete(task.pointer);
    this.#seats[task.seat] = null;
  }

  /** A step that may wake threads. Its return value is the output, if the operation has one. */
  act<T>(op: Op, by: Task | null, input: object, run: () => T): T {
    this.#begin(op, by, input);
    const output = run();
    this.settle();
    this.observer?.end(op, opHasOutput(op) ? (output as object) : null);
    return output;
  }

  /** A system call that never sleeps. @returns The raw result. */
  syscall(op: Op, by: Task, input: object, run: () => number): number {
    return this.act(op, by, input, () => resultOf(run())).ret;
  }

  /** Begins a step for a system call that may sleep. The caller makes the call, then passes its result to `leave`. */
  enter(by: Task, input: object, call: Call): void {
    call.step = this.nextStep;
    this.#begin(call.op, by, input);
  }

  /** The same for a BINDER_WRITE_READ that the guest records. @returns The thread's number; -1 without an observer. */
  enterRecorded(by: Task, call: Call): number {
    this.checkQuiet();
    const step = this.nextStep++;
    call.step = step;
    const sched = this.choices;
    if (sched.length > 0) this.choices = [];
    if (this.observer === null) return -1;
    this.observer.call(step, sched, by);
    return by.number;
  }

  /**
   * Ends such a step. Afterwards `call` is done or parked.
   *
   * @param record Linear address of the call's record in the step log; 0 for none.
   * @param next The thread to resume, or 0; the guest is asked when it is absent.
   */
  leave<C extends Call>(by: Task, call: C, ret: number, record = 0, next?: number): C {
    if (ret === ASLEEP) by.call = call;
    else this.#finish(by, call, ret, record);
    if (next !== 0) this.settle(next);
    this.observer?.end(call.op, null);
    return call;
  }

  /** An inspection that wakes no thread, or a memory access by the processor itself. Its return value is the output. */
  access<T extends object>(op: Op, by: Task, input: object, run: () => T): T {
    this.#begin(op, by, input);
    const output = run();
    this.observer?.end(op, output);
    return output;
  }

  /** Runs everything that can run. @param next The thread to resume, or 0. */
  settle(next: number = this.raw.runNext()): void {
    const { raw, batch } = this;
    let pointer = next;
    while (pointer !== 0) {
      if (this.onTurn !== null) this.onTurn((this.#tasks.get(pointer) as Task).name);
      const ret = raw.resumeKeep(pointer);
      const after = batch.next;
      if (ret !== ASLEEP) this.#wake(pointer, ret);
      pointer = after;
    }
  }

  /** @returns "file1", "file2", ...: the identity of an open file in journals. */
  fileName(inode: number): string {
    let name = this.#files.get(inode);
    if (name === undefined) {
      name = `file${this.#files.size + 1}`;
      this.#files.set(inode, name);
    }
    return name;
  }

  /** The state between two steps, for `restore`. */
  save(): SystemState {
    const parked = new Map<Task, Call>();
    for (const task of this.#tasks.values()) {
      if (task.call === null) continue;
      parked.set(task, task.call);
      this.#saved.add(task.call);
    }
    const calls = new Map([...this.#saved].map((call) => [call, call.save()]));
    return {
      nextStep: this.nextStep,
      seats: [...this.#seats],
      parked,
      calls,
      files: new Map(this.#files),
      foreign: this.foreign.save(),
    };
  }

  /** Returns to a saved state. A thread created since is dead; one that died since is alive, and parked if it was. */
  restore({ nextStep, seats, parked, calls, files, foreign }: SystemState): void {
    this.nextStep = nextStep;
    for (const task of this.#tasks.values()) task.alive = false;
    this.#tasks.clear();
    this.#seats.length = 0;
    for (const task of seats) {
      this.#seats.push(task);
      if (task === null) continue;
      task.alive = true;
      task.call = parked.get(task) ?? null;
      this.#tasks.set(task.pointer, task);
    }
    for (const [call, state] of calls) call.restore(state);
    this.#files.clear();
    for (const [inode, name] of files) this.#files.set(inode, name);
    this.foreign.restore(foreign);
  }

  /** Takes over the state of another machine's. @param copies The threads here, by theirs. */
  copyFrom(other: System, copies: ReadonlyMap<Task, Task>): void {
    const { seats, ...state } = other.save();
    const copied = seats.map((task) => (task === null ? null : (copies.get(task) as Task)));
    const parked = new Map(copied.flatMap((task) => (task?.call ? [[task, task.call]] : [])));
    this.restore({ ...state, seats: copied, parked, calls: new Map(), foreign: this.foreign.save() });
    this.threadNames.length = 0;
    this.threadNames.push(...other.threadNames);
  }

  /** @throws BinderlabError while listeners are called: an act of theirs would call them again, without end. */
  checkQuiet(): void {
    if (!this.telling) return;
    this.checkBetween();
    throw new BinderlabError(
      'a listener of machine.on() may look at the machine, and not act in it: no system call, spawn, dump or restore. Note what to do, and do it when the reported call has returned.',
    );
  }

  /** @throws BinderlabError in the middle of a call, which a memory outside sees: the machine is in no state to be kept. */
  checkBetween(): void {
    if (!this.asking) return;
    throw new BinderlabError(
      'a foreign memory is asked in the middle of a call: it may look at the machine, and not act in it, listen to it, or keep its state. Do it when the call has returned.',
    );
  }

  #begin(op: Op, by: Task | null, input: object): void {
    this.checkQuiet();
    const step = this.nextStep++;
    const sched = this.choices;
    if (sched.length > 0) this.choices = [];
    this.observer?.begin(step, op, by, input, sched);
  }

  /** Takes the result, before any other thread runs. */
  #finish(task: Task, call: Call, ret: number, record: number): void {
    call.finish(ret, record);
    this.observer?.result(task, call, record, call.step === this.nextStep - 1);
  }

  #wake(pointer: number, ret: number): void {
    const task = this.#tasks.get(pointer);
    if (task === undefined || task.call === null)
      throw new Error(`the guest woke thread ${pointer}, which was not parked`);
    const { call } = task;
    task.call = null;
    this.#finish(task, call, ret, this.batch.record);
    this.onReturn?.(task);
  }
}
