/**
 * The cost of each event of the memory model on a named machine, in nanoseconds. The model sums up events. It has no system
 * call overhead, no scheduling and no other load, so it compares strategies and nothing else.
 */
import { amount, EVENTS, type Event, type Tally } from './tally.ts';

/** Nanoseconds of one event, and the source of the figure. */
export interface Cost {
  ns: number;
  source: string;
}

export interface CostProfile {
  name: string;
  /** The machine, for people. */
  machine: string;
  costs: Readonly<Record<Event, Cost>>;
}

/** An event's share of the time of a tally. */
interface Share {
  event: Event;
  ns: number;
}

const TI = 'LMBench in Texas Instruments’ Processor SDK Linux Performance Guide, AM62x SK';
const OWN = 'measured: median of 101 runs of a C program, 1024 pages each';
const DIRECT_MAP = 'kmap_local_page of memory in the direct map is an addition: arm64 and x86-64 have no high memory';

/** Cortex-A53 at 1.4 GHz with DDR4 at 1600 MT/s: a core of entry-level phones. */
const CORTEX_A53: CostProfile = {
  name: 'cortex-a53',
  machine: 'Cortex-A53, 1.4 GHz (TI AM62x)',
  costs: {
    copies: { ns: 60, source: `estimate: a tenth of lat_syscall-write (0.67 µs); ${TI}` },
    bytesCopied: { ns: 1.171, source: `bw_mem-bcopy-1mb, 854 MB/s; ${TI}` },
    commandBytes: { ns: 1.171, source: `as bytesCopied` },
    framesAllocated: { ns: 300, source: `estimate: half of lat_pagefault (0.59 µs), which allocates nothing; ${TI}` },
    framesZeroed: { ns: 2246, source: `4096 bytes at bw_mem-bzero-16mb, 1823 MB/s; ${TI}` },
    'pteWrites.user': { ns: 49, source: `one store that misses: lat_mem_rd-stride128-sz1000k; ${TI}` },
    'pteWrites.kernel': { ns: 49, source: 'as pteWrites.user' },
    tlbFlushes: { ns: 390, source: `estimate: a TLBI and the barrier after it as lat_syscall-null; ${TI}` },
    faults: { ns: 541, source: `lat_pagefault, 590 ns, less the page-table write in it; ${TI}` },
    kmaps: { ns: 0, source: DIRECT_MAP },
    walks: { ns: 49, source: `the last level of the walk misses: lat_mem_rd-stride128-sz1000k; ${TI}` },
  },
};

/** A virtual machine on an AMD EPYC of family 26 under Linux 6.18; nested paging makes faults and walks slower than on metal. */
const EPYC: CostProfile = {
  name: 'epyc-vm',
  machine: 'AMD EPYC (Zen 5), virtual machine, Linux 6.18',
  costs: {
    copies: { ns: 20, source: 'estimate: a tenth of a one-byte write and read of a pipe, less two empty system calls' },
    bytesCopied: { ns: 0.0175, source: `memcpy of 2 MiB, out of the second-level cache; ${OWN}` },
    commandBytes: { ns: 0.0071, source: `memcpy of 4 KiB, in the first-level cache; ${OWN}` },
    framesAllocated: { ns: 400, source: `MADV_POPULATE_WRITE a page (1110), less its entry (301) and zeroing; ${OWN}` },
    framesZeroed: { ns: 410, source: `4096 bytes at the rate of memcpy of 16 MiB, from memory; ${OWN}` },
    'pteWrites.user': {
      ns: 208,
      source: `mean of MADV_POPULATE_READ (301) and MADV_DONTNEED (115) a page of a memfd; ${OWN}`,
    },
    'pteWrites.kernel': { ns: 208, source: 'as pteWrites.user' },
    tlbFlushes: { ns: 200, source: `MADV_DONTNEED page by page (315), less a page of one for all (115); ${OWN}` },
    faults: { ns: 325, source: `read fault on the zero page (626), less a populated entry (301); ${OWN}` },
    kmaps: { ns: 0, source: DIRECT_MAP },
    walks: { ns: 112, source: `random reads in 65536 pages, less the same number of lines in 4 MiB; ${OWN}` },
  },
};

/** Named profiles; the first is the default. */
export const COST_PROFILES: readonly CostProfile[] = [CORTEX_A53, EPYC];

/** @returns The time of a tally on a machine, in nanoseconds. */
export function modelNs(tally: Tally, profile: CostProfile): number {
  return shares(tally, profile).reduce((sum, { ns }) => sum + ns, 0);
}

/** The same by event, in the order of the counters. */
export function shares(tally: Tally, { costs }: CostProfile): Share[] {
  return EVENTS.map((event) => ({ event, ns: amount(tally, event) * costs[event].ns }));
}
