/**
 * A moment of a machine that it can go back to: the guest's memory, which is the machine, and what the host's own
 * objects said about it (names, who sleeps in which call, the number of the next step).
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

  /** @internal @param earlier A snapshot of the same machine: pages that are the same since then are kept once. */
  constructor(stage: Stage, earlier: Snapshot | null) {
    this.#stage = stage;
    this.#system = stage.system.save();
    this.#people = stage.people.save();
    this.#processes = new Map(stage.people.processes.map((process) => [process, process.save()]));
    this.image = MemoryImage.take(stage.system.guest, earlier?.image ?? null);
  }

  /** Number of the step that was the next one. */
  get step(): number {
    return this.#system.nextStep;
  }

  /** @internal Whether it was taken on that stage, the only one that it can be put back on. */
  isOf(stage: Stage): boolean {
    return stage === this.#stage;
  }

  /** @internal Makes everything what it was. Processes and threads that a script holds stay the objects they are. */
  restore(): void {
    const { system, people } = this.#stage;
    system.tape.turn();
    this.image.restore(system.guest);
    system.restore(this.#system);
    people.restore(this.#people);
    for (const [process, state] of this.#processes) process.restore(state);
  }
}
