/** `--dump`: the requested files of debugfs, and their contents. */
import { DEBUG_FILES } from '../inspect/debugfs.ts';
import type { Machine } from '../machine.ts';
import { UsageError } from './usage.ts';

/** Denotes `proc/PID` of every process that has one. */
const PROC = 'proc';
export const DUMP_NAMES: readonly string[] = [...DEBUG_FILES, PROC];

/**
 * @param flag Names with commas between them.
 * @throws UsageError for a file that the driver does not have.
 */
export function dumpChoice(flag: string): string[] {
  const names = flag.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !DUMP_NAMES.includes(name));
  if (unknown === undefined) return [...new Set(names)];
  throw new UsageError(`--dump: the driver has no file "${unknown}"; there are ${DUMP_NAMES.join(', ')}`);
}

/** The files by name, in the order of the request. Reading a file is a step. */
export function readDumps(machine: Machine, names: readonly string[]): Record<string, string> {
  const dumps: Record<string, string> = {};
  for (const name of names) {
    const files = name === PROC ? machine.debugFiles.procFiles() : [name];
    for (const file of files) dumps[file] = machine.dump(file).text;
  }
  return dumps;
}
