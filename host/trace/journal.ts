/**
 * The journal: the inputs and outputs of a scenario's steps, one JSON line a step. Owns the types of its header and
 * steps; wire/operations.ts has the inputs and outputs of each operation, journaltext.ts reads and writes the text.
 * Recordings of the kernel and runs of the emulator share the format.
 *
 *     {"t":"header","format":1,"name":...,"procs":[...],"steps":2}
 *     {"i":0,"op":"proc","in":{"name":"A","pid":1000,"uid":0}}
 *     {"i":1,"op":"open","by":"A.0","in":{"flags":0},"out":{"ret":3}}
 *
 * Addresses and 64-bit values are strings "0x...", byte strings lower-case hex; sizes, descriptors, pids and
 * return values are numbers. Readers ignore and keep unknown fields.
 */

import type { ScheduleChoice } from '../os/system.ts';
import type { Address, HexBytes } from '../wire/hex.ts';
import type { HistoricalBug } from '../wire/historicalbugs.ts';
import type { Op, Operations } from '../wire/operations.ts';

/** A process that the steps create, listed for convenience. */
export interface JournalProcess {
  name: string;
  pid: number;
  uid: number;
  forked_from?: string;
  threads: { name: string; tid: number }[];
}

/** The emulator's machine, when the emulator wrote the journal. */
export interface JournalEmulator {
  strategy: string;
  seed: number;
  /** Size of the machine's memory, MiB. */
  memory: number;
}

export interface JournalHeader {
  t: 'header';
  format: 1;
  name: string;
  desc: string;
  /** Seed of the generator, of random scenarios only. */
  seed?: number;
  /** The recorded kernel; absent when the emulator wrote the journal. */
  kernel?: { release: string; version: string; machine: string };
  emulator?: JournalEmulator;
  /** Active security modules. */
  lsm?: string;
  /** Security context that every sender has, with its final NUL; null when no module can name a sender. */
  secctx: HexBytes | null;
  cpus: number;
  page_size: number;
  /** The driver's id counter before the scenario: the next id is one higher. */
  last_debug_id: number;
  /** The uid that has claimed the context manager since boot. */
  context_mgr_uid: number | null;
  arena: { addr: Address; size: number };
  /** The dump's step lists the threads that it wakes. In older recordings the next step lists them. */
  dump_wakes?: true;
  /** Faults of earlier drivers that the machine has. */
  historical_bugs?: readonly HistoricalBug[];
  /** On two processors the scenario has a race. */
  racy?: boolean;
  procs: JournalProcess[];
  steps: number;
}

/** Output of a call with a result only: 0 or more, or -errno with the name of the error. */
export type ResultOutput = Operations['close']['out'];
/** Output of a store: the number of stored bytes, and the signal that ended it early. */
export type StoreOutput = Operations['poke']['out'];
/** Output of a load: the bytes before a fault, and the signal of the fault. */
export type PeekOutput = Operations['peek']['out'];
export type IoctlInput = Operations['ioctl']['in'];
export type IoctlOutput = Operations['ioctl']['out'];
export type WriteReadInput = Operations['wr']['in'];
export type WriteReadOutput = Operations['wr']['out'];
export type DumpOutput = Operations['dump']['out'];

/** The inputs of one step: all that the machine needs to perform it. */
export type StepInputOf<O extends Op> = {
  op: O;
  in: Operations[O]['in'];
} & (Operations[O]['by'] extends true ? { by: string } : { by?: undefined });

/** The output of any operation. */
export type Output = Exclude<Operations[Op]['out'], null>;

/** A call that was parked in step `i` and finished because of this one. */
export interface Woken {
  /** The thread that was parked. */
  by: string;
  /** The step that parked it. */
  i: number;
  /** Its result, in the format of the operation in which it was parked. */
  out: Output;
  /** The returns that it read, as text for people. */
  br?: string[];
  /** Rank by time of completion; for information. */
  order: number;
}

/** A step with its outputs. A call that sleeps has `parked` and no `out`. */
export type StepOf<O extends Op> = StepInputOf<O> & {
  /** Number of the step, counted from 0. */
  i: number;
  out?: Exclude<Operations[O]['out'], null>;
  parked?: true;
  /** Threads that finished because of this step, by their creation. */
  woken?: Woken[];
  /** Written commands and read returns, as text for people. */
  bc?: string[];
  br?: string[];
  /** The lines that the kernel's driver printed during the step; only in recordings made for it. */
  klog?: string[];
  /** The choices that led to this step, oldest first; only in journals of simulations, and where there was a choice. */
  sched?: readonly ScheduleChoice[];
};

export type StepInput = { [O in Op]: StepInputOf<O> }[Op];
export type Step = { [O in Op]: StepOf<O> }[Op];

export interface Journal {
  header: JournalHeader;
  steps: readonly Step[];
  /** Makes the steps one by one, for a journal that holds them in another form; its header counts them. */
  eachStep?(): Iterable<Step>;
}
