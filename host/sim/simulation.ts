/**
 * Runs programs on a machine. The threads of its processes are generators. Each turn runs one chosen thread up to the
 * end of its next system call. The threads that this call wakes become ready, in the order of the machine.
 *
 *     ready threads -> one is chosen -> its program runs to its next request -> the machine performs it -> ...
 *                      no thread ready: time jumps to the next alarm; no alarm: the simulation is over
 */
import { Call } from '../os/call.ts';
import type { Process } from '../os/process.ts';
import type { System, Task } from '../os/system.ts';
import { BinderlabError } from '../wire/error.ts';
import { checkForm, checkNames, shown } from '../wire/forms.ts';
import { SCRIPT_TAG } from '../wire/log.ts';
import type { RequestName } from '../wire/operations.ts';
import { Clock } from './clock.ts';
import { type AwaitedReply, DeadlockError, stuckThreads } from './deadlock.ts';
import type { Director } from './director.ts';
import { isAct, isQuestion, type PlainCall, type Program, type Question, type Request, type Rest } from './request.ts';
import { type Order, Schedule } from './schedule.ts';
import { activityText, isEndless, Stillness } from './stillness.ts';
import { courseOf, SimThread } from './thread.ts';
import { UnrunActs } from './unrun.ts';

export interface SimulationOptions {
  /** Seed of random choices. */
  seed?: number;
  /** Default: `fifo` for the seed 0, `random` for any other. */
  order?: Order;
  /** Choices to make first, from another simulation's `choices`. */
  choices?: readonly number[];
  /** Whether to keep the choices. Default: true if the machine keeps its journal. */
  keepChoices?: boolean;
  /**
   * Whether threads of one process share variables, as libbinder's do; default true. An exploration finds more equal states
   * where they do not. Programs of different processes must share none in any case.
   */
  sharesVariables?: boolean;
}

/** The part of the machine that a simulation needs. */
export interface World {
  readonly system: System;
  spawn(name: string, options: { uid?: number; pid?: number }): Process;
  /** The threads that wait for replies, from the driver's state. */
  awaitedReplies(): AwaitedReply[];
  /** Chooses in the place of the schedule; null as a rule. */
  readonly director: Director | null;
  /** Called before each turn, which it ends by an error; null but for a script that is run again and again. */
  readonly beforeTurn: (() => void) | null;
}

export interface RunOptions {
  /** Stops early when it holds; called before every turn. */
  until?: () => boolean;
  /** Maximum number of turns. More are an error: a thread loops. */
  turnsMax?: number;
  /** Virtual time, in milliseconds, in which threads only poll, before that is reported. */
  pollingMaxMs?: number;
  /** Whether something outside of the simulation may wake its threads later: then waiting is no deadlock. */
  awaitsOutside?: boolean;
}

type Methods = Readonly<Record<RequestName, (...args: readonly unknown[]) => unknown>>;

const TURNS_MAX = 10_000_000;
/** Turns during which no time passes, before a warning: a thread may loop. */
const TURNS_TOLD = 1_000_000;
const POLLING_MAX_MS = 30_000;
/** Requests that only wait. */
const WAITS: ReadonlySet<Request['call']> = new Set<Request['call']>(['yield', 'pause', 'sleep', 'until']);
/** The maximum of threads that the report of a loop names. */
const NAMED_MAX = 5;

export class Simulation {
  readonly #clock = new Clock();
  readonly #schedule: Schedule;
  readonly #threads = new Map<Task, SimThread>();
  /** The threads that can run. The first one ran last, or has waited longest. */
  #ready: SimThread[] = [];
  /** The thread that ran last, if it goes on of its own accord. */
  #current: SimThread | null = null;
  /** Frozen processes: their threads do not run, even when ready. */
  readonly #frozen = new Set<number>();
  /** Threads that wait for a predicate, in the order in which they began. */
  #watches: { thread: SimThread; holds: () => boolean; calm: () => void }[] = [];
  readonly #unrun = new UnrunActs();
  readonly #stillness = new Stillness();
  /** Whether the current turn only polls: the threads that it wakes only answer the poll. */
  #polling = false;
  #began = false;
  #isRunning = false;
  /** Thrown by `run` after the current turn. */
  #stopped: Error | null = null;
  /** @internal */ readonly sharesVariables: boolean;

  /** @internal */ constructor(
    private readonly world: World,
    options: SimulationOptions,
  ) {
    const { seed = 0, order = seed === 0 ? 'fifo' : 'random', choices = [], keepChoices = true } = options;
    const { sharesVariables = true } = options;
    this.sharesVariables = sharesVariables;
    const fields = { seed, order, choices, keepChoices, sharesVariables };
    checkForm('simulate', fields);
    checkNames('simulate', options, Object.keys(fields));
    const { system } = world;
    if (system.onReturn !== null) throw new BinderlabError('this machine has a simulation already: use that one.');
    this.#schedule = new Schedule(order, seed, choices, keepChoices);
    system.onReturn = (task) => this.#returned(task);
  }

  /** Makes a process. Its main thread runs `program` when the simulation runs. */
  process(name: string, program: Program, options: { uid?: number; pid?: number } = {}): Process {
    checkForm('program', { program });
    const course = courseOf(program, name);
    const process = this.world.spawn(name, options);
    this.#enlist(process, new SimThread(process, process.main, course));
    return process;
  }

  /**
   * Runs until no thread can run and no alarm is set. Threads that wait for work, such as those of a pool, do not
   * prevent the end.
   *
   * @throws DeadlockError when a thread waits for something that no thread will do, or polls for it for ever.
   * @throws The error of a program.
   */
  run(options: RunOptions = {}): void {
    const { until = () => false, turnsMax = TURNS_MAX, awaitsOutside = false } = options;
    const { pollingMaxMs = awaitsOutside ? Number.MAX_SAFE_INTEGER : POLLING_MAX_MS } = options;
    const fields = { until, turnsMax, pollingMaxMs, awaitsOutside };
    checkForm('simulation.run', fields);
    checkNames('simulation.run', options, Object.keys(fields));
    this.#began = true;
    this.#isRunning = true;
    this.#stillness.disturb(this.now);
    try {
      for (let turns = 0, passed = 0, { now } = this; this.#anybody(pollingMaxMs); turns++) {
        if (until()) return;
        if (turns === turnsMax)
          throw new BinderlabError(this.#circles(`the simulation has not come to rest in ${turnsMax} turns`));
        if (now !== this.now) [now, passed] = [this.now, turns];
        if (turns - passed === TURNS_TOLD)
          this.#warn(this.#circles(`the simulation has made ${TURNS_TOLD} turns and goes on`));
        this.#turn(this.#choose());
        this.#look();
        if (this.#stopped !== null) throw this.#stopped;
      }
    } finally {
      this.#isRunning = false;
      this.#stopped = null; // a turn that throws hides a stop of the same turn
      this.#tellUnrun();
      this.world.director?.ended();
    }
    if (awaitsOutside) return;
    const stuck = stuckThreads(this.threads, this.world.awaitedReplies());
    if (stuck.length > 0) throw new DeadlockError(stuck, this.now);
  }

  /** Whether `run` is on the stack. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** @internal Ends `run` with an error after the current turn. Another `run` goes on from there. */
  stop(error: Error): void {
    this.#stopped ??= error;
  }

  /** The names of its processes, if it has them and was never run; else null. */
  get forgotten(): readonly string[] | null {
    return this.#began || this.#threads.size === 0 ? null : [...new Set(this.threads.map((one) => one.process.name))];
  }

  /** Virtual time, in milliseconds. */
  get now(): number {
    return this.#clock.now;
  }

  /** Every choice so far among two or more threads, if kept; the option `choices` of another simulation takes them. */
  get choices(): readonly number[] {
    return this.#schedule.choices;
  }

  /** @internal Whether a thread's process is stopped by its freezer. */
  isFrozen(thread: SimThread): boolean {
    return this.#frozen.has(thread.process.pid);
  }

  /** @internal The times of the set alarms, and what the report of a standstill depends on, as numbers. */
  get waits(): number[] {
    return [this.#clock.now, ...this.#clock.times, ...this.#stillness.numbers(this.now)];
  }

  /** All threads of its processes, in order of creation, including those that have ended. */
  get threads(): readonly SimThread[] {
    return [...this.#threads.values()];
  }

  /** @returns Whether a thread can run, now or after the next alarm. */
  #anybody(pollingMaxMs: number): boolean {
    for (;;) {
      this.#ready = this.#ready.filter((thread) => !thread.ended);
      if (this.#ready.some((thread) => this.#mayRun(thread))) return true;
      if (this.#stillness.isLong(this.now, pollingMaxMs)) this.#complain();
      if (!this.#clock.advance()) return false;
      this.#stillness.jump();
      this.#look();
    }
  }

  /** Reports a standstill: an error when it is certain to last, else a complaint. */
  #complain(): void {
    const { threads, now } = this;
    if (isEndless(threads, this.#clock.pending)) {
      throw new DeadlockError(stuckThreads(threads, this.world.awaitedReplies()), now);
    }
    const text = this.#stillness.report(threads, now);
    if (text !== null) this.#warn(text);
  }

  #warn(text: string): void {
    this.world.system.log.add({ level: 'warning', pid: 0, tag: SCRIPT_TAG, text });
  }

  /** What the busy threads do. @param head How the sentence begins. */
  #circles(head: string): string {
    const busy = this.threads.filter(({ ended, state }) => !ended && (state === 'ready' || state === 'resting'));
    const named = busy.slice(0, NAMED_MAX).map((thread) => `\n  ${activityText(thread)}`);
    const more = busy.length > NAMED_MAX ? `\n  and ${busy.length - NAMED_MAX} more` : '';
    return `${head}, at ${this.now} ms:${named.join('')}${more}`;
  }

  #tellUnrun(): void {
    for (const { name, stack } of this.#unrun.takeAll()) {
      const text = `${name}() was made here and never run: write "yield*" before it.`;
      this.world.system.log.add({ level: 'error', pid: 0, tag: SCRIPT_TAG, text, stack });
    }
  }

  /** Removes one thread from the ready threads. */
  #choose(): SimThread {
    const runnable = this.#frozen.size === 0 ? this.#ready : this.#ready.filter((thread) => this.#mayRun(thread));
    const { length } = runnable;
    const { director, beforeTurn } = this.world;
    beforeTurn?.();
    let chose = director === null ? 0 : director.choose(runnable, this.#goesOn(runnable[0] as SimThread));
    if (length > 1) {
      if (director === null) chose = this.#schedule.choose(length);
      this.world.system.choices.push({ of: runnable.map(({ name }) => name), chose });
    }
    const chosen = runnable[chose] as SimThread;
    this.#ready.splice(this.#ready.indexOf(chosen), 1);
    return chosen;
  }

  /** The thread, if it ran last and goes on of its own accord. */
  #goesOn(first: SimThread): SimThread | null {
    return first === this.#current ? first : null;
  }

  #mayRun(thread: SimThread): boolean {
    return !this.isFrozen(thread);
  }

  #turn(thread: SimThread): void {
    thread.state = 'running';
    this.#current = null;
    let request = this.#advance(thread);
    while (request !== null && isQuestion(request)) {
      thread.answer(this.#answerTo(thread, request));
      request = this.#advance(thread);
    }
    if (thread.ended) return;
    this.#polling = thread.polls !== null || thread.echoes;
    if (request !== null) thread.last = request.call;
    if (!this.#polling && (request === null || !WAITS.has(request.call))) this.#stillness.disturb(this.now);
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
      const { director, beforeTurn } = this.world;
      // an exploration or a sweep runs a script too often to note its acts
      const isOften = director !== null || beforeTurn !== null;
      const advance = () => (isOften ? thread.advance() : this.#unrun.during(() => thread.advance()));
      let request = advance();
      while (request !== null && typeof (request as Partial<Request>).call !== 'string') {
        thread.fail(this.#noRequest(thread, request));
        request = advance();
      }
      return request;
    } catch (error) {
      thread.state = 'ended';
      throw error;
    }
  }

  /** The error of a program that yields something other than a request. If that is an act, the error has its place. */
  #noRequest(thread: SimThread, yielded: unknown): BinderlabError {
    const act = this.#unrun.take(yielded);
    const what = act?.name === undefined ? (isAct(yielded) ? 'an act' : shown(yielded)) : `${act.name}()`;
    const error = new BinderlabError(
      `${thread.name} yields ${what}, which is no request: write "yield*" to run an act.`,
    );
    if (act !== null) error.stack = `${error.name}: ${error.message}\n${act.stack.split('\n').slice(1).join('\n')}`;
    return error;
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

  /** Makes the call. After it the thread is parked, or has the answer or the error of the call. */
  #perform(thread: SimThread, { call: method, args }: PlainCall): void {
    let answer: unknown;
    try {
      answer = (thread.kernel as unknown as Methods)[method](...args);
    } catch (error) {
      thread.fail(error);
      return;
    }
    thread.answer(answer);
    if (!(answer instanceof Call) || answer.done || thread.ended) return;
    thread.call = answer;
    thread.state = 'parked';
  }

  #beget(thread: SimThread, request: Extract<Request, { call: 'spawn' | 'fork' }>): void {
    try {
      const course = courseOf(request.program, request.name ?? `a thread of ${thread.process.name}`);
      if (request.call === 'spawn') {
        const kernel = thread.process.thread(request.name, { by: thread.kernel });
        const made = new SimThread(thread.process, kernel, course);
        this.#enlist(thread.process, made);
        thread.answer(made);
      } else {
        const child = thread.process.fork(request.name, { by: thread.kernel });
        this.#enlist(child, new SimThread(child, child.main, course));
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
      this.#clock.after(request.ms, () => {
        thread.echoes = false;
        this.#makeReady(thread);
      });
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

  /** Checks the predicates that threads wait for. A thread whose predicate holds becomes ready. */
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

  /** Called when a parked system call returns. The machine calls it in the order of the returns. */
  #returned(task: Task): void {
    const thread = this.#threads.get(task);
    if (thread === undefined || thread.state !== 'parked') return;
    thread.answer(thread.call);
    thread.call = null;
    thread.echoes = this.#polling;
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

  /** Keeps the thread ready, in the first place. */
  #goOn(thread: SimThread): void {
    if (thread.ended) return;
    thread.state = 'ready';
    this.#current = thread;
    this.#ready.unshift(thread);
  }
}
