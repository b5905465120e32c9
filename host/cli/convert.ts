/** `binderlab convert`: writes a journal in another form. */
import { defineCommand } from './command.ts';
import { checkJournalTarget, findJournals, readBegin, writeJournal } from './files.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from './usage.ts';

export const convertCommand = defineCommand({
  words: { hint: 'JOURNAL', min: 1, max: 1, description: 'a file (.journal, .jsonl, .jsonl.gz), or -' },
  options: {
    out: {
      type: 'string',
      required: true,
      hint: 'FILE',
      description: 'where to; the name says the form, - is lines of JSON',
    },
    json: { type: 'boolean', description: 'print one JSON document: {file, steps, problem}' },
  },
  examples: [
    ['convert run.journal --out run.jsonl.gz', 'for a person, or another program'],
    ['convert recorded.jsonl.gz --out recorded.journal', 'to be replayed faster'],
  ],
  async run({ args, words: [source = ''] }) {
    const target = args.out;
    if (target === '-' && args.json) throw new UsageError('--json and --out - both want standard output');
    if (target !== '-') checkJournalTarget('--out', target);
    const [path, ...others] = findJournals([source]);
    if (path === undefined || others.length > 0)
      throw new UsageError(`${source} holds several journals; name one of them`);
    const { journal, problem } = await readBegin(path);
    writeJournal(target, journal);
    const { steps } = journal.header;
    if (problem !== null) process.stderr.write(`binderlab: ${path.path}: ${problem}\n`);
    if (args.json) console.log(JSON.stringify({ file: target, steps, problem }, null, 2));
    else if (target !== '-') console.log(`${steps} steps in ${target}`);
    process.exitCode = problem === null ? EXIT_FINE : EXIT_NO;
  },
});
