/**
 * The positions of the programs: what each has been given so far. A program continues as its answers say, so equal positions on
 * equal machines have equal futures. Threads of one process share memory, so a process has one position. It is a digest of the
 * turns of its threads and of the results of their system calls, in order.
 *
 * What the script itself does between two runs of its simulation counts as one more program.
 */
import type { Machine } from '../machine.ts';
import type { Step } from '../trace/journal.ts';
import { Digest } from './digest.ts';

const SCRIPT = '';

export class Positions {
  #digests = new Map<string, string>();
  /** By position and thread: the system call that the program made there. */
  readonly #calls: Map<string, string>;

  /** @param calls Common to all runs. */
  constructor(
    private readonly machine: Machine,
    calls: Map<string, string>,
  ) {
    this.#calls = calls;
  }

  save(): ReadonlyMap<string, string> {
    return new Map(this.#digests);
  }

  restore(saved: ReadonlyMap<string, string>): void {
    this.#digests = new Map(saved);
  }

  /** A thread's turn begins. @param given What its program is answered, as far as no system call shows it. */
  turn(process: string, thread: string, given: string): void {
    this.#add(process, `turn ${thread} ${given}`);
  }

  /** The script goes on by itself, and knows everything. @param state The state of everything. */
  script(state: string): void {
    this.#add(SCRIPT, state);
  }

  /**
   * A step is over.
   *
   * @returns The thread that has made another call than a thread with the same position has; null as it should be.
   */
  step(step: Step): string | null {
    const { op, by, out, woken } = step;
    const process = this.#processOf(by);
    const here = `${this.#digests.get(process) ?? ''}${by ?? ''}`;
    const call = digestOf(`${op} ${JSON.stringify(step.in)}`);
    const other = this.#calls.get(here);
    if (other === undefined) this.#calls.set(here, call);
    this.#add(process, `${op} ${JSON.stringify(out)}`);
    for (const { by: sleeper, out: result } of woken ?? []) {
      this.#add(this.#processOf(sleeper), `${sleeper} ${JSON.stringify(result)}`);
    }
    return other === undefined || other === call ? null : (by ?? 'the script');
  }

  /** Adds all positions. */
  add(digest: Digest): void {
    digest.text(this.#digests.get(SCRIPT) ?? '');
    for (const { name } of this.machine.processes) digest.text(this.#digests.get(name) ?? '');
  }

  #processOf(thread: string | undefined): string {
    return thread === undefined ? SCRIPT : this.machine.thread(thread).home.name;
  }

  #add(process: string, text: string): void {
    const digest = new Digest();
    digest.text(this.#digests.get(process) ?? '');
    digest.text(text);
    this.#digests.set(process, digest.value);
  }
}

function digestOf(text: string): string {
  const digest = new Digest();
  digest.text(text);
  return digest.value;
}
