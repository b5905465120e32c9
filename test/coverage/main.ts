/**
 * `npm run coverage -- guest [JOURNAL...]`: which branches of the guest nothing reaches. Journals are files or folders. Without
 * any: all recordings, those of test/conformance also with failures, the tests of the guest, and fuzzed programs. Exit code 0;
 * 1 when a journal does not come out as recorded, the core is covered too little, or a reason in unreached.ts is no longer one;
 * 2 for an invalid command line or file.
 *
 *     --steps N    how many steps are fuzzed; default: 1000000, with journals 0
 *     --watchers   assembly/inspect.ts and assembly/check too, which no program on the machine reaches
 *     --json       one JSON document on stdout
 *
 * `npm run coverage -- host [PART...]` is the host's coverage: c8 around the tests. Without a word both are printed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findJournals, type JournalPath } from '../../host/cli/files.ts';
import { coverageModule } from '../../host/cli/fuzz/coveragebuild.ts';
import { wholeNumber } from '../../host/cli/number.ts';
import { EXIT_FINE, EXIT_NO, EXIT_USAGE, UsageError } from '../../host/cli/usage.ts';
import { BranchCounters } from '../../host/fuzz/branchcounters.ts';
import { Machine } from '../../host/machine.ts';
import { JournalError } from '../../host/trace/journaltext.ts';
import { gather } from './crew.ts';
import type { Job } from './jobs.ts';
import { keyOfBranch } from './preload.ts';
import { coreOf, coreText, isMachine, type ReachReport, reachOf, reachText, withoutReasons } from './reach.ts';
import { reachedByTests } from './tests.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CONFORMANCE = join(ROOT, 'test/conformance');
const STEPS = 1_000_000;
const SEED = 1;
/** The least share of the core's branches. */
const CORE_MIN = 0.97;

function parse(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        steps: { type: 'string' },
        watchers: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @param steps How many steps are fuzzed; null: as many as usual, and the tests too, if no path is given. */
async function measured(paths: readonly string[], watchers: boolean, steps: number | null): Promise<ReachReport> {
  const isAll = paths.length === 0;
  const journals = findJournals(isAll ? [CONFORMANCE] : paths);
  const { reached, different } = await gather(jobsOf(journals, isAll, steps ?? (isAll ? STEPS : 0)));
  const { branches } = new BranchCounters(Machine.boot({ wasm: coverageModule(), journal: false }).guest);
  const inTests = isAll ? reachedByTests() : new Set<string>();
  for (const branch of branches) if (inTests.has(keyOfBranch(branch))) reached.add(branch.id);
  const chosen = branches.filter(({ file }) => watchers || isMachine(file));
  const files = reachOf(
    chosen,
    (id) => reached.has(id),
    (file) => readFileSync(join(ROOT, file), 'utf8').split('\n'),
  );
  const sum = files.reduce((all, file) => all + file.reached, 0);
  return { journals: journals.length, different, branches: chosen.length, reached: sum, files };
}

/** The long ones first, so that no processor is left with one of them at the end. */
function jobsOf(journals: readonly JournalPath[], isAll: boolean, steps: number): Job[] {
  const watched = isAll ? journals.filter(({ name }) => !name.startsWith('random/')) : [];
  const recordings = watched.length > 0 ? watched : journals;
  const count = steps > 0 ? availableParallelism() : 0;
  return [
    ...Array.from({ length: count }, (_, first): Job => {
      return { kind: 'fuzz', recordings, share: { first, stride: count, steps: Math.ceil(steps / count), seed: SEED } };
    }),
    ...watched.map((journal, number): Job => ({ kind: 'watch', journal, number })),
    ...journals.map((journal): Job => ({ kind: 'replay', journal })),
  ];
}

/** Runs a program of node's with this one's input and output. @returns its exit code */
function node(...words: string[]): number {
  return spawnSync(process.execPath, words, { cwd: ROOT, stdio: 'inherit' }).status ?? EXIT_NO;
}

async function guest(words: string[]): Promise<void> {
  const { values, positionals } = parse(words);
  const built = node('build.js', 'coverage', 'testcoverage');
  if (built !== EXIT_FINE) {
    process.exitCode = built;
    return;
  }
  const steps = values.steps === undefined ? null : wholeNumber('--steps', values.steps, 0, Number.MAX_SAFE_INTEGER);
  const report = await measured(positionals, values.watchers, steps);
  const isAll = positionals.length === 0;
  const core = coreOf(report.files);
  const lines = isAll ? [...reachText(withoutReasons(report)), ...coreText(core)] : reachText(report);
  console.log(values.json ? JSON.stringify({ ...report, core }, null, 2) : lines.join('\n'));
  const isFine = report.different.length === 0 && (!isAll || (core.share >= CORE_MIN && core.stale.length === 0));
  process.exitCode = isFine ? EXIT_FINE : EXIT_NO;
}

/** c8 around the tests. @returns Its exit code. */
function host(words: readonly string[]): number {
  return node('node_modules/c8/bin/c8.js', process.execPath, 'dist/test/run.js', ...words);
}

const [part, ...words] = process.argv.slice(2);
try {
  if (part === 'guest') await guest(words);
  else if (part === 'host') process.exitCode = host(words);
  else if (part !== undefined) throw new UsageError(`the parts are guest and host, not "${part}"`);
  else {
    const tested = host([]);
    await guest([]);
    if (tested !== EXIT_FINE) process.exitCode = tested;
  }
} catch (error) {
  if (!(error instanceof UsageError || error instanceof JournalError)) throw error;
  process.stderr.write(`coverage: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
