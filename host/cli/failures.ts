/** Journals that a command could not read or run. It continues with the other journals. */
import { ReplayError } from '../replay.ts';
import { JournalError } from '../trace/journaltext.ts';
import { EXIT_FINE, EXIT_NO, EXIT_USAGE } from './usage.ts';

export class Failures {
  /** One sentence for each: the journal, the place and the cause. */
  readonly messages: string[] = [];
  #unread = 0;

  /** @throws the error when it does not concern a journal. */
  add(error: unknown): void {
    if (!(error instanceof JournalError || error instanceof ReplayError)) throw error;
    this.messages.push(error.message);
    if (error instanceof JournalError) this.#unread++;
  }

  /** @param of The number of journals. */
  exitCode(of: number): number {
    if (this.messages.length === 0) return EXIT_FINE;
    return this.#unread === of ? EXIT_USAGE : EXIT_NO;
  }

  /** Prints the messages on stderr. */
  report(): void {
    for (const message of this.messages) process.stderr.write(`binderlab: ${message}\n`);
  }
}
