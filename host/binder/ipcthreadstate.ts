/**
 * IPCThreadState: one thread's conversation with the driver. Owns the commands that wait to be sent, the returns that
 * wait to be handled, and whose call the thread is serving.
 *
 *     transact -> talkWithDriver <-> BINDER_WRITE_READ
 *                 waitForResponse -> BR_REPLY: done; anything else: executeCommand
 *     joinThreadPool -> talkWithDriver, executeCommand, and again
 */
import {
  BINDER_GET_EXTENDED_ERROR,
  BINDER_THREAD_EXIT,
  TF_ACCEPT_FDS,
  TF_CLEAR_BUF,
  TF_ONE_WAY,
  TF_STATUS_CODE,
} from '../../assembly/abi/protocol.ts';
import { EXTENDED_ERROR_SIZE } from '../../assembly/abi/wire.ts';
import type { Guest } from '../guest/guest.ts';
import type { Command } from '../kernel/command.ts';
import { bc } from '../kernel/commands.ts';
import { i32At } from '../kernel/endian.ts';
import { errnoName } from '../kernel/errno.ts';
import { BinderlabError } from '../kernel/error.ts';
import { extendedErrorOf, u32Bytes } from '../kernel/ioctls.ts';
import type { Placed } from '../kernel/objects.ts';
import type { Process } from '../kernel/process.ts';
import type { Return, TransactionReturn } from '../kernel/returns.ts';
import { streamSize } from '../kernel/stream.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import type { SimThread } from '../sim/thread.ts';
import { BBinder } from './bbinder.ts';
import type { BpBinder, Courier } from './bpbinder.ts';
import { complain, takeComplaint } from './complaints.ts';
import { type CallingIdentity, Identity, type WorkSource } from './identity.ts';
import type { LocalObjects } from './objects.ts';
import { type IBinder, Parcel, type ReceivedBinder, type RequestHeader, WORK_SOURCE_UNSET } from './parcel.ts';
import { Staging } from './staging.ts';
import { STATUS, StatusError, statusName } from './status.ts';
import { utf8Text } from './utf8.ts';

/** The process's part, as its threads need it. */
export interface IpcProcess {
  readonly process: Process;
  /** The driver's descriptor. */
  readonly fd: number;
  readonly objects: LocalObjects;
  /** What handle 0 stands for in other processes; null unless this process is the context manager. */
  readonly contextObject: BBinder | null;
  proxy(handle: number): BpBinder;
  /** The proxy that death notifications name by this cookie; undefined when it has been released meanwhile. */
  proxyByCookie(cookie: bigint): BpBinder | undefined;
  /** The driver wants one more thread. */
  spawnPooledThread(isMain: boolean): Act<void>;
  /** A thread has begun to take calls, or has ceased to. */
  joined(change: 1 | -1): void;
  /** A thread of the pool begins to serve a call, or is done with it. */
  executing(change: 1 | -1): Act<void>;
}

/** Bytes that one read returns at most. */
const READ_CAPACITY = 256;
/** Security contexts are shorter. */
const SID_MAX = 256;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** A reply goes back where the call came from: libbinder fills the target with ones. */
const NO_TARGET = 0xffffffff;

const states = new WeakMap<SimThread, IPCThreadState>();

export class IPCThreadState implements Courier {
  /** Commands that have not been sent. */
  #out: Command[] = [];
  /** Returns that have not been handled. */
  #in: Return[] = [];
  #isLooper = false;
  /** Calls that it is serving, one within the other. */
  #serving = 0;
  readonly #identity = new Identity();
  /** Descriptors that messages brought or took along; closed before the thread talks to the driver again. */
  #closing: number[] = [];
  readonly #staging = new Staging();

  /** @internal */ constructor(
    readonly thread: SimThread,
    private readonly home: IpcProcess,
  ) {
    states.set(thread, this);
    thread.atExit(() => this.#leave());
  }

  /** The state of the thread that asks. @throws BinderlabError before its process has opened the driver. */
  static *self(): Act<IPCThreadState> {
    const thread = yield* sys.self();
    const state = states.get(thread);
    if (state !== undefined) return state;
    throw new BinderlabError(`${thread.name} has no part in Binder yet: "yield* ProcessState.self()" comes first.`);
  }

  /** The same; null before its process has opened the driver. */
  static *selfOrNull(): Act<IPCThreadState | null> {
    return states.get(yield* sys.self()) ?? null;
  }

  /** @internal The state of a thread that may have none yet. */
  static of(thread: SimThread, home: IpcProcess): IPCThreadState {
    return states.get(thread) ?? new IPCThreadState(thread, home);
  }

  /** Whether it is serving a call. */
  isServingCall(): boolean {
    return this.#serving > 0;
  }

  /** The process that called, while a call is served; otherwise this one. 0 while a oneway call is served. */
  getCallingPid(): number {
    return this.#identity.caller?.pid ?? this.thread.process.pid;
  }

  /** The user that called, while a call is served; otherwise this process's own. */
  getCallingUid(): number {
    return this.#identity.caller?.uid ?? this.thread.process.uid;
  }

  /** The caller's security context, while a call is served whose object asks for it; null otherwise. */
  getCallingSid(): string | null {
    return this.#identity.caller?.sid ?? null;
  }

  /** Makes what follows count as this process's own doing. @returns What restores the caller. */
  clearCallingIdentity(): CallingIdentity | null {
    const { caller } = this.#identity;
    this.#identity.caller = null;
    return caller;
  }

  restoreCallingIdentity(caller: CallingIdentity | null): void {
    this.#identity.caller = caller;
  }

  /** The uid on whose account this thread works; -1 for none. */
  getCallingWorkSourceUid(): number {
    return this.#identity.workSource.uid;
  }

  /** Works on the account of `uid`, and so do those that it calls. @returns What restores the former. */
  setCallingWorkSourceUid(uid: number): WorkSource {
    const { workSource } = this.#identity;
    this.#identity.workSource = { uid, propagate: true };
    return workSource;
  }

  /** Works on nobody's account. @returns What restores the former. */
  clearCallingWorkSource(): WorkSource {
    return this.setCallingWorkSourceUid(WORK_SOURCE_UNSET);
  }

  restoreCallingWorkSource(workSource: WorkSource): void {
    this.#identity.workSource = workSource;
  }

  /** What the thread may not do without being told on: its own policy, or that of the call which it serves. */
  get strictModePolicy(): number {
    return this.#identity.strictModePolicy;
  }

  set strictModePolicy(policy: number) {
    this.#identity.strictModePolicy = policy | 0;
  }

  /** TF_ flags of the call that is being served. */
  get lastTransactionBinderFlags(): number {
    return this.#identity.transactionFlags;
  }

  /** @internal What requests of this thread say beside their interface's name. */
  get requestHeader(): RequestHeader {
    return this.#identity.requestHeader;
  }

  /**
   * Calls the object behind a handle.
   *
   * @returns The reply; empty for a oneway call.
   * @throws StatusError when there is none, or when it is a status.
   */
  *transact(handle: number, code: number, data: Parcel, flags: number): Act<Parcel> {
    const sent = this.#seal(data);
    const payload = this.#payload(data);
    this.#out.push(bc.transaction({ handle, code, flags: flags | TF_ACCEPT_FDS, ...payload }));
    try {
      return (yield* this.#waitForResponse((flags & TF_ONE_WAY) === 0)) ?? new Parcel();
    } finally {
      this.#unseal(data, sent);
    }
  }

  /**
   * Serves calls until the process ends.
   *
   * @param isMain Whether the process itself made the thread, and not at the driver's request.
   */
  *joinThreadPool(isMain = true): Act<void> {
    this.#out.push(isMain ? bc.enterLooper() : bc.registerLooper());
    this.#isLooper = true;
    this.home.joined(1);
    let goOn = true;
    while (goOn) goOn = yield* this.#getAndExecuteCommand(isMain);
    this.#out.push(bc.exitLooper());
    this.#isLooper = false;
    this.home.joined(-1);
    yield* this.#talkWithDriver(false);
  }

  /** Sends what waits to be sent, and reads nothing. */
  *flushCommands(): Act<void> {
    yield* this.#talkWithDriver(false);
  }

  /** The same, unless this thread comes back to the driver anyway when it is done with its call. */
  *flushIfNeeded(): Act<void> {
    if (!this.#isLooper && this.#serving === 0) yield* this.flushCommands();
  }

  incWeakHandle(handle: number): void {
    this.#out.push(bc.increfs(handle));
  }

  incStrongHandle(handle: number): void {
    this.#out.push(bc.acquire(handle));
  }

  decStrongHandle(handle: number): void {
    this.#out.push(bc.release(handle));
  }

  decWeakHandle(handle: number): void {
    this.#out.push(bc.decrefs(handle));
  }

  requestDeathNotification(handle: number, cookie: number): void {
    this.#out.push(bc.requestDeathNotification(handle, cookie));
  }

  clearDeathNotification(handle: number, cookie: number): void {
    this.#out.push(bc.clearDeathNotification(handle, cookie));
  }

  get #guest(): Guest {
    return this.thread.process.memory.guest;
  }

  /** Handles one return. @returns Whether the thread goes on serving. */
  *#getAndExecuteCommand(isMain: boolean): Act<boolean> {
    yield* this.#talkWithDriver();
    const next = this.#in.shift();
    if (next === undefined) return true;
    // the driver has no work for a thread that it had asked for
    if (next.name === 'BR_FINISHED') return isMain;
    yield* this.home.executing(1);
    yield* this.#executeCommand(next);
    yield* this.home.executing(-1);
    return true;
  }

  /** Sends the commands; reads too, when nothing is left to be handled. */
  *#talkWithDriver(receive = true): Act<void> {
    const read = receive && this.#in.length === 0;
    // with returns left to handle, commands wait until these are done
    if (receive && !read) return;
    yield* this.#closeDescriptors();
    if (!read && this.#out.length === 0) return;
    let commands = this.#out;
    this.#out = [];
    for (;;) {
      const call = yield* sys.writeRead(this.home.fd, commands, { readSize: read ? READ_CAPACITY : 0 });
      if (call.errno !== 'EINTR') {
        if (read) this.#in = [...call.returns];
        return;
      }
      commands = unsent(commands, call.writeConsumed ?? 0);
    }
  }

  /** @returns The reply; null when none is wanted. */
  *#waitForResponse(wanted: boolean): Act<Parcel | null> {
    for (;;) {
      yield* this.#talkWithDriver();
      const next = this.#in.shift();
      switch (next?.name) {
        case undefined:
          break;
        case 'BR_ONEWAY_SPAM_SUSPECT':
        case 'BR_TRANSACTION_COMPLETE':
          if (!wanted) return null;
          break;
        case 'BR_TRANSACTION_PENDING_FROZEN':
          return null;
        case 'BR_REPLY':
          if (wanted) return this.#replyOf(next);
          this.#freeBuffer(next.buffer);
          break;
        case 'BR_DEAD_REPLY':
          throw yield* this.#failure(STATUS.DEAD_OBJECT, 'the process that was called is dead, or has died meanwhile');
        case 'BR_FROZEN_REPLY':
          throw yield* this.#failure(STATUS.FAILED_TRANSACTION, 'the process that was called is frozen');
        case 'BR_FAILED_REPLY':
          throw yield* this.#failure(STATUS.FAILED_TRANSACTION, 'the driver could not deliver it');
        default:
          yield* this.#executeCommand(next as Return);
      }
    }
  }

  *#executeCommand(one: Return): Act<void> {
    switch (one.name) {
      case 'BR_TRANSACTION':
      case 'BR_TRANSACTION_SEC_CTX':
        return yield* this.#serve(one);
      case 'BR_INCREFS':
        this.home.objects.incWeak(one.ptr);
        this.#out.push(bc.increfsDone(one));
        return;
      case 'BR_ACQUIRE':
        this.home.objects.incStrong(one.ptr);
        this.#out.push(bc.acquireDone(one));
        return;
      case 'BR_RELEASE':
        return this.home.objects.decStrong(one.ptr);
      case 'BR_DECREFS':
        return this.home.objects.decWeak(one.ptr);
      case 'BR_SPAWN_LOOPER':
        return yield* this.home.spawnPooledThread(false);
      case 'BR_DEAD_BINDER':
        yield* this.home.proxyByCookie(one.cookie)?.sendObituary(this) ?? nothing();
        this.#out.push(bc.deadBinderDone(one.cookie));
        return;
      case 'BR_CLEAR_DEATH_NOTIFICATION_DONE':
        return this.home.proxyByCookie(one.cookie)?.deathCleared(this);
      case 'BR_ERROR':
        throw new StatusError(one.error, `the driver answers with ${errnoName(-one.error)}`);
      case 'BR_UNKNOWN':
        throw new BinderlabError(`${this.thread.name} has read the word 0x${one.word.toString(16)}, which is none`);
      default:
        return;
    }
  }

  /** Serves one call, and replies unless it is oneway. */
  *#serve(call: TransactionReturn): Act<void> {
    const caller = { pid: call.senderPid, uid: call.senderEuid, sid: this.#sidOf(call) };
    const before = this.#identity.enter(caller, call.flags);
    this.#serving++;
    const proxies: BpBinder[] = [];
    const data = this.#receive(call, proxies);
    const reply = new Parcel();
    const status = yield* this.#dispatch(call, data, reply);
    // who fails over a message has kept nothing of it
    if (status !== STATUS.OK) for (const proxy of proxies) yield* proxy.release();
    data.recycle();
    this.#serving--;
    this.#identity.leave(before);
    if ((call.flags & TF_ONE_WAY) === 0) yield* this.#sendReply(reply, status, call.flags & TF_CLEAR_BUF);
  }

  /** @returns The status that the call ends with: 0, or what the object threw. */
  *#dispatch(call: TransactionReturn, data: Parcel, reply: Parcel): Act<number> {
    const target = call.ptr === 0n ? this.home.contextObject : this.home.objects.at(call.ptr);
    if (target === null) return STATUS.UNKNOWN_TRANSACTION;
    try {
      yield* target.receive(call.code, data, reply, call.flags);
      return STATUS.OK;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      complain(this.#guest, call.senderPid, error);
      return error.status;
    }
  }

  *#sendReply(reply: Parcel, status: number, flags: number): Act<void> {
    const isOk = status === STATUS.OK;
    const sent = isOk ? this.#seal(reply) : [];
    const payload = isOk ? this.#payload(reply) : { data: new Parcel().writeInt32(status).bytes };
    this.#out.push(bc.reply({ handle: NO_TARGET, flags: isOk ? flags : flags | TF_STATUS_CODE, ...payload }));
    try {
      yield* this.#waitForResponse(false);
    } finally {
      this.#unseal(reply, sent);
    }
  }

  #replyOf(got: TransactionReturn): Parcel {
    if ((got.flags & TF_STATUS_CODE) === 0) return this.#receive(got);
    const status = i32At(this.#load(got.buffer, got.dataSize), 0);
    this.#freeBuffer(got.buffer);
    const what = `${this.thread.name}: the object that was called answers with the status ${statusName(status)}`;
    throw new StatusError(status, what, takeComplaint(this.#guest, this.thread.process.pid, status));
  }

  /**
   * Reads a message out of the mapping, where it stays until the parcel is recycled.
   *
   * @param proxies Takes every proxy that is read from it.
   */
  #receive(got: TransactionReturn, proxies: BpBinder[] = []): Parcel {
    return new Parcel({
      data: this.#load(got.buffer, got.dataSize),
      offsets: this.#load(got.offsets, got.offsetsSize),
      source: {
        binder: (received, stability) => this.#binderOf(received, stability, proxies),
        enforced: (header) => this.#identity.adopt(header),
        free: (fds) => {
          this.#closing.push(...fds);
          this.#freeBuffer(got.buffer);
        },
      },
    });
  }

  #binderOf(received: ReceivedBinder, stability: number, proxies: BpBinder[]): IBinder {
    if (received.type === 'binder') return this.home.objects.at(received.ptr);
    const proxy = this.home.proxy(received.handle);
    proxy.declareStability(stability);
    proxy.hold(this);
    proxies.push(proxy);
    return proxy;
  }

  #freeBuffer(buffer: number): void {
    this.#out.push(bc.freeBuffer(buffer));
  }

  #load(address: number, length: number): Uint8Array {
    return length === 0 ? NO_BYTES : this.thread.kernel.sys.peek(address, length).bytes;
  }

  /** Gives a message's own objects their addresses, and holds them while it is on its way. */
  #seal(data: Parcel): BBinder[] {
    const sent: BBinder[] = [];
    data.seal((binder) => {
      if (!(binder instanceof BBinder)) throw new BinderlabError('a parcel takes objects and proxies only');
      this.home.objects.send(binder);
      sent.push(binder);
      return this.home.objects.addressOf(binder);
    });
    return sent;
  }

  /** The message is the driver's: what was held for it alone is let go. */
  #unseal(data: Parcel, sent: readonly BBinder[]): void {
    for (const binder of sent) this.home.objects.sent(binder);
    this.#closing.push(...data.takeOwnedDescriptors());
  }

  *#closeDescriptors(): Act<void> {
    for (let fd = this.#closing.shift(); fd !== undefined; fd = this.#closing.shift()) yield* sys.close(fd);
  }

  /** The thread ends while its process lives: the driver forgets it. */
  *#leave(): Act<void> {
    yield* this.flushCommands();
    yield* sys.ioctl(this.home.fd, BINDER_THREAD_EXIT, { poke: u32Bytes(0) });
  }

  #sidOf({ secctx }: TransactionReturn): string | null {
    if (secctx === 0) return null;
    const bytes = this.#load(secctx, SID_MAX);
    const end = bytes.indexOf(0);
    return utf8Text(end < 0 ? bytes : bytes.subarray(0, end));
  }

  #payload(message: Parcel): { data: Uint8Array | Placed; offsets: number[] } {
    const { process, kernel } = this.thread;
    const data = this.#staging.place(message.bytes, kernel, (length) => process.alloc(length));
    return { data, offsets: [...message.offsets] };
  }

  /** The error of a call that got no reply, with what the driver says about it. */
  *#failure(status: number, what: string): Act<StatusError> {
    const query = { poke: new Uint8Array(EXTENDED_ERROR_SIZE), outLen: EXTENDED_ERROR_SIZE, mayFail: true };
    const call = yield* sys.ioctl(this.home.fd, BINDER_GET_EXTENDED_ERROR, query);
    const { id, command, param } = extendedErrorOf(call.bytes);
    const why = param < 0 ? ` (transaction ${id}, ${command}, ${errnoName(-param)})` : '';
    return new StatusError(status, `${this.thread.name}: the call failed with ${statusName(status)}: ${what}${why}`);
  }
}

/** The commands behind the first `consumed` bytes of the stream. */
function unsent(commands: readonly Command[], consumed: number): Command[] {
  let size = 0;
  return commands.filter((command) => {
    const start = size;
    size += streamSize(command);
    return start >= consumed;
  });
}

function* nothing(): Act<void> {}
