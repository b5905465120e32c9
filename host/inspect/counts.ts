/** Views of what the driver counts and logs. */
import {
  CURSOR_FAILED_LOG,
  CURSOR_LOG,
  CURSOR_STATS,
  LOG_CALL_TYPE,
  LOG_DATA_SIZE,
  LOG_DEVICE,
  LOG_FROM_PROC,
  LOG_FROM_THREAD,
  LOG_ID,
  LOG_ID_DONE,
  LOG_OFFSETS_SIZE,
  LOG_RETURN_ERROR,
  LOG_RETURN_ERROR_PARAM,
  LOG_TARGET_HANDLE,
  LOG_TO_NODE,
  LOG_TO_PROC,
  LOG_TO_THREAD,
  STATS_COMMANDS,
  STATS_OBJECTS,
  STATS_RETURNS,
} from '../../assembly/abi/inspect.ts';
import * as protocol from '../../assembly/abi/protocol.ts';
import type { Cursors, Row } from './cursor.ts';
import { type ContextName, contextName } from './procs.ts';

/** How often each word was said, and how objects came and went, since boot. What is zero is left out. */
export interface StatsView {
  /** By name, in the order of their numbers: BC_ words, then BR_ words. */
  readonly words: Readonly<Record<string, number>>;
  /** By Linux's name, in the order of debugfs. Only of the whole driver: a proc does not count them. */
  readonly objects: Readonly<Record<string, { readonly active: number; readonly total: number }>>;
}

/** An entry of transaction_log or failed_transaction_log. */
export interface LogEntryView {
  readonly id: number;
  readonly type: 'call' | 'async' | 'reply';
  readonly from: { readonly pid: number; readonly tid: number };
  /** Zeroes as far as the receiver was not found. */
  readonly to: { readonly pid: number; readonly tid: number; readonly node: number };
  readonly targetHandle: number;
  readonly context: ContextName;
  /** As the sender gave them: they may be any 64 bits. */
  readonly dataSize: bigint;
  readonly offsetsSize: bigint;
  /** BR_ word and -errno of a failure; 0 and 0 otherwise. */
  readonly returnError: number;
  readonly returnErrorParam: number;
  readonly complete: boolean;
}

/** debugfs has a name for SEC_CTX deliveries only under BR_TRANSACTION: they share a number. */
const COMMANDS = wordsOf('BC_', protocol.BC_COUNT);
const RETURNS = wordsOf('BR_', protocol.BR_COUNT);
const OBJECTS = ['proc', 'thread', 'node', 'ref', 'death', 'transaction', 'transaction_complete', 'freeze'] as const;
const CALL_TYPES = ['call', 'async', 'reply'] as const;

/** @param proc Handle; 0 for the whole driver. */
export function statsView(cursors: Cursors, proc: number): StatsView {
  const [row] = cursors.rows(CURSOR_STATS, proc);
  const words: Record<string, number> = {};
  const objects: Record<string, { active: number; total: number }> = {};
  if (row === undefined) return { words, objects };
  const note = (name: string, count: number) => {
    if (count !== 0) words[name] = count;
  };
  for (const [number, name] of COMMANDS.entries()) note(name, row.u32(STATS_COMMANDS + number));
  for (const [number, name] of RETURNS.entries()) note(name, row.u32(STATS_RETURNS + number));
  for (const [kind, name] of OBJECTS.entries()) {
    const total = row.u32(STATS_OBJECTS + 2 * kind);
    const deleted = row.u32(STATS_OBJECTS + 2 * kind + 1);
    if (total !== 0 || deleted !== 0) objects[name] = { active: total - deleted, total };
  }
  return { words, objects };
}

/** The last 32 entries, oldest first. */
export function logViews(cursors: Cursors, { failed }: { failed: boolean }): LogEntryView[] {
  return cursors.rows(failed ? CURSOR_FAILED_LOG : CURSOR_LOG).map(logEntryView);
}

function logEntryView(row: Row): LogEntryView {
  const id = row.i32(LOG_ID);
  return {
    id,
    type: CALL_TYPES[row.u32(LOG_CALL_TYPE)] ?? 'call',
    from: { pid: row.i32(LOG_FROM_PROC), tid: row.i32(LOG_FROM_THREAD) },
    to: { pid: row.i32(LOG_TO_PROC), tid: row.i32(LOG_TO_THREAD), node: row.i32(LOG_TO_NODE) },
    targetHandle: row.u32(LOG_TARGET_HANDLE),
    context: contextName(row.u32(LOG_DEVICE)),
    dataSize: row.big(LOG_DATA_SIZE),
    offsetsSize: row.big(LOG_OFFSETS_SIZE),
    returnError: row.u32(LOG_RETURN_ERROR),
    returnErrorParam: row.i32(LOG_RETURN_ERROR_PARAM),
    complete: row.i32(LOG_ID_DONE) === id,
  };
}

/** Names by the number in the low byte of the word; of two words with one number the shorter name. */
function wordsOf(family: 'BC_' | 'BR_', count: number): string[] {
  const names = Object.entries(protocol).filter(([name]) => name.startsWith(family) && name !== `${family}COUNT`);
  return Array.from({ length: count }, (_, number) => {
    const same = names.filter(([, word]) => (word & 0xff) === number).map(([name]) => name);
    return same.sort((a, b) => a.length - b.length)[0] ?? `${family}${number}`;
  });
}
