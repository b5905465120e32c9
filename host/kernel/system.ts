/**
 * Steps: one act of one thread, and all that follows from it until nothing can run. Owns the schedule of the emulated
 * machine's single processor, the number of the next step, and the threads that sleep.
 *
 *     act -> woken threads, in the order they were woken -> deferred work -> those that it woke -> ... -> quiet
 */
import { PARKED } from '../../assembly/abi/machine.ts';
import type { GuestExports } from '../../build/layout.ts';
import type { Guest } from '../guest/guest.ts';
import { type Call, type CallState, resultOf } from './call.ts';
import { BinderlabError } from './error.ts';
import { Log } from './log.ts';
import type { Op } from './operations.ts';
import { Piece } from './piece.ts';
import { Stage } from './stage.ts';
import { Tape } from './tape.ts';

// An imported constant is looked up at every use, one of the file's own costs nothing.
const ASLEEP = PARKED;

/** A thread as the schedule knows it. */
export interface Task {
  readonly name: string;
  /** The guest's thread. */
  readonly pointer: number;
  /**
   * Its place among the machine's threads: by creation, except that the place of a thread that has ended is taken
   * again. Lists in journals are sorted by it, as those of the kernel's recorder are.
   */
  readonly seat: number;
  /** False once the thread, or its process, has ended. */
  alive: boolean;
  /** The call it sleeps in. */
  call: Call | null;
}

/** What the schedule knew at one moment. */
export interface SystemState {
  readonly nextStep: number;
  readonly seats: readonly (Task | null)[];
  /** The sleeping threads' calls. */
  readonly parked: ReadonlyMap<Task, Call>;
  /** What had come of the calls that were parked then or in an earlier state. */
  readonly calls: ReadonlyMap<Call, CallState>;
  readonly files: ReadonlyMap<number, string>;
}

/** A choice of the schedule among threads that could run. */
export interface Choice {
  /** Their names; the first is the one that had run before, or had waited longest. */
  readonly of: readonly string[];
  /** The place of the chosen one in `of`. */
  readonly chose: number;
}

/**
 * Who keeps the journal. Inputs and outputs are plain objects: names in camelCase, addresses as numbers, bytes as
 * Uint8Array.
 */
export interface Observer {
  /**
   * A step begins.
   *
   * @param by Name of the acting thread; null when no thread acts.
   * @param sched The choices that led to it, since the step before.
   */
  begin(step: number, op: Op, by: string | null, input: object, sched: readonly Choice[]): void;
  /** A parked call of an earlier step is done. */
  woken(task: Task, call: Call): void;
  /** The step is over. @param output What it answers; null for nothing. */
  end(output: object | null): void;
  /** The step is over, and its thread sleeps. */
  park(): void;
}

export class System {
  readonly raw: GuestExports;
  /** What came of BINDER_WRITE_READs. */
  readonly tape: Tape;
  /** Linear memory. */
  readonly linear: Piece;
  /** Linear address of a page through which bytes pass where no user memory is meant. */
  readonly scratch: number;
  /** What the guest and the host tell each other around a BINDER_WRITE_READ. */
  readonly stage: Stage;
  readonly log = new Log();
  /** Whether listeners are being told something: they may look, and not act. */
  telling = false;
  /** Whether senders have security contexts, as with SELinux. */
  namesSenders = false;
  /** Told of every step; null when nobody keeps a journal. */
  observer: Observer | null = null;
  /** Told of each parked call that is done, in the order in which they are; null when nobody runs programs. */
  onReturn: ((task: Task) => void) | null = null;
  /** The schedule's choices since the last step. */
  choices: Choice[] = [];
  /** Number of the next step. */
  nextStep = 0;
  readonly #tasks = new Map<number, Task>();
  /** Names of open files by inode, in order of first appearance. */
  readonly #files = new Map<number, string>();
  /** Threads by seat; a free seat is null. */
  readonly #seats: (Task | null)[] = [];
  /** Calls that were parked in a saved state: the only ones that a later one may find returned, or the reverse. */
  readonly #saved = new Set<Call>();

  constructor(readonly guest: Guest) {
    this.raw = guest.raw;
    this.linear = new Piece(guest.u8.buffer);
    this.scratch = this.raw.scratch();
    this.stage = new Stage(this.linear, this.raw.stage());
    this.tape = new Tape(this.linear, this.raw.tape());
  }

  /** The seat of the next thread: the first that is free. */
  get freeSeat(): number {
    const free = this.#seats.indexOf(null);
    return free < 0 ? this.#seats.length : free;
  }

  /** Makes a thread known; it has the free seat. */
  enlist(task: Task): void {
    this.#tasks.set(task.pointer, task);
    this.#seats[task.seat] = task;
  }

  /** Forgets a thread that has ended; what it slept in never returns. */
  dismiss(task: Task): void {
    if (!task.alive) return;
    task.alive = false;
    this.#tasks.delete(task.pointer);
    this.#seats[task.seat] = null;
  }

  /** A step that answers nothing. */
  act(op: Op, by: Task | null, input: object, run: () => void): void {
    this.#begin(op, by, input);
    run();
    this.settle();
    this.observer?.end(null);
  }

  /** A step by no thread of the machine's: what it returns is the output, and it may wake threads. */
  read<T extends object>(op: Op, input: object, run: () => T): T {
    this.#begin(op, null, input);
    const output = run();
    this.settle();
    this.observer?.end(output);
    return output;
  }

  /**
   * A system call that never sleeps.
   *
   * @param describe Turns the result into the step's output.
   * @returns The raw result.
   */
  syscall(op: Op, by: Task, input: object, run: () => number, describe: (ret: number) => object = resultOf): number {
    this.#begin(op, by, input);
    const ret = run();
    this.settle();
    this.observer?.end(describe(ret));
    return ret;
  }

  /** Begins a step that is a system call which may sleep; the caller makes it, then calls `leave` with its result. */
  enter(op: Op, by: Task, input: object, call: Call): void {
    call.step = this.nextStep;
    this.#begin(op, by, input);
  }

  /**
   * The rest of such a step. When this returns, `call` is done or parked.
   *
   * @param record Linear address of the call's record on the tape; 0 when the guest has made none.
   * @param next The thread to resume, or 0; the guest is asked when it is absent.
   */
  leave<C extends Call>(by: Task, call: C, ret: number, record = 0, next?: number): C {
    this.#finish(by, call, ret, record);
    if (next !== 0) this.settle(next);
    if (this.observer !== null) {
      if (call.done) this.observer.end(call.output());
      else this.observer.park();
    }
    return call;
  }

  /** A look that wakes nobody, or an access to memory by the processor itself; what it returns is the output. */
  access<T extends object>(op: Op, by: Task | null, input: object, run: () => T): T {
    this.#begin(op, by, input);
    const output = run();
    this.observer?.end(output);
    return output;
  }

  /** Lets everything run that can. @param next The thread to resume, or 0. */
  settle(next: number = this.raw.runNext()): void {
    const { raw, stage } = this;
    let pointer = next;
    while (pointer !== 0) {
      const ret = raw.resumeKeep(pointer);
      const after = stage.next;
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

  /** All that it knows, to be given to `restore`. Between two steps. */
  save(): SystemState {
    const parked = new Map<Task, Call>();
    for (const task of this.#tasks.values()) {
      if (task.call === null) continue;
      parked.set(task, task.call);
      this.#saved.add(task.call);
    }
    const calls = new Map([...this.#saved].map((call) => [call, call.save()]));
    return { nextStep: this.nextStep, seats: [...this.#seats], parked, calls, files: new Map(this.#files) };
  }

  /** Goes back to what it knew. A thread made since then has ended; one that ended lives, and is parked if it was. */
  restore({ nextStep, seats, parked, calls, files }: SystemState): void {
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
  }

  /** @throws BinderlabError while listeners are told of a step: one that acts would be told of that step, and so on. */
  checkQuiet(): void {
    if (!this.telling) return;
    throw new BinderlabError(
      'a listener of machine.on() may look at the machine, and not act in it: no system call, spawn, dump or restore. Note what you want, and do it when the call that you were told of has returned.',
    );
  }

  #begin(op: Op, by: Task | null, input: object): void {
    this.checkQuiet();
    const step = this.nextStep++;
    const sched = this.choices;
    if (sched.length > 0) this.choices = [];
    this.observer?.begin(step, op, by === null ? null : by.name, input, sched);
  }

  /** Takes the result, before anybody else runs. */
  #finish(by: Task, call: Call, ret: number, record: number): void {
    if (ret === ASLEEP) by.call = call;
    else call.finish(ret, record);
  }

  #wake(pointer: number, ret: number): void {
    const task = this.#tasks.get(pointer);
    if (task === undefined || task.call === null)
      throw new Error(`the guest woke thread ${pointer}, which was not parked`);
    const { call } = task;
    task.call = null;
    call.finish(ret, this.stage.record);
    if (call.step !== this.nextStep - 1) this.observer?.woken(task, call);
    this.onReturn?.(task);
  }
}
