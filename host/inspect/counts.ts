/** Views of the driver's counters and logs. */

import { LOG_ENTRIES } from '../../assembly/abi/machine.ts';
import * as protocol from '../../assembly/abi/protocol.ts';
import { CONSTANTS } from '../../build/layout.ts';
import { type KernelMemory, type KernelObject, sizeOf } from './kernelmemory.ts';
import { type ContextName, contextName } from './procs.ts';

/** How often each word was used, and how many objects were made, since boot. Zeros are left out. */
export interface StatsView {
  /** By name, in the order of their numbers: BC_ words, then BR_ words. */
  readonly words: Readonly<Record<string, number>>;
  /** By Linux's name, in the order of debugfs. For the whole driver only: a proc does not count them. */
  readonly objects: Readonly<Record<string, { readonly active: number; readonly total: number }>>;
}

/** An entry of transaction_log or failed_transaction_log. */
export interface LogEntryView {
  readonly id: number;
  readonly type: 'call' | 'async' | 'reply';
  readonly from: { readonly pid: number; readonly tid: number };
  /** A field is 0 when that part of the receiver was not found. */
  readonly to: { readonly pid: number; readonly tid: number; readonly node: number };
  readonly targetHandle: number;
  readonly context: ContextName;
  /** As the sender gave them: any 64 bits. */
  readonly dataSize: bigint;
  readonly offsetsSize: bigint;
  /** BR_ word and -errno of a failure; otherwise both are 0. */
  readonly returnError: number;
  readonly returnErrorParam: number;
  readonly complete: boolean;
}

/** debugfs has a name for SEC_CTX deliveries only under BR_TRANSACTION: they share a number. */
const COMMANDS = wordsOf('BC_', protocol.BC_COUNT);
const RETURNS = wordsOf('BR_', protocol.BR_COUNT);
/** Kinds of objects by STAT_*. */
const OBJECTS = Object.entries(CONSTANTS)
  .filter(([name]) => name.startsWith('STAT_') && name !== 'STAT_COUNT')
  .sort(([, one], [, other]) => one - other)
  .map(([name]) => name.slice('STAT_'.length).toLowerCase());
const CALL_TYPES = ['call', 'async', 'reply'] as const;

/** @param proc null for the whole driver. */
export function statsView(kernel: KernelMemory, proc: KernelObject<'Proc'> | null): StatsView {
  const { roots } = kernel;
  const counts = kernel.words(proc === null ? roots.words : statsOf(proc), COMMANDS.length + RETURNS.length);
  const named = [...COMMANDS, ...RETURNS].map((name, index) => [name, counts[index] as number] as const);
  const words = Object.fromEntries(named.filter(([, count]) => count !== 0));
  const objects: Record<string, { active: number; total: number }> = {};
  if (proc !== null) return { words, objects };
  const [created, deleted] = [0, 1].map((which) => kernel.words(roots.objects + 4 * which, 2 * OBJECTS.length));
  for (const [kind, name] of OBJECTS.entries()) {
    const total = created?.[2 * kind] as number;
    if (total !== 0) objects[name] = { active: total - (deleted?.[2 * kind] as number), total };
  }
  return { words, objects };
}

/** The last 32 entries, oldest first. */
export function logViews(kernel: KernelMemory, { failed }: { failed: boolean }): LogEntryView[] {
  const { driver, log, failedLog } = kernel.roots;
  const head = failed ? driver.failedHead : driver.logHead;
  const entries = kernel.array(failed ? failedLog : log, 'LogEntry', LOG_ENTRIES);
  const first = Math.max(0, head - LOG_ENTRIES);
  return Array.from({ length: head - first }, (_, index) =>
    logEntryView(entries[(first + index) % LOG_ENTRIES] as KernelObject<'LogEntry'>),
  );
}

function logEntryView(entry: KernelObject<'LogEntry'>): LogEntryView {
  return {
    id: entry.debugId,
    type: CALL_TYPES[entry.callType] ?? 'call',
    from: { pid: entry.fromProc, tid: entry.fromThread },
    to: { pid: entry.toProc, tid: entry.toThread, node: entry.toNode },
    targetHandle: entry.targetHandle,
    context: contextName(entry.device),
    dataSize: entry.dataSize,
    offsetsSize: entry.offsetsSize,
    returnError: entry.returnError,
    returnErrorParam: entry.returnErrorParam,
    complete: entry.debugIdDone === entry.debugId,
  };
}

/** Address of a proc's counters: they follow it in memory. */
function statsOf(proc: KernelObject<'Proc'>): number {
  return proc.linear + ((sizeOf('Proc') + 7) & ~7);
}

/** Names by the number in the low byte of the word. Of two words with the same number, the shorter name. */
export function wordsOf(family: 'BC_' | 'BR_', count: number): string[] {
  const names = Object.entries(protocol).filter(([name]) => name.startsWith(family) && name !== `${family}COUNT`);
  return Array.from({ length: count }, (_, number) => {
    const same = names.filter(([, word]) => (word & 0xff) === number).map(([name]) => name);
    return same.sort((a, b) => a.length - b.length)[0] ?? `${family}${number}`;
  });
}
