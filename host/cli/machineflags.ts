/** The flags that every command takes: how the machine is made. */
import type { ArgsDef } from 'citty';
import { type BootOptions, STRATEGIES, type Strategy } from '../machine.ts';
import { type Build, guestModule } from './boot.ts';
import { UsageError } from './usage.ts';

const MEMORY_MIN_MIB = 2;
const MEMORY_MAX_MIB = 2047;
const MEMORY_DEFAULT_MIB = 64;
const SEED_MAX = 0xffffffff;

export const MACHINE_FLAGS = {
  strategy: {
    type: 'string',
    valueHint: 'S',
    default: 'kmap',
    description: `How pages are mapped: ${STRATEGIES.join(', ')}`,
  },
  seed: { type: 'string', valueHint: 'N', default: '0', description: 'Seed of all that is random' },
  memory: {
    type: 'string',
    valueHint: 'MIB',
    default: String(MEMORY_DEFAULT_MIB),
    description: 'Memory of the machine, in MiB',
  },
} as const satisfies ArgsDef;

/** The machine that the flags ask for. */
export interface MachineChoice {
  strategy: Strategy;
  seed: number;
  /** MiB. */
  memory: number;
}

/** @throws UsageError for a strategy that does not exist, and for numbers that are none or out of range. */
export function machineChoice(args: { strategy: string; seed: string; memory: string }): MachineChoice {
  const strategy = STRATEGIES.find((name) => name === args.strategy);
  if (strategy === undefined) {
    throw new UsageError(`there is no strategy "${args.strategy}"; known are ${STRATEGIES.join(', ')}`);
  }
  const seed = wholeNumber('--seed', args.seed, 0, SEED_MAX);
  const memory = wholeNumber('--memory', args.memory, MEMORY_MIN_MIB, MEMORY_MAX_MIB);
  return { strategy, seed, memory };
}

/** The choice, with the code to run. */
export function machineOptions(choice: MachineChoice, build?: Build): BootOptions {
  const { strategy, seed, memory: memoryMiB } = choice;
  return { wasm: guestModule(build), strategy, seed, memoryMiB };
}

/** @throws UsageError unless `text` is a whole number in the range */
export function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${flag} must be a whole number from ${min} to ${max}, not "${text}"`);
}
