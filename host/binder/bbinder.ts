/** BBinder: an object that other processes can call. `onTransact` implements its calls; every object knows a few. */
import { FLAT_BINDER_FLAG_TXN_SECURITY_CTX } from '../../assembly/abi/protocol.ts';
import { type Act, isAct } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { type FlatBinder, type IBinder, Parcel } from './parcel.ts';
import { STABILITY_SYSTEM } from './stability.ts';
import { STATUS, StatusError } from './status.ts';

/** Calls that every object understands: four letters each. */
export const PING_TRANSACTION = 0x5f504e47;
export const INTERFACE_TRANSACTION = 0x5f4e5446;
export const DUMP_TRANSACTION = 0x5f444d50;
export const SHELL_COMMAND_TRANSACTION = 0x5f434d44;
const DEBUG_PID_TRANSACTION = 0x5f504944;

/** The codes that interfaces may use for their methods. */
export const FIRST_CALL_TRANSACTION = 1;
export const LAST_CALL_TRANSACTION = 0xffffff;

/** Larger messages log a warning: all calls of a process share its buffer space. */
export const WARNED_SIZE = 300 * 1024;

export class BBinder implements IBinder {
  /** May change only before the object is sent for the first time. */
  stability: number = STABILITY_SYSTEM;
  /** Whether calls from other processes carry the sender's security context. May change only before it is sent. */
  requestingSid = false;

  /** @param descriptor The name of its interface. */
  constructor(readonly descriptor: string = '') {}

  /** A call from its own process, without the driver. */
  *transact(code: number, data: Parcel, flags = 0): Act<Parcel> {
    const reply = new Parcel();
    data.dataPosition = 0;
    yield* this.receive(code, data, reply, flags);
    reply.dataPosition = 0;
    return reply;
  }

  /** @internal */ flat(): FlatBinder {
    return { type: 'local', flags: this.requestingSid ? FLAT_BINDER_FLAG_TXN_SECURITY_CTX : 0 };
  }

  /** Serves a call, local or from the driver. */
  *receive(code: number, data: Parcel, reply: Parcel, flags: number): Act<void> {
    if (code === PING_TRANSACTION) return;
    const done = this.onTransact(code, data, reply, flags);
    if (isAct(done)) yield* done;
    if (reply.dataSize <= WARNED_SIZE) return;
    const what = `a large reply of ${reply.dataSize} bytes, interface ${this.descriptor}, code ${code}`;
    (yield* sys.self()).process.log('warning', 'Binder', what);
  }

  /**
   * Implements a call. A generator when it makes system calls.
   *
   * @param reply The reply; unused for a oneway call.
   * @throws StatusError to answer with a status instead.
   */
  onTransact(code: number, data: Parcel, reply: Parcel, _flags: number): unknown {
    if (code === INTERFACE_TRANSACTION) return reply.writeString16(this.descriptor);
    if (code === DUMP_TRANSACTION) return this.#dump(data);
    if (code === DEBUG_PID_TRANSACTION) return debugPid(reply);
    const who = this.descriptor === '' ? 'the object' : this.descriptor;
    throw new StatusError(STATUS.UNKNOWN_TRANSACTION, `${who} has no method of code ${code}`);
  }

  isBinderAlive(): boolean {
    return true;
  }

  pingBinder(): Act<boolean> {
    return answered(true);
  }

  getInterfaceDescriptor(): Act<string> {
    return answered(this.descriptor);
  }

  /** Writes a description to a descriptor; by default nothing. */
  *dump(_fd: number, _args: readonly string[]): Act<void> {}

  /** @throws StatusError always: a dead object cannot notice its own death. */
  linkToDeath(): Act<void> {
    throw new StatusError(STATUS.INVALID_OPERATION, 'an object cannot be linked to the death of its own process');
  }

  unlinkToDeath(): Act<void> {
    throw new StatusError(STATUS.INVALID_OPERATION, 'an object cannot be linked to the death of its own process');
  }

  *#dump(data: Parcel): Act<void> {
    const fd = data.readFileDescriptor();
    const args = Array.from({ length: data.readInt32() }, () => data.readString16());
    yield* this.dump(fd, args);
  }
}

function* debugPid(reply: Parcel): Act<void> {
  reply.writeInt32((yield* sys.self()).process.pid);
}

/** An act without system calls. */
function* answered<T>(value: T): Act<T> {
  yield* [];
  return value;
}
