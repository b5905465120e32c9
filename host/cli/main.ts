#!/usr/bin/env node
/** The `binderlab` command: finds the command that a line names, runs it, and sets its exit code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { engineFlags } from '../wasm/engine.ts';
import { COMMANDS } from './commands.ts';
import { didYouMean } from './misspelling.ts';
import { exitWhenWritten } from './output.ts';
import { ROOT } from './packagefile.ts';
import { endByUncaught } from './uncaught.ts';
import { EXIT_FINE, EXIT_USAGE, UsageError } from './usage.ts';

const PROGRAM = 'binderlab';
const HELP = ['--help', '-h'];
const VERSION = ['--version', '-v'];

/** Runs one command line. Sets `process.exitCode` and does not exit, so that all output is written. */
async function main(line: readonly string[]): Promise<void> {
  const [first = ''] = line;
  if (line.length === 1 && VERSION.includes(first)) {
    console.log(packageFacts().version);
    return;
  }
  const { readCommandLine, wordsOf } = await import('./commandline.ts');
  const { MACHINE_OPTIONS } = await import('./machineoptions.ts');
  const end = line.includes('--') ? line.indexOf('--') : line.length;
  const isHelp = (word: string, at: number) => HELP.includes(word) && at < end;
  const rest = line.filter((word, at) => !isHelp(word, at));
  const [found, next, ...more] = wordsOf(rest, MACHINE_OPTIONS);
  if (found?.word === 'help') {
    if (more.length > 0)
      throw new UsageError(`help takes one command, not also ${more.map(({ word }) => word).join(' ')}`);
    console.log(await helpOf(next?.word));
  } else if (line.some(isHelp)) {
    console.log(await helpOf(found?.word));
  } else if (found === undefined) {
    readCommandLine(PROGRAM, { options: MACHINE_OPTIONS, examples: [], run() {} }, rest);
    throw new UsageError(`which command? There are ${Object.keys(COMMANDS).join(', ')}; ${PROGRAM} --help says more`);
  } else {
    const command = await entryOf(found.word).load();
    await command.run(readCommandLine(found.word, command, rest.toSpliced(found.at, 1)));
  }
}

/** @param name The command's name; undefined for the help of the program. */
async function helpOf(name: string | undefined): Promise<string> {
  const { commandHelp, helpWidth, programHelp } = await import('./help.ts');
  const width = helpWidth(process.stdout.columns);
  if (name !== undefined) {
    const { summary, load } = entryOf(name);
    return commandHelp(name, summary, await load(), width);
  }
  const summaries = Object.entries(COMMANDS).map(([command, { summary }]) => [command, summary] as const);
  return programHelp(packageFacts().description, Object.fromEntries(summaries), width);
}

/** @throws UsageError for an unknown command. */
function entryOf(name: string): (typeof COMMANDS)[string] {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry !== undefined) return entry;
  throw new UsageError(`there is no command "${name}"; ${didYouMean(name, [...Object.keys(COMMANDS), 'help'])}`);
}

function packageFacts(): { version: string; description: string } {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}

function complain(message: string): void {
  process.stderr.write(`${PROGRAM}: ${message}\n`);
}

/** A reader that closes the pipe, such as head, is not an error; a full disk is. */
process.stdout.on('error', async (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT_FINE);
  const { systemText } = await import('./failure.ts');
  complain(`standard output cannot be written: ${systemText(error)}`);
  process.exit(EXIT_USAGE);
});
process.stderr.on('error', () => {});
endByUncaught();

try {
  for (const flag of engineFlags()) setFlagsFromString(flag);
  await main(process.argv.slice(2));
} catch (error) {
  const { failureOf } = await import('./failure.ts');
  const { message, exitCode } = failureOf(error);
  complain(message);
  process.exitCode = exitCode;
  exitWhenWritten();
}
