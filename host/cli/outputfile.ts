/**
 * A file that is written while a machine runs. The write that fails throws an error that names the file, and so ends the run; later
 * ones do nothing.
 */
import type { TraceSink } from '../ftrace/tracefile.ts';
import type { FileSink } from '../wasm/filesink.ts';
import { openFile } from '../wasm/node.ts';
import { systemText } from './failure.ts';
import { UsageError } from './usage.ts';

export class OutputFile implements FileSink, TraceSink {
  /** Why it cannot be written; null while it can. */
  problem: string | null = null;
  readonly #file: ReturnType<typeof openFile>;

  /** @throws UsageError when it cannot be made. */
  constructor(private readonly path: string) {
    this.#file = this.#tried(() => openFile(path, true)) as ReturnType<typeof openFile>;
  }

  get size(): number {
    return this.#file.size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#file.read(offset, length);
  }

  write(bytes: Uint8Array): void {
    this.#tried(() => this.#file.write(bytes));
  }

  overwrite(bytes: Uint8Array): void {
    this.#tried(() => this.#file.overwrite(bytes));
  }

  truncate(size: number): void {
    this.#tried(() => this.#file.truncate(size));
  }

  close(): void {
    this.#file.close();
  }

  #tried<T>(act: () => T): T | undefined {
    if (this.problem !== null) return undefined;
    try {
      return act();
    } catch (error) {
      this.problem = `${this.path} cannot be written: ${systemText(error as Error)}`;
      throw new UsageError(this.problem);
    }
  }
}
