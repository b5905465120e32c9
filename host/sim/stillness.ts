/**
 * Whether a simulation makes progress. It stands still while time passes and threads only sleep, poll, or answer polls.
 * That alone is not an error, since a program may wake up after any time. It is certain to last when every sleeping
 * thread polls and has no timeout.
 */
import type { SimThread } from './thread.ts';

/** The minimum of jumps without progress: a single long sleep is not a standstill. */
const JUMPS_MIN = 10;

export class Stillness {
  #since = 0;
  #jumps = 0;
  #told = false;

  /** Called when a thread makes progress, or begins to run. */
  disturb(now: number): void {
    this.#since = now;
    this.#jumps = 0;
    this.#told = false;
  }

  /** Called when time jumps. */
  jump(): void {
    this.#jumps++;
  }

  /** Its state as numbers: how long it has stood still, and whether that was reported. */
  numbers(now: number): number[] {
    return [now - this.#since, Math.min(this.#jumps, JUMPS_MIN), Number(this.#told)];
  }

  /** Whether it has stood still for `forMs` milliseconds. */
  isLong(now: number, forMs: number): boolean {
    return this.#jumps >= JUMPS_MIN && now - this.#since >= forMs;
  }

  /** The report of the standstill; null when it was reported since the last progress. */
  report(threads: readonly SimThread[], now: number): string | null {
    if (this.#told) return null;
    this.#told = true;
    const waiting = threads.filter(({ ended, state }) => !ended && (state === 'resting' || state === 'ready'));
    const lines = waiting.map(
      (thread) => `  ${thread.name} ${thread.polls === null ? sleepText(thread) : pollText(thread)}`,
    );
    return [`for ${(now - this.#since) / 1000} s of virtual time nothing but waiting has happened:`, ...lines].join(
      '\n',
    );
  }
}

/** Whether only polls without a timeout are left. @param pending Number of set alarms. */
export function isEndless(threads: readonly SimThread[], pending: number): boolean {
  const polls = threads.filter(({ ended, state, polls }) => !ended && state === 'resting' && polls?.forever === true);
  return polls.length > 0 && polls.length === pending;
}

/** The last activity of a thread that can run, or will. */
export function activityText(thread: SimThread): string {
  if (thread.polls !== null) return `${thread.name} ${pollText(thread)}`;
  return thread.state === 'resting' ? `${thread.name} ${sleepText(thread)}` : `${thread.name}, last in ${thread.last}`;
}

function sleepText({ rest }: SimThread): string {
  return `waits for ${rest}, again and again`;
}

function pollText({ polls }: SimThread): string {
  return `polls for ${polls?.what}: ${polls?.cause}`;
}
