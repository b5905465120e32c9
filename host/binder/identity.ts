/**
 * The identity for which a thread works: the caller, the work source, and the strict mode policy. Replaced while a call is
 * served, and restored afterwards.
 */
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { type RequestHeader, WORK_SOURCE_UNSET } from './parcel.ts';

/** The caller. */
export interface CallingIdentity {
  /** 0 for a oneway call: the driver does not report it. */
  readonly pid: number;
  readonly uid: number;
  /** The security context; null when the called object did not ask for it. */
  readonly sid: string | null;
}

/** The state that setCallingWorkSourceUid replaces. */
export interface WorkSource {
  readonly uid: number;
  /** Whether outgoing calls pass the work source on. */
  readonly propagate: boolean;
}

const NO_ACTOR: WorkSource = { uid: WORK_SOURCE_UNSET, propagate: false };

interface Behalf {
  readonly caller: CallingIdentity | null;
  readonly workSource: WorkSource;
  readonly strictModePolicy: number;
  readonly transactionFlags: number;
}

export class Identity {
  /** null: the process works for itself. */
  caller: CallingIdentity | null = null;
  workSource: WorkSource = NO_ACTOR;
  strictModePolicy = 0;
  /** TF_ flags of the last call. */
  transactionFlags = 0;

  /** Begins to serve a call. @returns The value for `leave`. */
  enter(caller: CallingIdentity, flags: number): Behalf {
    const { workSource, strictModePolicy, transactionFlags } = this;
    const before = { caller: this.caller, workSource, strictModePolicy, transactionFlags };
    this.caller = caller;
    // the rest comes with the interface token of the request
    this.workSource = NO_ACTOR;
    this.transactionFlags = flags;
    return before;
  }

  leave({ caller, workSource, strictModePolicy, transactionFlags }: Behalf): void {
    this.caller = caller;
    this.workSource = workSource;
    this.strictModePolicy = strictModePolicy;
    this.transactionFlags = transactionFlags;
  }

  /** Adds what the interface token says. A oneway has no strict mode: no caller waits for it. */
  adopt({ strictModePolicy, workSource }: RequestHeader): void {
    this.strictModePolicy = (this.transactionFlags & TF_ONE_WAY) === 0 ? strictModePolicy : 0;
    this.workSource = { ...this.workSource, uid: workSource };
  }

  /** The interface token's values for requests of this thread. */
  get requestHeader(): RequestHeader {
    const { uid, propagate } = this.workSource;
    return { strictModePolicy: this.strictModePolicy, workSource: propagate ? uid : WORK_SOURCE_UNSET };
  }
}
