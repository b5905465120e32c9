/**
 * The generator's view: the emulator after the steps so far. It reads handles, buffers and threads from the machine itself, so
 * it can continue from any state, also after steps of a recording.
 */

import type { Dice } from '../../host/fuzz/dice.ts';
import type { BufferView } from '../../host/inspect/buffers.ts';
import type { LooperView, ProcView } from '../../host/inspect/procs.ts';
import type { ProcessView } from '../../host/inspect/tasks.ts';
import type { Machine } from '../../host/machine.ts';
import type { Step, StepInput } from '../../host/trace/journal.ts';
import { bytesOfHex } from '../../host/wire/hex.ts';
import { type ReturnName, returnsOf, type TransactionReturn } from '../../host/wire/returns.ts';
import { Cast } from './cast.ts';

/** Addresses in the arena of a process. */
export const ARENA = 0x1000_0000;
export const ARENA_END = 0x1080_0000;
/** Data shared by several threads of a process. */
export const SHARED = 0x1040_0000;
export const MAPPING = 0x7000_0000;
export const O_NONBLOCK = 0x800;
const THREAD_BYTES = 0x4_0000;
const THREAD_PLACES = 16;
const RBUF = 0x2_0000;
const ARG = 0x3_f000;

/** A thread that can make a step, with one of its binder files. */
export interface Actor {
  readonly thread: string;
  readonly tid: number;
  readonly process: ProcessView;
  readonly fd: number;
  readonly nonblocking: boolean;
  /** The binder proc of the file; undefined once that is gone. */
  readonly proc: ProcView | undefined;
  /** The thread as that proc knows it. */
  readonly looper: LooperView | undefined;
  readonly wbuf: number;
  readonly rbuf: number;
  readonly arg: number;
}

/** A received message. */
export interface Delivery {
  readonly thread: string;
  readonly message: TransactionReturn;
}

/** The emulator broke, or refused a possible step. */
export class Defect extends Error {
  override readonly name = 'Defect';

  constructor(
    readonly step: StepInput,
    override readonly cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

export class Scene {
  readonly cast = new Cast();
  readonly steps: Step[] = [];
  /** Messages that arrived, the newest last. */
  readonly deliveries: Delivery[] = [];
  #processes: ProcessView[] | null = null;
  #procs: ProcView[] | null = null;

  constructor(
    readonly machine: Machine,
    readonly dice: Dice,
    /** Whether senders have security contexts. */
    readonly named: boolean,
  ) {}

  /**
   * Performs a step.
   *
   * @returns null when it is impossible in this state.
   * @throws Defect when the machine refuses it or breaks.
   */
  perform(input: StepInput): Step | null {
    if (!this.cast.allows(input)) return null;
    let step: Step;
    try {
      step = this.machine.perform(input);
    } catch (error) {
      throw new Defect(input, error);
    }
    this.#processes = null;
    this.#procs = null;
    this.steps.push(step);
    this.cast.learn(step);
    this.#receive(step);
    return step;
  }

  get processes(): readonly ProcessView[] {
    this.#processes ??= this.machine.inspect.processes();
    return this.#processes;
  }

  get procs(): readonly ProcView[] {
    this.#procs ??= this.machine.inspect.procs();
    return this.#procs;
  }

  buffersOf(proc: ProcView): BufferView[] {
    return this.machine.inspect.buffers(proc);
  }

  /** Threads that can make a step; one without a binder file gets the descriptor 3. */
  actors(): Actor[] {
    return this.cast.awake.flatMap((thread) => this.actorsOf(thread));
  }

  /** A thread with each of its binder files. */
  actorsOf(thread: string): Actor[] {
    const tid = this.cast.tidOf(thread);
    const process = this.processes.find((one) => one.threads.some((each) => each.tid === tid));
    if (process === undefined) return [];
    const index = (tid - process.pid) % THREAD_PLACES;
    const base = ARENA + THREAD_BYTES * (index < 0 ? 0 : index);
    const places = { wbuf: base, rbuf: base + RBUF, arg: base + ARG };
    const binders = process.descriptors.filter((one) => one.binder !== null);
    if (binders.length === 0) {
      return [{ thread, tid, process, fd: 3, nonblocking: false, proc: undefined, looper: undefined, ...places }];
    }
    return binders.map(({ fd, flags, binder }) => {
      const proc = this.procs.find((one) => one.handle === binder?.proc);
      const looper = proc?.loopers.find((one) => one.tid === tid);
      return { thread, tid, process, fd, nonblocking: (flags & O_NONBLOCK) !== 0, proc, looper, ...places };
    });
  }

  /** The actor's present state; undefined when it cannot act any more. */
  again(actor: Actor): Actor | undefined {
    if (!this.cast.awake.includes(actor.thread)) return undefined;
    return this.actorsOf(actor.thread).find((one) => one.fd === actor.fd);
  }

  /** Awake actors of a binder proc. */
  actorsIn(proc: ProcView): Actor[] {
    return this.actors().filter((actor) => actor.proc?.handle === proc.handle);
  }

  procOf(handle: number): ProcView | undefined {
    return this.procs.find((proc) => proc.handle === handle);
  }

  /** The proc that owns a node. */
  ownerOf(node: number): ProcView | undefined {
    return this.procs.find((proc) => proc.nodes.some((one) => one.handle === node));
  }

  /** Address of the buffer that a message of `size` bytes would get now: best fit. */
  nextBuffer(proc: ProcView, size: number): number | null {
    if (proc.mapping.size === 0) return null;
    const wanted = Math.max(8, (size + 7) & ~7);
    const hole = this.machine.inspect.freeBuffers(proc).find((free) => free.size >= wanted);
    return hole === undefined ? null : proc.mapping.userBase + hole.offset;
  }

  #receive(step: Step): void {
    const ends = [{ by: step.by, out: step.out }, ...(step.woken ?? [])];
    for (const { by, out } of ends) {
      if (by === undefined || out === undefined || !('read' in out) || out.read === undefined) continue;
      for (const one of returnsOf(bytesOfHex(out.read))) {
        if (isMessage(one.name)) this.deliveries.push({ thread: by, message: one as TransactionReturn });
      }
    }
  }
}

function isMessage(name: ReturnName): boolean {
  return name === 'BR_TRANSACTION' || name === 'BR_REPLY' || name === 'BR_TRANSACTION_SEC_CTX';
}
