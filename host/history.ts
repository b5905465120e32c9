/**
 * Moves through a journal in both directions. Owns a machine that is at one of the journal's steps, and snapshots along the
 * way: going back restores the nearest earlier one, and feeds the inputs forward from there.
 *
 *     steps       0 . . . . . . . 8 . . . . . . . 16 . . . . 21    the machine is at 21
 *     snapshots   S               S               S
 *     back        20: restore S at 16, perform 17, 18, 19, 20
 *
 * A journal of the kernel works like one of the emulator.
 */

import { MemoryImage } from './guest/image.ts';
import type { Machine } from './machine.ts';
import { inputOf, StepNumbers } from './replay.ts';
import type { Snapshot } from './snapshot.ts';
import type { Journal, JournalHeader, Step } from './trace/journal.ts';

export interface HistoryOptions {
  /** Steps from one snapshot to the next, initially. */
  every?: number;
  /** How many snapshots are kept. With more, every second one is dropped. */
  snapshotsMax?: number;
  /** Memory limit of the snapshots, MiB. Above it, every second one is dropped. */
  memoryMaxMiB?: number;
}

/** Position before the first step: the machine as it was booted. */
export const START = -1;

const EVERY = 8;
const SNAPSHOTS_MAX = 64;
const MEMORY_MAX_MIB = 256;
const MIB = 1024 * 1024;
/** The start and one more. */
const MARKS_MIN = 2;

/** The machine cannot perform a step of the journal, so this step is the end of the way. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';

  /** @param step The step at which it stops. @param cause The error of the machine. */
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
  /** The journal's recorded steps. */
  readonly recorded: readonly Step[];
  readonly #numbers = new StepNumbers();
  /** The results of the steps here, by position. A step always gives the same result, so none is ever replaced. */
  readonly #performed: Step[] = [];
  /** By position, ascending. */
  #marks: Mark[] = [];
  /** Memory of all snapshots; after a drop, of the pages copied since. */
  #bytes = 0;
  #every: number;
  readonly #snapshotsMax: number;
  readonly #bytesMax: number;
  #position = START;

  /** @param boot Boots the machine of the journal's header; only this object may act in it. */
  constructor(journal: Journal, boot: (header: JournalHeader) => Machine, options: HistoryOptions = {}) {
    this.header = journal.header;
    this.recorded = journal.steps;
    this.machine = boot(journal.header);
    this.machine.keepKernelLog(true);
    this.#every = Math.max(1, options.every ?? EVERY);
    this.#snapshotsMax = Math.max(MARKS_MIN, options.snapshotsMax ?? SNAPSHOTS_MAX);
    this.#bytesMax = (options.memoryMaxMiB ?? MEMORY_MAX_MIB) * MIB;
    this.#keep();
  }

  /** Index of the step performed last: the machine is after it. START before the first. */
  get position(): number {
    return this.#position;
  }

  /** Index of the last step. */
  get last(): number {
    return this.recorded.length - 1;
  }

  /** The step performed last, with its result here; null at the start. */
  get step(): Step | null {
    return this.#performed[this.#position] ?? null;
  }

  /** The next step, as recorded; null at the end. */
  get upcoming(): Step | null {
    return this.recorded[this.#position + 1] ?? null;
  }

  /** The steps up to the machine's position, with their results here. */
  get past(): readonly Step[] {
    return this.#performed.slice(0, this.#position + 1);
  }

  /** Position of the step with that number; a journal's numbers may have gaps. */
  find(number: number): number | null {
    const position = this.recorded.findIndex(({ i }) => i === number);
    return position < 0 ? null : position;
  }

  /**
   * Moves to a position, forwards or backwards.
   *
   * @throws RangeError when the journal has no such position.
   * @throws HistoryError when the machine cannot perform a step on the way; the machine is before that step then.
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

  /** One step forwards. @returns Whether there was one. @throws HistoryError when it cannot be performed. */
  next(): boolean {
    if (this.#position >= this.last) return false;
    this.goto(this.#position + 1);
    return true;
  }

  /** One step back. @returns Whether there was one. */
  back(): boolean {
    if (this.#position <= START) return false;
    this.goto(this.#position - 1);
    return true;
  }

  /**
   * Moves forward until the predicate holds, or to the end.
   *
   * @param holds The predicate, tested after each step.
   * @returns Whether it held.
   * @throws HistoryError at a step that cannot be performed; the machine is before it then.
   */
  until(holds: (step: Step) => boolean): boolean {
    while (this.next()) if (holds(this.step as Step)) return true;
    return false;
  }

  /** A digest of the whole state after the current step. */
  hash(): string {
    return this.machine.hash();
  }

  /** Memory of all snapshots, bytes. */
  get snapshotBytes(): number {
    return MemoryImage.bytesOf(this.#marks.map(({ snapshot }) => snapshot.image));
  }

  #walk(to: number): void {
    const nearest = this.#nearest(to);
    if (to < this.#position || nearest.position > this.#position) this.#restore(nearest);
    while (this.#position < to) this.#advance();
  }

  /** Restores the machine's own position after a failed step. */
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

  /** The last snapshot at that position or before; the start always has one. */
  #nearest(position: number): Mark {
    return this.#marks.filter((mark) => mark.position <= position).at(-1) as Mark;
  }

  /** Takes a snapshot, unless the machine was here before. */
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
