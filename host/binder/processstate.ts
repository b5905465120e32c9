/**
 * ProcessState: a process's part in Binder. Owns the open driver and its mapping, the objects and proxies of the
 * process, and its pool of threads.
 *
 *     self            open, BINDER_VERSION, BINDER_SET_MAX_THREADS 15, ..., mmap of 1 MiB less two pages
 *     startThreadPool one thread joins at once (BC_ENTER_LOOPER), and 15 more when the driver asks (BR_SPAWN_LOOPER)
 */
import { MAP_NORESERVE, MAP_PRIVATE } from '../../assembly/abi/machine.ts';
import {
  BINDER_ENABLE_ONEWAY_SPAM_DETECTION,
  BINDER_PROTOCOL_VERSION,
  BINDER_SET_CONTEXT_MGR,
  BINDER_SET_CONTEXT_MGR_EXT,
  BINDER_SET_MAX_THREADS,
  BINDER_VERSION,
  FLAT_BINDER_FLAG_TXN_SECURITY_CTX,
} from '../../assembly/abi/protocol.ts';
import type { Process } from '../os/process.ts';
import { type Device, MAP_LENGTH } from '../os/thread.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { noteMethods } from '../sim/unrun.ts';
import { u32At } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import { managerBytes, u32Bytes } from '../wire/ioctls.ts';
import { type BBinder, PING_TRANSACTION } from './bbinder.ts';
import { BpBinder, type Courier } from './bpbinder.ts';
import { IPCThreadState } from './ipcthreadstate.ts';
import { LocalObjects } from './objects.ts';
import { Parcel } from './parcel.ts';
import { STABILITY_SYSTEM } from './stability.ts';
import { STATUS, StatusError } from './status.ts';

/** Threads that the driver may ask for, beside the one of startThreadPool. */
export const DEFAULT_MAX_BINDER_THREADS = 15;

/** A pool that is busy for longer than this logs an error. */
const STARVATION_WARNED_MS = 100;

/** Cookies of proxies in death notifications, as addresses; nothing is stored there. */
const PROXIES_BASE = 0x7c_0000_0000;
const PROXY_SIZE = 0x40;

const states = new WeakMap<Process, ProcessState>();
/** Forked children of processes that had the driver open: the inherited state is unusable. */
const forked = new WeakSet<Process>();

export class ProcessState {
  /** @internal */ readonly objects = new LocalObjects();
  contextObject: BBinder | null = null;
  readonly #proxies = new Map<number, BpBinder>();
  readonly #proxiesByCookie = new Map<number, BpBinder>();
  #proxiesMade = 0;
  #maxThreads = DEFAULT_MAX_BINDER_THREADS;
  #started = false;
  /** Number in the next thread's name. */
  #nextName = 1;
  #threads = 0;
  /** Threads that take calls, including those that joined of their own accord. */
  #joined = 0;
  #executing = 0;
  /** Virtual time since which every pool thread is busy; null while one is idle. */
  #starvedSince: number | null = null;
  #starvedMs = 0;

  private constructor(
    readonly process: Process,
    readonly fd: number,
    /** User address of the mapping. */
    readonly mapping: number,
  ) {}

  /** The state of the calling process; the first call opens the driver. */
  static *self(): Act<ProcessState> {
    const thread = yield* sys.self();
    let state = states.get(thread.process);
    if (forked.has(thread.process)) {
      throw new BinderlabError(
        `${thread.process.name} was forked from a process that had opened Binder already: its descriptor is the parent's, and libbinder cannot be used after a fork. Fork first, as Zygote does.`,
      );
    }
    state ??= yield* ProcessState.#open(thread.process, 'binder');
    IPCThreadState.of(thread, state);
    return state;
  }

  /**
   * The same for another device. It comes before the first `self`.
   *
   * @throws BinderlabError when the process has opened a driver already.
   */
  static *initWithDriver(device: Device): Act<ProcessState> {
    const { process } = yield* sys.self();
    if (states.has(process) || forked.has(process)) {
      throw new BinderlabError(`${process.name} has opened a driver already: initWithDriver comes first.`);
    }
    yield* ProcessState.#open(process, device);
    return yield* ProcessState.self();
  }

  static *#open(process: Process, device: Device): Act<ProcessState> {
    process.atFork((child) => forked.add(child));
    const fd = yield* sys.open({ device });
    const version = u32At((yield* sys.ioctl(fd, BINDER_VERSION, { outLen: 4 })).bytes, 0);
    if (version !== BINDER_PROTOCOL_VERSION) throw new BinderlabError(`the driver speaks version ${version}, not 8`);
    yield* sys.ioctl(fd, BINDER_SET_MAX_THREADS, { poke: u32Bytes(DEFAULT_MAX_BINDER_THREADS) });
    yield* sys.ioctl(fd, BINDER_ENABLE_ONEWAY_SPAM_DETECTION, { poke: u32Bytes(1) });
    const flags = MAP_PRIVATE | MAP_NORESERVE;
    const mapping = yield* sys.mmap(fd, { length: MAP_LENGTH, address: 0, flags });
    const state = new ProcessState(process, fd, mapping);
    states.set(process, state);
    return state;
  }

  /** Threads in the pool, or about to join it. */
  get threadCount(): number {
    return this.#threads;
  }

  /** Virtual time, in milliseconds, during which every thread of the pool was busy. */
  get starvedMs(): number {
    return this.#starvedMs;
  }

  /** Starts the pool: creates its first thread. Later calls do nothing. */
  *startThreadPool(): Act<void> {
    if (this.#started) return;
    this.#started = true;
    yield* this.spawnPooledThread(true);
  }

  /** Sets how many threads the driver may ask for, beside the first. */
  *setThreadPoolMaxThreadCount(count: number): Act<void> {
    yield* sys.ioctl(this.fd, BINDER_SET_MAX_THREADS, { poke: u32Bytes(count) });
    this.#maxThreads = count;
  }

  /** Creates a thread that joins the pool; does nothing before startThreadPool. */
  *spawnPooledThread(isMain: boolean): Act<void> {
    if (!this.#started) return;
    const name = `binder:${this.process.pid}_${(this.#nextName++).toString(16).toUpperCase()}`;
    this.#threads++;
    const state = this;
    yield* sys.spawn(function* () {
      yield* IPCThreadState.of(yield* sys.self(), state).joinThreadPool(isMain);
    }, name);
  }

  /** @internal */ joined(change: 1 | -1): void {
    this.#joined += change;
  }

  /** @internal */ get listens(): boolean {
    return this.#threads > 0 || this.#joined > 0;
  }

  /** @internal */ *executing(change: 1 | -1): Act<void> {
    this.#executing += change;
    const starved = this.#executing >= this.#maxThreads && this.#maxThreads > 0;
    if (starved === (this.#starvedSince !== null)) return;
    const now = yield* sys.now();
    if (this.#starvedSince !== null) this.#noteStarvation(now - this.#starvedSince);
    this.#starvedSince = starved ? now : null;
  }

  /**
   * The proxy of the context manager, handle 0.
   *
   * @returns null without a context manager.
   */
  *getContextObject(): Act<BpBinder | null> {
    const ipc = yield* this.courier();
    if (!this.#proxies.has(0)) {
      // A proxy of handle 0 without a manager would be useless, so ping first.
      try {
        (yield* ipc.transact(0, PING_TRANSACTION, new Parcel(), 0)).recycle();
      } catch (error) {
        if (error instanceof StatusError && error.status === STATUS.DEAD_OBJECT) return null;
        throw error;
      }
    }
    const proxy = this.proxy(0);
    // no parcel carries its stability
    proxy.declareStability(STABILITY_SYSTEM);
    proxy.hold(ipc);
    return proxy;
  }

  /**
   * Makes this process the context manager, and `manager` the object that handle 0 calls.
   *
   * @throws BinderlabError when there is a context manager, or when the first one had another uid.
   */
  *becomeContextManager(manager: BBinder): Act<void> {
    this.contextObject = manager;
    const node = managerBytes({
      flags: manager.requestingSid ? FLAT_BINDER_FLAG_TXN_SECURITY_CTX : 0,
      ptr: 0,
      cookie: 0,
    });
    const call = yield* sys.ioctl(this.fd, BINDER_SET_CONTEXT_MGR_EXT, { poke: node, mayFail: true });
    // drivers before Linux 5.1 have only the plain form
    if (call.errno !== null) yield* sys.ioctl(this.fd, BINDER_SET_CONTEXT_MGR, { poke: u32Bytes(0) });
  }

  /** @internal */ *courier(): Act<Courier> {
    const thread = yield* sys.self();
    if (thread.process !== this.process) {
      throw new BinderlabError(
        `${thread.name} uses a proxy of the process ${this.process.name}: handles mean nothing in another process. Send the binder in a parcel.`,
      );
    }
    return IPCThreadState.of(thread, this);
  }

  /** @internal */ proxy(handle: number): BpBinder {
    let proxy = this.#proxies.get(handle);
    if (proxy === undefined) {
      proxy = new BpBinder(this, handle, PROXIES_BASE + PROXY_SIZE * this.#proxiesMade++);
      this.#proxies.set(handle, proxy);
      this.#proxiesByCookie.set(proxy.cookie, proxy);
    }
    return proxy;
  }

  /** @internal */ proxyByCookie(cookie: bigint): BpBinder | undefined {
    return this.#proxiesByCookie.get(Number(cookie));
  }

  /** @internal */ forget(proxy: BpBinder): void {
    this.#proxies.delete(proxy.handle);
    this.#proxiesByCookie.delete(proxy.cookie);
  }

  #noteStarvation(ms: number): void {
    this.#starvedMs += ms;
    if (ms <= STARVATION_WARNED_MS) return;
    const text = `all ${this.#maxThreads} threads of the binder pool were busy for ${ms} ms`;
    this.process.log('error', 'IPCThreadState', text);
  }
}

noteMethods(ProcessState);
noteMethods(ProcessState.prototype);
