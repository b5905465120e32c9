/** The journal of a machine: what is kept of it, and where. */
import { openFile } from '#wasm';
import type { Observer, System } from '../os/system.ts';
import type { FileSink } from '../wasm/filesink.ts';
import { BinderlabError } from '../wire/error.ts';
import { BinaryJournal, BinaryWriter } from './binaryjournal.ts';
import type { Journal, JournalHeader, Step } from './journal.ts';
import { formatHeader } from './journaltext.ts';
import { Recorder, type RecorderState } from './recorder.ts';

/**
 * What is kept: all steps, in memory; the last ones, and fewer when they have more bytes; or all, in a file in the binary
 * form, which is written while the machine runs. A file is a path, or whatever takes its bytes.
 */
export type JournalKeeping =
  | boolean
  | 'all'
  | { readonly last: number; readonly bytes?: number }
  | { readonly file: string | FileSink };

const NONE =
  'this machine keeps no journal: boot it with "journal: true", call keepJournal(true) before anything happens, or give "run" a --journal. machine.on("step", listener) reports each step without a journal.';

export class JournalKeeper {
  readonly #recorder: Recorder;
  #isKept = false;
  /** Whether entries are recorded, if only for listeners. */
  #isRecording = false;
  /** The journal as it was read last, until its reader drops it, and its count of steps. */
  #read: { readonly journal: WeakRef<Journal>; readonly count: number } | null = null;
  #file: { sink: FileSink; writer: BinaryWriter } | null = null;

  /** @param header The header, without what the steps tell. */
  constructor(
    private readonly system: System,
    private readonly header: JournalHeader,
  ) {
    this.#recorder = new Recorder(system);
  }

  /** Whether a journal is kept, or a part of it. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Starts a new journal, or ends it: then a file is complete. */
  keep(keeping: JournalKeeping): void {
    this.#end();
    this.#read = null;
    if (keeping === false) return;
    this.#isKept = true;
    this.#isRecording = true;
    if (typeof keeping !== 'object') {
      this.#recorder.start(Number.POSITIVE_INFINITY);
    } else if ('last' in keeping) {
      this.#recorder.start(keeping.last, null, keeping.bytes);
    } else {
      const sink = typeof keeping.file === 'string' ? openFile(keeping.file, true) : keeping.file;
      const writer = new BinaryWriter(sink, formatHeader(this.header));
      this.#file = { sink, writer };
      this.#recorder.start(0, writer);
    }
  }

  /**
   * The steps that are kept. Until the next step every read returns the same.
   *
   * @throws BinderlabError when none are.
   */
  get journal(): Journal {
    if (!this.#isKept) throw new BinderlabError(NONE);
    const recorder = this.#recorder;
    const { count } = recorder;
    const known = this.#read?.count === count ? this.#read.journal.deref() : undefined;
    if (known !== undefined) return known;
    const steps = this.#file === null ? recorder.steps : this.#written(this.#file.sink);
    const journal = { header: { ...this.header, procs: recorder.procs, steps: steps.length }, steps };
    this.#read = { journal: new WeakRef(journal), count };
    return journal;
  }

  /** The observer of steps for `listener`, or for the journal; null when neither needs one. */
  observer(listener: ((step: Step) => void) | null): Observer | null {
    this.#recorder.listener = listener;
    return this.#isKept || listener !== null ? this.recording() : null;
  }

  /** An observer in any case; `last` has its last step. */
  recording(): Observer {
    if (!this.#isRecording) this.#recorder.start(0);
    this.#isRecording = true;
    return this.#recorder;
  }

  /** The step that ended last while there was an observer. */
  get last(): Step | null {
    return this.#recorder.last;
  }

  /** The last step that is kept, also while a script is stopped in the middle of the next one. */
  get newest(): Step | null {
    return this.#recorder.steps.at(-1) ?? null;
  }

  /** Its entries; good until the next step. */
  get lastEntries(): Uint8Array {
    return this.#recorder.lastEntries;
  }

  /** Whether later steps have the lines of the kernel log. */
  keepKernelLog(keep: boolean): void {
    this.#recorder.keepKernelLog(keep);
  }

  /** The journal now, for `restore`; null without one. */
  save(): RecorderState | null {
    return this.#isRecording ? this.#recorder.save() : null;
  }

  /** Returns to a saved moment, after the machine did. @param step Number of the next step. */
  restore(state: RecorderState | null, step: number): void {
    this.#read = null;
    if (this.#isRecording) this.#recorder.restore(state, step);
    else this.system.stepLog.forget();
  }

  #written(sink: FileSink): Step[] {
    this.#recorder.flush();
    return new BinaryJournal(sink, 'the journal').steps.slice(0, this.#recorder.count);
  }

  #end(): void {
    const recorder = this.#recorder;
    if (this.#isRecording) recorder.stop();
    this.#isRecording = false;
    this.#isKept = false;
    if (this.#file === null) return;
    const steps = recorder.count;
    this.#file.writer.end(formatHeader({ ...this.header, procs: recorder.procs, steps }));
    this.#file = null;
  }
}
