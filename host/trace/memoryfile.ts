/** A file in memory. */
import type { FileSink } from '../wasm/filesink.ts';

const SIZE_MIN = 64 * 1024;

export class MemoryFile implements FileSink {
  size = 0;
  #content = new Uint8Array(SIZE_MIN);

  read(offset: number, length: number): Uint8Array {
    return this.#content.slice(offset, Math.min(offset + length, this.size));
  }

  write(bytes: Uint8Array): void {
    const end = this.size + bytes.length;
    if (end > this.#content.length) {
      const longer = new Uint8Array(2 * end);
      longer.set(this.#content);
      this.#content = longer;
    }
    this.#content.set(bytes, this.size);
    this.size = end;
  }

  /** Replaces the first bytes. */
  overwrite(bytes: Uint8Array): void {
    this.#content.set(bytes);
  }

  truncate(size: number): void {
    this.size = size;
  }

  close(): void {}
}
