/**
 * BpBinder: the proxy of an object in another process. A process has one for each handle. It holds a weak and a strong
 * reference in the driver from when it is made until it has been released as often as it was received.
 */
import { BinderlabError } from '../kernel/error.ts';
import { type Act, isAct } from '../sim/request.ts';
import { INTERFACE_TRANSACTION, PING_TRANSACTION } from './bbinder.ts';
import { type FlatBinder, type IBinder, Parcel } from './parcel.ts';
import { STABILITY_UNDECLARED } from './stability.ts';
import { STATUS, StatusError } from './status.ts';

/** The thread that carries a proxy's calls to the driver. */
export interface Courier {
  transact(handle: number, code: number, data: Parcel, flags: number): Act<Parcel>;
  /** Sends what it has to tell the driver, unless it will do so soon anyway. */
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
export interface ProxyHome {
  /** The thread that asks. @throws BinderlabError when it is one of another process. */
  courier(): Act<Courier>;
  /** The proxy has been released. */
  forget(proxy: BpBinder): void;
}

/** Called when the process behind a proxy has died. */
export interface DeathRecipient {
  /** A generator where it takes system calls. */
  binderDied(who: BpBinder): unknown;
}

export class BpBinder implements IBinder {
  readonly stability: number;
  /** False once a call or the driver has told that its process died. */
  alive = true;
  /** How often it was received and not released. */
  #held = 0;
  /** null once the recipients have been told. */
  #recipients: DeathRecipient[] | null = [];

  constructor(
    private readonly home: ProxyHome,
    readonly handle: number,
    /** What the driver knows this proxy by in death notifications. */
    readonly cookie: number,
    stability: number = STABILITY_UNDECLARED,
  ) {
    this.stability = stability;
  }

  *transact(code: number, data: Parcel, flags = 0): Act<Parcel> {
    this.#check();
    if (!this.alive) throw new StatusError(STATUS.DEAD_OBJECT, `the process behind handle ${this.handle} has died`);
    const courier = yield* this.home.courier();
    try {
      return yield* courier.transact(this.handle, code, data, flags);
    } catch (error) {
      if (error instanceof StatusError && error.status === STATUS.DEAD_OBJECT) this.alive = false;
      throw error;
    }
  }

  flat(): FlatBinder {
    this.#check();
    return { type: 'handle', handle: this.handle };
  }

  /** @returns Whether the object answers. */
  *pingBinder(): Act<boolean> {
    try {
      (yield* this.transact(PING_TRANSACTION, new Parcel())).recycle();
      return true;
    } catch (error) {
      if (error instanceof StatusError) return false;
      throw error;
    }
  }

  /** Asks the object for the name of its interface. */
  *getInterfaceDescriptor(): Act<string> {
    const reply = yield* this.transact(INTERFACE_TRANSACTION, new Parcel());
    const descriptor = reply.readString16();
    reply.recycle();
    return descriptor;
  }

  /** It was received once more; the first time takes the references. */
  hold(courier: Courier): void {
    if (this.#held++ > 0) return;
    courier.incWeakHandle(this.handle);
    courier.incStrongHandle(this.handle);
  }

  /** Gives it back, once for each time that it was received; the last gives the driver's references back. */
  *release(): Act<void> {
    this.#check();
    if (--this.#held > 0) return;
    const courier = yield* this.home.courier();
    if (this.#recipients !== null && this.#recipients.length > 0) {
      courier.clearDeathNotification(this.handle, this.cookie);
    }
    courier.decStrongHandle(this.handle);
    courier.decWeakHandle(this.handle);
    this.home.forget(this);
    yield* courier.flushIfNeeded();
  }

  /** Has `recipient` told when the process behind it dies. @throws StatusError DEAD_OBJECT when it has. */
  *linkToDeath(recipient: DeathRecipient): Act<void> {
    this.#check();
    if (this.#recipients === null) throw new StatusError(STATUS.DEAD_OBJECT, 'the process has died already');
    this.#recipients.push(recipient);
    if (this.#recipients.length > 1) return;
    const courier = yield* this.home.courier();
    courier.requestDeathNotification(this.handle, this.cookie);
    yield* courier.flushCommands();
  }

  /** Takes that back. @throws StatusError NAME_NOT_FOUND when the recipient was not linked. */
  *unlinkToDeath(recipient: DeathRecipient): Act<void> {
    const index = this.#recipients?.indexOf(recipient) ?? -1;
    if (index < 0) throw new StatusError(STATUS.NAME_NOT_FOUND, 'this recipient is not linked to the death');
    this.#recipients?.splice(index, 1);
    if (this.#recipients?.length !== 0) return;
    const courier = yield* this.home.courier();
    courier.clearDeathNotification(this.handle, this.cookie);
    yield* courier.flushCommands();
  }

  /** The driver tells that the process has died: passes it on to all recipients. */
  *sendObituary(courier: Courier): Act<void> {
    this.alive = false;
    const recipients = this.#recipients;
    this.#recipients = null;
    if (recipients === null || recipients.length === 0) return;
    courier.clearDeathNotification(this.handle, this.cookie);
    yield* courier.flushCommands();
    for (const recipient of recipients) {
      const done = recipient.binderDied(this);
      if (isAct(done)) yield* done;
    }
  }

  #check(): void {
    if (this.#held > 0) return;
    throw new BinderlabError(`the proxy of handle ${this.handle} has been released: it cannot be used any more`);
  }
}
