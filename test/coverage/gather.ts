/**
 * Runs much on the build that counts branches: recordings, fuzzed programs, and recordings in which things go wrong. Gathers
 * the numbers of the branches that any of it reaches.
 */
import type { Subject } from '../../host/faults/faultrun.ts';
import { Sweep } from '../../host/faults/sweep.ts';
import { BranchCounters } from '../../host/fuzz/branchcounters.ts';
import { Fuzzer } from '../../host/fuzz/fuzzer.ts';
import { type BootOptions, Machine, STRATEGIES, type Strategy } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { EventHash } from '../../host/trace/eventhash.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { BinderlabError } from '../../host/wire/error.ts';

/** MiB. */
const MEMORY = 16;
/** Distance of the failures that are tried in a recording: each recording begins with another one. */
const SWEPT_EVERY = 16;

export class Gathering {
  readonly reached = new Set<number>();

  constructor(private readonly wasm: WebAssembly.Module) {}

  /** @returns Whether the journal comes out as recorded. */
  replay(journal: Journal): boolean {
    const machine = this.#boot(journal, {});
    const { equal, steps } = replay(journal, () => machine);
    this.#count(machine);
    return equal === steps;
  }

  /** The same with events, checks and looks, under another strategy. The outputs may be others. */
  watch(journal: Journal, strategy: Strategy): void {
    const machine = this.#boot(journal, { strategy });
    const events = new EventHash();
    events.follow(machine.guest);
    perform(machine, journal);
    for (const process of machine.processes) if (process.alive) machine.framesResident(process);
    machine.kernelBytesReserved();
    machine.end();
    this.#count(machine);
  }

  /** Every few of the failures in a journal. @param first The number of the first one. */
  async sweep(journal: Journal, strategy: Strategy, first: number): Promise<void> {
    let machine: Machine | null = null;
    const done = () => {
      if (machine !== null) this.#count(machine);
      machine = null;
    };
    const subject: Subject = {
      name: journal.header.name,
      boot: (options) => {
        done();
        machine = Machine.fromHeader(journal.header, options);
        return machine;
      },
      run: (one) => perform(one, journal),
      isOwn: () => false,
    };
    const boot = { wasm: this.wasm, strategy, memoryMiB: MEMORY };
    const kinds = ['frame', 'object', 'buffer', 'copy', 'signal', 'timer', 'death', 'shrinker'] as const;
    await new Sweep(subject, { boot, kinds, from: first, to: Number.MAX_SAFE_INTEGER, every: SWEPT_EVERY }).run();
    done();
  }

  fuzz(recordings: readonly Journal[], steps: number, seed: number): void {
    const common = { wasm: this.wasm, other: this.wasm, strategies: STRATEGIES, memory: MEMORY };
    const fuzzer = new Fuzzer({ ...common, seed, checkEvery: 50, thoroughEvery: 0, recordings });
    for (let number = 0; fuzzer.tally.steps < steps; number++) fuzzer.run(number);
    for (const branch of fuzzer.branches ?? []) this.reached.add(branch);
  }

  #boot(journal: Journal, options: BootOptions): Machine {
    return Machine.fromHeader(journal.header, { wasm: this.wasm, memoryMiB: 64, journal: false, ...options });
  }

  #count({ guest }: Machine): void {
    for (const [id, count] of new BranchCounters(guest).counts.entries()) if (count > 0) this.reached.add(id);
  }
}

/** Performs what is possible of a journal's inputs. */
function perform(machine: Machine, journal: Journal): void {
  for (const step of journal.steps) {
    try {
      machine.perform(step);
    } catch (error) {
      if (!(error instanceof BinderlabError)) throw error;
    }
  }
}
