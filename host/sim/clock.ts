/** Virtual time. It stands still while a thread can run, and then jumps to the next alarm. */

interface Alarm {
  /** Time at which it rings, in milliseconds. */
  readonly at: number;
  readonly ring: () => void;
}

export class Clock {
  /** Milliseconds since the start. */
  now = 0;
  /** By time; alarms of the same time in the order in which they were set. */
  readonly #alarms: Alarm[] = [];

  /** Calls `ring` after `ms` milliseconds. @returns Cancels the alarm. */
  after(ms: number, ring: () => void): () => void {
    const alarm = { at: this.now + ms, ring };
    let place = this.#alarms.length;
    while (place > 0 && (this.#alarms[place - 1] as Alarm).at > alarm.at) place--;
    this.#alarms.splice(place, 0, alarm);
    return () => {
      const index = this.#alarms.indexOf(alarm);
      if (index >= 0) this.#alarms.splice(index, 1);
    };
  }

  /** Number of set alarms. */
  get pending(): number {
    return this.#alarms.length;
  }

  /** Times of the set alarms, in order. */
  get times(): number[] {
    return this.#alarms.map(({ at }) => at);
  }

  /** Advances to the next alarm, and rings all alarms of that time. @returns False without an alarm. */
  advance(): boolean {
    const first = this.#alarms[0];
    if (first === undefined) return false;
    this.now = first.at;
    while (this.#alarms[0]?.at === this.now) this.#alarms.shift()?.ring();
    return true;
  }
}
