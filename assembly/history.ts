/**
 * The faults of earlier drivers that this machine has (abi/history), and the first misuse of memory by one. None is on unless the
 * host turns it on after the boot. A fault is asked for in rare paths only. It is a model of the driver's state: a write to a free
 * object is noted and not made.
 */
import { MISUSE_NONE } from './abi/history';

@unmanaged
class History {
  bugs: u32;
  misuse: i32; // MISUSE_*
  address: usize;
  wanted: i32;
  found: i32;
}

const history = changetype<History>(memory.data(offsetof<History>(), 4));

/** Turns faults on (BUG_*), for good. */
export function historicalBugs(bugs: u32): void {
  history.bugs |= bugs;
}

export function bugOn(bug: u32): bool {
  return (history.bugs & bug) != 0;
}

/** Notes a misuse, unless one is noted already. */
export function misuseNote(misuse: i32, address: usize, wanted: i32, found: i32): void {
  if (history.misuse != MISUSE_NONE) return;
  history.misuse = misuse;
  history.address = address;
  history.wanted = wanted;
  history.found = found;
}

/** MISUSE_* of the first one. */
export function misuseKind(): i32 {
  return history.misuse;
}

export function misuseAddress(): usize {
  return history.address;
}

export function misuseWanted(): i32 {
  return history.wanted;
}

export function misuseFound(): i32 {
  return history.found;
}
