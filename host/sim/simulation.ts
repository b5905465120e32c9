/**
 * Runs programs on a machine: processes whose threads are generators, chosen one after the other. One turn is what a
 * thread does up to the end of its next system call; whom that call wakes becomes ready, in the order of the machine.
 *
 *     ready threads -> one is chosen -> its program runs to its next request -> the machine performs it -> ...
 *                      nobody ready: time jumps to the next alarm; no alarm: the simulation is over
 */
import { BinderlabError } from '../kernel/error.ts';
import type { Process } from '../kernel/process.ts';
import type { System, Task } from '../kernel/system.ts';
import { Clock } from './clock.ts';
import { type AwaitedReply, DeadlockError, stuckThreads } from './deadlock.ts';
import { type PlainCall, perform } from './performance.ts';
import { isQuestion, type Program, type Question, type Request, type Rest } from './request.ts';
import { type Order, Schedule } from './schedule.ts';
import { SimThread } from './thread.ts';

export interface SimulationOptions {
  /** What random choices start from. */
  seed?: number;
  /** First-in-first-out for the seed 0, random for any other, when absent. */
  order?: Order;
  /** Choices to make first, as another simulation's `choices` tells them. */
  choices?: readonly number[];
  /** Whether to keep the choices that it makes; as the machine keeps its journal, when absent. */
  keepChoices?: boolean;
}

/** What a simulation needs of its machine. */
export interface World {
  readonly system: System;
  spawn(name: string, options: { uid?: number; pid?: number }): Process;
  /** The threads that wait for replies, as the driver has them. */
  awaitedReplies(): AwaitedReply[];
}

const TURNS_MAX = 10_000_000;

export class Simulation {
  readonly #clock = new Clock();
  readonly #schedule: Schedule;
  readonly #threads = new Map<Task, SimThread>();
  /** Who can run; the first goes on, or has waited longest. */
  #ready: SimThread[] = [];
  /** Processes whose threads do not run, however ready they are. */
  readonly #frozen = new Set<number>();
  /** Who waits until something holds, in the order in which they began. */
  #watches: { thread: SimThread; holds: () => boolean; calm: () => void }[] = [];

  constructor(
    private readonly world: World,
    { seed = 0, order = seed === 0 ? 'fifo' : 'random', choices = [], keepChoices = true }: SimulationOptions,
  ) {
    const { system } = world;
    if (system.onReturn !== null) throw new BinderlabError('this machine has a simulation already: use that one.');
    this.#schedule = new Schedule(order, seed, choices, keepChoices);
    system.onReturn = (task) => this.#returned(task);
  }

  /** Makes a process whose main thread runs `program` once the simulation runs. */
  process(name: string, program: Program, options: { uid?: number; pid?: number } = {}): Process {
    const process = this.world.spawn(name, options);
    this.#enlist(process, new SimThread(process, process.main, program));
    return process;
  }

  /**
   * Runs until nobody can run and no time is left to pass. Threads that wait for work, as those of a pool do, are no
   * obstacle.
   *
   * @param until Stops early when it holds; asked before every turn.
   * @param turnsMax More turns than that are an error: somebody runs in circles.
   * @throws DeadlockError when a thread waits for something that nobody will bring.
   * @throws Whatever a program throws.
   */
  run({ until = () => false, turnsMax = TURNS_MAX }: { until?: () => boolean; turnsMax?: number } = {}): void {
    for (let turns = 0; this.#anybody(); turns++) {
      if (until()) return;
      if (turns === turnsMax) throw new BinderlabError(`the simulation has not come to rest in ${turnsMax} turns.`);
      this.#turn(this.#choose());
      this.#look();
    }
    const stuck = stuckThreads(this.threads, this.world.awaitedReplies());
    if (stuck.length > 0) throw new DeadlockError(stuck, this.now);
  }

  /** Virtual time, in milliseconds. */
  get now(): number {
    return this.#clock.now;
  }

  /** Every choice so far among more than one thread, if kept; `choices` of another simulation takes them. */
  get choices(): readonly number[] {
    return this.#schedule.choices;
  }

  /** All threads of its processes, in order of creation, those that have ended included. */
  get threads(): readonly SimThread[] {
    return [...this.#threads.values()];
  }

  /** @returns Whether somebody can run, now or after some time. */
  #anybody(): boolean {
    for (;;) {
      this.#ready = this.#ready.filter((thread) => !thread.ended);
      if (this.#ready.some((thread) => this.#mayRun(thread))) return true;
      if (!this.#clock.advance()) return false;
      this.#look();
    }
  }

  /** Takes one thread out of those that are ready. */
  #choose(): SimThread {
    const runnable = this.#frozen.size === 0 ? this.#ready : this.#ready.filter((thread) => this.#mayRun(thread));
    const { length } = runnable;
    let chose = 0;
    if (length > 1) {
      chose = this.#schedule.choose(length);
      this.world.system.choices.push({ of: runnable.map(({ name }) => name), chose });
    }
    const chosen = runnable[chose] as SimThread;
    this.#ready.splice(this.#ready.indexOf(chosen), 1);
    return chosen;
  }

  #mayRun(thread: SimThread): boolean {
    return !this.#frozen.has(thread.process.pid);
  }

  #turn(thread: SimThread): void {
    thread.state = 'running';
    let request = this.#advance(thread);
    while (request !== null && isQuestion(request)) {
      thread.answer(this.#answerTo(thread, request));
      request = this.#advance(thread);
    }
    if (thread.ended) return;
    if (request === null) this.#finish(thread, thread.kernel === thread.process.main);
    else this.#serve(thread, request);
    if (thread.state === 'running') this.#goOn(thread);
  }

  #answerTo(thread: SimThread, question: Question): unknown {
    switch (question.call) {
      case 'self':
        return thread;
      case 'now':
        return this.now;
      case 'setFrozen':
        if (question.frozen) this.#frozen.add(question.pid);
        else this.#frozen.delete(question.pid);
        return undefined;
    }
  }

  #advance(thread: SimThread): Request | null {
    try {
      return thread.advance();
    } catch (error) {
      thread.state = 'ended';
      throw error;
    }
  }

  #serve(thread: SimThread, request: Exclude<Request, Question>): void {
    switch (request.call) {
      case 'yield':
        this.#makeReady(thread);
        return;
      case 'pause':
        thread.state = 'paused';
        return;
      case 'sleep':
      case 'until':
        this.#rest(thread, request);
        return;
      case 'exit':
      case 'exitProcess':
        this.#finish(thread, request.call === 'exitProcess');
        return;
      case 'spawn':
      case 'fork':
        this.#beget(thread, request);
        return;
      default:
        this.#perform(thread, request);
    }
  }

  #perform(thread: SimThread, request: PlainCall): void {
    const call = perform(thread, request);
    if (call === null || call.done || thread.ended) return;
    thread.call = call;
    thread.state = 'parked';
  }

  #beget(thread: SimThread, request: Extract<Request, { call: 'spawn' | 'fork' }>): void {
    try {
      if (request.call === 'spawn') {
        const kernel = thread.process.thread(request.name, { by: thread.kernel });
        const made = new SimThread(thread.process, kernel, request.program);
        this.#enlist(thread.process, made);
        thread.answer(made);
      } else {
        const child = thread.process.fork(request.name, { by: thread.kernel });
        this.#enlist(child, new SimThread(child, child.main, request.program));
        thread.answer(child);
      }
    } catch (error) {
      thread.fail(error);
    }
  }

  #finish(thread: SimThread, withProcess: boolean): void {
    if (!withProcess && thread.windUp()) return;
    if (withProcess) thread.kernel.exitProcess();
    else thread.kernel.exit();
    thread.state = 'ended';
  }

  #rest(thread: SimThread, request: Extract<Rest, { call: 'sleep' | 'until' }>): void {
    thread.state = 'resting';
    if (request.call === 'sleep') {
      thread.rest = `${request.ms} ms to pass`;
      this.#clock.after(request.ms, () => this.#makeReady(thread));
      return;
    }
    const { holds, what, timeoutMs } = request;
    thread.rest = what;
    thread.restsFor = request.whom;
    const giveUp = () => {
      this.#watches = this.#watches.filter((watch) => watch.thread !== thread);
      thread.answer(holds());
      this.#makeReady(thread);
    };
    const calm = timeoutMs === null ? () => {} : this.#clock.after(timeoutMs, giveUp);
    this.#watches.push({ thread, holds, calm });
  }

  /** Looks at what threads wait for; whoever has it becomes ready. */
  #look(): void {
    if (this.#watches.length === 0) return;
    const held = this.#watches.filter(({ thread, holds }) => thread.ended || holds());
    if (held.length === 0) return;
    this.#watches = this.#watches.filter((watch) => !held.includes(watch));
    for (const { thread, calm } of held) {
      calm();
      thread.answer(true);
      this.#makeReady(thread);
    }
  }

  /** A parked system call is done: the machine tells so in the order in which they are. */
  #returned(task: Task): void {
    const thread = this.#threads.get(task);
    if (thread === undefined || thread.state !== 'parked') return;
    thread.answer(thread.call);
    thread.call = null;
    this.#makeReady(thread);
  }

  #enlist(process: Process, thread: SimThread): void {
    if (thread.process !== process) throw new Error(`${thread.name} does not belong to ${process.name}`);
    this.#threads.set(thread.kernel, thread);
    this.#makeReady(thread);
  }

  #makeReady(thread: SimThread): void {
    if (thread.ended) return;
    thread.state = 'ready';
    this.#ready.push(thread);
  }

  /** It is ready still, and the first of all. */
  #goOn(thread: SimThread): void {
    if (thread.ended) return;
    thread.state = 'ready';
    this.#ready.unshift(thread);
  }
}
