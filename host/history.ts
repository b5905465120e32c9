/**
 * Moves through a journal in both directions. Owns a machine that is at one of the journal's steps, and snapshots along the
 * way: going back restores the nearest earlier one, and feeds the inputs forward from there. On the way nothing is recorded;
 * only the last step has a result.
 *
 *     steps       0 . . . . . . . 64 . . . . . . 128 . . . . 133    the machine is at 133
 *     snapshots   S               S               S
 *     back        132: restore S at 128, perform 129, 130, 131, and 132 with its result
 *     who wrote   compare after 129 ... 133; if there is no change restore S at 64, and compare after 65 ... 128
 *
 * A journal of the kernel works like one of the emulator.
 */

import { MemoryImage } from './guest/image.ts';
import { changedFields, checkWatched, type Watched } from './inspect/watched.ts';
import type { Machine } from './machine.ts';
import { RecordedSteps } from './recordedsteps.ts';
import type { Snapshot } from './snapshot.ts';
import type { RecordedEntries } from './steps.ts';
import type { Journal, JournalHeader, Step, Woken } from './trace/journal.ts';
import { checkForm, checkNames } from './wire/forms.ts';
import { thrownText } from './wire/thrown.ts';
import { lastWriting, type Writing } from './writing.ts';

export interface HistoryOptions {
  /** Steps from one snapshot to the next, initially. */
  every?: number;
  /** How many snapshots are kept. With more, every second one is dropped. */
  snapshotsMax?: number;
  /** Memory limit of the snapshots, MiB. Above it, every second one is dropped. */
  memoryMaxMiB?: number;
  /** @internal The steps of the journal, or of a branch of it, where they are read already. */
  recorded?: RecordedSteps;
}

/** Position before the first step: the machine as it was booted. */
export const START = -1;

const EVERY = 64;
const SNAPSHOTS_MAX = 128;
const MEMORY_MAX_MIB = 256;
const MIB = 1024 * 1024;
/** Changes of one thing that a person may read. */
const CHANGES_MAX = 100;
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
    super(`step ${step.i} (${step.op}) cannot be performed: ${thrownText(cause)}`, { cause });
  }
}

/** A change that a step made. */
export interface StepChange extends Writing {
  readonly position: number;
  /** The step, with its result here. */
  readonly step: Step;
}

const HISTORY_OPTIONS: readonly (keyof HistoryOptions)[] = ['every', 'snapshotsMax', 'memoryMaxMiB', 'recorded'];

const act = (perform: () => void) => perform();

/** Where a snapshot was taken. */
interface Mark {
  readonly position: number;
  readonly snapshot: Snapshot;
}

export class History {
  readonly machine: Machine;
  readonly header: JournalHeader;
  /** The journal's steps, by position. */
  readonly recorded: RecordedSteps;
  /** The step performed last, with its result here; null at the start. */
  #step: Step | null = null;
  /** By position, ascending. */
  #marks: Mark[] = [];
  /** Memory of all snapshots; after a drop, of the pages copied since. */
  #bytes = 0;
  #every: number;
  readonly #snapshotsMax: number;
  readonly #bytesMax: number;
  #position = START;

  /**
   * @param boot Boots the machine of the journal's header; only this object may act in it.
   * @throws JournalError for a journal whose entries are invalid.
   */
  constructor(journal: Journal, boot: (header: JournalHeader) => Machine, options: HistoryOptions = {}) {
    checkForm('History', { journal, boot });
    checkNames('History', options, HISTORY_OPTIONS);
    this.header = journal.header;
    this.recorded = options.recorded ?? new RecordedSteps(journal);
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
    return this.recorded.count - 1;
  }

  /** The step performed last, with its result here; null at the start. */
  get step(): Step | null {
    return this.#step;
  }

  /** The next step, as recorded; null at the end. */
  get upcoming(): Step | null {
    return this.#position < this.last ? this.recorded.at(this.#position + 1) : null;
  }

  /** Position of the step with that number; a journal's numbers may have gaps. */
  find(number: number): number | null {
    return this.recorded.find(number);
  }

  /**
   * Moves to a position, forwards or backwards.
   *
   * @throws RangeError when the journal has no such position.
   * @throws HistoryError when the machine cannot perform a step on the way; the machine is before that step then.
   */
  goto(position: number): void {
    this.gotoWatched(position, act);
  }

  /** @internal The same. @param watch Performs the last step of the way, and looks at the machine before and after it. */
  gotoWatched(position: number, watch: (perform: () => void) => void): void {
    if (!Number.isInteger(position) || position < START || position > this.last) {
      throw new RangeError(`there is no position ${position}; the journal has ${START} to ${this.last}`);
    }
    if (position === this.#position) return;
    try {
      this.#walk(position, watch);
    } catch (error) {
      this.#walk(this.#position); // the failed step may have begun
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

  /**
   * The last change of something, by the current step or an earlier one. A value that a step changes and changes back has
   * not changed.
   *
   * @returns null when it is as it was when the machine was booted.
   */
  whoWrote(what: Watched): StepChange | null {
    checkWatched(what);
    return this.#lookAround(() => {
      for (let end = this.#position; end > START; ) {
        const mark = this.#nearest(end - 1);
        this.#restore(mark);
        let found = START;
        this.#follow(what, end, (position) => {
          found = position;
          return false;
        });
        if (found > START) return this.#change(what, found);
        end = mark.position;
      }
      return null;
    });
  }

  /**
   * The next change of something, by a later step than the current one.
   *
   * @returns null when no step changes it.
   * @throws HistoryError when the machine cannot perform a step on the way there.
   */
  nextChange(what: Watched): StepChange | null {
    checkWatched(what);
    return this.#lookAround(() => {
      let found = START;
      this.#follow(what, this.last, (position) => {
        found = position;
        return true;
      });
      return found === START ? null : this.#change(what, found);
    });
  }

  /**
   * All changes of something up to the current step, oldest first: its history.
   *
   * @param max Of more changes than that the last ones are returned.
   */
  changes(what: Watched, max = CHANGES_MAX): StepChange[] {
    checkWatched(what);
    return this.#lookAround(() => {
      const here = this.#position;
      const positions: number[] = [];
      this.#walk(START);
      this.#follow(what, here, (position) => {
        positions.push(position);
        return false;
      });
      return positions.slice(Math.max(0, positions.length - max)).map((position) => this.#change(what, position));
    });
  }

  /**
   * @internal Performs the steps after `from` once more, up to `to`, and returns to the position. What `look` changes in memory,
   * such as whether events are recorded, is undone.
   *
   * @param look Called at `from`, and after each step.
   */
  again(from: number, to: number, look: (position: number) => void): void {
    const here = this.#position;
    try {
      this.#walk(from);
      look(from);
      while (this.#position < to) {
        this.#redo();
        look(this.#position);
      }
    } finally {
      this.#restore(this.#nearest(Math.max(here - 1, START)));
      this.#walk(here);
    }
  }

  /** A digest of the whole state after the current step. */
  hash(): string {
    return this.machine.hash();
  }

  /** Memory of all snapshots, bytes. */
  get snapshotBytes(): number {
    return MemoryImage.bytesOf(this.#marks.map(({ snapshot }) => snapshot.image));
  }

  /** Calls `look`, and returns to the position. */
  #lookAround<T>(look: () => T): T {
    const here = this.#position;
    try {
      return look();
    } finally {
      this.#walk(here);
    }
  }

  /** Performs steps up to the position. @param changed Called after each that changes `what`; true ends the walk. */
  #follow(what: Watched, to: number, changed: (position: number) => boolean): void {
    const { inspect } = this.machine;
    let before = what.read(inspect);
    while (this.#position < to) {
      this.#redo();
      const after = what.read(inspect);
      const isChanged = changedFields(before, after).length > 0;
      if (isChanged && changed(this.#position)) return;
      before = after;
    }
  }

  #change(what: Watched, position: number): StepChange {
    const { machine } = this;
    this.#walk(position);
    const step = this.#step as Step;
    this.#walk(position - 1);
    return { position, step, ...lastWriting(machine, this.recorded.inputAt(position), step, what) };
  }

  /** Performs steps up to the position. The result of the last one is kept, so one step at least is performed. */
  #walk(to: number, watch = act): void {
    const nearest = this.#nearest(Math.max(to - 1, START));
    if (to <= this.#position || nearest.position > this.#position) this.#restore(nearest);
    while (this.#position < to - 1) this.#redo();
    if (to > START) this.#advance(() => watch(() => this.#perform(this.#position + 1)));
    else this.#step = null;
  }

  #redo(): void {
    this.#advance(() => this.machine.redo(this.recorded.inputAt(this.#position + 1)));
  }

  #advance(perform: () => void): void {
    const position = this.#position + 1;
    try {
      perform();
    } catch (error) {
      throw new HistoryError(this.recorded.at(position), error);
    }
    this.#position = position;
    if ((position - START) % this.#every === 0) this.#keep();
  }

  /** Performs a step with its result, in which steps have the journal's numbers. A position is the machine's number. */
  #perform(position: number): void {
    const step = this.#performed(this.recorded.inputAt(position));
    const woken = step.woken?.map((entry): Woken => ({ ...entry, i: this.recorded.numberAt(entry.i) }));
    this.#step = { ...step, i: this.recorded.numberAt(position), ...(woken && { woken }) };
  }

  #performed(input: Step | RecordedEntries): Step {
    if (!('entries' in input)) return this.machine.perform(input);
    this.machine.performEntries(input);
    return this.machine.lastStep as Step;
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
