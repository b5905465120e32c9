/**
 * What the hot path is to keep to. The first is what Linux's own driver takes when it is compiled natively and called
 * without a kernel around it, the second what it takes with its locks, uncontended; in nop calls of the same machine.
 */
import type { Limit } from '../host/cli/benchprocess.ts';

export const LIMITS: readonly Limit[] = [
  { case: 'round-trip/driver/4', of: null, most: 190 },
  { case: 'round-trip/host/4', of: null, most: 480 },
  { case: 'oneway/driver/65536', of: 'memory-copy/65536', share: 0.65 },
  { case: 'oneway/driver/524288', of: 'memory-copy/524288', share: 0.78 },
  { case: 'boot', of: 'boot/instantiate', most: 3 },
];
