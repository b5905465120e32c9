/** What a process does with binders of others: gives them back, and calls oneways that need not arrive. */
import { BpBinder } from '../binder/bpbinder.ts';
import type { IBinder } from '../binder/parcel.ts';
import { STATUS, StatusError } from '../binder/status.ts';
import type { Act } from '../sim/request.ts';

/** Gives a binder back, unless it is one's own. Once for each time that it was received. */
export function* giveBack(...binders: readonly (IBinder | null)[]): Act<void> {
  for (const binder of binders) if (binder instanceof BpBinder) yield* binder.release();
}

/**
 * Makes a call whose callee may die at any time: its death is told elsewhere.
 *
 * @returns Whether it went out.
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
