/** Cursors over what the driver counts and logs. */
import {
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
  STATS_OBJECT_KINDS,
  STATS_OBJECTS,
  STATS_RETURNS,
} from '../abi/inspect';
import { LOG_ENTRIES } from '../abi/machine';
import { BC_COUNT, BR_COUNT } from '../abi/protocol';
import { Proc, procStats, STATS_BR } from '../driver/objects';
import {
  failedEntry,
  failedHead,
  LogEntry,
  logEntry,
  logHead,
  STAT_COUNT,
  statObjects,
  statWords,
} from '../driver/state';
import { recordPut, recordPut64, recordPutAll } from './record';

if (STATS_RETURNS - STATS_COMMANDS != BC_COUNT || STATS_BR != BC_COUNT * 4) ERROR('BC_ words are not as many');
if (STATS_OBJECTS - STATS_RETURNS != BR_COUNT) ERROR('BR_ words are not as many');
if (STATS_OBJECT_KINDS != STAT_COUNT) ERROR('kinds of objects are not as many');

/** The handle of an entry is its number since boot, plus 1. */
export function logAfter(after: usize): usize {
  const index = max<u32>(<u32>after, oldest(logHead()));
  if (index >= logHead()) return 0;
  describeEntry(logEntry(index));
  return index + 1;
}

export function failedLogAfter(after: usize): usize {
  const index = max<u32>(<u32>after, oldest(failedHead()));
  if (index >= failedHead()) return 0;
  describeEntry(failedEntry(index));
  return index + 1;
}

export function statsAfter(proc: Proc | null, after: usize): usize {
  if (after) return 0;
  recordPutAll(STATS_COMMANDS, proc ? procStats(proc) : statWords(), BC_COUNT + BR_COUNT);
  if (!proc) recordPutAll(STATS_OBJECTS, statObjects(), 2 * STAT_COUNT);
  return 1;
}

function oldest(head: u32): u32 {
  return head > <u32>LOG_ENTRIES ? head - <u32>LOG_ENTRIES : 0;
}

function describeEntry(entry: LogEntry): void {
  recordPut(LOG_ID, entry.debugId);
  recordPut(LOG_ID_DONE, entry.debugIdDone);
  recordPut(LOG_CALL_TYPE, entry.callType);
  recordPut(LOG_FROM_PROC, entry.fromProc);
  recordPut(LOG_FROM_THREAD, entry.fromThread);
  recordPut(LOG_TO_PROC, entry.toProc);
  recordPut(LOG_TO_THREAD, entry.toThread);
  recordPut(LOG_TO_NODE, entry.toNode);
  recordPut(LOG_TARGET_HANDLE, entry.targetHandle);
  recordPut(LOG_DEVICE, entry.device);
  recordPut(LOG_RETURN_ERROR, entry.returnError);
  recordPut(LOG_RETURN_ERROR_PARAM, entry.returnErrorParam);
  recordPut64(LOG_DATA_SIZE, entry.dataSize);
  recordPut64(LOG_OFFSETS_SIZE, entry.offsetsSize);
}
