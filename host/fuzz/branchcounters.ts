/**
 * How often a running machine has taken each branch of the guest. Works with a guest that test/coverage/instrument.js was
 * compiled into; `node build.js coverage` makes it.
 */
import type { Guest } from '../guest/guest.ts';

/**
 * What is taken: a function, an arm of `if` or `? :`, the right side of `&&` or `||`, a loop's body, a case of a switch.
 * An `else` or `default` that the source leaves out is a branch as well.
 */
type BranchKind = 'function' | 'if' | 'else' | '?' | ':' | '&&' | '||' | 'loop' | 'case' | 'default';

export interface GuestBranch {
  /** Index of its counter. */
  id: number;
  /** Path of the source from the root folder. */
  file: string;
  /** Both from 1. */
  line: number;
  column: number;
  kind: BranchKind;
}

export class BranchCounters {
  /** All branches of the guest's code. */
  readonly branches: readonly GuestBranch[];
  /**
   * How often each was taken since the guest was made, by `id`: u32 that wrap. A view of the machine's memory: it follows
   * the machine as it runs, and a snapshot that is restored brings its counts back.
   */
  readonly counts: Uint32Array;

  /** @throws Error for a guest that counts nothing. */
  constructor(guest: Guest) {
    const [section] = WebAssembly.Module.customSections(guest.module, 'branches');
    const { branchCounters } = guest.raw as Partial<{ branchCounters(): number }>;
    if (section === undefined || branchCounters === undefined) throw new Error('this guest does not count branches');
    const table: { count: number; branches: GuestBranch[] } = JSON.parse(
      new TextDecoder().decode(new Uint8Array(section)),
    );
    this.branches = table.branches;
    this.counts = new Uint32Array(guest.memory.buffer, branchCounters(), table.count);
  }

  /** The counters of a guest; null for one that counts nothing. */
  static of(guest: Guest): BranchCounters | null {
    return 'branchCounters' in guest.raw ? new BranchCounters(guest) : null;
  }

  /** Counts from 0 again. */
  clear(): void {
    this.counts.fill(0);
  }
}
