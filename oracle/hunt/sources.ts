/** Recordings on disk from which the hunt makes programs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { isJournalName } from '../../host/cli/files.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { parseJournal } from '../../host/trace/journaltext.ts';
import type { Sources } from './program.ts';

/** Reads journals on demand, each once. */
export class SourceFolders implements Sources {
  readonly names: readonly string[];
  readonly #paths: ReadonlyMap<string, string>;
  readonly #read = new Map<string, Journal>();

  /** @param folders A missing one counts as empty. */
  constructor(folders: readonly string[]) {
    const paths = folders.flatMap((folder) => {
      const files = existsSync(folder) ? readdirSync(folder).filter(isJournalName).sort() : [];
      return files.map(
        (file) => [`${basename(folder)}/${file.replace(/\.jsonl(\.gz)?$/, '')}`, join(folder, file)] as const,
      );
    });
    this.#paths = new Map(paths);
    this.names = [...this.#paths.keys()];
  }

  journal(name: string): Journal {
    let journal = this.#read.get(name);
    if (journal === undefined) {
      const path = this.#paths.get(name) ?? name;
      const bytes = readFileSync(path);
      journal = parseJournal((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'), path);
      this.#read.set(name, journal);
    }
    return journal;
  }
}
