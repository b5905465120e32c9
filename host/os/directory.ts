/** Processes and threads of the machine by name, dead ones included. */
import { BinderlabError } from '../wire/error.ts';

interface Entry {
  readonly name: string;
  readonly alive: boolean;
}

/** The processes at one moment. */
export interface DirectoryState<P, T> {
  readonly processes: ReadonlyMap<string, P>;
  readonly threads: ReadonlyMap<string, T>;
  readonly made: number;
}

export class Directory<P extends Entry, T extends Entry> {
  #processes = new Map<string, P>();
  #threads = new Map<string, T>();
  #made = 0;

  /** All processes, in order of creation. */
  get processes(): P[] {
    return [...this.#processes.values()];
  }

  /** @returns The default pid of the next process. */
  get nextPid(): number {
    return 1000 * (this.#made + 1);
  }

  addProcess(process: P): void {
    this.#made++;
    this.#processes.delete(process.name);
    this.#processes.set(process.name, process);
  }

  addThread(thread: T): void {
    this.#threads.set(thread.name, thread);
  }

  save(): DirectoryState<P, T> {
    return { processes: new Map(this.#processes), threads: new Map(this.#threads), made: this.#made };
  }

  restore({ processes, threads, made }: DirectoryState<P, T>): void {
    this.#processes = new Map(processes);
    this.#threads = new Map(threads);
    this.#made = made;
  }

  /** @throws BinderlabError when a living process or thread has that name. */
  checkFree(name: string): void {
    const kind = this.#processes.get(name)?.alive ? 'process' : this.#threads.get(name)?.alive ? 'thread' : null;
    if (kind !== null) throw new BinderlabError(`there is a ${kind} "${name}" already; choose another name`);
  }

  /** @throws BinderlabError when no process ever had that name. */
  process(name: string): P {
    const process = this.#processes.get(name);
    if (process === undefined) throw unknown('process', name, this.#processes.keys());
    return process;
  }

  /** @throws BinderlabError when no thread ever had that name. */
  thread(name: string): T {
    const thread = this.#threads.get(name);
    if (thread === undefined) throw unknown('thread', name, this.#threads.keys());
    return thread;
  }
}

function unknown(kind: string, name: string, known: Iterable<string>): BinderlabError {
  const names = [...known].join(', ');
  const hint = names === '' ? `no ${kind} has been made yet` : `there are ${names}`;
  return new BinderlabError(`no ${kind} is called "${name}"; ${hint}.`);
}
