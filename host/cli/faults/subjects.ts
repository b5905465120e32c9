/** Scripts and journals as subjects of a sweep. */
import type { Subject } from '../../faults/faultrun.ts';
import { Machine } from '../../machine.ts';
import { findJournals, isFolder, isJournalName, readJournal } from '../files.ts';
import { aside } from '../output.ts';
import { bootFor, loadScript } from '../script.ts';
import { isOfBinderlab } from '../scripterror.ts';

const SCRIPT_NAME = /\.[cm]?[jt]s$/;

/** @throws UsageError, JournalError when one cannot be read. */
export async function subjectsOf(sources: readonly string[], scriptArgs: readonly string[]): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const source of sources) {
    const isScript = SCRIPT_NAME.test(source) && !isJournalName(source) && !isFolder(source);
    if (isScript) subjects.push(await scriptSubject(source, scriptArgs));
    else for (const path of findJournals([source])) subjects.push(await journalSubject(path));
  }
  return subjects;
}

async function scriptSubject(name: string, args: readonly string[]): Promise<Subject> {
  const script = await loadScript(name);
  let lingers = false;
  return {
    name,
    /** A script that waits for the event loop may leave something there. */
    get lingers() {
      return lingers;
    },
    boot: (options) => bootFor({ ...options, name, args }),
    work: async (machine) => {
      const turn = setImmediate(() => {
        lingers = true;
      });
      try {
        await aside(async () => script(machine), false);
      } finally {
        clearImmediate(turn);
      }
    },
    isOwn: (error) => !isOfBinderlab(error),
  };
}

/** A journal's inputs. */
async function journalSubject(path: Parameters<typeof readJournal>[0]): Promise<Subject> {
  const { header, steps } = await readJournal(path);
  return {
    name: path.path,
    boot: (options) => Machine.fromHeader(header, options),
    work: steps,
    lingers: false,
    isOwn: () => false,
  };
}
