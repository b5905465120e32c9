/** The strategies: their names, in the guest's numbering. */
import * as machine from '../../assembly/abi/machine.ts';

const NUMBERS = {
  kmap: machine.STRATEGY_KMAP,
  vmalloc: machine.STRATEGY_VMALLOC,
  'two-copy': machine.STRATEGY_TWO_COPY,
  prefault: machine.STRATEGY_PREFAULT,
  huge: machine.STRATEGY_HUGE,
  remap: machine.STRATEGY_REMAP,
  fault: machine.STRATEGY_FAULT,
} as const;

/** A way to get the bytes of a message to the receiver; ARCHITECTURE.md describes each. */
export type Strategy = keyof typeof NUMBERS;

/** All strategies, the reference first. */
export const STRATEGIES = Object.keys(NUMBERS) as readonly Strategy[];

/** @returns The guest's number of a strategy; undefined for an unknown name. */
export function strategyNumber(name: string): number | undefined {
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name as Strategy] : undefined;
}

/** Flags of an mmap that select a strategy other than the machine's. */
export function strategyFlags(name: Strategy): number {
  return (NUMBERS[name] + 1) << machine.MAP_STRATEGY_SHIFT;
}
