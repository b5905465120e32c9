/**
 * On whose behalf a thread works: who called, on whose account the work is done, and what its strict mode is. Replaced
 * while a call is served, and put back afterwards.
 */
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { type RequestHeader, WORK_SOURCE_UNSET } from './parcel.ts';

/** Who is calling. */
export interface CallingIdentity {
  /** 0 when the call is oneway: the driver does not tell. */
  readonly pid: number;
  readonly uid: number;
  /** The security context; null where the called object did not ask for it. */
  readonly sid: string | null;
}

/** What setCallingWorkSourceUid replaces. */
export interface WorkSource {
  readonly uid: number;
  /** Whether calls from here go on its account too. */
  readonly propagate: boolean;
}

const NOBODY: WorkSource = { uid: WORK_SOURCE_UNSET, propagate: false };

export interface Behalf {
  readonly caller: CallingIdentity | null;
  readonly workSource: WorkSource;
  readonly strictModePolicy: number;
  readonly transactionFlags: number;
}

export class Identity {
  /** null: the process works for itself. */
  caller: CallingIdentity | null = null;
  workSource: WorkSource = NOBODY;
  strictModePolicy = 0;
  /** TF_ flags of the call that came last. */
  transactionFlags = 0;

  /** A call begins to be served. @returns What to give to `leave` when it is over. */
  enter(caller: CallingIdentity, flags: number): Behalf {
    const { workSource, strictModePolicy, transactionFlags } = this;
    const before = { caller: this.caller, workSource, strictModePolicy, transactionFlags };
    this.caller = caller;
    // only a request that names its interface tells the rest
    this.workSource = NOBODY;
    this.transactionFlags = flags;
    return before;
  }

  leave({ caller, workSource, strictModePolicy, transactionFlags }: Behalf): void {
    this.caller = caller;
    this.workSource = workSource;
    this.strictModePolicy = strictModePolicy;
    this.transactionFlags = transactionFlags;
  }

  /** The request that is being served says more about itself. Nobody waits for a oneway: its strict mode is none. */
  adopt({ strictModePolicy, workSource }: RequestHeader): void {
    this.strictModePolicy = (this.transactionFlags & TF_ONE_WAY) === 0 ? strictModePolicy : 0;
    this.workSource = { ...this.workSource, uid: workSource };
  }

  /** What requests of this thread say. */
  get requestHeader(): RequestHeader {
    const { uid, propagate } = this.workSource;
    return { strictModePolicy: this.strictModePolicy, workSource: propagate ? uid : WORK_SOURCE_UNSET };
  }
}
