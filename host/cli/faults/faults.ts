/** `binderlab faults`: lets everything in a script or journal go wrong once, and reports what is not sound then. */
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import type { Subject } from '../../faults/faultrun.ts';
import { FAULT_KINDS, Sweep, type SweepOptions, type SweepPlace, type UnsoundRun } from '../../faults/sweep.ts';
import type { Injection } from '../../injector.ts';
import type { Journal } from '../../trace/journal.ts';
import { BUILDS } from '../boot.ts';
import { ANY_NUMBER, type CommandLine, defineCommand, type Options } from '../command.ts';
import { checkTarget, writeJournal } from '../files.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from '../machineoptions.ts';
import { shardOf, wholeNumber } from '../number.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../usage.ts';
import { isRefusal, runParts } from './processes.ts';
import { joined, reportOf, type SourceReport, type SweepReport, textOf, type UnsoundReport } from './report.ts';
import { subjectsOf } from './subjects.ts';

const NUMBER_MAX = 0x7fff_ffff;
const WORKERS_MAX = 1024;
const SHOWN_EVERY_MS = 5000;
/** Journals of unsound runs that are kept of one source. */
const KEPT_MAX = 10;

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
    workers: {
      type: 'string',
      hint: 'N',
      description: 'how many processes share the work; default: one for each processor',
    },
    shard: { type: 'string', hint: 'I/N', default: '1/1', description: 'do part I of N, for several machines' },
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
    ['only', 'shard'],
    ['only', 'workers'],
  ],
  examples: [
    ['faults examples/raw-first-call.ts', 'every allocation fails once, every copy, every process dies, ...'],
    ['faults run.jsonl --kind object --only 17', 'repeats one run'],
  ],
  async run(line) {
    const { args, words, scriptArgs } = line;
    const choice = machineChoice(args);
    const kinds = kindsOf(args.kind);
    if (args.only !== undefined && kinds.length !== 1) throw new UsageError('--only takes one --kind');
    const number = (option: string, text: string) => wholeNumber(option, text, 1, NUMBER_MAX);
    const only = args.only === undefined ? null : number('--only', args.only);
    const shard = shardOf(args.shard);
    const range = {
      from: only ?? number('--from', args.from),
      to: only ?? number('--to', args.to ?? String(NUMBER_MAX)),
      every: number('--every', args.every),
      ...shard,
    };
    if (range.from > range.to) throw new UsageError(`--from ${range.from} is beyond --to ${range.to}`);
    const workers = wholeNumber('--workers', args.workers ?? String(availableParallelism()), 1, WORKERS_MAX);
    checkTarget('--out', join(args.out, 'journal'));
    let report: SweepReport;
    if (workers > 1 && only === null) {
      const parts = await runParts(partsOf(line, shard, workers), (text) => void process.stderr.write(text));
      if (isRefusal(parts)) {
        process.stderr.write(parts.complaint);
        process.exitCode = parts.exitCode;
        return;
      }
      report = joined(parts);
    } else {
      const sweeps = { boot: machineOptions(choice, args.build), kinds, ...range };
      report = await swept(await subjectsOf(words, scriptArgs), sweeps, args.out);
    }
    const text = () => [...report.sources.map(textOf), totalOf(report)].join('\n');
    console.log(args.json ? JSON.stringify(report, null, 2) : text());
    process.exitCode = report.unsound > 0 ? EXIT_NO : EXIT_FINE;
  },
});

/** Sweeps all subjects in this process. @throws UsageError for one that fails by itself. */
async function swept(subjects: readonly Subject[], options: SweepOptions, out: string): Promise<SweepReport> {
  const sources: SourceReport[] = [];
  const told = progressOf(subjects.length);
  for (const [index, subject] of subjects.entries()) {
    const sweep = new Sweep(subject, options, (place) => told(index, subject.name, place));
    await sweep.run();
    if (sweep.complaint !== null) throw new UsageError(`${subject.name} fails by itself: ${sweep.complaint}`);
    const unsound = sweep.unsound.map((one, number) => kept(one, subject.name, number < KEPT_MAX ? out : null));
    sources.push({ source: subject.name, kinds: Object.fromEntries(sweep.tallies), unsound });
  }
  return reportOf(sources);
}

/** The words of the commands whose work is a line's together. */
function partsOf(
  { args, words, scriptArgs, given }: CommandLine<Options>,
  { part, parts }: { part: number; parts: number },
  count: number,
): string[][] {
  const values: Readonly<Record<string, string | boolean | undefined>> = args;
  const own = [...given].filter((name) => !['workers', 'shard', 'json'].includes(name));
  const options = own.map((name) => (values[name] === true ? `--${name}` : `--${name}=${values[name]}`));
  return Array.from({ length: count }, (_, index) => {
    const shard = `--shard=${part * count + index + 1}/${parts * count}`;
    const forScript = scriptArgs.length > 0 ? ['--', ...scriptArgs] : [];
    return ['faults', ...words, ...options, '--json', '--workers=1', shard, ...forScript];
  });
}

function totalOf({ runs, unsound, sources }: SweepReport): string {
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  return `${counted(runs, 'run')} of ${counted(sources.length, 'source')}, ${unsound} not sound`;
}

/** @throws UsageError for an unknown kind. */
function kindsOf(text: string | undefined): Injection['what'][] {
  const named = text?.split(',') ?? FAULT_KINDS;
  return named.map((name) => {
    const kind = FAULT_KINDS.find((one) => one === name);
    if (kind === undefined) throw new UsageError(`--kind takes ${FAULT_KINDS.join(', ')}, not "${name}"`);
    return kind;
  });
}

/** Says on standard error how far the sweeps are, from time to time. */
function progressOf(count: number): (index: number, source: string, place: SweepPlace) => void {
  let shownAt = performance.now();
  return (index, source, { kind, nth, last }) => {
    const now = performance.now();
    if (now - shownAt < SHOWN_EVERY_MS) return;
    shownAt = now;
    process.stderr.write(`${count > 1 ? `${index + 1} of ${count}, ` : ''}${source}: ${kind} ${nth} of ${last}\n`);
  };
}

function kept({ injection, message, journal }: UnsoundRun, source: string, out: string | null): UnsoundReport {
  if (out === null || journal === null) return { injection, message, file: null };
  const { what, nth, bytes = 0 } = injection;
  const [name = source] = basename(source).split('.');
  const file = join(out, `faults-${name}-${what}-${nth}${bytes === 0 ? '' : `-${bytes}`}.jsonl`);
  writeJournal(file, named(journal, `${what} number ${nth}: ${message.split('\n')[0]}`));
  return { injection, message, file };
}

function named({ header, steps }: Journal, desc: string): Journal {
  return { header: { ...header, desc }, steps };
}
