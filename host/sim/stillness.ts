/**
 * Whether a simulation gets on. It stands still while time passes in which threads only sleep, poll, or answer those who
 * poll: nobody makes a system call of their own accord. A program may wake up after any time, so that alone is no error; but
 * when all who sleep are polls that never give up, it is certain that nothing will come.
 */
import type { SimThread } from './thread.ts';

/** So often time has to jump, with nothing done at any of the times: a single long sleep is no standstill. */
const JUMPS_MIN = 10;

export class Stillness {
  #since = 0;
  #jumps = 0;
  #told = false;

  /** Somebody has done something, or has begun to run. */
  disturb(now: number): void {
    this.#since = now;
    this.#jumps = 0;
    this.#told = false;
  }

  /** Time jumps. */
  jump(): void {
    this.#jumps++;
  }

  /** Whether it has stood still for so many milliseconds. */
  isLong(now: number, forMs: number): boolean {
    return this.#jumps >= JUMPS_MIN && now - this.#since >= forMs;
  }

  /** What to say about it; null when it has been said since somebody did something. */
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

/** Whether only polls are left that never give up. @param pending How many alarms are set. */
export function isEndless(threads: readonly SimThread[], pending: number): boolean {
  const polls = threads.filter(({ ended, state, polls }) => !ended && state === 'resting' && polls?.forever === true);
  return polls.length > 0 && polls.length === pending;
}

/** What a thread that could run, or will, was doing last. */
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
