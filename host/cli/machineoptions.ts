/** The machine's options, which every command takes. */

import type { BootOptions } from '../machine.ts';
import { STRATEGIES, type Strategy } from '../wire/strategy.ts';
import { type Build, guestModule } from './boot.ts';
import type { Options } from './command.ts';
import { wholeNumber } from './number.ts';

const MEMORY_MIN_MIB = 2;
const MEMORY_MAX_MIB = 2047;
const SEED_MAX = 0xffffffff;

export const MACHINE_OPTIONS = {
  strategy: { type: 'string', hint: 'S', default: 'kmap', choices: STRATEGIES, description: 'how pages are mapped' },
  seed: { type: 'string', hint: 'N', default: '0', description: 'seed of all that is random' },
  memory: { type: 'string', hint: 'MIB', default: '64', description: 'memory of the machine, in MiB' },
} as const satisfies Options;

/** The machine that the options request. */
export interface MachineChoice {
  strategy: Strategy;
  seed: number;
  /** MiB. */
  memory: number;
}

/** @throws UsageError for invalid numbers and for numbers out of range. */
export function machineChoice(args: { strategy: Strategy; seed: string; memory: string }): MachineChoice {
  const seed = wholeNumber('--seed', args.seed, 0, SEED_MAX);
  const memory = wholeNumber('--memory', args.memory, MEMORY_MIN_MIB, MEMORY_MAX_MIB);
  return { strategy: args.strategy, seed, memory };
}

/** The boot options of the choice, with the guest's code. */
export function machineOptions(choice: MachineChoice, build?: Build): BootOptions {
  const { strategy, seed, memory: memoryMiB } = choice;
  return { wasm: guestModule(build), strategy, seed, memoryMiB };
}
