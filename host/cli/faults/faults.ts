/** `binderlab faults`: lets everything in a script or journal go wrong once, and reports what is not sound then. */
import { basename, join } from 'node:path';
import { FAULT_KINDS, type KindTally, Sweep, type SweepPlace, type UnsoundRun } from '../../faults/sweep.ts';
import type { Injection } from '../../injector.ts';
import type { Journal } from '../../trace/journal.ts';
import { BUILDS } from '../boot.ts';
import { ANY_NUMBER, defineCommand } from '../command.ts';
import { checkTarget, writeJournal } from '../files.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from '../machineoptions.ts';
import { wholeNumber } from '../number.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../usage.ts';
import { subjectsOf } from './subjects.ts';

const NUMBER_MAX = 0x7fff_ffff;
const SHOWN_EVERY_MS = 5000;
/** Journals of unsound runs that are kept of one source. */
const KEPT_MAX = 10;

/** What a source came to. */
interface SourceReport {
  readonly source: string;
  readonly kinds: Readonly<Record<string, KindTally>>;
  readonly unsound: readonly { injection: Injection; message: string; file: string | null }[];
}

export const faultsCommand = defineCommand({
  words: {
    hint: 'SCRIPT or JOURNAL',
    min: 1,
    max: ANY_NUMBER,
    description: 'scripts, journals, or folders of journals',
  },
  options: {
    kind: {
      type: 'string',
      hint: 'KIND,...',
      description: `what goes wrong: ${FAULT_KINDS.join(', ')}; default: each of them`,
    },
    from: {
      type: 'string',
      hint: 'N',
      default: '1',
      description: 'the first number: of an allocation, copy, sleep, step',
    },
    to: { type: 'string', hint: 'N', description: 'the last number; default: as many as there are' },
    every: { type: 'string', hint: 'N', default: '1', description: 'try one of N numbers' },
    only: { type: 'string', hint: 'N', description: 'try this number, with --kind' },
    build: {
      type: 'string',
      hint: 'B',
      default: 'release',
      choices: BUILDS,
      description: 'which build of the guest runs',
    },
    out: { type: 'string', hint: 'DIR', default: '.', description: 'folder for journals of runs that are not sound' },
    json: {
      type: 'boolean',
      description: 'print one JSON document: {runs, unsound, sources: [{source, kinds, unsound}]}',
    },
    ...MACHINE_OPTIONS,
  },
  scriptArgs: true,
  contrary: [
    ['only', 'from'],
    ['only', 'to'],
    ['only', 'every'],
  ],
  examples: [
    ['faults examples/raw-first-call.ts', 'every allocation fails once, every copy, every process dies, ...'],
    ['faults run.jsonl --kind object --only 17', 'repeats one run'],
  ],
  async run({ args, words, scriptArgs }) {
    const choice = machineChoice(args);
    const kinds = kindsOf(args.kind);
    if (args.only !== undefined && kinds.length !== 1) throw new UsageError('--only takes one --kind');
    const number = (option: string, text: string) => wholeNumber(option, text, 1, NUMBER_MAX);
    const only = args.only === undefined ? null : number('--only', args.only);
    const range = {
      from: only ?? number('--from', args.from),
      to: only ?? number('--to', args.to ?? String(NUMBER_MAX)),
      every: number('--every', args.every),
    };
    checkTarget('--out', join(args.out, 'journal'));
    const boot = machineOptions(choice, args.build);
    const reports: SourceReport[] = [];
    for (const subject of await subjectsOf(words, scriptArgs)) {
      const sweep = new Sweep(subject, { boot, kinds, ...range }, progressOf(subject.name));
      await sweep.run();
      if (sweep.complaint !== null) throw new UsageError(`${subject.name} fails by itself: ${sweep.complaint}`);
      const unsound = sweep.unsound.map((one, index) => kept(one, subject.name, index < KEPT_MAX ? args.out : null));
      reports.push({ source: subject.name, kinds: Object.fromEntries(sweep.tallies), unsound });
      if (!args.json) console.log(textOf(reports.at(-1) as SourceReport));
    }
    const runs = sum(reports.flatMap(({ kinds: some }) => Object.values(some).map((tally) => tally.runs)));
    const bad = sum(reports.map(({ unsound }) => unsound.length));
    if (args.json) console.log(JSON.stringify({ runs, unsound: bad, sources: reports }, null, 2));
    else console.log(`${runs} runs of ${reports.length} sources, ${bad} of them not sound`);
    process.exitCode = bad > 0 ? EXIT_NO : EXIT_FINE;
  },
});

/** @throws UsageError for an unknown kind. */
function kindsOf(text: string | undefined): Injection['what'][] {
  const named = text?.split(',') ?? FAULT_KINDS;
  return named.map((name) => {
    const kind = FAULT_KINDS.find((one) => one === name);
    if (kind === undefined) throw new UsageError(`--kind takes ${FAULT_KINDS.join(', ')}, not "${name}"`);
    return kind;
  });
}

/** Says on standard error how far a sweep is, from time to time. */
function progressOf(source: string): (place: SweepPlace) => void {
  let shownAt = performance.now();
  return ({ kind, nth, last }) => {
    const now = performance.now();
    if (now - shownAt < SHOWN_EVERY_MS) return;
    shownAt = now;
    process.stderr.write(`${source}: ${kind} ${nth} of ${last}\n`);
  };
}

function kept(
  { injection, message, run }: UnsoundRun,
  source: string,
  out: string | null,
): SourceReport['unsound'][number] {
  if (out === null) return { injection, message, file: null };
  const { what, nth, bytes = 0 } = injection;
  const [name = source] = basename(source).split('.');
  const file = join(out, `faults-${name}-${what}-${nth}${bytes === 0 ? '' : `-${bytes}`}.jsonl`);
  writeJournal(file, named(run.journal, `${what} number ${nth}: ${message.split('\n')[0]}`));
  return { injection, message, file };
}

function named({ header, steps }: Journal, desc: string): Journal {
  return { header: { ...header, desc }, steps };
}

function textOf({ source, kinds, unsound }: SourceReport): string {
  const lines = Object.entries(kinds).map(([kind, { runs, ended, failed, stuck, answers }]) => {
    const names = Object.entries(answers).map(([name, count]) => `${name} ${count}`);
    const came = names.length === 0 ? 'nothing failed' : names.join(', ');
    return `  ${kind.padEnd(8)}  ${String(runs).padStart(5)} runs: ${ended} to the end, ${failed} with an error, ${stuck} waiting for ever; ${came}`;
  });
  const bad = unsound.map(({ injection: { what, nth, bytes = 0 }, message, file }) => {
    const after = bytes === 0 ? '' : ` after ${bytes} bytes`;
    return `  not sound: ${what} ${nth}${after}: ${message}${file === null ? '' : ` (${file})`}`;
  });
  return [source, ...lines, ...bad].join('\n');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
