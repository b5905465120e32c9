/**
 * Injection: an allocation or a copy that fails because a test asks for it, and not because memory is out. This file counts;
 * the allocators and `uaccess` ask whether theirs is the one. Only one kind is counted at a time.
 *
 * A hot path never asks. While its kind is counted it is led to its slow path, which asks: caches show no free object
 * (lib/slab), no reservation is small enough (alloc), the TLB knows no page (uaccess).
 */
import { INJECT_COPY } from '../abi/machine';

@unmanaged
class Injection {
  what: u8; // INJECT_*: what is counted
  paused: bool; // a counted copy is being made
  nth: u32; // the one to fail, from 1; 0: none
  bytes: u32; // of a copy: how many arrive before it faults
  passed: u32; // how many there have been
}

const state = changetype<Injection>(memory.data(offsetof<Injection>(), 4));

/** Counts INJECT_* from now on. Number `nth` fails; 0: none. Of a copy, `bytes` bytes arrive. */
export function injectionSet(what: u32, nth: u32, bytes: u32): void {
  state.what = <u8>what;
  state.nth = nth;
  state.bytes = bytes;
  state.passed = 0;
}

export function injectionCounts(what: u32): bool {
  return <u32>state.what == what;
}

/** How many of the counted kind there have been. */
export function injectionPassed(): u32 {
  return state.passed;
}

/** Counts an allocation of that kind: whether it is to fail. */
export function injectionDue(what: u32): bool {
  return <u32>state.what == what && ++state.passed == state.nth;
}

/** Whether the next copy is to be counted. */
export function injectionCountsCopies(): bool {
  return state.what == <u8>INJECT_COPY && !state.paused;
}

/** Counts a copy of `size` bytes, and lets it pass until `injectionCopied`. Returns how many of its bytes arrive. */
export function injectionCopy(size: u32): u32 {
  assert(!state.paused, 'injectionCopy: a copy inside of a copy');
  state.paused = true;
  return ++state.passed == state.nth ? min(size, state.bytes) : size;
}

export function injectionCopied(): void {
  state.paused = false;
}
