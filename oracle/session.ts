/**
 * Records one journal on a machine: performs steps one by one, and keeps their results. Owns the assignment of threads to the
 * recorder's slots, and which threads are parked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BINDER_SET_CONTEXT_MGR, BINDER_SET_CONTEXT_MGR_EXT } from '../assembly/abi/protocol.ts';
import type {
  DumpOutput,
  Journal,
  JournalHeader,
  JournalProcess,
  Output,
  ResultOutput,
  Step,
  StepInput,
  StepInputOf,
  Woken,
} from '../host/trace/journal.ts';
import { commandWords, returnWords } from '../host/wire/words.ts';
import { FileNames, outputOf } from './answer.ts';
import { address } from './bytes.ts';
import { ARENA, ARENA_SIZE } from './calls.ts';
import { type Beginning, maskDump, mayBeCut } from './dumptext.ts';
import { type Answer, type Completion, MachineError, type RecordingMachine } from './qemu.ts';
import { type CallOp, callLine, isCall, obstacle } from './request.ts';
import type { StepPerformer } from './script.ts';

/** The header's fields that are known before the first step. */
export interface Title {
  name: string;
  desc?: string;
  seed?: number;
  secctx?: string | null;
  racy?: boolean;
}

/** Threads that the recorder can drive (MAXSLOT in recorder.c). */
const SLOTS = 64;
/** Range of pids and tids: below are the kernel's own, above there are none. */
const PID_MIN = 500;
const PID_MAX = 32767;
/** Time limit for the answer to an `await`, beyond its own milliseconds. */
const AWAIT_MARGIN_MS = 30_000;

interface Thread {
  name: string;
  tid: number;
  slot: number;
  process: Process;
  /** The step in which it parked. */
  parked: Step | null;
}

interface Process {
  name: string;
  pid: number;
  uid: number;
  euid: number;
  parent: string | null;
  isAlive: boolean;
  threads: Thread[];
  /** Descriptors of a device other than /dev/binder. */
  otherDevices: Set<number>;
}

export class Session implements StepPerformer {
  readonly steps: Step[] = [];
  readonly #files = new FileNames();
  readonly #processes: Process[] = [];
  readonly #slots: (Thread | null)[] = new Array(SLOTS).fill(null);
  readonly #managerBefore: number | null;

  private constructor(
    private readonly machine: RecordingMachine,
    private readonly title: Title,
    private readonly beginning: Beginning,
  ) {
    this.#managerBefore = machine.contextManagerUid;
  }

  /** @throws MachineError when the driver still has state of an earlier journal */
  static async begin(machine: RecordingMachine, title: Title): Promise<Session> {
    const { ok, last_id = 0, stats = '' } = await machine.ask('BEGIN');
    if (!ok) throw new MachineError('the driver holds something of an earlier journal');
    if (machine.klog) await printedLines(machine);
    return new Session(machine, title, { lastId: last_id, stats });
  }

  /**
   * Kills the living processes.
   *
   * @returns false when the driver keeps state all the same, so that the machine cannot record another journal
   */
  async end(): Promise<boolean> {
    return (await this.machine.ask('END')).ok ?? false;
  }

  /** The steps recorded so far. */
  journal(): Journal {
    const { release, version, machine, lsm, cpus, page_size } = this.machine.hello;
    const { name, desc = '', seed, secctx = null, racy } = this.title;
    const header: JournalHeader = {
      t: 'header',
      format: 1,
      name,
      desc,
      ...(seed === undefined ? {} : { seed }),
      kernel: { release, version, machine },
      lsm: lsm.trim(),
      secctx,
      cpus,
      page_size,
      last_debug_id: this.beginning.lastId,
      context_mgr_uid: this.#managerBefore,
      arena: { addr: address(ARENA), size: ARENA_SIZE },
      dump_wakes: true,
      ...(racy ? { racy } : {}),
      procs: this.#processes.map(listed),
      steps: this.steps.length,
    };
    return { header, steps: this.steps };
  }

  /** Why a step is impossible now; null when it is possible. */
  obstacle(step: StepInput): string | null {
    if (step.by !== undefined) {
      const actor = this.#threadNamed(step.by);
      if (actor === null) return `${step.by} does not live`;
      if (actor.parked !== null) return `${step.by} is parked`;
    }
    switch (step.op) {
      case 'proc':
      case 'fork':
        if (this.#processes.some(({ name }) => name === step.in.name)) return `there has been a ${step.in.name}`;
        return this.#numberObstacle(step.in.pid);
      case 'spawn':
        if (this.#threadsEver().includes(step.in.thread)) return `there has been a ${step.in.thread}`;
        return this.#numberObstacle(step.in.tid);
      case 'kill':
        return this.#aliveNamed(step.in.proc) === null ? `${step.in.proc} does not live` : null;
      case 'signal':
        return this.#threadNamed(step.in.thread) === null ? `${step.in.thread} does not live` : null;
      case 'await':
        return (this.#threadNamed(step.in.thread)?.parked ?? null) === null ? `${step.in.thread} is not parked` : null;
      default:
        return obstacle(step);
    }
  }

  /** Why no process or thread can get that number; null when one can. */
  #numberObstacle(number: number): string | null {
    if (number < PID_MIN || number > PID_MAX) return `numbers go from ${PID_MIN} to ${PID_MAX}, not ${number}`;
    if (this.#numbers().includes(number)) return `${number} is taken`;
    return this.#slots.includes(null) ? null : 'the recorder drives no more threads';
  }

  /** @throws MachineError when the machine fails, or the step is impossible */
  async perform(input: StepInput): Promise<Step> {
    const problem = this.obstacle(input);
    if (problem !== null) throw new MachineError(`step ${this.steps.length} (${input.op}): ${problem}`);
    const step = { i: this.steps.length, ...input } as Step;
    if (isCall(input.op)) await this.#call(step as Step & { op: CallOp; by: string });
    else await this.#control(step);
    const klog = this.machine.klog ? await printedLines(this.machine) : [];
    if (klog.length > 0) step.klog = klog;
    this.steps.push(step);
    return step;
  }

  /** A thread's system call. */
  async #call(step: Step & { op: CallOp; by: string }): Promise<void> {
    const actor = this.#threadNamed(step.by) as Thread;
    const made = step.op === 'spawn' || step.op === 'fork' ? this.#newThread(step, actor.process) : undefined;
    const answer = await this.machine.ask(callLine(actor.slot, step.op, step.in, made?.slot));
    if (step.op === 'texit') this.#slots[actor.slot] = null;
    if (step.op === 'exit') this.#bury(actor.process);
    if (step.op === 'wr') this.#addCommands(step as Step & { op: 'wr' });
    this.#settle(step, answer, actor);
    const result = (step.out as ResultOutput | undefined)?.ret ?? 0;
    if (made !== undefined) this.#keep(made, step, result);
    this.#remember(step, actor.process, result);
  }

  /** Steps that no thread of the machine makes. */
  async #control(step: Step): Promise<void> {
    switch (step.op) {
      case 'proc': {
        const made = this.#newThread(step, null);
        const { ret = 0, quiet } = await this.machine.ask(`PROC ${made.slot} ${step.in.pid} ${step.in.uid}`);
        if (ret !== step.in.pid) throw new MachineError(`there can be no process ${step.in.pid}: ${ret}`);
        this.#keep(made, step, ret);
        return this.#settle(step, { quiet: quiet ?? false });
      }
      case 'kill': {
        const victim = this.#aliveNamed(step.in.proc) as Process;
        const answer = await this.machine.ask(`KILL ${victim.pid}`);
        this.#bury(victim);
        return this.#settle(step, answer);
      }
      case 'signal':
        return this.#settle(step, await this.machine.ask(`SIG ${this.#threadNamed(step.in.thread)?.slot}`));
      case 'await': {
        const line = `AWAIT ${this.#threadNamed(step.in.thread)?.slot} ${step.in.ms}`;
        return this.#settle(step, await this.machine.ask(line, step.in.ms + AWAIT_MARGIN_MS));
      }
      case 'dump': {
        const answer = await this.machine.ask(`DUMP ${step.in.file}`);
        step.out = this.#dumpOf(step.in.file, answer);
        return this.#settle(step, answer);
      }
      case 'shrink': {
        const answer = await this.machine.ask('SHRINK');
        step.out = { ret: answer.taken ?? 0 };
        return this.#settle(step, answer);
      }
      default:
        return;
    }
  }

  #dumpOf(file: string, { exists = false, text = '' }: Answer): DumpOutput {
    if (!exists) return { exists, text: null };
    if (mayBeCut(file, text)) return { exists, text: null, cut: true };
    return { exists, text: maskDump(file, text, this.beginning) };
  }

  /** Updates the finished calls and the sleeping threads. */
  #settle(step: Step, { quiet, done = [], parked = [] }: Answer, actor?: Thread): void {
    if (quiet === false)
      throw new MachineError(
        `step ${step.i} (${step.op}): a thread never rests, or the recorder's part of a process is gone`,
      );
    const woken: (Woken & { seq: number })[] = [];
    for (const completion of done) {
      const thread = this.#slots[completion.slot];
      if (thread === null || thread === undefined) continue;
      if (thread === actor) {
        step.out = outputOf(step, completion, this.#files) as never;
        addReturns(step, step.out as Output);
      } else {
        woken.push(this.#wake(thread, completion));
      }
    }
    if (actor !== undefined && parked.includes(actor.slot)) {
      step.parked = true;
      actor.parked = step;
    }
    const order = woken.map(({ seq }) => seq).sort((a, b) => a - b);
    if (woken.length > 0) step.woken = woken.map(({ seq, ...entry }) => ({ ...entry, order: order.indexOf(seq) }));
  }

  #wake(thread: Thread, completion: Completion): Woken & { seq: number } {
    const { parked } = thread;
    if (parked === null) throw new MachineError(`${thread.name} is done with what it was never asked for`);
    thread.parked = null;
    const entry: Woken = { by: thread.name, i: parked.i, out: outputOf(parked, completion, this.#files), order: 0 };
    addReturns(entry, entry.out);
    return { ...entry, seq: completion.seq };
  }

  /** The commands as text. */
  #addCommands(step: Step & { op: 'wr' }): void {
    const { poke, write_consumed, write_size } = step.in;
    const bytes = Buffer.from(poke, 'hex');
    const to = Math.min(write_size, bytes.length);
    if (Math.min(write_consumed, bytes.length) < to) step.bc = commandWords(bytes, write_consumed, to);
  }

  /** The effects of a successful call on later ones. */
  #remember(step: Step, process: Process, result: number): void {
    if (result < 0) return;
    if (step.op === 'setuid') process.euid = step.in.uid;
    if (step.op === 'open' && (step.in.device ?? 0) !== 0) process.otherDevices.add(result);
    if (step.op === 'close') process.otherDevices.delete(step.in.fd);
    if (step.op !== 'ioctl' || step.parked || process.otherDevices.has(step.in.fd)) return;
    const cmd = Number(step.in.cmd);
    if (cmd !== BINDER_SET_CONTEXT_MGR && cmd !== BINDER_SET_CONTEXT_MGR_EXT) return;
    this.machine.contextManagerUid ??= process.euid;
  }

  /** A thread that is about to be created, in a free slot. */
  #newThread(step: StepInput, maker: Process | null): Thread {
    const slot = this.#slots.indexOf(null);
    if (step.op === 'spawn') {
      return { name: step.in.thread, tid: step.in.tid, slot, process: maker as Process, parked: null };
    }
    const { name, pid } = step.in as StepInputOf<'proc' | 'fork'>['in'];
    const uid = step.op === 'proc' ? step.in.uid : (maker?.uid ?? 0);
    const process: Process = {
      name,
      pid,
      uid,
      euid: maker?.euid ?? uid,
      parent: maker?.name ?? null,
      isAlive: true,
      threads: [],
      otherDevices: new Set(maker?.otherDevices),
    };
    return { name: `${name}.0`, tid: pid, slot, process, parked: null };
  }

  /** Adds the thread when the call that creates it succeeded. */
  #keep(made: Thread, step: Step, result: number): void {
    if (result !== made.tid) return;
    if (step.op !== 'spawn') this.#processes.push(made.process);
    made.process.threads.push(made);
    this.#slots[made.slot] = made;
  }

  #bury(process: Process): void {
    process.isAlive = false;
    for (const { slot } of process.threads) if (this.#slots[slot]?.process === process) this.#slots[slot] = null;
  }

  #aliveNamed(name: string): Process | null {
    return this.#processes.find((process) => process.isAlive && process.name === name) ?? null;
  }

  #threadNamed(name: string): Thread | null {
    return this.#slots.find((thread) => thread?.name === name) ?? null;
  }

  #threadsEver(): string[] {
    return this.#processes.flatMap(({ threads }) => threads.map(({ name }) => name));
  }

  /** The numbers of all living threads and processes; a process without threads keeps its own. */
  #numbers(): number[] {
    const pids = this.#processes.filter(({ isAlive }) => isAlive).map(({ pid }) => pid);
    return [...pids, ...this.#slots.flatMap((thread) => thread?.tid ?? [])];
  }
}

/** A line of the kernel's log, without its time and thread. */
const LOG_LINE = /^<\d+>\[ *[\d.]+\](?:\[ *[TC]\d+\])? (.*binder.*)$/;
/** The kernel lets 10 lines of the driver through in 5 s, so each takes time. */
const LOG_LINE_MS = 600;

/** The driver's new log lines; the line number in its source is masked. */
async function printedLines(machine: RecordingMachine): Promise<string[]> {
  const { text = '' } = await machine.ask('KLOG');
  const lines = text.split('\n').flatMap((line) => LOG_LINE.exec(line)?.[1] ?? []);
  await sleep(LOG_LINE_MS * lines.length);
  return lines.map((line) => line.replace(/ line \d+$/, ' line LINE'));
}

function listed({ name, pid, uid, parent, threads }: Process): JournalProcess {
  return {
    name,
    pid,
    uid,
    ...(parent === null ? {} : { forked_from: parent }),
    threads: threads.map((thread) => ({ name: thread.name, tid: thread.tid })),
  };
}

/** The returns as text. */
function addReturns(entry: { br?: string[] }, out: Output): void {
  const { read } = out as { read?: string };
  if (read !== undefined && read !== '') entry.br = returnWords(Buffer.from(read, 'hex'));
}
