/** A script or a journal, as a journal. A script is run for it. */
import { BreakError } from '../condition.ts';
import type { BootOptions } from '../machine.ts';
import { BinaryJournal } from '../trace/binaryjournal.ts';
import type { Journal } from '../trace/journal.ts';
import { MemoryFile } from '../trace/memoryfile.ts';
import { findJournals, isFolder, isJournalName, readBegin } from './files.ts';
import { bootFor, loadScript, runScript, type Script } from './script.ts';
import { UsageError } from './usage.ts';

const SCRIPT_NAME = /\.[cm]?[jt]s$/;

export function isScript(source: string): boolean {
  return SCRIPT_NAME.test(source) && !isJournalName(source) && !isFolder(source);
}

/** @param stop The condition that ends a script early. @returns The journal, and the error of a script that failed. */
export async function journalOf(
  source: string,
  options: BootOptions,
  stop?: string,
): Promise<{ journal: Journal; complaint: string | null }> {
  if (isScript(source)) {
    const script = await loadScript(source);
    const file = new MemoryFile();
    const machine = bootFor({ ...options, name: source, journal: { file } });
    if (stop !== undefined) machine.break(stop);
    const complaint = await runScript(untilBreak(script), machine);
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

/** The script, as one that ends when its machine comes to a break. */
function untilBreak(script: Script): Script {
  return async (machine) => {
    try {
      await script(machine);
    } catch (error) {
      if (!(error instanceof BreakError)) throw error;
    }
  };
}
