/** One slice for each message, under the process that holds its buffer: from the allocation to the release. */
import type { TraceEvent } from '../trace/events.ts';
import type { Tasks } from './task.ts';
import type { TraceFile, Track } from './tracefile.ts';

export class Buffers {
  /** By the number of the transaction. */
  readonly #held = new Map<number, Track>();
  /** The transaction that is being made. */
  #made = { transaction: 0, pid: 0 };

  constructor(
    private readonly file: TraceFile,
    private readonly tasks: Tasks,
  ) {}

  note(ns: number, event: TraceEvent): void {
    switch (event.name) {
      case 'transaction':
        this.#made = { transaction: event.args.transaction, pid: event.args.dest_proc };
        return;
      case 'transaction_alloc_buf':
        this.#hold(ns, event.args);
        return;
      case 'transaction_buffer_release':
      case 'transaction_failed_buffer_release':
      case 'transaction_update_buffer_release':
        this.#release(ns, event.args.transaction);
    }
  }

  /** A process has died, and its mapping with it. */
  drop(ns: number, pid: number): void {
    for (const [transaction, { owner }] of this.#held) if (owner.tgid === pid) this.#release(ns, transaction);
  }

  #hold(
    ns: number,
    sizes: { transaction: number; data_size: number; offsets_size: number; extra_buffers_size: number },
  ) {
    const { transaction, ...parts } = sizes;
    if (transaction !== this.#made.transaction) return;
    const owner = this.tasks.of(this.#made.pid);
    const track: Track = { key: `buffer ${transaction}`, name: 'buffers held', of: 'process', owner, isSingle: true };
    this.#held.set(transaction, track);
    this.file.begin(ns, track, `transaction ${transaction}`, parts);
  }

  #release(ns: number, transaction: number): void {
    const track = this.#held.get(transaction);
    if (track === undefined) return;
    this.#held.delete(transaction);
    this.file.end(ns, track, {});
  }
}
