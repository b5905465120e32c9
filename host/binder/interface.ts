/**
 * Interfaces as AIDL makes them: a request begins with the interface's name, a reply with an exception code. BnInterface
 * is the service's side, BpInterface the client's.
 */
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { type Act, isAct } from '../sim/request.ts';
import { noteMethods } from '../sim/unrun.ts';
import { BBinder } from './bbinder.ts';
import { IPCThreadState } from './ipcthreadstate.ts';
import { type IBinder, Parcel } from './parcel.ts';
import { remoteException, ServiceException, StatusError } from './status.ts';

/**
 * A method: reads its arguments from `data`, writes its result to `reply`. A generator when it makes system calls. A
 * ServiceException that it throws goes to the caller.
 */
export type Method = (data: Parcel, reply: Parcel) => unknown;

export class BnInterface extends BBinder {
  /** @param methods By code, from 1. */
  constructor(
    descriptor: string,
    private readonly methods: Readonly<Record<number, Method>>,
  ) {
    super(descriptor);
  }

  override *onTransact(code: number, data: Parcel, reply: Parcel, flags: number): Act<void> {
    const method = Object.hasOwn(this.methods, code) ? this.methods[code] : undefined;
    if (method === undefined) {
      super.onTransact(code, data, reply, flags);
      return;
    }
    data.enforceInterface(this.descriptor);
    try {
      reply.writeNoException();
      const done = method(data, reply);
      if (isAct(done)) yield* done;
    } catch (error) {
      if (!(error instanceof ServiceException)) throw error;
      reply.clear();
      reply.writeException(error);
    }
  }
}

export class BpInterface {
  constructor(
    readonly remote: IBinder,
    readonly descriptor: string,
  ) {}

  /**
   * Calls a method and waits for its result.
   *
   * @param write Writes the arguments; a generator when it makes system calls.
   * @param read Reads the result. Binders in the reply stay valid afterwards, the reply does not.
   * @throws ServiceException when the method throws one.
   * @throws StatusError when the call fails: DeadObjectException, TransactionTooLargeException, or the service's status.
   */
  *call<T = void>(code: number, write: (data: Parcel) => unknown, read: (reply: Parcel) => T): Act<T> {
    const ipc = yield* IPCThreadState.selfOrNull();
    const reply = yield* this.#transact(ipc, code, write, 0);
    let result: T;
    try {
      result = read(reply.readException());
    } finally {
      reply.recycle();
    }
    yield* ipc?.flushIfNeeded() ?? nothing();
    return result;
  }

  /** Calls a oneway method: does not wait, not even for the call to begin. */
  *oneway(code: number, write: (data: Parcel) => unknown): Act<void> {
    (yield* this.#transact(yield* IPCThreadState.selfOrNull(), code, write, TF_ONE_WAY)).recycle();
  }

  *#transact(ipc: IPCThreadState | null, code: number, write: (data: Parcel) => unknown, flags: number): Act<Parcel> {
    const data = new Parcel().writeInterfaceToken(this.descriptor, ipc?.requestHeader);
    const written = write(data);
    if (isAct(written)) yield* written;
    try {
      return yield* this.remote.transact(code, data, flags);
    } catch (error) {
      throw error instanceof StatusError ? remoteException(error, data.dataSize) : error;
    }
  }
}

function* nothing(): Act<void> {}

noteMethods(BpInterface.prototype);
