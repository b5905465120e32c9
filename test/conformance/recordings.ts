/** The kernel's recordings that tests replay: where they lie, and what is in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Journal } from '../../host/trace/journal.ts';
import { parseJournal } from '../../host/trace/journaltext.ts';

export const RECORDINGS = join(import.meta.dirname, '../../../test/conformance/hand');

/** Names of all recordings, in alphabetical order. */
export function recordingNames(): string[] {
  return readdirSync(RECORDINGS)
    .map((file) => file.replace(/\.jsonl\.gz$/, ''))
    .sort();
}

export function recordingText(name: string): string {
  return gunzipSync(readFileSync(join(RECORDINGS, `${name}.jsonl.gz`))).toString('utf8');
}

export function recording(name: string): Journal {
  return parseJournal(recordingText(name), name);
}
