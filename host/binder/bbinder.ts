/** BBinder: an object that others can call. What calls mean is `onTransact`'s business; every object knows a few. */
import { type Act, isAct } from '../sim/request.ts';
import { type FlatBinder, type IBinder, Parcel } from './parcel.ts';
import { STABILITY_SYSTEM } from './stability.ts';
import { STATUS, StatusError } from './status.ts';

/** Calls that every object understands: four letters each. */
export const PING_TRANSACTION = 0x5f504e47;
export const INTERFACE_TRANSACTION = 0x5f4e5446;
export const DUMP_TRANSACTION = 0x5f444d50;
export const SHELL_COMMAND_TRANSACTION = 0x5f434d44;

/** The codes that interfaces may use for their methods. */
export const FIRST_CALL_TRANSACTION = 1;
export const LAST_CALL_TRANSACTION = 0xffffff;

export class BBinder implements IBinder {
  readonly stability: number = STABILITY_SYSTEM;

  /** @param descriptor The name of its interface. */
  constructor(readonly descriptor: string = '') {}

  /** A call from its own process: the driver has no part in it. */
  *transact(code: number, data: Parcel, flags = 0): Act<Parcel> {
    const reply = new Parcel();
    data.dataPosition = 0;
    yield* this.receive(code, data, reply, flags);
    reply.dataPosition = 0;
    return reply;
  }

  flat(): FlatBinder {
    return { type: 'local', flags: 0 };
  }

  /** Takes a call, wherever it comes from. */
  *receive(code: number, data: Parcel, reply: Parcel, flags: number): Act<void> {
    if (code === PING_TRANSACTION) return;
    const done = this.onTransact(code, data, reply, flags);
    if (isAct(done)) yield* done;
  }

  /**
   * Does what a call asks for; a generator where that takes system calls.
   *
   * @param reply What goes back, unless the call is oneway.
   * @throws StatusError to answer with a status instead.
   */
  onTransact(code: number, _data: Parcel, reply: Parcel, _flags: number): unknown {
    if (code === INTERFACE_TRANSACTION) return reply.writeString16(this.descriptor);
    const who = this.descriptor === '' ? 'the object' : this.descriptor;
    throw new StatusError(STATUS.UNKNOWN_TRANSACTION, `${who} has no method of code ${code}`);
  }
}
