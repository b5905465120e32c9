/** The ways in which message bytes get from the sender's memory into the receiver's: their names, as the guest numbers them. */
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

/** How message bytes get from the sender to the receiver; ARCHITECTURE.md tells each. */
export type Strategy = keyof typeof NUMBERS;

/** All of them, the reference first. */
export const STRATEGIES = Object.keys(NUMBERS) as readonly Strategy[];

/** @returns The guest's number for it; undefined when there is none of that name. */
export function strategyNumber(name: string): number | undefined {
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name as Strategy] : undefined;
}

/** What the flags of an mmap have to hold for a mapping of another strategy than the machine's. */
export function strategyFlags(name: Strategy): number {
  return (NUMBERS[name] + 1) << MAP_STRATEGY_SHIFT;
}
