/** The `oracle` command. Turns errors into messages and exit codes. */
import { EXIT_NO, EXIT_USAGE, UsageError } from '../host/cli/usage.ts';
import { JournalError } from '../host/trace/journaltext.ts';
import { perform } from './cli/line.ts';
import { NotSetUpError } from './place.ts';

function fail(error: unknown): void {
  const isUsage = error instanceof UsageError || error instanceof JournalError;
  process.exitCode = isUsage ? EXIT_USAGE : EXIT_NO;
  if (isUsage) process.stderr.write(`oracle: ${error.message}\n`);
  else if (error instanceof NotSetUpError) process.stderr.write(`oracle: ${error.message}; npm run oracle -- setup\n`);
  else process.stderr.write(`oracle: ${error instanceof Error ? error.stack : String(error)}\n`);
}

await perform(process.argv.slice(2)).catch(fail);
