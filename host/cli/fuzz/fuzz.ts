/** `binderlab fuzz`: runs random and hostile programs, and reports what breaks. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../fuzz/fuzzer.ts';
import { STRATEGIES } from '../../wire/strategy.ts';
import { ANY_NUMBER, defineCommand } from '../command.ts';
import { checkTarget, findJournals, readJournal, writeJournal } from '../files.ts';
import { MACHINE_OPTIONS, machineChoice } from '../machineoptions.ts';
import { shardOf, wholeNumber } from '../number.ts';
import { EXIT_FINE, EXIT_NO } from '../usage.ts';
import { checkCoverageBuild } from './coveragebuild.ts';
import { FUZZED_BUILDS, type FuzzTask } from './task.ts';
import { type FuzzResult, runWorkers } from './workers.ts';

const NUMBER_MAX = 0xffff_ffff;
const SECOND_MS = 1000;
const SECONDS_DEFAULT = 60;
const SHOWN_EVERY_MS = 5000;
const RECORDINGS = 'test/conformance/hand';

export const fuzzCommand = defineCommand({
  words: {
    hint: 'JOURNAL',
    min: 0,
    max: ANY_NUMBER,
    description: 'recordings that programs are made of, files or folders; default: those of the package',
  },
  options: {
    steps: { type: 'string', hint: 'N', description: 'how many steps to run' },
    seconds: {
      type: 'string',
      hint: 'N',
      description: `how long to run; ${SECONDS_DEFAULT} when --steps is absent too`,
    },
    shard: {
      type: 'string',
      hint: 'I/N',
      default: '1/1',
      description: 'run part I of N of the programs, for several machines',
    },
    'check-every': {
      type: 'string',
      hint: 'N',
      default: '1',
      description: 'verify the invariants of the machine after every N steps; 0: at the end of each program',
    },
    'thorough-every': {
      type: 'string',
      hint: 'N',
      default: '50',
      description:
        'run one of N programs also under the other build and another way to map pages, replay it, and walk it backwards; 0: none',
    },
    build: {
      type: 'string',
      hint: 'B',
      default: 'release',
      choices: FUZZED_BUILDS,
      description:
        'which build of the guest runs; "coverage" counts branches, and goes on from programs that reach new ones',
    },
    out: { type: 'string', hint: 'DIR', default: '.', description: 'where journals of findings are written' },
    json: {
      type: 'boolean',
      description:
        'print one JSON document: {seed, shard, seconds, programs, steps, commands, errors, judged, branches, findings, endless}',
    },
    ...MACHINE_OPTIONS,
    strategy: { ...MACHINE_OPTIONS.strategy, description: 'how pages are mapped; when absent, each program draws one' },
    memory: { ...MACHINE_OPTIONS.memory, default: '16' },
  },
  examples: [
    ['fuzz --seconds 10', 'all processors, for ten seconds'],
    ['fuzz run.jsonl --steps 1000000', 'programs made of a journal, and by grammar'],
  ],
  async run({ args, words, given }) {
    const choice = machineChoice(args);
    const { part, parts } = shardOf(args.shard);
    const hasSteps = given.has('steps');
    const seconds = args.seconds ?? (hasSteps ? String(NUMBER_MAX) : String(SECONDS_DEFAULT));
    const steps = wholeNumber('--steps', args.steps ?? String(Number.MAX_SAFE_INTEGER), 1, Number.MAX_SAFE_INTEGER);
    const limitMs = SECOND_MS * wholeNumber('--seconds', seconds, 1, NUMBER_MAX);
    if (args.build === 'coverage') checkCoverageBuild();
    checkTarget('--out', join(args.out, 'journal'));
    const journals = findJournals(words.length === 0 ? [RECORDINGS] : words);
    // a broken one is the user's mistake, which an error of a worker thread does not say
    if (words.length > 0) await Promise.all(journals.map(readJournal));
    const count = availableParallelism();
    const common = {
      seed: choice.seed,
      memory: choice.memory,
      strategies: given.has('strategy') ? [choice.strategy] : STRATEGIES,
      build: args.build,
      checkEvery: wholeNumber('--check-every', args['check-every'], 0, NUMBER_MAX),
      thoroughEvery: wholeNumber('--thorough-every', args['thorough-every'], 0, NUMBER_MAX),
      recordings: journals.map(({ path }) => path),
      stride: count * parts,
      stepsMax: Math.ceil(steps / count),
      limitMs,
    };
    const tasks = Array.from({ length: count }, (_, index): FuzzTask => {
      return { ...common, first: part * count + index };
    });
    const begun = performance.now();
    const elapsed = () => (performance.now() - begun) / SECOND_MS;
    let shownAt = begun;
    const result = await runWorkers(
      tasks,
      (sum) => {
        if (performance.now() - shownAt < SHOWN_EVERY_MS) return;
        shownAt = performance.now();
        process.stderr.write(`${elapsed().toFixed(0)} s: ${countsText(sum)}\n`);
      },
      (finding) => keep(finding, args.out),
    );
    const report = { seed: choice.seed, shard: args.shard, seconds: elapsed(), ...reportOf(result, args.out) };
    console.log(args.json ? JSON.stringify(report, null, 2) : textOf(result, elapsed(), args.out));
    process.exitCode = result.findings.length + result.endless.length > 0 ? EXIT_NO : EXIT_FINE;
  },
});

function fileOf({ journal }: Finding, out: string): string {
  return join(out, `${journal.header.name}.jsonl`);
}

function keep(finding: Finding, out: string): void {
  writeJournal(fileOf(finding, out), finding.journal);
  process.stderr.write(`found: ${findingText(finding, out)}\n`);
}

/** What `--json` prints of the result. */
function reportOf({ findings, ...counts }: FuzzResult, out: string): object {
  return {
    ...counts,
    findings: findings.map((finding) => {
      const { program, breach, stepsBefore, journal } = finding;
      const { oracle, message } = breach;
      return { file: fileOf(finding, out), program, oracle, message, stepsBefore, steps: journal.steps.length };
    }),
  };
}

function countsText({ programs, steps, commands, errors, judged, branches, findings }: FuzzResult): string {
  const counts = [
    `${steps} steps of ${programs} programs`,
    `${commands} commands`,
    `${errors} errors`,
    `${judged} programs judged by all oracles`,
    ...(branches === null ? [] : [`${branches.reached} of ${branches.of} branches`]),
    `${findings.length} findings`,
  ];
  return counts.join(', ');
}

function textOf(result: FuzzResult, seconds: number, out: string): string {
  const rate = Math.round(result.steps / seconds);
  return [
    ...result.findings.map((finding) => findingText(finding, out)),
    ...result.endless.map((program) => `program ${program} did not come to an end`),
    `${countsText(result)}; ${rate} steps a second`,
  ].join('\n');
}

function findingText(finding: Finding, out: string): string {
  const { program, breach, stepsBefore, journal } = finding;
  const [first = ''] = breach.message.split('\n');
  return `${breach.oracle}: ${first} (program ${program}, ${stepsBefore} steps made ${journal.steps.length}: ${fileOf(finding, out)})`;
}
