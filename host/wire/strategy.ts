/** The strategies: their names, in the guest's numbering. */
import {
  MAP_STRATEGY_SHIFT,
  STRATEGY_FAULT,
  STRATEGY_HUGE,
  STRATEGY_KMAP,
  STRATEGY_PREFAULT,
  STRATEGY_REMAP,
  STRATEGY_TWO_COPY,
  STRATEGY_VMALLOC,
} from '../../assembly/abi/machine.ts';

const NUMBERS = {
  kmap: STRATEGY_KMAP,
  vmalloc: STRATEGY_VMALLOC,
  'two-copy': STRATEGY_TWO_COPY,
  prefault: STRATEGY_PREFAULT,
  huge: STRATEGY_HUGE,
  remap: STRATEGY_REMAP,
  fault: STRATEGY_FAULT,
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
  return (NUMBERS[name] + 1) << MAP_STRATEGY_SHIFT;
}
