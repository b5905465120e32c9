/**
 * Random programs that a seed stands for. The generator uses the results of each step (handles, buffers, pending calls) to
 * choose the next one, so most steps are legal; some are illegal on purpose.
 */
import { u32 } from '../../bytes.ts';
import { MAP, MAP_SIZE } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { object } from '../../objects.ts';
import type { Script, ScriptThread } from '../../script.ts';
import { lookup, register } from '../handshakes.ts';
import { type Scenario, SELINUX_CONTEXT } from '../scenario.ts';
import { ACTIONS, read, type ThreadAction, type WholeAction } from './actions.ts';
import { FDS_AT } from './content.ts';
import type { KnownProcess, KnownThread } from './known.ts';
import { type ActionName, hasContexts, hasEpoll, isLong, profileOf, type Weights, weightsOf } from './profiles.ts';
import { World } from './world.ts';

const WANTS_CONTEXTS = 0x1000;
const SMALL_MAPPINGS = [16384, 32768, 65536] as const;
const LOGS = ['transaction_log', 'failed_transaction_log'] as const;
const FD = 10;
const BAD_FD = 99;

/** @param seed 1 to 999; up to 1999 with security contexts; from 2000 on long ones; from 63000 to 63999 with epoll */
export function randomScenario(seed: number): Scenario {
  const contexts = hasContexts(seed) ? ', security contexts (SELinux without a policy)' : '';
  return {
    name: `rand-${String(seed).padStart(4, '0')}`,
    seed,
    desc: `random scenario, profile ${profileOf(seed)}${contexts}${isLong(seed) ? ', long' : ''}${hasEpoll(seed) ? ', epoll' : ''}`,
    ...(hasContexts(seed) ? { secctx: SELINUX_CONTEXT } : {}),
    run: (script) => new Walk(script, seed).run(),
  };
}

class Walk {
  readonly #script: Script;
  readonly #world: World;
  readonly #weights: Weights;
  /** Least number of steps. */
  readonly #length: number;
  #killed = 0;

  constructor(script: Script, seed: number) {
    this.#script = script;
    this.#world = new World(script, seed);
    const { draws, profile } = this.#world;
    this.#weights = weightsOf(seed);
    // releasing a thread that has polled sleeps in the middle: only some programs do that
    if (!draws.chance(0.4)) this.#weights.poll = 0;
    this.#length = isLong(seed) ? 300 + draws.below(200) : 45 + draws.below(75);
    this.#world.isSmall = profile === 'space' || draws.chance(0.25);
  }

  async run(): Promise<void> {
    this.#listen();
    await this.#populate();
    const start = this.#script.count;
    while (this.#script.count - start < this.#length) await this.#step();
    for (const file of ['state', 'stats', 'transaction_log']) await this.#script.dump(file);
    if (this.#world.draws.chance(0.5)) await this.#killAll();
  }

  #listen(): void {
    this.#script.onDone = (thread, outcome) => this.#world.take(thread, outcome);
  }

  #mapping(): number {
    const { draws, isSmall } = this.#world;
    if (isSmall) return draws.pick(SMALL_MAPPINGS);
    return draws.chance(0.2) ? 65536 : MAP_SIZE;
  }

  async #populate(): Promise<void> {
    const { draws } = this.#world;
    const { process } = this.#world.meet(await this.#script.start('SM', { map: this.#mapping() }));
    if (this.#world.hasContexts && draws.chance(0.6))
      await process.setContextMgrExt(object.binder(0, 0, WANTS_CONTEXTS));
    else await process.setContextMgr();
    await process.loop();
    const count = 2 + draws.below(3);
    for (let i = 0; i < count; i++) await this.#addProcess(i);
    const links = 2 + draws.below(3);
    for (let i = 0; i < links; i++) await this.#link(i, count);
    for (const known of this.#world.processes.slice(1)) await this.#addThreads(known);
    if (draws.chance(0.5)) await this.#forget();
  }

  async #addProcess(i: number): Promise<void> {
    const { draws, profile } = this.#world;
    const name = String.fromCharCode(65 + i);
    const map = this.#mapping();
    const known = this.#world.meet(await this.#script.start(name, { map, uid: draws.chance(0.2) ? 1000 + i : 0 }));
    const { process } = known;
    if (draws.chance(0.5)) {
      await process.mkfd('memfd', FD, { content: `fd of ${name}` });
      known.fds.push(FD);
    }
    if (draws.chance(profile === 'space' || profile === 'oneways' ? 0.6 : 0.15)) await process.spamDetection(1);
    if (known.fds.length === 0) return;
    await process.poke(FDS_AT, u32(FD), u32(FD), u32(FD), u32(draws.chance(0.9) ? FD : BAD_FD));
  }

  /** Gives a process a handle to an object of another process. */
  async #link(i: number, count: number): Promise<void> {
    const { draws, processes, manager } = this.#world;
    const owner = processes[1 + (i % count)] as KnownProcess;
    const neighbour = processes[1 + ((i + 1) % count)];
    const client = (i < count ? neighbour : draws.pick(processes.slice(1))) as KnownProcess;
    if (owner === client) return;
    const isKnown = owner.nodes.length > 0 && draws.chance(0.5);
    const node = (isKnown ? draws.pick(owner.nodes) : undefined) ?? this.#world.newNode(owner);
    this.#script.onDone = null; // the handshake frees its own buffers
    const options = { flags: node.flags, done: false };
    const handle = await register(manager.process, owner.process, node.ptr, node.cookie, options);
    const clientHandle = await lookup(manager.process, client.process, handle);
    this.#listen();
    manager.count(handle, 1);
    client.count(clientHandle, 1);
    manager.owner.set(handle, owner);
    client.owner.set(clientHandle, owner);
    const [ptr, cookie] = [BigInt(node.ptr), BigInt(node.cookie)];
    if (owner.owed.some((owed) => owed.ptr === ptr)) return;
    owner.owed.push({ isAcquire: false, ptr, cookie }, { isAcquire: true, ptr, cookie });
  }

  async #addThreads({ process }: KnownProcess): Promise<void> {
    const { draws, profile } = this.#world;
    const more = draws.below(3);
    for (let i = 0; i < more; i++) await (await process.spawn()).version();
    if (profile === 'pool' || draws.chance(0.2)) await process.setMaxThreads(1 + draws.below(4));
    if (draws.chance(0.6)) await (draws.pick(process.threads) as ScriptThread).loop();
  }

  /** The manager drops the handles that it gave out. */
  async #forget(): Promise<void> {
    const { manager, draws } = this.#world;
    const handles = [...manager.refs.keys()];
    await this.#script.signal(manager.process);
    await manager.process.write(...handles.map((handle) => bc.release(handle)));
    for (const handle of handles) manager.refs.set(handle, 0);
    if (draws.chance(0.7)) await manager.process.read();
  }

  async #step(): Promise<void> {
    const { draws, soon } = this.#world;
    const alive = this.#world.alive();
    const threads = alive.flatMap(({ process }) => process.threads.filter(({ dead }) => !dead));
    const known = threads.map((thread) => this.#world.known(thread));
    const idle = known.filter(({ thread, owner }) => !thread.parked && (!owner.isClosed || draws.chance(0.03)));
    if (soon.length > 0 && draws.chance(0.7)) {
      const next = soon.shift();
      const reader = idle.find(({ owner }) => owner === next);
      if (reader !== undefined) {
        await read({ world: this.#world, known: reader, process: reader.owner, idle: 9 });
        return;
      }
    }
    const action = draws.weighted(this.#weights);
    if (action === 'dump') return this.#dump();
    if (action === 'sig' || idle.length === 0) {
      const parked = threads.filter((thread) => thread.parked);
      if (parked.length > 0 && (action !== 'sig' || idle.length < 4)) {
        return this.#script.signal(draws.pick(parked) as ScriptThread);
      }
      if (action === 'sig') return;
    }
    if (isWhole(action)) return this.#actWhole(action, alive, idle);
    if (idle.length === 0) return;
    const chosen = draws.pick(this.#candidates(action, idle)) as KnownThread;
    await ACTIONS[action]({ world: this.#world, known: chosen, process: chosen.owner, idle: idle.length });
  }

  async #actWhole(action: WholeAction, alive: KnownProcess[], idle: KnownThread[]): Promise<void> {
    if (action === 'kill') return this.#kill(alive);
    if (action === 'close') return this.#close(idle);
    const { processes, isLong: long } = this.#world;
    if (processes.length >= (long ? 10 : 6)) return;
    this.#world.meet(await this.#script.start(`N${processes.length}`, { map: this.#mapping() }));
  }

  /** Prefers threads with a reason to act. */
  #candidates(action: ThreadAction, idle: KnownThread[]): KnownThread[] {
    const { draws } = this.#world;
    const those = (has: (thread: KnownThread) => boolean, probability = 1) => {
      const found = idle.filter(has);
      return found.length > 0 && (probability === 1 || draws.chance(probability)) ? found : idle;
    };
    switch (action) {
      case 'reply':
        return those(({ top }) => top === 'in');
      case 'peek':
        return those(({ owner }) => owner.unread.length > 0 || owner.fdsTold.length > 0);
      case 'done':
        return those(({ owner }) => owner.owed.length > 0);
      case 'free':
        return those(({ owner }) => owner.buffers.length > 0);
      case 'death':
        return those(({ owner }) => owner.deathsTold.length > 0, 0.6);
      case 'freezeNote':
        return those(({ owner }) => owner.freezesTold.length > 0, 0.5);
      default:
        return idle;
    }
  }

  async #dump(): Promise<void> {
    const { draws } = this.#world;
    const kind = draws.fraction();
    if (kind < 0.55) await this.#script.dump('state');
    else if (kind < 0.7) await this.#script.dump((draws.pick(this.#world.alive()) as KnownProcess).process);
    else if (kind < 0.85) await this.#script.dump('stats');
    else if (kind < 0.92) await this.#script.dump('transactions');
    else await this.#script.dump(draws.pick(LOGS));
  }

  async #kill(alive: KnownProcess[]): Promise<void> {
    const { draws, manager, soon, profile, isLong: long } = this.#world;
    const isWatched = (victim: KnownProcess) =>
      alive.some(({ deaths, owner }) => deaths.some(([handle]) => owner.get(handle) === victim));
    const watched = alive.filter((process) => process !== manager && isWatched(process));
    const victim = draws.pick(watched.length > 0 && draws.chance(0.7) ? watched : alive) as KnownProcess;
    if (this.#killed >= (profile === 'death' ? 3 : 2) * (long ? 2 : 1)) return;
    if (victim === manager && !draws.chance(0.15)) return;
    if (alive.length <= 1) return;
    this.#killed++;
    await this.#script.kill(victim.process);
    for (const process of this.#world.alive()) if (process.deaths.length > 0) soon.push(process);
    if (draws.chance(0.6)) await this.#script.dump('state');
  }

  async #close(idle: KnownThread[]): Promise<void> {
    const { draws, manager } = this.#world;
    const chosen = draws.pick(idle);
    if (chosen === undefined || chosen.owner === manager) return;
    await chosen.thread.close();
    chosen.owner.isClosed = true;
    if (draws.chance(0.7)) await chosen.thread.munmap(MAP, chosen.owner.process.mapSize);
    if (draws.chance(0.5)) await this.#script.dump('state');
  }

  async #killAll(): Promise<void> {
    const left = this.#world.alive();
    while (left.length > 0) {
      await this.#script.kill(this.#world.draws.takeAny(left).process);
      await this.#script.dump('state');
    }
    await this.#script.dump('stats');
  }
}

function isWhole(action: ActionName): action is WholeAction {
  return !Object.hasOwn(ACTIONS, action);
}
