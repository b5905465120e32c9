/**
 * Limits of the hot path, in nop calls of the same machine, or as a share of plain memory.copy. In Linux's own driver,
 * compiled natively and called without a kernel around it, a round trip takes 190 nop calls, and 480 with uncontended
 * locks. The first is the limit through the raw exports, the second through the typed host.
 */
import type { Limit } from './results.ts';

export const LIMITS: readonly Limit[] = [
  { case: 'round-trip/driver/4', of: null, most: 190 },
  { case: 'round-trip/host/4', of: null, most: 480 },
  { case: 'oneway/driver/4', of: null, most: 105 },
  { case: 'trace/on/4', of: 'trace/off/4', most: 1.25 },
  { case: 'alloc-free/1000', of: null, most: 115 },
  { case: 'oneway/driver/65536', of: 'memory-copy/65536', share: 0.65 },
  { case: 'oneway/driver/524288', of: 'memory-copy/524288', share: 0.78 },
  { case: 'journal/last/4', of: 'journal/none/4', most: 1.6 },
  { case: 'journal/memory/4', of: 'journal/none/4', most: 2.5 },
  { case: 'journal/file/4', of: 'journal/none/4', most: 3.5 },
  { case: 'snapshot/whole', of: 'snapshot/copy', most: 1.5 },
  { case: 'boot', of: 'boot/instantiate', most: 3 },
];
