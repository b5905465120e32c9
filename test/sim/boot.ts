/** Machines for tests of programs. */
import { guestModule } from '../../host/cli/boot.ts';
import { type BootOptions, Machine } from '../../host/machine.ts';

export function bootMachine(options: Partial<BootOptions> = {}): Machine {
  return Machine.boot({ wasm: guestModule(), memoryMiB: 16, journal: true, ...options });
}
