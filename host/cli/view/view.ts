/**
 * `binderlab view`: a run as a page that moves. The page is one file, which opens without a server and asks for nothing: it runs
 * the emulator itself.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Machine } from '../../machine.ts';
import type { Strategy } from '../../wire/strategy.ts';
import { defineCommand } from '../command.ts';
import { checkTarget, writeWhole } from '../files.ts';
import { MACHINE_OPTIONS, type MachineChoice, machineChoice, machineOptions } from '../machineoptions.ts';
import { wholeNumber } from '../number.ts';
import { aside } from '../output.ts';
import { ROOT } from '../packagefile.ts';
import { isScript, journalOf } from '../source.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../usage.ts';
import { exampleNames, galleryIndex } from './gallery.ts';
import { viewPage } from './page.ts';

const FILE = 'view.html';
const POSITION_MAX = 2 ** 31 - 1;
const SEEDS_MAX = 100;

export const viewCommand = defineCommand({
  words: { hint: 'SOURCE', min: 0, max: 1, description: 'a script, or a journal (.journal, .jsonl, .jsonl.gz, -)' },
  options: {
    out: { type: 'string', hint: 'FILE', description: `the page to write; default ${FILE}` },
    at: { type: 'string', hint: 'N', description: 'the step at which it opens; default: the first message' },
    seeds: {
      type: 'string',
      hint: 'N',
      description: 'runs of a script to choose from, with seeds from --seed on; default 1',
    },
    gallery: { type: 'string', hint: 'DIR', description: 'write a page for each example, and an index of them' },
    ...MACHINE_OPTIONS,
  },
  scriptArgs: true,
  contrary: [
    ['gallery', 'out'],
    ['gallery', 'at'],
    ['gallery', 'seeds'],
  ],
  examples: [
    ['view examples/first-call.ts --out first-call.html', 'then open the page in a browser'],
    ['view run.jsonl --at 42 --strategy vmalloc', 'a journal, opened at a step'],
    ['view examples/thread-pool.ts --seeds 5', 'five runs, each in another order'],
    ['view --gallery pages', 'all examples'],
  ],
  async run({ args, words: [source], scriptArgs }) {
    const choice = machineChoice(args);
    if (args.gallery !== undefined) {
      if (source !== undefined) throw new UsageError(`--gallery takes all examples, and not ${source}`);
      if (existsSync(args.gallery)) checkTarget('--gallery', join(args.gallery, 'index.html'));
      await writeGallery(args.gallery, choice);
      return;
    }
    if (source === undefined) throw new UsageError('view what? Name a script or a journal, or give --gallery DIR');
    const at = args.at === undefined ? null : wholeNumber('--at', args.at, 0, POSITION_MAX);
    const out = args.out ?? FILE;
    checkTarget('--out', out);
    const seeds = args.seeds === undefined ? 1 : wholeNumber('--seeds', args.seeds, 1, SEEDS_MAX);
    const problem = await writePage(out, { source, at, choice, seeds, scriptArgs, isHeard: true });
    console.log(`${out} shows ${source}; open it in a browser`);
    process.exitCode = problem === null ? EXIT_FINE : EXIT_NO;
  },
});

interface PageRequest {
  source: string;
  at: number | null;
  choice: MachineChoice;
  /** How many, from that of the choice on. */
  seeds: number;
  scriptArgs: readonly string[];
  /** Whether the script's output is shown. */
  isHeard: boolean;
}

/** @returns The error of a script that failed; its page ends there. */
async function writePage(
  file: string,
  { source, at, choice, seeds, scriptArgs, isHeard }: PageRequest,
): Promise<string | null> {
  if (seeds > 1 && !isScript(source)) throw new UsageError(`--seeds takes a script; the journal ${source} is one run`);
  const options = { ...machineOptions(choice), args: scriptArgs };
  const { journal, complaint } = await aside(() => journalOf(source, options), isHeard);
  if (complaint !== null) process.stderr.write(`${complaint}\n`);
  const last = journal.header.steps - 1;
  if (at !== null && at > last) throw new UsageError(`--at: there is no step ${at}; the last is ${last}`);
  const journals = [journal];
  for (let seed = choice.seed + 1; seed < choice.seed + seeds; seed++) {
    journals.push((await aside(() => journalOf(source, { ...options, seed }), false)).journal);
  }
  const { strategy, memory: memoryMiB } = choice;
  Machine.fromHeader(journal.header, options); // a journal that makes no machine would make a page that cannot run
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, viewPage(journals, { source, strategy, memoryMiB, at }));
  return complaint;
}

/** Steps at which pages of the gallery open, where the first message is not the telling one. */
const OPENS_AT: Readonly<Record<string, { at?: number; strategy?: Strategy }>> = {
  'first-call': { at: 49 },
};

async function writeGallery(folder: string, choice: MachineChoice): Promise<void> {
  const names = exampleNames(readdirSync(join(ROOT, 'examples')));
  for (const name of names) {
    const { at = null, strategy = choice.strategy } = OPENS_AT[name] ?? {};
    const request = {
      source: `examples/${name}.ts`,
      at,
      choice: { ...choice, strategy },
      seeds: 1,
      scriptArgs: [],
      isHeard: false,
    };
    await writePage(join(folder, `${name}.html`), request);
  }
  const sources = new Map(names.map((name) => [name, readFileSync(join(ROOT, `examples/${name}.ts`), 'utf8')]));
  writeWhole(join(folder, 'index.html'), galleryIndex(sources));
  console.log(`${join(folder, 'index.html')} leads to ${names.length} pages`);
}
