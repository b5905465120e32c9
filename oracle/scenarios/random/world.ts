/** The processes of a random program, and the updates of their knowledge when a call is done. */
import { TF_ONE_WAY } from '../../../assembly/abi/protocol.ts';
import type { Return, TransactionReturn } from '../../../host/wire/returns.ts';
import type { Outcome } from '../../outcome.ts';
import type { Script, ScriptProcess, ScriptThread } from '../../script.ts';
import { Draws } from './draws.ts';
import { type KnownNode, KnownProcess, KnownThread } from './known.ts';
import { hasContexts, isLong, type Profile, profileOf } from './profiles.ts';

/** When no handle is known, numbers up to this one are tried. */
const HANDLES_TRIED = 6;
const ACCEPTS_FDS = 0x100;
const WANTS_CONTEXTS = 0x1000;

export class World {
  readonly draws: Draws;
  readonly profile: Profile;
  readonly hasContexts: boolean;
  readonly isLong: boolean;
  readonly processes: KnownProcess[] = [];
  /** Processes that should read next, to see recent events. */
  readonly soon: KnownProcess[] = [];
  /** Mappings are small, so that they become full. */
  isSmall = false;
  #nextCookie = 0x100;
  readonly #known = new Map<ScriptProcess, KnownProcess>();
  readonly #threads = new Map<ScriptThread, KnownThread>();

  constructor(
    readonly script: Script,
    seed: number,
  ) {
    this.draws = new Draws(seed);
    this.profile = profileOf(seed);
    this.hasContexts = hasContexts(seed);
    this.isLong = isLong(seed);
  }

  /** The context manager, the first process. */
  get manager(): KnownProcess {
    return this.processes[0] as KnownProcess;
  }

  /** From now on the results of its calls are used. */
  meet(process: ScriptProcess): KnownProcess {
    const known = new KnownProcess(process);
    this.#known.set(process, known);
    this.processes.push(known);
    return known;
  }

  known(thread: ScriptThread): KnownThread {
    let known = this.#threads.get(thread);
    if (known === undefined) {
      known = new KnownThread(thread, this.#known.get(thread.proc) as KnownProcess);
      this.#threads.set(thread, known);
    }
    return known;
  }

  alive(): KnownProcess[] {
    return this.processes.filter(({ dead }) => !dead);
  }

  nextCookie(): number {
    return this.#nextCookie++;
  }

  newNode(owner: KnownProcess): KnownNode {
    const { draws } = this;
    const ptr = 0x1000 * (1 + this.processes.indexOf(owner)) + 0x10 * owner.nodes.length;
    const cookie = this.nextCookie();
    const plain = draws.chance(0.8) ? ACCEPTS_FDS : draws.chance(0.5) ? 0 : 0x113;
    const flags = plain | (this.hasContexts && draws.chance(0.5) ? WANTS_CONTEXTS : 0);
    const node = { ptr, cookie, flags };
    owner.nodes.push(node);
    return node;
  }

  /** A handle of a process, sometimes any number. */
  someHandle(of: KnownProcess): number {
    const handles = of.handles();
    return handles.length > 0 && this.draws.chance(0.96)
      ? (this.draws.pick(handles) as number)
      : this.draws.below(HANDLES_TRIED);
  }

  /** A callee: a handle that is held, sometimes the manager; null when there is none. */
  target(of: KnownProcess): number | null {
    const { draws, manager } = this;
    const handles = of.handles(true).filter((handle) => handle !== 0 && !of.bad.has(handle));
    if (of.bad.size > 0 && draws.chance(0.03)) return draws.pick([...of.bad]) as number;
    const frozen = handles.filter((handle) => of.owner.get(handle)?.isFrozen);
    if (frozen.length > 0 && draws.chance(0.6)) return draws.pick(frozen) as number;
    if (handles.length > 0 && draws.chance(of === manager || manager.dead ? 0.97 : 0.85)) {
      return draws.pick(handles) as number;
    }
    if (of !== manager && !manager.dead) return 0;
    return draws.chance(0.1) ? draws.below(4) : null;
  }

  /** Uses the result of a call. */
  take(thread: ScriptThread, { returns, ret }: Outcome): void {
    const process = this.#known.get(thread.proc);
    if (process === undefined || returns === null) return;
    const known = this.known(thread);
    if (returns.length > 1 || ret < 0) known.expected = 0;
    for (const one of returns) this.#takeReturn(known, process, one);
  }

  #takeReturn(known: KnownThread, process: KnownProcess, one: Return): void {
    switch (one.name) {
      case 'BR_TRANSACTION':
      case 'BR_TRANSACTION_SEC_CTX':
        takeMessage(process, one);
        if ((one.flags & TF_ONE_WAY) === 0) known.stack.push('in');
        break;
      case 'BR_REPLY':
        if (known.top === 'out') known.stack.pop();
        takeMessage(process, one);
        break;
      case 'BR_DEAD_REPLY':
      case 'BR_FAILED_REPLY':
      case 'BR_FROZEN_REPLY':
        if (known.top === 'out') known.stack.pop();
        if (one.name !== 'BR_FROZEN_REPLY' && known.target && this.draws.chance(0.8)) process.bad.add(known.target);
        break;
      case 'BR_INCREFS':
      case 'BR_ACQUIRE':
        process.owed.push({ isAcquire: one.name === 'BR_ACQUIRE', ptr: one.ptr, cookie: one.cookie });
        break;
      case 'BR_DEAD_BINDER':
        process.deathsTold.push(one.cookie);
        break;
      case 'BR_FROZEN_BINDER':
        process.freezesTold.push(one.cookie);
        break;
      case 'BR_SPAWN_LOOPER':
        process.spawnsAsked++;
        break;
    }
  }
}

function takeMessage(process: KnownProcess, message: TransactionReturn): void {
  process.buffers.push(message.buffer);
  if (message.dataSize > 0 || message.offsetsSize > 0) process.unread.push(message);
}
