/**
 * Runs much on the build that counts branches: recordings, fuzzed programs, and recordings in which things go wrong. Gathers
 * the numbers of the branches that any of it reaches.
 */
import { FAULT_KINDS } from '../../host/faults/sweep.ts';
import { BranchCounters } from '../../host/fuzz/branchcounters.ts';
import { Fuzzer } from '../../host/fuzz/fuzzer.ts';
import type { Guest } from '../../host/guest/guest.ts';
import type { Injection } from '../../host/injector.ts';
import { type BootOptions, Machine, STRATEGIES, type Strategy } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import type { Snapshot } from '../../host/snapshot.ts';
import { EventHash } from '../../host/trace/eventhash.ts';
import type { Journal, Step } from '../../host/trace/journal.ts';
import { BinderlabError } from '../../host/wire/error.ts';

/** MiB. */
const MEMORY = 16;
/** A copy faults at its first byte, and after some bytes. */
const COPY_BYTES: readonly number[] = [0, 10];
/** How many failures of each kind are tried in a recording, and about how many steps they may take together. */
const FAILURES_MAX = 6;
const STEPS_MAX = 600;

/** A moment of a run, and how many occasions there were before it. */
interface Moment {
  readonly snapshot: Snapshot;
  readonly passed: number;
}

/** A share of the fuzzed programs. */
export interface FuzzShare {
  readonly first: number;
  readonly stride: number;
  readonly steps: number;
  readonly seed: number;
}

export class Gathering {
  readonly reached = new Set<number>();
  readonly #counters = new WeakMap<Guest, BranchCounters>();

  constructor(private readonly wasm: WebAssembly.Module) {}

  /** @returns Whether the journal comes out as recorded. */
  replay(journal: Journal): boolean {
    const machine = this.#boot(journal, { memoryMiB: 64 });
    const { equal, steps } = replay(journal, () => machine);
    this.#count(machine);
    return equal === steps;
  }

  /** The same with events, checks and looks, under every strategy. The outputs may be others. */
  watch(journal: Journal): void {
    for (const strategy of STRATEGIES) {
      const machine = this.#boot(journal, { strategy, memoryMiB: 64 });
      const events = new EventHash();
      events.follow(machine.guest);
      for (const step of journal.steps) tryStep(machine, step);
      for (const process of machine.processes) if (process.alive) machine.framesResident(process);
      machine.kernelBytesReserved();
      machine.end();
      this.#count(machine);
    }
  }

  /**
   * Failures in a journal, each from the moment before it: of each kind some, at equal distances. Each journal begins with
   * another one. A long journal is left out.
   */
  sweep(journal: Journal, strategy: Strategy): void {
    if (journal.steps.length > STEPS_MAX / 2) return;
    for (const what of FAULT_KINDS) this.#sweep(journal, strategy, what);
  }

  #sweep(journal: Journal, strategy: Strategy, what: Injection['what']): void {
    const count = Math.min(FAILURES_MAX, Math.floor(STEPS_MAX / journal.steps.length));
    const machine = this.#boot(journal, { strategy });
    const counted = machine.inject({ what, nth: 0 });
    const moments: Moment[] = [];
    for (const step of journal.steps) {
      moments.push({ snapshot: machine.snapshot(), passed: counted.passed });
      tryStep(machine, step);
    }
    this.#count(machine);
    const last = counted.passed;
    const every = Math.max(1, Math.ceil(last / count));
    for (let nth = 1 + (journal.steps.length % every); nth <= last; nth += every) {
      for (const bytes of what === 'copy' ? COPY_BYTES : [0]) {
        this.#fail(machine, { what, nth, bytes }, moments, journal.steps);
      }
    }
  }

  fuzz(recordings: readonly Journal[], { first, stride, steps, seed }: FuzzShare, told: (steps: number) => void): void {
    const common = { wasm: this.wasm, other: this.wasm, strategies: STRATEGIES, memory: MEMORY };
    const fuzzer = new Fuzzer({ ...common, seed, checkEvery: 0, thoroughEvery: 0, recordings });
    for (let number = first; fuzzer.tally.steps < steps; number += stride) {
      fuzzer.run(number);
      told(fuzzer.tally.steps);
    }
    for (const branch of fuzzer.branches ?? []) this.reached.add(branch);
  }

  #fail(machine: Machine, injection: Injection, moments: readonly Moment[], steps: readonly Step[]): void {
    const next = moments.findIndex(({ passed }) => passed >= injection.nth);
    const at = (next < 0 ? moments.length : next) - 1;
    const { snapshot, passed } = moments[at] as Moment;
    machine.restore(snapshot);
    machine.inject({ ...injection, nth: injection.nth - passed });
    for (const step of steps.slice(at)) tryStep(machine, step);
    machine.end();
    this.#count(machine);
  }

  #boot(journal: Journal, options: BootOptions): Machine {
    return Machine.fromHeader(journal.header, { wasm: this.wasm, memoryMiB: MEMORY, journal: false, ...options });
  }

  #count({ guest }: Machine): void {
    const counters = this.#counters.get(guest) ?? new BranchCounters(guest);
    this.#counters.set(guest, counters);
    const { counts } = counters;
    for (let id = 0; id < counts.length; id++) if (counts[id] !== 0) this.reached.add(id);
  }
}

/** Performs a step, if it is possible. */
function tryStep(machine: Machine, step: Step): void {
  try {
    machine.perform(step);
  } catch (error) {
    if (!(error instanceof BinderlabError)) throw error;
  }
}
