/**
 * `npm run coverage -- guest [JOURNAL...]`: which branches of the guest no journal reaches. Journals are files or folders;
 * without any, all of test/conformance. Exit code 0; 1 when a journal does not come out as recorded; 2 for a command line or a file that makes no sense.
 *
 *     --watchers   assembly/inspect.ts and assembly/check too, which no program on the machine reaches
 *     --json       one JSON document on stdout
 *
 * Without `guest` it is the host's coverage: c8 around `npm test`, which gets all further words.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findJournals, readJournal } from '../../host/cli/files.ts';
import { coverageModule } from '../../host/cli/fuzz/coveragebuild.ts';
import { withProgress } from '../../host/cli/progress.ts';
import { EXIT_FINE, EXIT_NO, EXIT_USAGE, UsageError } from '../../host/cli/usage.ts';
import { BranchCounters } from '../../host/fuzz/branchcounters.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { JournalError } from '../../host/trace/journaltext.ts';
import { isMachine, type ReachReport, reachOf, reachText } from './reach.ts';

const ROOT = join(import.meta.dirname, '../../..');

function parse(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: { watchers: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function measured(paths: readonly string[], watchers: boolean): Promise<ReachReport> {
  const wasm = coverageModule();
  const reached = new Set<number>();
  const different: string[] = [];
  const journals = findJournals(paths);
  for (const journal of withProgress('replayed', journals)) {
    const { isAsRecorded, counts } = counted(wasm, await readJournal(journal));
    for (const [id, count] of counts.entries()) if (count > 0) reached.add(id);
    if (!isAsRecorded) different.push(journal.path);
  }
  const { branches } = new BranchCounters(Machine.boot({ wasm, journal: false }).guest);
  const chosen = branches.filter(({ file }) => watchers || isMachine(file));
  const files = reachOf(
    chosen,
    (id) => reached.has(id),
    (file) => readFileSync(join(ROOT, file), 'utf8').split('\n'),
  );
  const sum = files.reduce((all, file) => all + file.reached, 0);
  return { journals: journals.length, different, branches: chosen.length, reached: sum, files };
}

/** What a journal takes, from the machine's boot on. */
function counted(wasm: WebAssembly.Module, journal: Journal) {
  const machine = Machine.fromHeader(journal.header, { wasm, journal: false });
  const { equal, steps } = replay(journal, () => machine);
  return { isAsRecorded: equal === steps, counts: new BranchCounters(machine.guest).counts };
}

/** Runs a program of node's with this one's input and output. @returns its exit code */
function node(...words: string[]): number {
  return spawnSync(process.execPath, words, { cwd: ROOT, stdio: 'inherit' }).status ?? EXIT_NO;
}

async function guest(words: string[]): Promise<void> {
  const { values, positionals } = parse(words);
  const built = node('build.js', 'coverage');
  if (built !== EXIT_FINE) {
    process.exitCode = built;
    return;
  }
  const paths = positionals.length > 0 ? positionals : [join(ROOT, 'test/conformance')];
  const report = await measured(paths, values.watchers);
  console.log(values.json ? JSON.stringify(report, null, 2) : reachText(report).join('\n'));
  process.exitCode = report.different.length === 0 ? EXIT_FINE : EXIT_NO;
}

const [part, ...words] = process.argv.slice(2);
try {
  if (part === 'guest') await guest(words);
  else
    process.exitCode = node(
      'node_modules/c8/bin/c8.js',
      process.execPath,
      'dist/test/run.js',
      ...process.argv.slice(2),
    );
} catch (error) {
  if (!(error instanceof UsageError || error instanceof JournalError)) throw error;
  process.stderr.write(`coverage: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
