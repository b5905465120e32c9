/** The machine's options, which every command takes. */

import type { BootOptions } from '../machine.ts';
import { HISTORICAL_BUGS, type HistoricalBug } from '../wire/historicalbugs.ts';
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

/** The option of the commands that run a script on a machine that may be wrong. */
export const BUG_OPTION = {
  bug: {
    type: 'string',
    hint: 'CVE',
    choices: HISTORICAL_BUGS,
    description: 'put a fault of an earlier driver back: the machine is wrong then',
  },
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

/** The boot option for `--bug`. Says on standard error that the machine is wrong. */
export function bugOptions({ bug }: { bug: HistoricalBug | undefined }): Pick<BootOptions, 'historicalBugs'> {
  if (bug === undefined) return {};
  console.error(
    `binderlab: this machine has the fault ${bug}, on purpose. What it does is wrong; its journal says so.`,
  );
  return { historicalBugs: [bug] };
}
