/** Entries of the transaction logs as debugfs shows them. `l=LINE` stands for the line of Linux's source that failed. */
import type { LogEntryView } from './counts.ts';

export function logLine(entry: LogEntryView): string {
  const { id, type, from, to, context } = entry;
  const sizes = `${int(entry.dataSize)}:${int(entry.offsetsSize)}`;
  const line =
    `${id}: ${type.padEnd(5)} from ${from.pid}:${from.tid} to ${to.pid}:${to.tid} context ${context} node ${to.node}` +
    ` handle ${entry.targetHandle | 0} size ${sizes} ret ${entry.returnError}/${entry.returnErrorParam} l=LINE`;
  return entry.complete ? line : `${line} (incomplete)`;
}

/** Linux stores the sizes as signed 32-bit numbers. */
function int(size: bigint): bigint {
  return BigInt.asIntN(32, size);
}
