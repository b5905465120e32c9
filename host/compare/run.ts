/**
 * Runs as workloads: a script of the user, or a journal (recordings of a kernel, too). A call of a run is one
 * BINDER_WRITE_READ. `setup` counts its mmaps, `firstCall` the first call, `perCall` the mean of the others. Each includes
 * everything since the call before, such as memory accesses of processes.
 */
import { type BootOptions, Machine } from '../machine.ts';
import type { Step } from '../trace/journal.ts';
import type { Conditions, Row } from './comparison.ts';
import { modelNs } from './costs.ts';
import type { RowStrategy } from './scene.ts';
import { between, mean, sum, type Tally } from './tally.ts';

/** A run; it is performed once on each machine. */
export interface Run {
  name: string;
  kind: 'script' | 'journal';
  /** The machine at its beginning. */
  boot(options: BootOptions): Machine;
  /** Performs every step. */
  perform(machine: Machine): Promise<void> | void;
}

/** Runs it once. @throws the script's error, or BinderlabError for a journal that cannot continue. */
export async function measureRun(run: Run, strategy: RowStrategy, conditions: Conditions): Promise<Row> {
  const { machines, profile } = conditions;
  const options = { ...machines.boot, ...(strategy === null ? {} : { strategy }), journal: false };
  const machine = run.boot(options);
  const ledger = new Ledger(machine.counters());
  const stop = machine.on('step', (step) => ledger.note(step, machine.counters()));
  await run.perform(machine);
  stop();
  const { calls, setup, firstCall, perCall } = ledger;
  const row: Row = {
    workload: run.name,
    run: run.kind,
    strategy,
    send: 'inline',
    payload: 0,
    calls,
    setup,
    firstCall,
    perCall,
    systemCalls: ledger.systemCalls / Math.max(calls, 1),
    framesResident: machine.framesResident(),
    kernelBytesReserved: machine.kernelBytesReserved(),
    wallNs: null,
    modelNs: Math.round(modelNs(perCall, profile)),
  };
  machine.end();
  return row;
}

/** A journal as a run: its inputs only. */
export function journalRun(
  name: string,
  header: Parameters<typeof Machine.fromHeader>[0],
  steps: readonly Step[],
): Run {
  return {
    name,
    kind: 'journal',
    boot: (options) => Machine.fromHeader(header, options),
    perform: (machine) => {
      for (const { op, by, in: input } of steps) machine.perform({ op, by, in: input } as Step);
    },
  };
}

/** Operations of journals that are not system calls. */
const NO_CALLS: ReadonlySet<string> = new Set([
  'proc',
  'poke',
  'fill',
  'peek',
  'shrink',
  'note',
  'inject',
  'dump',
  'kill',
  'signal',
]);

/** Assigns each step's counts. */
class Ledger {
  /** Calls after the first one, at least 0. */
  calls = 0;
  systemCalls = 0;
  readonly #zero: Tally;
  #last: Tally;
  #setup: Tally;
  #first: Tally | null = null;
  #open: Tally;
  #others: Tally;

  constructor(start: Tally) {
    this.#zero = between(start, start);
    this.#last = start;
    this.#setup = this.#zero;
    this.#open = this.#zero;
    this.#others = this.#zero;
  }

  get setup(): Tally {
    return this.#setup;
  }

  get firstCall(): Tally {
    return this.#first ?? this.#zero;
  }

  get perCall(): Tally {
    return this.calls === 0 ? this.#zero : mean(this.#others, this.calls);
  }

  note({ op }: Step, counters: Tally): void {
    const counted = between(this.#last, counters);
    this.#last = counters;
    if (!NO_CALLS.has(op)) this.systemCalls++;
    if (op === 'mmap') {
      this.#setup = sum(this.#setup, counted);
      return;
    }
    this.#open = sum(this.#open, counted);
    if (op !== 'wr') return;
    if (this.#first === null) {
      this.#first = this.#open;
    } else {
      this.calls++;
      this.#others = sum(this.#others, this.#open);
    }
    this.#open = this.#zero;
  }
}
