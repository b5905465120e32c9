/** `binderlab record`: reads the inputs of journals, and writes journals with this emulator's outputs. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Machine } from '../machine.ts';
import { record } from '../replay.ts';
import { ANY_NUMBER, defineCommand } from './command.ts';
import { Failures } from './failures.ts';
import {
  checkTarget,
  findJournals,
  isFolder,
  isJournalName,
  JOURNAL_NAMING,
  type JournalPath,
  readJournal,
  writeJournal,
} from './files.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from './machineoptions.ts';
import { withProgress } from './progress.ts';
import { UsageError } from './usage.ts';

export const recordCommand = defineCommand({
  words: {
    hint: 'JOURNAL',
    min: 1,
    max: ANY_NUMBER,
    description: 'files (.journal, .jsonl, .jsonl.gz), folders of them, or -',
  },
  options: {
    out: {
      type: 'string',
      required: true,
      hint: 'PLACE',
      description: 'where to: a folder, for the same names in it; for one journal also a file, or -',
    },
    json: {
      type: 'boolean',
      description: 'print one JSON document: {traces, steps, files}, and if any failed, {failed}',
    },
    ...MACHINE_OPTIONS,
  },
  examples: [
    ['record old.jsonl --out new.jsonl.gz', 'the inputs of old.jsonl, with what they come to now'],
    ['record journals --out again/', 'a whole folder'],
  ],
  async run({ args, words }) {
    const choice = machineChoice(args);
    const options = { ...machineOptions(choice), journal: false };
    const paths = findJournals(words);
    const targets = targetsOf(paths, args.out);
    const toStdout = targets.includes('-');
    if (toStdout && args.json) throw new UsageError('--json and --out - both want standard output');
    const files: string[] = [];
    const failures = new Failures();
    let steps = 0;
    for (const [index, path] of withProgress('recorded', [...paths.entries()])) {
      try {
        const journal = await readJournal(path);
        const made = record(journal, (header) => Machine.fromHeader(header, options), choice);
        const target = targets[index] ?? args.out;
        writeJournal(target, made);
        files.push(target);
        steps += made.steps.length;
      } catch (error) {
        failures.add(error);
      }
    }
    failures.report();
    const { messages: failed } = failures;
    const report = { traces: files.length, steps, files, ...(failed.length > 0 ? { failed } : {}) };
    if (args.json) console.log(JSON.stringify(report, null, 2));
    else if (!toStdout && files.length > 0) console.log(`${steps} steps in ${placeOf(files, paths.length, args.out)}`);
    process.exitCode = failures.exitCode(paths.length);
  },
});

/** The places of the steps, as text. */
function placeOf(files: readonly string[], asked: number, out: string): string {
  if (asked === 1) return files[0] ?? out;
  return `${files.length === asked ? asked : `${files.length} of ${asked}`} journals in ${out}`;
}

/**
 * The target of each journal: its own name in the folder, or the file if it is the only journal.
 *
 * @throws UsageError when two have the same target, and for an impossible target
 */
function targetsOf(paths: readonly JournalPath[], out: string): string[] {
  if (!isFolder(out) && (out === '-' || isJournalName(out))) {
    checkTarget('--out', out);
    if (paths.length === 1) return [out];
    throw new UsageError(`${paths.length} journals do not fit into the one file ${out}; give a folder as --out`);
  }
  checkFolder(out);
  const targets = paths.map(({ name }) => join(out, name === '-' ? 'stdin.jsonl' : name));
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw new UsageError(`two of the journals would be written to ${twice}`);
  return targets;
}

/** Checks that the folder exists or can be made. @throws UsageError for a file's name, and without a parent folder */
function checkFolder(out: string): void {
  if (isFolder(out)) {
    checkTarget('--out', join(out, 'journal'));
    return;
  }
  if (existsSync(out)) throw new UsageError(`--out: ${out} is no folder, and ${JOURNAL_NAMING}`);
  if (!out.endsWith('/') && extname(out) !== '') {
    throw new UsageError(`--out ${out}: ${JOURNAL_NAMING}, and a new folder's in /`);
  }
  checkTarget('--out', out);
}
