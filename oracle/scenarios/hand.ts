/** The hand-written scenarios, by subject. A new file gets its line here. */
import alloc from './hand/alloc.ts';
import death from './hand/death.ts';
import descriptors from './hand/descriptors.ts';
import device from './hand/device.ts';
import endings from './hand/endings.ts';
import epoll from './hand/epoll.ts';
import faults from './hand/faults.ts';
import forks from './hand/forks.ts';
import freeze from './hand/freeze.ts';
import mapping from './hand/mapping.ts';
import memory from './hand/memory.ts';
import more from './hand/more.ts';
import neighbours from './hand/neighbours.ts';
import objects from './hand/objects.ts';
import oneway from './hand/oneway.ts';
import rare from './hand/rare.ts';
import refs from './hand/refs.ts';
import secctx from './hand/secctx.ts';
import threads from './hand/threads.ts';
import transactions from './hand/transactions.ts';
import writeread from './hand/writeread.ts';
import type { Scenario } from './scenario.ts';

export const HAND: Readonly<Record<string, readonly Scenario[]>> = {
  device,
  writeread,
  mapping,
  refs,
  transactions,
  endings,
  oneway,
  alloc,
  death,
  threads,
  freeze,
  objects,
  secctx,
  faults,
  descriptors,
  memory,
  forks,
  rare,
  more,
  neighbours,
  epoll,
};
