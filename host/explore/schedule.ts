/**
 * Schedules as paths of a tree. A prefix is a moment between two turns of a simulation; its turns are those that led there.
 *
 *     boot ── manager ── server ─┬─ client ── ...
 *                                └─ server ── ...      a branch: another thread runs there
 */

export interface Prefix {
  readonly before: Prefix | null;
  /** The name of the thread that had the last turn. */
  readonly thread: string;
  /** Number of turns up to it. */
  readonly turns: number;
}

/** The prefix after another turn. @param before Null: the start. */
export function prefixAfter(before: Prefix | null, thread: string): Prefix {
  return { before, thread, turns: (before?.turns ?? 0) + 1 };
}

/** The names of the threads that had the turns, in order. */
export function threadsUpTo(prefix: Prefix | null): string[] {
  const threads: string[] = [];
  for (let at = prefix; at !== null; at = at.before) threads.push(at.thread);
  return threads.reverse();
}

/** The same as text, with turns in a row as one. */
export function runsOf(threads: readonly string[]): string[] {
  const runs: { thread: string; turns: number }[] = [];
  for (const thread of threads) {
    const last = runs.at(-1);
    if (last?.thread === thread) last.turns++;
    else runs.push({ thread, turns: 1 });
  }
  return runs.map(({ thread, turns }) => (turns === 1 ? thread : `${thread} x ${turns}`));
}

/** A turn that is still to be tried, and what is known of the moment before it. */
export interface ScheduleBranch {
  readonly prefix: Prefix | null;
  /** The thread that gets the turn. */
  readonly thread: string;
  /** Preemptions of the schedule, this turn's included. */
  readonly preemptions: number;
  /** The positions of the programs. */
  readonly positions: ReadonlyMap<string, string>;
  /** The properties that have held, of those that have to hold once. */
  readonly held: readonly string[];
}

/** Branches in the order in which they are tried: fewest preemptions first, and then the newest; or the shortest. */
export class Frontier {
  readonly #levels: ScheduleBranch[][] = [];
  #count = 0;

  /** @param breadth Whether the shortest schedules come first, whatever their preemptions. */
  constructor(readonly breadth: boolean) {}

  get size(): number {
    return this.#count;
  }

  add(branch: ScheduleBranch): void {
    const level = this.breadth ? (branch.prefix?.turns ?? 0) : branch.preemptions;
    while (this.#levels.length <= level) this.#levels.push([]);
    (this.#levels[level] as ScheduleBranch[]).push(branch);
    this.#count++;
  }

  next(): ScheduleBranch | null {
    const level = this.#levels.find(({ length }) => length > 0);
    const branch = (this.breadth ? level?.shift() : level?.pop()) ?? null;
    if (branch !== null) this.#count--;
    return branch;
  }
}
