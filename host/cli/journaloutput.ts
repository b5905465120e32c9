/**
 * The journal that `run` writes. The binary form is written while the machine runs. Lines of JSON begin with what is known
 * only at the end, so they are made of a binary journal then.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryJournal } from '../trace/binaryjournal.ts';
import { openFile } from '../wasm/node.ts';
import { BINARY_NAME, piecesOf, writeJournal } from './files.ts';
import { OutputFile } from './outputfile.ts';
import { UsageError } from './usage.ts';

export class JournalOutput {
  /** The folder of the binary journal when that is not what is asked for. */
  readonly #folder: string | null;
  readonly #binary: string;
  #file: OutputFile | null = null;

  /** @param target What --journal says. */
  constructor(private readonly target: string) {
    this.#folder = target.endsWith(BINARY_NAME) ? null : mkdtempSync(join(tmpdir(), 'binderlab-'));
    this.#binary = this.#folder === null ? target : join(this.#folder, `run${BINARY_NAME}`);
    if (this.#folder !== null) process.once('exit', () => this.#remove()); // the watchdog may end the process at any time
  }

  /** Opens the file for the machine. @throws UsageError when it cannot be written. */
  open(): OutputFile {
    this.#file = new OutputFile(this.#binary);
    return this.#file;
  }

  /**
   * Writes what is asked for; the machine has completed its journal.
   *
   * @param print Writes to standard output.
   * @throws UsageError when it cannot be written.
   */
  finish(print: (text: string) => void): void {
    const problem = this.#file?.problem ?? null;
    if (problem !== null) throw new UsageError(problem);
    if (this.#folder === null) return;
    const file = openFile(this.#binary, false);
    const journal = new BinaryJournal(file, this.#binary);
    if (this.target === '-') for (const piece of piecesOf(journal)) print(piece);
    else writeJournal(this.target, journal);
    file.close();
    this.#remove();
  }

  #remove(): void {
    rmSync(this.#folder as string, { recursive: true, force: true });
  }
}
