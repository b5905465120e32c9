/** Names of processes and threads in tables: those of the script or journal, where they have one. */

/** A named process. Of two with the same pid the later one counts: the earlier one has died. */
interface NamedProcess {
  readonly name: string;
  readonly pid: number;
  readonly threads: readonly { readonly name: string; readonly tid: number }[];
}

export class Names {
  readonly #processes = new Map<number, string>();
  readonly #threads = new Map<number, string>();

  constructor(processes: Iterable<NamedProcess>) {
    for (const { name, pid, threads } of processes) {
      this.#processes.set(pid, name);
      for (const thread of threads) this.#threads.set(thread.tid, thread.name);
    }
  }

  process(pid: number): string {
    return this.#processes.get(pid) ?? `pid ${pid}`;
  }

  thread(tid: number): string {
    return this.#threads.get(tid) ?? `tid ${tid}`;
  }
}

/** `0x` and hex digits. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
