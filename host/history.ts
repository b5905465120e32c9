/**
 * A journal as a place to walk about in. Owns a machine that stands at one of the journal's steps, and snapshots along
 * the way that it has come: going back restores the nearest one before, and feeds the inputs forward from there.
 *
 *     steps       0 . . . . . . . 8 . . . . . . . 16 . . . . 21    the machine stands at 21
 *     snapshots   S               S               S
 *     back        20: restore S at 16, perform 17, 18, 19, 20
 *
 * The journal is all that is needed: a journal of the kernel's is walked like one of our own.
 */

import { MemoryImage } from './guest/image.ts';
import type { Machine } from './machine.ts';
import { inputOf, StepNumbers } from './replay.ts';
import type { Snapshot } from './snapshot.ts';
import type { Journal, JournalHeader, Step } from './trace/journal.ts';

export interface HistoryOptions {
  /** Steps from one snapshot to the next, to begin with. */
  every?: number;
  /** How many snapshots are kept; with more of them every second one is dropped. */
  snapshotsMax?: number;
  /** How much memory the snapshots may take before every second one is dropped, MiB. */
  memoryMaxMiB?: number;
}

/** Position before the first step: the machine as it was booted. */
export const START = -1;

const EVERY = 8;
const SNAPSHOTS_MAX = 64;
const MEMORY_MAX_MIB = 256;
const MIB = 1024 * 1024;
/** The start, and one to go on from. */
const MARKS_MIN = 2;

/** The machine cannot perform a step of the journal, so nobody gets to it or beyond. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';

  /** @param step The step that it stops at. @param cause What the machine threw. */
  constructor(
    readonly step: Step,
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`step ${step.i} (${step.op}) cannot be performed: ${reason}`, { cause });
  }
}

/** Where a snapshot was taken. */
interface Mark {
  readonly position: number;
  readonly snapshot: Snapshot;
}

export class History {
  readonly machine: Machine;
  readonly header: JournalHeader;
  /** The journal's steps as they were recorded. */
  readonly recorded: readonly Step[];
  readonly #numbers = new StepNumbers();
  /** What came of the steps here, by position. The same step comes to the same again, so none is ever replaced. */
  readonly #performed: Step[] = [];
  /** By position, rising. */
  #marks: Mark[] = [];
  /** What the snapshots hold together; since the last were dropped, pages copied. */
  #bytes = 0;
  #every: number;
  readonly #snapshotsMax: number;
  readonly #bytesMax: number;
  #position = START;

  /** @param boot Makes the machine that the journal's header tells; nobody else may act in it. */
  constructor(journal: Journal, boot: (header: JournalHeader) => Machine, options: HistoryOptions = {}) {
    this.header = journal.header;
    this.recorded = journal.steps;
    this.machine = boot(journal.header);
    this.#every = Math.max(1, options.every ?? EVERY);
    this.#snapshotsMax = Math.max(MARKS_MIN, options.snapshotsMax ?? SNAPSHOTS_MAX);
    this.#bytesMax = (options.memoryMaxMiB ?? MEMORY_MAX_MIB) * MIB;
    this.#keep();
  }

  /** Index, in the journal, of the step performed last: the machine stands behind it. START before the first. */
  get position(): number {
    return this.#position;
  }

  /** Index of the last step. */
  get last(): number {
    return this.recorded.length - 1;
  }

  /** The step performed last, with what came of it here; null at the start. */
  get step(): Step | null {
    return this.#performed[this.#position] ?? null;
  }

  /** The step that comes next, as it was recorded; null at the end. */
  get upcoming(): Step | null {
    return this.recorded[this.#position + 1] ?? null;
  }

  /** The steps up to where the machine stands, with what came of them here. */
  get past(): readonly Step[] {
    return this.#performed.slice(0, this.#position + 1);
  }

  /** Position of the step with that number; numbers of a journal may have gaps. */
  find(number: number): number | null {
    const position = this.recorded.findIndex(({ i }) => i === number);
    return position < 0 ? null : position;
  }

  /**
   * Goes to a position, forwards or back.
   *
   * @throws RangeError when the journal has no such position.
   * @throws HistoryError when the machine cannot perform a step on the way; it stands before that step then.
   */
  goto(position: number): void {
    if (!Number.isInteger(position) || position < START || position > this.last) {
      throw new RangeError(`there is no position ${position}; the journal has ${START} to ${this.last}`);
    }
    try {
      this.#walk(position);
    } catch (error) {
      if (error instanceof HistoryError) this.#recover(this.#position);
      throw error;
    }
  }

  /** One step forwards. @returns whether there was one. @throws HistoryError when it cannot be performed. */
  next(): boolean {
    if (this.#position >= this.last) return false;
    this.goto(this.#position + 1);
    return true;
  }

  /** One step back. @returns whether there was one. */
  back(): boolean {
    if (this.#position <= START) return false;
    this.goto(this.#position - 1);
    return true;
  }

  /**
   * Goes on until something is so, or else to the end.
   *
   * @param holds Asked behind each step.
   * @returns whether it came to be so.
   * @throws HistoryError at a step that cannot be performed; the machine stands before it then.
   */
  until(holds: (step: Step) => boolean): boolean {
    while (this.next()) if (holds(this.step as Step)) return true;
    return false;
  }

  /** Digits that stand for the whole state behind the current step. */
  hash(): string {
    return this.machine.hash();
  }

  /** What the snapshots hold together, bytes. */
  get snapshotBytes(): number {
    return MemoryImage.bytesOf(this.#marks.map(({ snapshot }) => snapshot.image));
  }

  #walk(to: number): void {
    const nearest = this.#nearest(to);
    if (to < this.#position || nearest.position > this.#position) this.#restore(nearest);
    while (this.#position < to) this.#advance();
  }

  /** Back to where the machine has been, from wherever a failed step has left it. */
  #recover(position: number): void {
    this.#restore(this.#nearest(position));
    this.#walk(position);
  }

  #advance(): void {
    const position = this.#position + 1;
    const step = this.recorded[position] as Step;
    try {
      this.#performed[position] = this.#numbers.renumber(this.machine.perform(inputOf(step)), step.i);
    } catch (error) {
      throw new HistoryError(step, error);
    }
    this.#position = position;
    if ((position - START) % this.#every === 0) this.#keep();
  }

  #restore({ position, snapshot }: Mark): void {
    this.machine.restore(snapshot);
    this.#position = position;
  }

  /** The last snapshot at that position or before; there is always the one of the start. */
  #nearest(position: number): Mark {
    return this.#marks.filter((mark) => mark.position <= position).at(-1) as Mark;
  }

  /** Takes a snapshot, unless the machine has been here before. */
  #keep(): void {
    const furthest = this.#marks.at(-1);
    if (furthest !== undefined && furthest.position >= this.#position) return;
    const snapshot = this.machine.snapshot();
    this.#marks.push({ position: this.#position, snapshot });
    this.#bytes += snapshot.image.copiedBytes;
    while (
      this.#marks.length > MARKS_MIN &&
      (this.#marks.length > this.#snapshotsMax || this.#bytes > this.#bytesMax)
    ) {
      this.#every *= 2;
      this.#marks = this.#marks.filter((mark) => (mark.position - START) % this.#every === 0);
      this.#bytes = this.snapshotBytes;
    }
  }
}
