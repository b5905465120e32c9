/** What is said of an error that ends the program, and the exit code. */
import { getSystemErrorMap } from 'node:util';
import { JournalError } from '../trace/journaltext.ts';
import { BinderlabError } from '../wire/error.ts';
import { EXIT_NO, EXIT_USAGE, UsageError } from './usage.ts';

export interface Failure {
  message: string;
  exitCode: number;
}

/** Other errors that speak for themselves, by name: their modules are large, and not every command needs them. */
const SPEAKING = ['ReplayError', 'HistoryError'];

/** A sentence where the user can mend it, a stack where only we can. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), exitCode: EXIT_NO };
  const { message, name, stack = message } = error;
  if (error instanceof UsageError || error instanceof JournalError) return { message, exitCode: EXIT_USAGE };
  if (isSystemError(error)) {
    const { path } = error;
    return { message: path === undefined ? systemText(error) : `${path}: ${systemText(error)}`, exitCode: EXIT_USAGE };
  }
  const speaks = error instanceof BinderlabError || SPEAKING.includes(name);
  return { message: speaks ? message : stack, exitCode: EXIT_NO };
}

/** What the operating system says of a call that failed: "no space left on device". */
export function systemText({ errno, message }: NodeJS.ErrnoException): string {
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
}

function isSystemError(error: Error): error is NodeJS.ErrnoException {
  return 'syscall' in error && 'errno' in error;
}
