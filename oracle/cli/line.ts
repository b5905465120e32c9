/** Command lines of `oracle`. */
import { UsageError } from '../../host/cli/usage.ts';
import { diffCommand } from './diff.ts';
import { huntCommand } from './hunt.ts';
import { type Command, helpText, parseLine } from './options.ts';
import { randomCommand, recordCommand } from './record.ts';
import { replayCommand } from './replay.ts';
import { setupCommand } from './setup.ts';

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

/** @throws UsageError for a line that makes no sense. */
export async function perform(words: readonly string[]): Promise<void> {
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
