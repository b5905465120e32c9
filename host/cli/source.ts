/** A script or a journal, as a journal. A script is run for it. */
import type { BootOptions } from '../machine.ts';
import { BinaryJournal } from '../trace/binaryjournal.ts';
import type { Journal } from '../trace/journal.ts';
import { MemoryFile } from '../trace/memoryfile.ts';
import { findJournals, isFolder, isJournalName, readBegin } from './files.ts';
import { bootFor, loadScript, runScript } from './script.ts';
import { UsageError } from './usage.ts';

const SCRIPT_NAME = /\.[cm]?[jt]s$/;

/** @returns The journal, and the error of a script that failed. */
export async function journalOf(
  source: string,
  options: BootOptions,
): Promise<{ journal: Journal; complaint: string | null }> {
  if (SCRIPT_NAME.test(source) && !isJournalName(source) && !isFolder(source)) {
    const script = await loadScript(source);
    const file = new MemoryFile();
    const machine = bootFor({ ...options, name: source, journal: { file } });
    const complaint = await runScript(script, machine);
    machine.keepJournal(false);
    return { journal: new BinaryJournal(file, source), complaint };
  }
  if (options.args?.length) throw new UsageError(`a journal takes no ${options.args.join(' ')}: it is no script`);
  const paths = findJournals([source]);
  const [path] = paths;
  if (path === undefined || paths.length > 1) {
    throw new UsageError(`${source} holds ${paths.length} journals; name one of them`);
  }
  const { journal, problem } = await readBegin(path);
  return { journal, complaint: problem === null ? null : `binderlab: ${path.path}: ${problem}` };
}
