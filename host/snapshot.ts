/**
 * A moment of a machine to return to: the guest's memory, which is the machine, and the state of the host's own objects
 * (names, parked calls, the number of the next step).
 */
import { MemoryImage } from './guest/image.ts';
import type { Process, ProcessState } from './kernel/process.ts';
import type { RosterState } from './kernel/roster.ts';
import type { SystemState } from './kernel/system.ts';
import type { Thread } from './kernel/thread.ts';
import type { Stage } from './steps.ts';

export class Snapshot {
  readonly #stage: Stage;
  readonly #system: SystemState;
  readonly #people: RosterState<Process, Thread>;
  readonly #processes: ReadonlyMap<Process, ProcessState>;
  /** @internal */ readonly image: MemoryImage;

  /** @internal @param earlier A snapshot of the same machine: unchanged pages are shared with it. */
  constructor(stage: Stage, earlier: Snapshot | null) {
    this.#stage = stage;
    this.#system = stage.system.save();
    this.#people = stage.people.save();
    this.#processes = new Map(stage.people.processes.map((process) => [process, process.save()]));
    this.image = MemoryImage.take(stage.system.guest, earlier?.image ?? null);
  }

  /** Number of the next step at that moment. */
  get step(): number {
    return this.#system.nextStep;
  }

  /** @internal Whether it was taken of that machine, the only one that it can be restored to. */
  isOf(stage: Stage): boolean {
    return stage === this.#stage;
  }

  /** @internal Restores everything. Process and thread objects that a script holds stay the same objects. */
  restore(): void {
    const { system, people } = this.#stage;
    system.tape.turn();
    this.image.restore(system.guest);
    system.restore(this.#system);
    people.restore(this.#people);
    for (const [process, state] of this.#processes) process.restore(state);
  }
}
