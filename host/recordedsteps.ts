/** The steps of a journal by position. Those of the binary form stay entries until they are looked at. */
import type { RecordedEntries } from './steps.ts';
import { BinaryJournal, keepsKernelLog } from './trace/binaryjournal.ts';
import type { Journal, Step } from './trace/journal.ts';
import type { StepEntries } from './trace/stepreader.ts';

export class RecordedSteps {
  readonly #journal: Journal;
  /** Names of threads, by number. */
  readonly #names: string[] = [];
  /** By position; null for a journal of steps. */
  readonly #entries: readonly StepEntries[] | null;

  /** @throws JournalError for invalid entries. */
  constructor(journal: Journal) {
    this.#journal = journal;
    this.#entries = journal instanceof BinaryJournal ? [...journal.eachEntries(this.#names)] : null;
  }

  /** Whether its steps have lines of the kernel log. */
  get hasKernelLog(): boolean {
    return keepsKernelLog(this.#journal);
  }

  get count(): number {
    return (this.#entries ?? this.#journal.steps).length;
  }

  /** @throws JournalError for a step that cannot be. */
  at(position: number): Step {
    const entries = this.#entries?.[position];
    if (entries === undefined) return this.#journal.steps[position] as Step;
    return (this.#journal as BinaryJournal).stepOf(entries, this.#names);
  }

  /** The same as a machine performs it. */
  inputAt(position: number): Step | RecordedEntries {
    const entries = this.#entries?.[position];
    if (entries === undefined) return this.#journal.steps[position] as Step;
    return { names: this.#names, ops: (this.#journal as BinaryJournal).ops, entries: entries.entries };
  }

  /** Number of the step. */
  numberAt(position: number): number {
    return ((this.#entries ?? this.#journal.steps)[position] as { i: number }).i;
  }

  /** Position of the step with that number; null without one. */
  find(number: number): number | null {
    const position = (this.#entries ?? this.#journal.steps).findIndex(({ i }: { i: number }) => i === number);
    return position < 0 ? null : position;
  }

  *[Symbol.iterator](): Generator<Step> {
    for (let position = 0; position < this.count; position++) yield this.at(position);
  }
}
