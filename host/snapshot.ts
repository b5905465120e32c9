/**
 * A moment of a machine to return to: the guest's memory, which is the machine, and the state of the host's own objects
 * (names, parked calls, the number of the next step).
 */
import { MemoryImage } from './guest/image.ts';
import type { DirectoryState } from './os/directory.ts';
import type { Process, SavedProcess } from './os/process.ts';
import type { SystemState } from './os/system.ts';
import type { Thread } from './os/thread.ts';
import type { Parts } from './steps.ts';
import type { RecorderState } from './trace/recorder.ts';

export class Snapshot {
  readonly #parts: Parts;
  readonly #system: SystemState;
  readonly #directory: DirectoryState<Process, Thread>;
  readonly #processes: ReadonlyMap<Process, SavedProcess>;
  /** @internal */ readonly image: MemoryImage;
  /** @internal The journal at that moment. */ readonly journal: RecorderState | null;

  /** @internal @param earlier A snapshot of the same machine: unchanged pages are shared with it. */
  constructor(parts: Parts, journal: RecorderState | null, earlier: Snapshot | null) {
    this.#parts = parts;
    this.journal = journal;
    this.#system = parts.system.save();
    this.#directory = parts.directory.save();
    this.#processes = new Map(parts.directory.processes.map((process) => [process, process.save()]));
    this.image = MemoryImage.take(parts.system.guest, earlier?.image ?? null);
  }

  /** Number of the next step at that moment. */
  get step(): number {
    return this.#system.nextStep;
  }

  /** @internal Whether it was taken of that machine, the only one that it can be restored to. */
  isOf(parts: Parts): boolean {
    return parts === this.#parts;
  }

  /** @internal Restores everything but the journal. Process and thread objects that a script holds stay the same objects. */
  restore(): void {
    const { system, directory } = this.#parts;
    system.stepLog.detach();
    this.image.restore(system.guest);
    system.restore(this.#system);
    directory.restore(this.#directory);
    for (const [process, state] of this.#processes) process.restore(state);
  }
}
