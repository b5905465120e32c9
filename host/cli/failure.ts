/** The message and the exit code of an error that ends the program. */
import { getSystemErrorMap } from 'node:util';
import { JournalError } from '../trace/journaltext.ts';
import { BinderlabError } from '../wire/error.ts';
import { thrownText } from '../wire/thrown.ts';
import { EXIT_NO, EXIT_USAGE, UsageError } from './usage.ts';

export interface Failure {
  message: string;
  exitCode: number;
}

/** Names of other errors whose message suffices. Their modules are large, and not every command loads them. */
const SPEAKING = ['ReplayError', 'HistoryError'];

/** A sentence when the user can fix the error, a stack when it is a bug of ours. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: thrownText(error), exitCode: EXIT_NO };
  const { message, name, stack = message } = error;
  if (error instanceof UsageError || error instanceof JournalError) return { message, exitCode: EXIT_USAGE };
  if (isSystemError(error)) {
    const { path } = error;
    return { message: path === undefined ? systemText(error) : `${path}: ${systemText(error)}`, exitCode: EXIT_USAGE };
  }
  const speaks = error instanceof BinderlabError || SPEAKING.includes(name);
  return { message: speaks ? message : stack, exitCode: EXIT_NO };
}

/** The operating system's text of a failed call: "no space left on device". */
export function systemText({ errno, message }: NodeJS.ErrnoException): string {
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
}

function isSystemError(error: Error): error is NodeJS.ErrnoException {
  return 'syscall' in error && 'errno' in error;
}
