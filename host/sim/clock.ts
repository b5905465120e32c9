/** Virtual time. It stands still while anybody can run, and then jumps to the next alarm. */

interface Alarm {
  /** When it goes off, in milliseconds. */
  readonly at: number;
  readonly ring: () => void;
}

export class Clock {
  /** Milliseconds since the beginning. */
  now = 0;
  /** By time; of one time, in the order in which they were set. */
  readonly #alarms: Alarm[] = [];

  /** Has `ring` called when `ms` milliseconds have passed. @returns Takes the alarm back. */
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

  /** How many alarms are set. */
  get pending(): number {
    return this.#alarms.length;
  }

  /** Goes to the time of the next alarm, and rings all alarms of that time. @returns Whether there was any. */
  advance(): boolean {
    const first = this.#alarms[0];
    if (first === undefined) return false;
    this.now = first.at;
    while (this.#alarms[0]?.at === this.now) this.#alarms.shift()?.ring();
    return true;
  }
}
