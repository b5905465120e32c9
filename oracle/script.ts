/**
 * The vocabulary of scenarios: processes and threads, whose calls a performer performs one by one (the kernel, the emulator, a
 * recording). Owns the names and numbers of processes and threads, and which threads are parked.
 */

import type { Step, StepInput } from '../host/trace/journal.ts';
import type { Op, Operations } from '../host/wire/operations.ts';
import { type Actor, ARENA, Calls, MAP_SIZE } from './calls.ts';
import { type Outcome, outcomeOf, PARKED, summary } from './outcome.ts';

/** Performs one step, with everything that follows until no thread can run. */
export interface StepPerformer {
  perform(input: StepInput): Promise<Step> | Step;
}

/** Bytes of the arena for the buffers of each thread, and their offsets. */
const THREAD_AREA = 0x40000;
const READ_AT = 0x20000;
const ARGUMENT_AT = 0x3f000;
/** Distance of the pids of two processes. */
const PIDS = 1000;

export class ScriptThread extends Calls implements Actor {
  readonly wbuf: number;
  readonly rbuf: number;
  readonly arg: number;
  dead = false;
  /** Number of the step in which it parked; null while awake. */
  parkedIn: number | null = null;
  last: Outcome = PARKED;

  constructor(
    private readonly script: Script,
    readonly proc: ScriptProcess,
    readonly tid: number,
    readonly name: string,
    index: number,
  ) {
    super();
    this.wbuf = ARENA + index * THREAD_AREA;
    this.rbuf = this.wbuf + READ_AT;
    this.arg = this.wbuf + ARGUMENT_AT;
  }

  protected override get actor(): Actor {
    return this;
  }

  get fd(): number {
    return this.proc.fd ?? -1;
  }

  get parked(): boolean {
    return this.parkedIn !== null;
  }

  async perform<O extends Op>(op: O, input: Operations[O]['in']): Promise<Outcome> {
    const outcome = await this.script.perform({ op, by: this.name, in: input } as StepInput, this);
    if (op === 'open' && outcome.ret >= 0) this.proc.fd ??= outcome.ret;
    return outcome;
  }

  /** The result of the parked call. */
  done(): Outcome {
    if (!this.parked) return this.last;
    this.script.warn(`${this.name} is still parked`);
    return { ...PARKED, returns: [] };
  }

  async spawn(): Promise<ScriptThread> {
    const { name, tid } = this.proc.nextThread();
    const { ret } = await this.perform('spawn', { thread: name, tid });
    if (ret !== tid) throw new Error(`${name} could not be made: ${ret}`);
    return this.proc.addThread();
  }

  async fork(name: string): Promise<ScriptProcess> {
    const child = new ScriptProcess(this.script, name, this.script.nextPid(), this.proc.uid);
    child.fd = this.proc.fd;
    const { ret } = await this.perform('fork', { name, pid: child.pid });
    if (ret !== child.pid) throw new Error(`${name} could not be made: ${ret}`);
    this.script.processes.push(child);
    return child;
  }

  /** Ends this thread alone. */
  async texit(): Promise<void> {
    await this.perform('texit', {});
    this.dead = true;
  }

  /** Ends its process. */
  async exit(): Promise<void> {
    await this.perform('exit', {});
    this.proc.end();
  }
}

/** A process; its calls are those of its first thread. */
export class ScriptProcess extends Calls {
  readonly threads: ScriptThread[] = [];
  dead = false;
  fd: number | undefined;
  /** Bytes of its mapping. */
  mapSize = MAP_SIZE;

  constructor(
    private readonly script: Script,
    readonly name: string,
    readonly pid: number,
    readonly uid: number,
  ) {
    super();
    this.addThread();
  }

  protected override get actor(): Actor {
    return this.main;
  }

  get main(): ScriptThread {
    return this.threads[0] as ScriptThread;
  }

  get parked(): boolean {
    return this.main.parked;
  }

  /** Name and number of the thread that is made next. */
  nextThread(): { name: string; tid: number } {
    const index = this.threads.length;
    return { name: `${this.name}.${index}`, tid: this.pid + index };
  }

  addThread(): ScriptThread {
    const { name, tid } = this.nextThread();
    const thread = new ScriptThread(this.script, this, tid, name, this.threads.length);
    this.threads.push(thread);
    return thread;
  }

  done(): Outcome {
    return this.main.done();
  }

  spawn(): Promise<ScriptThread> {
    return this.main.spawn();
  }

  fork(name: string): Promise<ScriptProcess> {
    return this.main.fork(name);
  }

  texit(): Promise<void> {
    return this.main.texit();
  }

  exit(): Promise<void> {
    return this.main.exit();
  }

  end(): void {
    this.dead = true;
    for (const thread of this.threads) {
      thread.dead = true;
      thread.parkedIn = null;
    }
  }
}

export interface StartOptions {
  uid?: number;
  pid?: number;
  /** Flags of open(). */
  flags?: number;
  /** Bytes of the mapping. */
  map?: number | undefined;
  /** false: make no first ioctl, so that the next one is the first. */
  version?: boolean;
}

export class Script {
  readonly processes: ScriptProcess[] = [];
  /** Deviations from the scenario's expectations. */
  readonly warnings: string[] = [];
  /** Steps so far. */
  count = 0;
  /** Called with every finished call, in the order of the journal. */
  onDone: ((thread: ScriptThread, outcome: Outcome) => void) | null = null;

  constructor(private readonly performer: StepPerformer) {}

  nextPid(): number {
    return PIDS * (this.processes.length + 1);
  }

  async proc(name: string, { uid = 0, pid = this.nextPid() }: StartOptions = {}): Promise<ScriptProcess> {
    await this.perform({ op: 'proc', in: { name, pid, uid } });
    const made = new ScriptProcess(this, name, pid, uid);
    this.processes.push(made);
    return made;
  }

  /** A process that has opened and mapped the device, and made a first ioctl. */
  async start(name: string, options: StartOptions = {}): Promise<ScriptProcess> {
    const made = await this.proc(name, options);
    await made.open(options.flags ?? 0);
    await made.mmap(options.map === undefined ? {} : { len: options.map });
    made.mapSize = options.map ?? MAP_SIZE;
    if (options.version !== false) await made.version();
    return made;
  }

  async kill(process: ScriptProcess): Promise<void> {
    // it wakes no thread of its own
    process.end();
    await this.perform({ op: 'kill', in: { proc: process.name, pid: process.pid } });
  }

  /** A signal with an empty handler. */
  async signal(who: ScriptProcess | ScriptThread): Promise<void> {
    const { name, tid } = threadOf(who);
    await this.perform({ op: 'signal', in: { thread: name, tid } });
  }

  /** Lets real time pass until a parked call returns by itself. */
  async await(who: ScriptProcess | ScriptThread, ms = 5000): Promise<void> {
    await this.perform({ op: 'await', in: { thread: threadOf(who).name, ms } });
  }

  /** Prints a file of the driver's debugfs, or that of a process. */
  async dump(what: string | ScriptProcess): Promise<void> {
    await this.perform({ op: 'dump', in: { file: typeof what === 'string' ? what : `proc/${what.pid}` } });
  }

  /** The shrinker takes every unused page. */
  async shrink(): Promise<void> {
    await this.perform({ op: 'shrink', in: { pages: 1 << 20 } });
  }

  async note(text: string): Promise<void> {
    await this.perform({ op: 'note', in: { text } });
  }

  /** Warns when a call's result differs from the expected `summary`. */
  want(outcome: Outcome, wanted: string): void {
    const got = summary(outcome);
    if (got !== wanted) this.warn(`got "${got}", wanted "${wanted}"`);
  }

  /** Warns when a thread is not parked. */
  wantParked(who: ScriptProcess | ScriptThread): void {
    if (!who.parked) this.warn(`${threadOf(who).name} is not parked`);
  }

  wantNumber(got: number, wanted: number): void {
    if (got !== wanted) this.warn(`got ${got}, wanted ${wanted}`);
  }

  warn(text: string): void {
    this.warnings.push(`step ${this.count - 1}: ${text}`);
  }

  /** @param thread The acting thread, if any. @throws Error when it is dead or parked: the scenario is wrong */
  async perform(input: StepInput, thread?: ScriptThread): Promise<Outcome> {
    if (thread?.dead) throw new Error(`${thread.name} is dead, at step ${this.count}`);
    if (thread?.parked) throw new Error(`${thread.name} is parked in step ${thread.parkedIn}, at step ${this.count}`);
    const step = await this.performer.perform(input);
    this.count++;
    for (const { by, out } of step.woken ?? []) this.#finish(this.#threadNamed(by), outcomeOf(out));
    if (thread === undefined) return PARKED;
    if (step.parked) {
      thread.parkedIn = step.i;
      thread.last = PARKED;
    } else if (step.out !== undefined) {
      this.#finish(thread, outcomeOf(step.out));
    }
    return thread.last;
  }

  #finish(thread: ScriptThread, outcome: Outcome): void {
    thread.parkedIn = null;
    thread.last = outcome;
    this.onDone?.(thread, outcome);
  }

  #threadNamed(name: string): ScriptThread {
    const found = this.processes.flatMap(({ threads }) => threads).find((thread) => thread.name === name);
    if (found === undefined) throw new Error(`${name} woke, and no step created it`);
    return found;
  }
}

function threadOf(who: ScriptProcess | ScriptThread): ScriptThread {
  return who instanceof ScriptProcess ? who.main : who;
}
