/** `binderlab explore`: runs a script under all schedules with a bounded number of preemptions, or under random ones. */
import { writeSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Exploration, type ExploreCounts, type ExploreFailure, explore } from '../../explore/explorer.ts';
import { runsOf } from '../../explore/schedule.ts';
import { defineCommand } from '../command.ts';
import { checkJournalTarget, writeJournal } from '../files.ts';
import { BUG_OPTION, bugOptions, MACHINE_OPTIONS, machineChoice, machineOptions } from '../machineoptions.ts';
import { wholeNumber } from '../number.ts';
import { aside } from '../output.ts';
import { loadScript } from '../script.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../usage.ts';
import { watch } from '../watchdog.ts';

const NUMBER_MAX = 0xffff_ffff;
const PREEMPTIONS_MAX = 100;
const TIMEOUT_MAX_S = 86_400;
const MS_PER_S = 1000;
const SHOWN_EVERY_MS = 5000;
/** A run that is still going on so long after the limit has a program that makes no system call. */
const HANG_MS = 5000;

/** What `--json` prints; a failure is without its journal. */
interface ExploreReport extends Omit<Exploration, 'failure'> {
  readonly script: string;
  readonly seconds: number;
  readonly failure: (Omit<ExploreFailure, 'journal'> & { readonly file: string }) | null;
}

export const exploreCommand = defineCommand({
  words: { hint: 'SCRIPT', min: 1, max: 1, description: 'the script' },
  options: {
    preemptions: {
      type: 'string',
      hint: 'K',
      default: '2',
      description: 'how many times at most a thread that could go on has to wait for another one',
    },
    random: { type: 'string', hint: 'N', description: 'run N random schedules instead, by the seed' },
    timeout: { type: 'string', hint: 'SECONDS', description: 'end the search after that time' },
    'max-steps': { type: 'string', hint: 'N', description: 'end the search after N steps' },
    journal: {
      type: 'string',
      hint: 'FILE',
      description: 'where the shortest failing journal is written; default: SCRIPT.failure.jsonl',
    },
    ...BUG_OPTION,
    json: {
      type: 'boolean',
      description:
        'print one JSON document: {script, seconds, preemptions, schedules, merged, states, steps, judged, left, isComplete, unlike, failure}',
    },
    ...MACHINE_OPTIONS,
    memory: { ...MACHINE_OPTIONS.memory, default: '8' },
  },
  scriptArgs: true,
  examples: [
    ['explore examples/every-schedule.ts --preemptions 3', 'all schedules with three preemptions at most'],
    ['explore work.ts --random 10000 --seed 7', 'where there are too many of them'],
  ],
  async run({ args, words: [file = ''], scriptArgs, given }) {
    if (args.random !== undefined && given.has('preemptions')) {
      throw new UsageError('--random takes any number of preemptions; leave --preemptions out');
    }
    const preemptions = wholeNumber('--preemptions', args.preemptions, 0, PREEMPTIONS_MAX);
    const random = args.random === undefined ? null : wholeNumber('--random', args.random, 1, NUMBER_MAX);
    const seconds = args.timeout === undefined ? null : wholeNumber('--timeout', args.timeout, 1, TIMEOUT_MAX_S);
    const steps = args['max-steps'];
    const stepsMax = steps === undefined ? null : wholeNumber('--max-steps', steps, 1, Number.MAX_SAFE_INTEGER);
    const target = args.journal ?? `${basename(file, extname(file))}.failure.jsonl`;
    checkJournalTarget('--journal', target);
    const script = await loadScript(file);
    const boot = { ...machineOptions(machineChoice(args)), ...bugOptions(args), name: file, args: scriptArgs };
    const watching = watchTime(file, seconds);
    const limits = { ...(random === null ? {} : { random }), ...(stepsMax === null ? {} : { stepsMax }) };
    const found = await aside(() => explore(script, { boot, preemptions, ...limits, progress: watching.goOn }), false);
    watching.end();
    if (found.failure !== null) writeJournal(target, found.failure.journal);
    const report = reportOf(file, watching.seconds(), found, target);
    console.log(args.json ? JSON.stringify(report, null, 2) : textOf(report, random !== null));
    process.exitCode = found.failure === null ? EXIT_FINE : EXIT_NO;
  },
});

/** Writes to standard error, which is kept from scripts. A reader that has closed the pipe is no error. */
function tell(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // nobody reads it
  }
}

/** Keeps the time of a search, and shows its progress. @param seconds Its limit; null for none. */
function watchTime(file: string, seconds: number | null) {
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / MS_PER_S;
  let shownAt = begun;
  const end =
    seconds === null
      ? () => {}
      : watch(seconds * MS_PER_S + HANG_MS, () => {
          tell(
            `a run of ${file} has not ended ${HANG_MS / MS_PER_S} s after the limit: a program makes no system call\n`,
          );
          process.exit(EXIT_NO);
        });
  const goOn = (counts: ExploreCounts): boolean => {
    if (performance.now() - shownAt >= SHOWN_EVERY_MS) {
      shownAt = performance.now();
      tell(`${elapsed().toFixed(0)} s: ${countsText(counts)}; ${counts.left} branches left\n`);
    }
    return seconds === null || elapsed() < seconds;
  };
  return { seconds: elapsed, goOn, end };
}

function reportOf(script: string, seconds: number, { failure, ...counts }: Exploration, file: string): ExploreReport {
  if (failure === null) return { script, seconds, ...counts, failure };
  const { journal: _, ...rest } = failure;
  return { script, seconds, ...counts, failure: { ...rest, file } };
}

function countsText({ schedules, merged, states, steps, judged }: ExploreCounts): string {
  return `${schedules} schedules (${merged} of them up to a known state), ${states} states, ${steps} steps (${judged} of them new)`;
}

function textOf(report: ExploreReport, isRandom: boolean): string {
  const { failure, seconds, steps, unlike } = report;
  const rate = `${countsText(report)}; ${Math.round(steps / seconds)} steps a second`;
  const note = unlike === null ? [] : [`no two states count as equal: ${unlike}`];
  return [failure === null ? successText(report, isRandom) : failureText(failure), rate, ...note].join('\n');
}

function successText({ preemptions, isComplete, left }: ExploreReport, isRandom: boolean): string {
  if (isRandom) return 'everything holds under each of these random schedules';
  const all = `all schedules with ${preemptionsText(preemptions)} at most`;
  if (isComplete) return `everything holds under ${all}`;
  const rest = left > 0 ? `${left} branches are left` : 'some were too long';
  return `everything holds so far; these are not ${all}: ${rest}`;
}

function preemptionsText(count: number): string {
  return count === 1 ? '1 preemption' : `${count} preemptions`;
}

function failureText(failure: NonNullable<ExploreReport['failure']>): string {
  const { property, message, step, schedule, preemptions, isShortest, file } = failure;
  const [first = ''] = message.split('\n');
  return [
    `"${property}" does not hold after step ${step}: ${first}`,
    `found with ${preemptionsText(preemptions)}; ${isShortest ? 'no schedule with as few is shorter' : 'there may be a shorter schedule'}`,
    `schedule: ${runsOf(schedule).join(', ')}`,
    `journal: ${file}; npx binderlab step ${file} --at ${step}`,
  ].join('\n');
}
