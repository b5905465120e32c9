/** `binderlab record`: the inputs of journals in, journals with this emulator's outputs out. */
import { join } from 'node:path';
import { defineCommand } from 'citty';
import { Machine } from '../machine.ts';
import { record } from '../replay.ts';
import { Failures } from './failures.ts';
import { findJournals, isFolder, isJournalName, type JournalPath, readJournal, writeJournal } from './files.ts';
import { MACHINE_FLAGS, machineChoice, machineOptions } from './machineflags.ts';
import { Progress } from './progress.ts';
import { UsageError } from './usage.ts';

export const recordCommand = defineCommand({
  meta: {
    name: 'record',
    description:
      "Run the inputs of journals and write journals with the emulator's outputs. Goes on after one that cannot be read or run, and says which and why at the end; the exit code is then 1, or 2 when none could be read",
  },
  args: {
    journals: { type: 'positional', required: true, description: 'Files (.jsonl, .jsonl.gz), folders of them, or -' },
    out: {
      type: 'string',
      required: true,
      valueHint: 'DIR or FILE',
      description: 'Where to: same names in a folder, or one file',
    },
    json: {
      type: 'boolean',
      description: 'Print one JSON document: {traces, steps, files}, and if any failed, {failed}',
    },
    ...MACHINE_FLAGS,
  },
  async run({ args }) {
    const choice = machineChoice(args);
    const options = { ...machineOptions(choice), journal: false };
    const paths = findJournals(args._);
    const targets = targetsOf(paths, args.out);
    const toStdout = targets.includes('-');
    if (toStdout && args.json) throw new UsageError('--json and --out - both want standard output');
    const files: string[] = [];
    const failures = new Failures();
    let steps = 0;
    const progress = new Progress('recorded', paths.length);
    try {
      for (const [index, path] of paths.entries()) {
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
        progress.advance();
      }
    } finally {
      progress.end();
    }
    failures.report();
    const { messages: failed } = failures;
    const report = { traces: files.length, steps, files, ...(failed.length > 0 ? { failed } : {}) };
    if (args.json) console.log(JSON.stringify(report, null, 2));
    else if (!toStdout && files.length > 0) console.log(`${steps} steps in ${placeOf(files, paths.length, args.out)}`);
    process.exitCode = failures.exitCode(paths.length);
  },
});

/** Where the steps are, in words. */
function placeOf(files: readonly string[], asked: number, out: string): string {
  if (asked === 1) return files[0] ?? out;
  return `${files.length === asked ? asked : `${files.length} of ${asked}`} journals in ${out}`;
}

/**
 * Where each journal goes: into the folder under its own name, or, if it is the only one, to the file.
 *
 * @throws UsageError when two would go to the same place
 */
function targetsOf(paths: readonly JournalPath[], out: string): string[] {
  const [only, another] = paths;
  if (only && !another && (out === '-' || (isJournalName(out) && !isFolder(out)))) return [out];
  if (out === '-' || (isJournalName(out) && !isFolder(out))) {
    throw new UsageError(`${paths.length} journals do not fit into the one file ${out}; give a folder as --out`);
  }
  const targets = paths.map(({ name }) => join(out, name === '-' ? 'stdin.jsonl' : name));
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw new UsageError(`two of the journals would be written to ${twice}`);
  return targets;
}
