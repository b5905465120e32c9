/** The steps of a journal by position. Those of the binary form stay entries until they are looked at. */
import type { RecordedEntries } from './steps.ts';
import { BinaryJournal, keepsKernelLog } from './trace/binaryjournal.ts';
import type { Journal, Step } from './trace/journal.ts';
import type { StepEntries } from './trace/stepreader.ts';

/** By position of a branch: a position of its journal, or a step that is not the journal's. */
type Order = readonly (number | Step)[];

export class RecordedSteps {
  #journal: Journal;
  /** Names of threads, by number. */
  #names: string[] = [];
  /** By the journal's position; null for a journal of steps. */
  #entries: readonly StepEntries[] | null;
  /** Null for the journal itself. */
  #order: Order | null = null;

  /** @throws JournalError for invalid entries. */
  constructor(journal: Journal) {
    this.#journal = journal;
    this.#entries = journal instanceof BinaryJournal ? [...journal.eachEntries(this.#names)] : null;
  }

  /** @internal A branch: some of these steps, and others between them. Its numbers are its positions. */
  branch(order: Order): RecordedSteps {
    const branch = new RecordedSteps({ header: this.#journal.header, steps: [] });
    branch.#journal = this.#journal;
    branch.#names = this.#names;
    branch.#entries = this.#entries;
    branch.#order = order;
    return branch;
  }

  /** Whether its steps have lines of the kernel log. */
  get hasKernelLog(): boolean {
    return keepsKernelLog(this.#journal);
  }

  get count(): number {
    return (this.#order ?? this.#entries ?? this.#journal.steps).length;
  }

  /** @throws JournalError for a step that cannot be. */
  at(position: number): Step {
    const place = this.#placeOf(position);
    if (typeof place === 'object') return place;
    const entries = this.#entries?.[place];
    if (entries === undefined) return this.#journal.steps[place] as Step;
    return (this.#journal as BinaryJournal).stepOf(entries, this.#names);
  }

  /** The same as a machine performs it. */
  inputAt(position: number): Step | RecordedEntries {
    const place = this.#placeOf(position);
    const entries = typeof place === 'object' ? undefined : this.#entries?.[place];
    if (entries === undefined) return this.at(position);
    return { names: this.#names, ops: (this.#journal as BinaryJournal).ops, entries: entries.entries };
  }

  /** Number of the step. */
  numberAt(position: number): number {
    if (this.#order !== null) return position;
    return ((this.#entries ?? this.#journal.steps)[position] as { i: number }).i;
  }

  /** Position of the step with that number; null without one. */
  find(number: number): number | null {
    if (this.#order !== null) return number < this.count ? number : null;
    const position = (this.#entries ?? this.#journal.steps).findIndex(({ i }: { i: number }) => i === number);
    return position < 0 ? null : position;
  }

  *[Symbol.iterator](): Generator<Step> {
    for (let position = 0; position < this.count; position++) yield this.at(position);
  }

  #placeOf(position: number): number | Step {
    return this.#order === null ? position : (this.#order[position] as number | Step);
  }
}
