/** The kernel's recordings that tests replay: where they lie, and what is in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Journal } from '../../host/trace/journal.ts';
import { parseJournal } from '../../host/trace/journaltext.ts';

const ROOT = join(import.meta.dirname, '../../../test/conformance');
const SUFFIX = '.jsonl.gz';

/** Enough for every recording; making and collecting the usual 64 MiB thousands of times would take half of all time. */
export const MEMORY_MIB = 8;

/**
 * `hand`: each shows one thing; `found`: what an emulator got wrong once, most of them cut down to the steps that show it;
 * `random`: long ones by random programs; `coverage`: what no other reaches in the guest; `klog`: scenarios of `hand`, with the
 * lines of the kernel log.
 */
export type RecordingSet = 'hand' | 'found' | 'random' | 'coverage' | 'klog';

/** Sets that are quick enough to be replayed under every strategy. */
export const QUICK_SETS: readonly RecordingSet[] = ['hand', 'found'];
export const ALL_SETS: readonly RecordingSet[] = [...QUICK_SETS, 'random', 'coverage'];

/** Names of the recordings of a set, in alphabetical order. */
export function recordingNames(set: RecordingSet = 'hand'): string[] {
  const files = readdirSync(join(ROOT, set)).filter((file) => file.endsWith(SUFFIX));
  return files.map((file) => file.slice(0, -SUFFIX.length)).sort();
}

/** Every third recording of `random`, all of the other sets: for what is tested over and over again, in several ways. */
export function sampleNames(set: RecordingSet): string[] {
  return recordingNames(set).filter((_, index) => set !== 'random' || index % 3 === 0);
}

export function recordingText(name: string, set: RecordingSet = 'hand'): string {
  return gunzipSync(readFileSync(join(ROOT, set, name + SUFFIX))).toString('utf8');
}

export function recording(name: string, set: RecordingSet = 'hand'): Journal {
  return parseJournal(recordingText(name, set), name);
}
