/** Handling of other processes' binders: releasing them, and oneways that need not arrive. */
import { BpBinder } from '../binder/bpbinder.ts';
import type { IBinder } from '../binder/parcel.ts';
import { STATUS, StatusError } from '../binder/status.ts';
import type { Act } from '../sim/request.ts';

/** Releases a binder, unless it is local. Once for each reception. */
export function* giveBack(...binders: readonly (IBinder | null)[]): Act<void> {
  for (const binder of binders) if (binder instanceof BpBinder) yield* binder.release();
}

/**
 * Makes a call to a process that may die at any time; its death is reported elsewhere.
 *
 * @returns Whether it was sent.
 */
export function* tell(call: Act<void>): Act<boolean> {
  try {
    yield* call;
    return true;
  } catch (error) {
    if (error instanceof StatusError && error.status === STATUS.DEAD_OBJECT) return false;
    throw error;
  }
}
