/** Errors on the command line, and the exit codes. */

/** The command line, or a file that it names, is invalid. Shown without a stack; the program ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Exit codes. */
export const EXIT_FINE = 0;
export const EXIT_NO = 1;
export const EXIT_USAGE = 2;
