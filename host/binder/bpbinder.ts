/**
 * BpBinder: the proxy of an object in another process. A process has one for each handle. Owns the references that the
 * driver counts for it:
 *
 *     first received      BC_INCREFS, BC_ACQUIRE         a weak and a strong reference
 *     last released       BC_RELEASE, then BC_DECREFS    the weak one once all death links are confirmed
 *     linkToDeath         BC_REQUEST_DEATH_NOTIFICATION  for the first recipient
 *     unlinked, notified  BC_CLEAR_DEATH_NOTIFICATION    BR_CLEAR_DEATH_NOTIFICATION_DONE confirms it
 *     or released
 */

import type { Process } from '../os/process.ts';
import { type Act, isAct } from '../sim/request.ts';
import { noteMethods } from '../sim/unrun.ts';
import { BinderlabError } from '../wire/error.ts';
import {
  DUMP_TRANSACTION,
  FIRST_CALL_TRANSACTION,
  INTERFACE_TRANSACTION,
  LAST_CALL_TRANSACTION,
  PING_TRANSACTION,
  WARNED_SIZE,
} from './bbinder.ts';
import { type DeathRecipient, type FlatBinder, type IBinder, Parcel } from './parcel.ts';
import { isStability, STABILITY_SYSTEM, STABILITY_UNDECLARED, stabilityCovers, stabilityName } from './stability.ts';
import { STATUS, StatusError } from './status.ts';

/** The thread that passes a proxy's calls to the driver. */
export interface Courier {
  transact(handle: number, code: number, data: Parcel, flags: number): Act<Parcel>;
  /** Sends its pending commands, unless it will do so soon anyway. */
  flushIfNeeded(): Act<void>;
  flushCommands(): Act<void>;
  incWeakHandle(handle: number): void;
  incStrongHandle(handle: number): void;
  decStrongHandle(handle: number): void;
  decWeakHandle(handle: number): void;
  requestDeathNotification(handle: number, cookie: number): void;
  clearDeathNotification(handle: number, cookie: number): void;
}

/** The process that a proxy belongs to. */
interface ProxyHome {
  readonly process: Process;
  /** Whether one of its threads takes calls, or will soon: only such a thread receives death notifications while idle. */
  readonly listens: boolean;
  /** The calling thread. @throws BinderlabError for a thread of another process. */
  courier(): Act<Courier>;
  /** Called when the driver has no reference of the proxy any more. */
  forget(proxy: BpBinder): void;
}

export class BpBinder implements IBinder {
  #stability = STABILITY_UNDECLARED;
  #alive = true;
  /** How often it was received minus how often it was released. */
  #strong = 0;
  /** Whether the driver holds a weak reference for it. */
  #weak = false;
  #recipients: DeathRecipient[] = [];
  /** Whether the recipients were notified. */
  #obituarySent = false;
  /** Death links whose removal the driver has not confirmed. */
  #links = 0;

  /** @internal */ constructor(
    private readonly home: ProxyHome,
    readonly handle: number,
    /** The cookie of this proxy in death notifications. */
    readonly cookie: number,
  ) {}

  get stability(): number {
    return this.#stability;
  }

  *transact(code: number, data: Parcel, flags = 0): Act<Parcel> {
    this.#check();
    if (!this.#alive) throw dead(`the process behind handle ${this.handle} is dead`);
    this.#checkStability(code);
    const courier = yield* this.home.courier();
    try {
      return yield* courier.transact(this.handle, code, data, flags);
    } catch (error) {
      if (error instanceof StatusError && error.status === STATUS.DEAD_OBJECT) this.#alive = false;
      throw error;
    } finally {
      if (data.dataSize > WARNED_SIZE) this.#warn(`a large request of ${data.dataSize} bytes, code ${code}`);
    }
  }

  /** @internal */ flat(): FlatBinder {
    this.#check();
    return { type: 'handle', handle: this.handle };
  }

  /** False once a failed call or a death notification showed that its process is dead. */
  isBinderAlive(): boolean {
    return this.#alive;
  }

  *pingBinder(): Act<boolean> {
    try {
      (yield* this.transact(PING_TRANSACTION, new Parcel())).recycle();
      return true;
    } catch (error) {
      if (error instanceof StatusError) return false;
      throw error;
    }
  }

  /** Pings the object. */
  *getInterfaceDescriptor(): Act<string> {
    const reply = yield* this.transact(INTERFACE_TRANSACTION, new Parcel());
    const descriptor = reply.readString16();
    reply.recycle();
    return descriptor;
  }

  *dump(fd: number, args: readonly string[]): Act<void> {
    const data = new Parcel().writeFileDescriptor(fd).writeInt32(args.length);
    for (const arg of args) data.writeString16(arg);
    (yield* this.transact(DUMP_TRANSACTION, data)).recycle();
  }

  /** @internal Counts one reception; the first one takes the references. */
  hold(courier: Courier): void {
    if (this.#strong++ > 0) return;
    if (!this.#weak) courier.incWeakHandle(this.handle);
    this.#weak = true;
    courier.incStrongHandle(this.handle);
  }

  /** Releases it once. Call it once for each reception; the last call drops the driver's references. */
  *release(): Act<void> {
    this.#check();
    if (--this.#strong > 0) return;
    const courier = yield* this.home.courier();
    courier.decStrongHandle(this.handle);
    if (this.#recipients.length > 0) courier.clearDeathNotification(this.handle, this.cookie);
    this.#recipients = [];
    this.#letGo(courier);
    yield* courier.flushIfNeeded();
  }

  *linkToDeath(recipient: DeathRecipient): Act<void> {
    this.#check();
    if (this.#obituarySent) throw dead('the process has died already');
    this.#recipients.push(recipient);
    if (this.#recipients.length > 1) return;
    if (!this.home.listens) {
      this.#warn(`a link to the death of handle ${this.handle}, and no thread that listens for it`);
    }
    const courier = yield* this.home.courier();
    this.#links++;
    courier.requestDeathNotification(this.handle, this.cookie);
    yield* courier.flushCommands();
  }

  *unlinkToDeath(recipient: DeathRecipient): Act<void> {
    if (this.#obituarySent) throw dead('the process is dead, and the recipient was notified');
    const index = this.#recipients.indexOf(recipient);
    if (index < 0) throw new StatusError(STATUS.NAME_NOT_FOUND, 'this recipient is not linked to the death');
    this.#recipients.splice(index, 1);
    if (this.#recipients.length > 0) return;
    const courier = yield* this.home.courier();
    courier.clearDeathNotification(this.handle, this.cookie);
    yield* courier.flushCommands();
  }

  /** @internal The driver reports the death of the process: notifies all recipients. */
  *sendObituary(courier: Courier): Act<void> {
    this.#alive = false;
    if (this.#obituarySent) return;
    this.#obituarySent = true;
    const recipients = this.#recipients;
    this.#recipients = [];
    if (recipients.length === 0) return;
    courier.clearDeathNotification(this.handle, this.cookie);
    yield* courier.flushCommands();
    for (const recipient of recipients) {
      const done = recipient.binderDied(this);
      if (isAct(done)) yield* done;
    }
  }

  /** @internal The driver confirms the removal of a death link. */
  deathCleared(courier: Courier): void {
    this.#links--;
    this.#letGo(courier);
  }

  /** @throws StatusError BAD_TYPE when the proxy has another stability, or for an invalid stability. */
  declareStability(stability: number): void {
    if (stability === this.#stability) return;
    const known = this.#stability !== STABILITY_UNDECLARED;
    if (known || !isStability(stability)) {
      const problem = known ? `is known with ${stabilityName(this.#stability)}` : 'cannot be';
      throw new StatusError(
        STATUS.BAD_TYPE,
        `handle ${this.handle} ${problem}, and not of ${stabilityName(stability)}`,
      );
    }
    this.#stability = stability;
  }

  /** Drops the last reference once nothing needs it. */
  #letGo(courier: Courier): void {
    if (this.#strong > 0 || this.#links > 0 || !this.#weak) return;
    this.#weak = false;
    courier.decWeakHandle(this.handle);
    this.home.forget(this);
  }

  #checkStability(code: number): void {
    const method = code >= FIRST_CALL_TRANSACTION && code <= LAST_CALL_TRANSACTION;
    if (!method || stabilityCovers(this.#stability, STABILITY_SYSTEM)) return;
    const what = `a method of a binder with ${stabilityName(this.#stability)} cannot be called`;
    throw new StatusError(STATUS.BAD_TYPE, `${what} from code of ${stabilityName(STABILITY_SYSTEM)}`);
  }

  #check(): void {
    if (this.#strong > 0) return;
    throw new BinderlabError(`the proxy of handle ${this.handle} has been released: it cannot be used any more`);
  }

  #warn(text: string): void {
    this.home.process.log('warning', 'BpBinder', text);
  }
}

function dead(what: string): StatusError {
  return new StatusError(STATUS.DEAD_OBJECT, what);
}

noteMethods(BpBinder.prototype);
