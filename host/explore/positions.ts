/**
 * The positions of the programs: what each has been given so far. A program continues as its answers say, so equal positions on
 * equal machines have equal futures. Threads of one process share variables, so a process has one position; threads that share
 * none have one each. It is a digest of their turns and of the results of their system calls, in order. A thread begins at the
 * position of the one that made it.
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
  turn(thread: string, given: string): void {
    this.#add(this.#ownerOf(thread), `turn ${thread} ${given}`);
  }

  /** The script goes on by itself, and knows everything. @param state The state of everything. */
  script(state: string): void {
    this.#add(SCRIPT, state);
  }

  /**
   * A step is over.
   *
   * @returns The thread, if it has made another call than one with the same position before; else null.
   */
  step(step: Step): string | null {
    const { op, by, out, woken } = step;
    const owner = this.#ownerOf(by);
    const here = `${this.#digests.get(owner) ?? ''}${by ?? ''}`;
    const call = digestOf(`${op} ${JSON.stringify(step.in)}`);
    const other = this.#calls.get(here);
    if (other === undefined) this.#calls.set(here, call);
    this.#add(owner, `${op} ${JSON.stringify(out)}`);
    if (op === 'spawn') this.#inherit(step.in.thread, owner);
    if (op === 'fork') this.#inherit(`${step.in.name}.0`, owner);
    for (const { by: sleeper, out: result } of woken ?? []) {
      this.#add(this.#ownerOf(sleeper), `${sleeper} ${JSON.stringify(result)}`);
    }
    return other === undefined || other === call ? null : (by ?? 'the script');
  }

  /** Adds all positions. */
  add(digest: Digest): void {
    digest.text(this.#digests.get(SCRIPT) ?? '');
    for (const { name, threads } of this.machine.processes) {
      if (this.#sharesVariables) digest.text(this.#digests.get(name) ?? '');
      else for (const thread of threads) digest.text(this.#digests.get(thread.name) ?? '');
    }
  }

  get #sharesVariables(): boolean {
    return this.machine.simulation?.sharesVariables ?? true;
  }

  /** Whose position a thread's is: the process's, or its own. */
  #ownerOf(thread: string | undefined): string {
    if (thread === undefined) return SCRIPT;
    return this.#sharesVariables ? this.machine.thread(thread).home.name : thread;
  }

  #inherit(thread: string, maker: string): void {
    const owner = this.#ownerOf(thread);
    if (owner !== maker) this.#digests.set(owner, this.#digests.get(maker) as string);
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
