/** Fresh machines for rows: one for each strategy, taken back to its beginning, since that is quicker than a new one. */
import { type BootOptions, Machine } from '../machine.ts';
import type { RowStrategy } from './scene.ts';

export class Machines {
  readonly #made = new Map<RowStrategy, { machine: Machine; beginning: ReturnType<Machine['snapshot']> }>();

  /** @param boot How every machine is made; the strategy is the row's. */
  constructor(readonly boot: BootOptions) {}

  /** A machine as it is after boot. The one that was given out before for this strategy is the same, and lost. */
  fresh(strategy: RowStrategy): Machine {
    let made = this.#made.get(strategy);
    if (made === undefined) {
      const machine = Machine.boot({ ...this.boot, ...(strategy === null ? {} : { strategy }), journal: false });
      made = { machine, beginning: machine.snapshot() };
      this.#made.set(strategy, made);
    } else {
      made.machine.restore(made.beginning);
    }
    return made.machine;
  }
}
