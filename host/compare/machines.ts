/** Fresh machines for rows: one for each strategy, reset to its beginning, which is faster than a boot. */
import { type BootOptions, Machine } from '../machine.ts';
import type { RowStrategy } from './scene.ts';

export class Machines {
  readonly #made = new Map<RowStrategy, { machine: Machine; beginning: ReturnType<Machine['snapshot']> }>();

  /** @param boot Boot options of every machine; the strategy is the row's. */
  constructor(readonly boot: BootOptions) {}

  /** A machine in the state after boot. It is the machine given out before for this strategy, whose state is lost. */
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
