#!/usr/bin/env node
/** The `binderlab` command: finds the subcommand, checks its flags, and turns errors into messages and exit codes. */
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { type CommandDef, renderUsage, runCommand as runCitty } from 'citty';
import { ReplayError } from '../replay.ts';
import { JournalError } from '../trace/journaltext.ts';
import { benchCommand } from './bench.ts';
import { compareCommand } from './compare.ts';
import { guideCommand } from './guide.ts';
import { initCommand } from './init.ts';
import { MACHINE_FLAGS } from './machineflags.ts';
import { recordCommand } from './record.ts';
import { replayCommand } from './replay.ts';
import { runCommand } from './run.ts';
import { stepCommand } from './step.ts';
import { checkFlags, EXIT_FINE, EXIT_NO, EXIT_USAGE, positionals, UsageError } from './usage.ts';

// biome-ignore lint/suspicious/noExplicitAny: commands differ in the types of their arguments
const COMMANDS: Readonly<Record<string, CommandDef<any>>> = {
  run: runCommand,
  step: stepCommand,
  record: recordCommand,
  replay: replayCommand,
  compare: compareCommand,
  bench: benchCommand,
  guide: guideCommand,
  init: initCommand,
};

const PACKAGE = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description: string;
};

const MAIN = {
  meta: { name: 'binderlab', version: PACKAGE.version, description: PACKAGE.description },
  args: MACHINE_FLAGS,
  subCommands: { ...COMMANDS },
};

/** Runs one command line. The exit code is left in `process.exitCode`, so that what was printed is written out. */
async function main(words: readonly string[]): Promise<void> {
  const [name] = positionals(words, MACHINE_FLAGS);
  const command = name === undefined ? undefined : COMMANDS[name];
  if (words.includes('--help') || words.includes('-h')) {
    const usage = command ? await renderUsage(command, MAIN) : await renderUsage(MAIN);
    console.log(process.stdout.isTTY ? usage : stripVTControlCharacters(usage));
    return;
  }
  if (words.includes('--version')) {
    console.log(PACKAGE.version);
    return;
  }
  const commands = Object.keys(COMMANDS).join(', ');
  if (name === undefined) throw new UsageError(`which command? There are ${commands}`);
  if (command === undefined) throw new UsageError(`there is no command "${name}"; there are ${commands}`);
  const at = words.indexOf(name);
  const rawArgs = [...words.slice(0, at), ...words.slice(at + 1)];
  checkFlags(rawArgs, command.args);
  await runCitty(command, { rawArgs });
}

/** Says what went wrong, in a sentence where the user can mend it, with a stack where only we can. */
function fail(error: unknown): void {
  if (error instanceof UsageError || error instanceof JournalError || isCittyError(error)) {
    process.stderr.write(`binderlab: ${error.message}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  process.stderr.write(
    `binderlab: ${error instanceof ReplayError ? error.message : String((error as Error)?.stack)}\n`,
  );
  process.exitCode = EXIT_NO;
}

/** The parser's own complaints, e.g. of an argument that is missing. */
function isCittyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'CLIError';
}

/** A reader that has seen enough, such as head, is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode ?? EXIT_FINE);
});

await main(process.argv.slice(2)).catch(fail);
