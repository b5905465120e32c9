/** The `oracle` command. Finds the subcommand, and turns errors into messages and exit codes. */
import { EXIT_NO, EXIT_USAGE, UsageError } from '../host/cli/usage.ts';
import { JournalError } from '../host/trace/journaltext.ts';
import { diffCommand } from './cli/diff.ts';
import { huntCommand } from './cli/hunt.ts';
import { type Command, helpText, parseLine } from './cli/options.ts';
import { randomCommand, recordCommand } from './cli/record.ts';
import { replayCommand } from './cli/replay.ts';
import { setupCommand } from './cli/setup.ts';
import { NotSetUpError } from './place.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  setup: setupCommand,
  record: recordCommand,
  random: randomCommand,
  replay: replayCommand,
  diff: diffCommand,
  hunt: huntCommand,
};

function overview(): string {
  const lines = Object.values(COMMANDS).map(({ usage }) => `  npm run oracle -- ${usage}`);
  return ["Records what Linux's Binder driver answers, and compares.", '', ...lines, '', 'Each has --help.'].join('\n');
}

async function main(words: readonly string[]): Promise<void> {
  const [name, ...rest] = words;
  if (name === undefined || name === '--help' || name === '-h') {
    if (name === undefined) throw new UsageError(`which command? There are ${Object.keys(COMMANDS).join(', ')}`);
    console.log(overview());
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new UsageError(`there is no command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}`);
  }
  if (rest.includes('--help') || rest.includes('-h')) console.log(helpText(command));
  else await command.run(parseLine(rest, command));
}

function fail(error: unknown): void {
  const isUsage = error instanceof UsageError || error instanceof JournalError;
  process.exitCode = isUsage ? EXIT_USAGE : EXIT_NO;
  if (isUsage) process.stderr.write(`oracle: ${error.message}\n`);
  else if (error instanceof NotSetUpError) process.stderr.write(`oracle: ${error.message}; npm run oracle -- setup\n`);
  else process.stderr.write(`oracle: ${error instanceof Error ? error.stack : String(error)}\n`);
}

await main(process.argv.slice(2)).catch(fail);
