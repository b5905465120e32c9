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

/** `npm run test:all`: what is tested over and over again, in several ways, is tested with every recording. */
const TAKES_ALL = process.env.BINDERLAB_TEST_ALL === '1';

/**
 * A sample of a list; all of it in `npm run test:all`.
 *
 * @param every Every `every`-th entry is taken. @param from Index of the first one.
 */
export function sampled(names: readonly string[], every: number, from = 0): string[] {
  return names.filter((_, index) => TAKES_ALL || index % every === from % every);
}

/** How often something is tried at random: a part of it, unless `npm run test:all` asks for all. */
export function tries(all: number, part: number): number {
  return TAKES_ALL ? all : part;
}

/** Of the long recordings of `random` a sample, all of the other sets. */
export function sampleNames(set: RecordingSet): string[] {
  return sampled(recordingNames(set), set === 'random' ? 6 : 1);
}

export function recordingText(name: string, set: RecordingSet = 'hand'): string {
  return gunzipSync(readFileSync(join(ROOT, set, name + SUFFIX))).toString('utf8');
}

export function recording(name: string, set: RecordingSet = 'hand'): Journal {
  return parseJournal(recordingText(name, set), name);
}
