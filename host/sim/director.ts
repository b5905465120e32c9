/** Chooses in a simulation instead of its schedule: an exploration does. */
import type { SimThread } from './thread.ts';

export interface Director {
  /**
   * A turn is next.
   *
   * @param runnable The threads that can run, two or more or a single one.
   * @param current The one among them that ran last and goes on of its own accord; null when it sleeps, yields or has ended.
   * @returns Index of the thread that runs.
   * @throws Anything, to end the simulation's `run`.
   */
  choose(runnable: readonly SimThread[], current: SimThread | null): number;
  /** The simulation's `run` is over; a script may call it again. */
  ended(): void;
}
