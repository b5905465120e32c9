/**
 * The driver's global state: the devices, the list of procs, the dead nodes, the counter of ids, the counts and logs that
 * debugfs shows.
 */
import { BC_COUNT, BR_COUNT } from '../abi/protocol';
import { DEVICE_COUNT, LOG_ENTRIES } from '../abi/machine';
import { bytesCopy } from '../lib/bytes';
import { LIST_SIZE, listAddHead, listDel, listFirst, listInit, listNext } from '../lib/list';
import { BinderContext, Node, Proc, procStats, STATS_BC, STATS_BR } from './objects';

// kinds of objects that are counted as they come and go, in the order of debugfs
export const STAT_PROC = 0;
export const STAT_THREAD = 1;
export const STAT_NODE = 2;
export const STAT_REF = 3;
export const STAT_DEATH = 4;
export const STAT_TRANSACTION = 5;
export const STAT_TRANSACTION_COMPLETE = 6;
export const STAT_FREEZE = 7;
export const STAT_COUNT = 8;

@unmanaged
export class Driver {
  lastId: i32; // last id given to a transaction, node or ref
  logHead: u32; // entries ever added to transaction_log
  failedHead: u32; // entries ever added to failed_transaction_log
}

@unmanaged
class Counter {
  value: u32;
}

/** An entry of the transaction log. */
@unmanaged
export class LogEntry {
  debugId: i32;
  debugIdDone: i32; // the same once the entry is complete
  callType: i32; // 0 call, 1 oneway, 2 reply
  fromProc: i32;
  fromThread: i32;
  targetHandle: u32;
  toProc: i32;
  toThread: i32;
  toNode: i32;
  device: u32;
  returnError: u32; // BR_ word, 0 when it went well
  returnErrorParam: i32;
  dataSize: u64;
  offsetsSize: u64;
}

export const driver = changetype<Driver>(memory.data(offsetof<Driver>(), 8));
const contexts: usize = memory.data(DEVICE_COUNT * 16, 8);
export const procs: usize = memory.data(LIST_SIZE, 4);
export const deadNodes: usize = memory.data(LIST_SIZE, 4);
const words: usize = memory.data((BC_COUNT + BR_COUNT) * 4, 4);
const objects: usize = memory.data(STAT_COUNT * 8, 4); // created, then deleted, for each STAT_*
const log: usize = memory.data(LOG_ENTRIES * 64, 8);
const failedLog: usize = memory.data(LOG_ENTRIES * 64, 8);

if (offsetof<BinderContext>() > 16) ERROR('Context does not fit');
if (offsetof<LogEntry>() != 64) ERROR('LogEntry is not 64 bytes');

export function stateBoot(): void {
  listInit(procs);
  listInit(deadNodes);
  for (let device = 0; device < DEVICE_COUNT; device++) {
    context(device).manager = null;
    context(device).managerUid = -1;
  }
}

/** Sets what earlier work left: the last id given, and the uid that has been context manager of `binder`. */
export function stateSeed(lastId: i32, managerUid: i64): void {
  driver.lastId = lastId;
  context(0).managerUid = managerUid;
}

export function context(device: i32): BinderContext {
  assert(device >= 0 && device < DEVICE_COUNT, 'context: no such device');
  return changetype<BinderContext>(contexts + <usize>device * 16);
}

/** The next id of the counter that transactions, nodes and refs share. */
export function nextId(): i32 {
  return ++driver.lastId;
}

export function procsAdd(proc: Proc): void {
  listAddHead(changetype<usize>(proc), procs);
}

export function procsRemove(proc: Proc): void {
  listDel(changetype<usize>(proc));
}

/** The newest proc of the machine, or null. */
export function procsFirst(): Proc | null {
  return changetype<Proc | null>(listFirst(procs));
}

export function procsNext(proc: Proc): Proc | null {
  return changetype<Proc | null>(listNext(changetype<usize>(proc), procs));
}

export function deadNodesAdd(node: Node): void {
  listAddHead(deadLink(node), deadNodes);
}

export function deadNodesRemove(node: Node): void {
  listDel(deadLink(node));
}

/** Counts a BC_ word of a proc's; unknown numbers are not counted. */
export function countCommand(proc: Proc, command: u32): void {
  const number = command & 0xff;
  if (number >= <u32>BC_COUNT) return;
  bump(words + STATS_BC + number * 4);
  bump(procStats(proc) + STATS_BC + number * 4);
}

/** Counts a BR_ word sent to a proc's thread. */
export function countReturn(proc: Proc, word: u32): void {
  const number = word & 0xff;
  assert(number < <u32>BR_COUNT, 'countReturn: no such word');
  bump(words + STATS_BR + number * 4);
  bump(procStats(proc) + STATS_BR + number * 4);
}

export function statCreated(kind: i32): void {
  assert(kind >= 0 && kind < STAT_COUNT, 'statCreated: no such kind');
  bump(objects + <usize>kind * 8);
}

export function statDeleted(kind: i32): void {
  assert(kind >= 0 && kind < STAT_COUNT, 'statDeleted: no such kind');
  assert(counted(kind, 0) != counted(kind, 4), 'statDeleted: more are gone than ever came');
  bump(objects + <usize>kind * 8 + 4);
}

/** Addresses of the global counts: words (as in a proc), and objects {created, deleted} by STAT_*. */
export function statWords(): usize {
  return words;
}

export function statObjects(): usize {
  return objects;
}

/** The next entry of the transaction log, the oldest one when 32 are there; the caller sets all of it. */
export function logAdd(): LogEntry {
  return logEntry(driver.logHead++);
}

/** Copies an entry into the log of failed transactions. */
export function logAddFailed(entry: LogEntry): void {
  bytesCopy(changetype<usize>(failedEntry(driver.failedHead++)), changetype<usize>(entry), offsetof<LogEntry>());
}

/** Entry number `index` since boot; only the last 32 are there. */
export function logEntry(index: u32): LogEntry {
  return changetype<LogEntry>(log + (index % LOG_ENTRIES) * 64);
}

export function failedEntry(index: u32): LogEntry {
  return changetype<LogEntry>(failedLog + (index % LOG_ENTRIES) * 64);
}

/** Objects of a kind that were created (`which` 0) or deleted (4). */
function counted(kind: i32, which: usize): u32 {
  return changetype<Counter>(objects + <usize>kind * 8 + which).value;
}

function bump(address: usize): void {
  changetype<Counter>(address).value++;
}

function deadLink(node: Node): usize {
  return changetype<usize>(node) + offsetof<Node>('rbParent');
}
