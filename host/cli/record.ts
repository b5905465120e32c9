/** `binderlab record`: the inputs of journals in, journals with this emulator's outputs out. */
import { join } from 'node:path';
import { defineCommand } from 'citty';
import { Machine } from '../machine.ts';
import { record } from '../replay.ts';
import { findJournals, isFolder, isJournalName, type JournalPath, readJournal, writeJournal } from './files.ts';
import { MACHINE_FLAGS, machineChoice, machineOptions } from './machineflags.ts';
import { Progress } from './progress.ts';
import { UsageError } from './usage.ts';

export const recordCommand = defineCommand({
  meta: { name: 'record', description: "Run the inputs of journals and write journals with the emulator's outputs" },
  args: {
    journals: { type: 'positional', required: true, description: 'Files (.jsonl, .jsonl.gz), folders of them, or -' },
    out: {
      type: 'string',
      required: true,
      valueHint: 'DIR or FILE',
      description: 'Where to: same names in a folder, or one file',
    },
    json: { type: 'boolean', description: 'Print one JSON document: {traces, steps, files}' },
    ...MACHINE_FLAGS,
  },
  async run({ args }) {
    const choice = machineChoice(args);
    const options = { ...machineOptions(choice), journal: false };
    const paths = findJournals(args._);
    const targets = targetsOf(paths, args.out);
    const toStdout = targets.includes('-');
    if (toStdout && args.json) throw new UsageError('--json and --out - both want standard output');
    let steps = 0;
    let missingDumps = 0;
    const progress = new Progress('recorded', paths.length);
    try {
      for (const [index, path] of paths.entries()) {
        const journal = await readJournal(path);
        const made = record(journal, (header) => Machine.fromHeader(header, options), choice);
        steps += made.steps.length;
        missingDumps += made.steps.filter((step) => step.op === 'dump' && !step.out).length;
        writeJournal(targets[index] ?? args.out, made);
        progress.advance();
      }
    } finally {
      progress.end();
    }
    if (missingDumps > 0) process.stderr.write(`binderlab: ${missingDumps} dumps are without text: not emulated\n`);
    if (args.json) console.log(JSON.stringify({ traces: paths.length, steps, files: targets }, null, 2));
    else if (!toStdout)
      console.log(`${steps} steps in ${paths.length === 1 ? targets[0] : `${paths.length} journals in ${args.out}`}`);
  },
});

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
