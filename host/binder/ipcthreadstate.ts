/**
 * IPCThreadState: one thread's exchange with the driver. Owns the commands to be sent, the returns to be handled, and
 * the call that the thread serves.
 *
 *     transact -> talkWithDriver <-> BINDER_WRITE_READ
 *                 waitForResponse -> BR_REPLY: done; any other return: executeCommand
 *     joinThreadPool -> talkWithDriver, executeCommand, in a loop
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
import type { Process } from '../os/process.ts';
import type { WriteReadCall } from '../os/writeread.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import type { SimThread } from '../sim/thread.ts';
import type { Command } from '../wire/command.ts';
import { bc } from '../wire/commands.ts';
import { i32At, NO_BYTES } from '../wire/endian.ts';
import { errnoName } from '../wire/errno.ts';
import { BinderlabError } from '../wire/error.ts';
import { extendedErrorOf, u32Bytes } from '../wire/ioctls.ts';
import type { Placed } from '../wire/objects.ts';
import type { Return, TransactionReturn } from '../wire/returns.ts';
import { unsent } from '../wire/stream.ts';
import { textOfBytes } from '../wire/text.ts';
import { BBinder } from './bbinder.ts';
import type { BpBinder, Courier } from './bpbinder.ts';
import { complain, takeComplaint } from './complaints.ts';
import { type CallingIdentity, Identity, type WorkSource } from './identity.ts';
import type { LocalObjects } from './objects.ts';
import { type IBinder, Parcel, type ReceivedBinder, type RequestHeader, WORK_SOURCE_UNSET } from './parcel.ts';
import { Staging } from './staging.ts';
import { STATUS, StatusError, statusName } from './status.ts';

/** The part of the process that its threads need. */
interface IpcProcess {
  readonly process: Process;
  /** Descriptor of the driver. */
  readonly fd: number;
  readonly objects: LocalObjects;
  /** The object behind handle 0 in other processes; null unless this process is the context manager. */
  readonly contextObject: BBinder | null;
  proxy(handle: number): BpBinder;
  /** The proxy of a death notification's cookie; undefined when it was released since. */
  proxyByCookie(cookie: bigint): BpBinder | undefined;
  /** The driver asks for one more thread. */
  spawnPooledThread(isMain: boolean): Act<void>;
  /** A thread started or stopped to take calls. */
  joined(change: 1 | -1): void;
  /** A pool thread started or finished a call. */
  executing(change: 1 | -1): Act<void>;
}

/** Size of the read buffer. */
const READ_CAPACITY = 256;
/** Upper bound of a security context's length. */
const SID_MAX = 256;
/** libbinder fills the target of a reply with ones; the driver ignores it. */
const NO_TARGET = 0xffffffff;

const states = new WeakMap<SimThread, IPCThreadState>();

export class IPCThreadState implements Courier {
  /** Commands to be sent. */
  #out: Command[] = [];
  /** Returns to be handled. */
  #in: Return[] = [];
  /** The last call of the driver. */
  #call: WriteReadCall | null = null;
  #isLooper = false;
  /** The calls that it serves, nested. */
  #serving = 0;
  readonly #identity = new Identity();
  /** Descriptors of received and sent messages; closed before the thread enters the driver again. */
  #closing: number[] = [];
  readonly #staging = new Staging();

  /** @internal */ constructor(
    readonly thread: SimThread,
    private readonly home: IpcProcess,
  ) {
    states.set(thread, this);
    thread.atExit(() => this.#leave());
  }

  /** The state of the calling thread. @throws BinderlabError before its process has opened the driver. */
  static *self(): Act<IPCThreadState> {
    const thread = yield* sys.self();
    const state = states.get(thread);
    if (state !== undefined) return state;
    throw new BinderlabError(`${thread.name} has no part in Binder yet: "yield* ProcessState.self()" comes first.`);
  }

  /** As `self`; null before its process has opened the driver. */
  static *selfOrNull(): Act<IPCThreadState | null> {
    return states.get(yield* sys.self()) ?? null;
  }

  /** @internal The state of a thread; created when it has none. */
  static of(thread: SimThread, home: IpcProcess): IPCThreadState {
    return states.get(thread) ?? new IPCThreadState(thread, home);
  }

  /** Whether it serves a call. */
  isServingCall(): boolean {
    return this.#serving > 0;
  }

  /** While a call is served: pid of the caller, 0 for a oneway. Otherwise this process's own. */
  getCallingPid(): number {
    return this.#identity.caller?.pid ?? this.thread.process.pid;
  }

  /** While a call is served: uid of the caller. Otherwise this process's own. */
  getCallingUid(): number {
    return this.#identity.caller?.uid ?? this.thread.process.uid;
  }

  /** Security context of the caller, while a call is served whose object asks for it; otherwise null. */
  getCallingSid(): string | null {
    return this.#identity.caller?.sid ?? null;
  }

  /** Replaces the caller's identity by this process's own. @returns A token that restores it. */
  clearCallingIdentity(): CallingIdentity | null {
    const { caller } = this.#identity;
    this.#identity.caller = null;
    return caller;
  }

  restoreCallingIdentity(caller: CallingIdentity | null): void {
    this.#identity.caller = caller;
  }

  /** The uid of the work source; -1 for none. */
  getCallingWorkSourceUid(): number {
    return this.#identity.workSource.uid;
  }

  /** Sets the work source of this thread and of its outgoing calls. @returns A token that restores the former one. */
  setCallingWorkSourceUid(uid: number): WorkSource {
    const { workSource } = this.#identity;
    this.#identity.workSource = { uid, propagate: true };
    return workSource;
  }

  /** Clears the work source. @returns A token that restores the former one. */
  clearCallingWorkSource(): WorkSource {
    return this.setCallingWorkSourceUid(WORK_SOURCE_UNSET);
  }

  restoreCallingWorkSource(workSource: WorkSource): void {
    this.#identity.workSource = workSource;
  }

  /** The strict mode policy: its own, or that of the call which it serves. */
  get strictModePolicy(): number {
    return this.#identity.strictModePolicy;
  }

  set strictModePolicy(policy: number) {
    this.#identity.strictModePolicy = policy | 0;
  }

  /** TF_ flags of the call that it serves. */
  get lastTransactionBinderFlags(): number {
    return this.#identity.transactionFlags;
  }

  /** @internal The values of its interface tokens. */
  get requestHeader(): RequestHeader {
    return this.#identity.requestHeader;
  }

  /**
   * Calls the object behind a handle.
   *
   * @returns The reply; empty for a oneway call.
   * @throws StatusError when no reply arrives, or when the reply is a status.
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
   * @param isMain Whether the process created the thread of its own accord, not at the driver's request.
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

  /** Sends the pending commands, without reading. */
  *flushCommands(): Act<void> {
    yield* this.#talkWithDriver(false);
  }

  /** As `flushCommands`, unless the thread enters the driver soon anyway: it serves a call, or loops in the pool. */
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
    // the driver has no work for a thread that it asked for
    if (next.name === 'BR_FINISHED') return isMain;
    yield* this.home.executing(1);
    yield* this.#executeCommand(next);
    yield* this.home.executing(-1);
    return true;
  }

  /** Sends the commands; also reads, when no return is left to handle. */
  *#talkWithDriver(receive = true): Act<void> {
    const read = receive && this.#in.length === 0;
    // commands wait until the returns are handled
    if (receive && !read) return;
    yield* this.#closeDescriptors();
    if (!read && this.#out.length === 0) return;
    let commands = this.#out;
    this.#out = [];
    for (;;) {
      const call = yield* sys.writeRead(this.home.fd, commands, { readSize: read ? READ_CAPACITY : 0 });
      if (call.errno !== 'EINTR') {
        this.#call = call;
        if (read) this.#in = [...call.returns];
        return;
      }
      commands = unsent(commands, call.writeConsumed ?? 0);
    }
  }

  /** @returns The reply; null when none is expected. */
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
          throw yield* this.#failure(STATUS.DEAD_OBJECT, 'the called process is dead, or died during the call');
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
        throw new BinderlabError(`${this.thread.name} read the unknown word 0x${one.word.toString(16)}`);
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
    // a handler that fails keeps nothing of the message
    if (status !== STATUS.OK) for (const proxy of proxies) yield* proxy.release();
    data.recycle();
    this.#serving--;
    this.#identity.leave(before);
    if ((call.flags & TF_ONE_WAY) === 0) yield* this.#sendReply(reply, status, call.flags & TF_CLEAR_BUF);
  }

  /** @returns The status of the call: 0, or the one that the object threw. */
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
   * Reads a message in the mapping, where it stays until the parcel is recycled.
   *
   * @param proxies Receives every proxy that is read from it.
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

  /** Assigns addresses to a message's own objects, and holds them while it is in flight. */
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

  /** The driver has the message: releases what was held for it. */
  #unseal(data: Parcel, sent: readonly BBinder[]): void {
    for (const binder of sent) this.home.objects.sent(binder);
    this.#closing.push(...data.takeOwnedDescriptors());
  }

  *#closeDescriptors(): Act<void> {
    for (let fd = this.#closing.shift(); fd !== undefined; fd = this.#closing.shift()) yield* sys.close(fd);
  }

  /** The thread exits, its process lives: BINDER_THREAD_EXIT. */
  *#leave(): Act<void> {
    yield* this.flushCommands();
    yield* sys.ioctl(this.home.fd, BINDER_THREAD_EXIT, { poke: u32Bytes(0) });
  }

  #sidOf({ secctx }: TransactionReturn): string | null {
    if (secctx === 0) return null;
    const bytes = this.#load(secctx, SID_MAX);
    const end = bytes.indexOf(0);
    return textOfBytes(end < 0 ? bytes : bytes.subarray(0, end));
  }

  #payload(message: Parcel): { data: Uint8Array | Placed; offsets: number[] } {
    const { process, kernel } = this.thread;
    const data = this.#staging.place(message.bytes, kernel, (length) => process.alloc(length));
    return { data, offsets: [...message.offsets] };
  }

  /** The error of a call without a reply, with the driver's reason. */
  *#failure(status: number, what: string): Act<StatusError> {
    const query = { poke: new Uint8Array(EXTENDED_ERROR_SIZE), outLen: EXTENDED_ERROR_SIZE, mayFail: true };
    const complaint = this.#call?.complaint;
    const call = yield* sys.ioctl(this.home.fd, BINDER_GET_EXTENDED_ERROR, query);
    const { id, command, param } = extendedErrorOf(call.bytes);
    const why = param < 0 ? ` (transaction ${id}, ${command}, ${errnoName(-param)})` : '';
    const text = `${this.thread.name}: the call failed with ${statusName(status)}: ${what}${why}`;
    return new StatusError(status, complaint ? `${text}: ${complaint}` : text);
  }
}

function* nothing(): Act<void> {}
