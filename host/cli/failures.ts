/** Journals that a command could not read or run while it went on with the others. */
import { ReplayError } from '../replay.ts';
import { JournalError } from '../trace/journaltext.ts';
import { EXIT_FINE, EXIT_NO, EXIT_USAGE } from './usage.ts';

export class Failures {
  /** Which one, where and why: a sentence each. */
  readonly messages: string[] = [];
  #unread = 0;

  /** @throws the error when it is none of a journal's. */
  add(error: unknown): void {
    if (!(error instanceof JournalError || error instanceof ReplayError)) throw error;
    this.messages.push(error.message);
    if (error instanceof JournalError) this.#unread++;
  }

  /** @param of How many journals there were. */
  exitCode(of: number): number {
    if (this.messages.length === 0) return EXIT_FINE;
    return this.#unread === of ? EXIT_USAGE : EXIT_NO;
  }

  /** Says it on stderr. */
  report(): void {
    for (const message of this.messages) process.stderr.write(`binderlab: ${message}\n`);
  }
}
