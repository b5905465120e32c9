/**
 * Processes and threads of a journal, living, parked or dead, derived from its steps only. It decides which steps are possible:
 * a parked thread makes none, and a name or pid is used once.
 */
import type { Step, StepInput } from '../../host/trace/journal.ts';

/** Limit of living threads: the recorder has that many slots. */
const THREADS_MAX = 60;
/** A freeze with a shorter timeout is awaited at once: no other step may race with real time. */
const SHORT_TIMEOUT_MS = 10_000;
const BINDER_FREEZE = '0x400c620e';

interface Player {
  readonly name: string;
  readonly tid: number;
  readonly troupe: Troupe;
  /** The step in which it parked. */
  asleep: StepInput | null;
  gone: boolean;
}

interface Troupe {
  readonly name: string;
  readonly pid: number;
  readonly players: Player[];
}

export class Cast {
  readonly #troupes = new Map<string, Troupe>();
  readonly #players = new Map<string, Player>();
  readonly #numbers = new Set<number>();

  /** Names of threads that can make a step, in order of creation. */
  get awake(): string[] {
    return this.#living().flatMap((player) => (player.asleep === null ? [player.name] : []));
  }

  /** Names of threads that sleep in a call. */
  get asleep(): string[] {
    return this.#living().flatMap((player) => (player.asleep === null ? [] : [player.name]));
  }

  /** Names of processes that live. */
  get processes(): string[] {
    return [...this.#troupes.values()].filter(isAlive).map((troupe) => troupe.name);
  }

  /** Pid of the next process. */
  get nextPid(): number {
    return 1000 * (Math.max(0, ...[...this.#troupes.values()].map(({ pid }) => Math.floor(pid / 1000))) + 1);
  }

  tidOf(thread: string): number {
    return this.#players.get(thread)?.tid ?? 0;
  }

  pidOf(process: string): number {
    return this.#troupes.get(process)?.pid ?? 0;
  }

  /** Name of the thread with that tid. */
  threadOf(tid: number): string | undefined {
    return this.#living().find((player) => player.tid === tid)?.name;
  }

  processOf(thread: string): string | undefined {
    return this.#players.get(thread)?.troupe.name;
  }

  /** Living threads of a process. */
  threadsOf(process: string): string[] {
    const players = this.#troupes.get(process)?.players ?? [];
    return players.filter((player) => !player.gone).map((player) => player.name);
  }

  /** A thread whose freeze times out by itself: the next step must await it. */
  get awaited(): string | null {
    return this.#living().find((player) => player.asleep !== null && timesOut(player.asleep))?.name ?? null;
  }

  /** Whether the step is possible now. */
  allows(step: StepInput): boolean {
    const { awaited } = this;
    if (awaited !== null) return step.op === 'await' && step.in.thread === awaited;
    if (step.by !== undefined && !this.#isAwake(step.by)) return false;
    switch (step.op) {
      case 'proc':
        return this.#isFree(step.in.name, step.in.pid);
      case 'fork':
        return this.#isMain(step.by) && this.#isFree(step.in.name, step.in.pid);
      case 'spawn':
        return this.#players.get(step.in.thread) === undefined && this.#hasRoom(step.in.tid);
      case 'kill':
        return this.processes.includes(step.in.proc) && this.pidOf(step.in.proc) === step.in.pid;
      case 'signal':
        return this.asleep.includes(step.in.thread);
      case 'setuid':
        return this.threadsOf(this.processOf(step.by) ?? '').length === 1;
      case 'texit':
        return this.threadsOf(this.processOf(step.by) ?? '').length > 1;
      case 'await':
        return false;
      default:
        return true;
    }
  }

  /** Updates the state after a step. */
  learn(step: Step): void {
    for (const { by } of step.woken ?? []) this.#wake(by);
    if (step.parked && step.by !== undefined) this.#fallAsleep(step.by, step);
    switch (step.op) {
      case 'proc':
        this.#enter(step.in.name, step.in.pid);
        break;
      case 'fork':
        if ((step.out?.ret ?? -1) >= 0) this.#enter(step.in.name, step.in.pid);
        break;
      case 'spawn':
        if ((step.out?.ret ?? -1) >= 0) this.#join(step.by, step.in.thread, step.in.tid);
        break;
      case 'texit':
        this.#leave([step.by]);
        break;
      case 'exit':
        this.#leave(this.threadsOf(this.processOf(step.by) ?? ''));
        break;
      case 'kill':
        this.#leave(this.threadsOf(step.in.proc));
        break;
    }
  }

  #living(): Player[] {
    return [...this.#players.values()].filter((player) => !player.gone);
  }

  #isAwake(thread: string): boolean {
    const player = this.#players.get(thread);
    return player !== undefined && !player.gone && player.asleep === null;
  }

  #isMain(thread: string): boolean {
    const player = this.#players.get(thread);
    return player !== undefined && player.troupe.pid === player.tid;
  }

  #isFree(name: string, pid: number): boolean {
    return !this.#troupes.has(name) && this.#hasRoom(pid);
  }

  #hasRoom(number: number): boolean {
    return !this.#numbers.has(number) && this.#living().length < THREADS_MAX;
  }

  #enter(name: string, pid: number): void {
    const troupe: Troupe = { name, pid, players: [] };
    this.#troupes.set(name, troupe);
    this.#add(troupe, `${name}.0`, pid);
  }

  #join(by: string, name: string, tid: number): void {
    const troupe = this.#players.get(by)?.troupe;
    if (troupe !== undefined) this.#add(troupe, name, tid);
  }

  #add(troupe: Troupe, name: string, tid: number): void {
    const player: Player = { name, tid, troupe, asleep: null, gone: false };
    troupe.players.push(player);
    this.#players.set(name, player);
    this.#numbers.add(tid);
  }

  #leave(threads: readonly string[]): void {
    for (const thread of threads) {
      const player = this.#players.get(thread);
      if (player !== undefined) player.gone = true;
    }
  }

  #wake(thread: string): void {
    const player = this.#players.get(thread);
    if (player !== undefined) player.asleep = null;
  }

  #fallAsleep(thread: string, step: StepInput): void {
    const player = this.#players.get(thread);
    if (player !== undefined) player.asleep = step;
  }
}

function isAlive(troupe: Troupe): boolean {
  return troupe.players.some((player) => !player.gone);
}

/** Whether a parked call returns by itself, and soon: a freeze with a short timeout, its third word. */
function timesOut(step: StepInput): boolean {
  if (step.op !== 'ioctl' || step.in.cmd !== BINDER_FREEZE) return false;
  const timeout = Buffer.from(step.in.poke, 'hex');
  return timeout.length >= 12 && timeout.readUInt32LE(8) < SHORT_TIMEOUT_MS;
}

/** A step without its result. */
export function inputOf({ op, by, in: input }: Step | StepInput): StepInput {
  return (by === undefined ? { op, in: input } : { op, by, in: input }) as StepInput;
}
