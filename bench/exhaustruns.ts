/**
 * The runs of the allocator's exhaustive test: five buffers, every combination of alignments of their ends, at both ends
 * of the area, freed in every order. A run that fails leaves its machine inconsistent, so the next run gets a new machine.
 */
import { type ExhaustExports, type ExhaustFailure, failureOf, type Layout } from './exhaustfailure.ts';
import { ALIGNMENTS_COUNT, ORDER_COUNT } from './guest/exhaustcases.ts';

interface Outcome {
  /** Number of runs. */
  runs: number;
  failures: ExhaustFailure[];
}

interface RunChoice {
  /** Runs every Nth combination of alignments only; 1: all. */
  every?: number;
  /** Stops after this number of failures. */
  failuresMax?: number;
  /** Called after all orders of a layout. */
  onLayout?: () => void;
}

/** All layouts, or every Nth, each at both ends of the area. */
export function layouts(every = 1): Layout[] {
  const chosen: Layout[] = [];
  for (let alignments = 0; alignments < ALIGNMENTS_COUNT; alignments += every) {
    chosen.push({ alignments, atEnd: false }, { alignments, atEnd: true });
  }
  return chosen;
}

/** @param boot Makes a machine with an area; called again after a failure. */
export function exhaust(
  boot: () => ExhaustExports,
  { every = 1, failuresMax = 10, onLayout }: RunChoice = {},
): Outcome {
  const outcome: Outcome = { runs: 0, failures: [] };
  let guest = boot();
  for (const layout of layouts(every)) {
    for (let order = 0; order < ORDER_COUNT; order++) {
      const failure = firstFailure(guest, layout, order);
      const last = failure === null ? ORDER_COUNT - 1 : guest.exhaustOrder();
      outcome.runs += last - order + 1;
      order = last;
      if (failure === null) continue;
      outcome.failures.push(failure);
      if (outcome.failures.length >= failuresMax) return outcome;
      guest = boot();
    }
    onLayout?.();
  }
  return outcome;
}

/** Runs the orders from `order` on. @returns The first failure; null without one. */
function firstFailure(guest: ExhaustExports, layout: Layout, order: number): ExhaustFailure | null {
  try {
    const held = guest.exhaustOrders(layout.alignments, layout.atEnd ? 1 : 0, order);
    return held ? null : failureOf(guest, layout);
  } catch (error) {
    return failureOf(guest, layout, error as Error);
  }
}
