/** Machines that are booted alike, one after another, on one guest: a boot copies the memory of the first one. */
import type { BootOptions } from './bootoptions.ts';
import type { Guest } from './guest/guest.ts';
import { MemoryImage } from './guest/image.ts';
import type { Machine } from './machine.ts';
import { forgetReaders } from './trace/events.ts';

export class Reboots {
  #booted: { readonly guest: Guest; readonly image: MemoryImage } | null = null;

  /** The next machine. The one before must not act any more. @param boot Called with the guest to take, if there is one. */
  next(boot: (options: Pick<BootOptions, 'guest'>) => Machine): Machine {
    if (this.#booted !== null) {
      const { guest, image } = this.#booted;
      image.restore(guest);
      forgetReaders(guest);
      return boot({ guest });
    }
    const machine = boot({});
    this.#booted = { guest: machine.guest, image: MemoryImage.take(machine.guest, null) };
    return machine;
  }

  /** Gives the guest up, to those who may still act on it. */
  leave(): void {
    this.#booted = null;
  }
}
