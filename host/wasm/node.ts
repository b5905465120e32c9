/** What Node gives a machine: the default guest, which is a file of the package, and files for journals. */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import type { FileSink } from './filesink.ts';

/** @throws Error when the package has not been built. */
export function guestBytes(): Uint8Array {
  return readFileSync(new URL(import.meta.resolve('binderlab/release.wasm')));
}

/**
 * Opens a file: empty for writing, or as it is for reading. `overwrite` replaces its first bytes.
 *
 * @throws the error of the file system
 */
export function openFile(path: string, isNew: boolean): FileSink & { overwrite(bytes: Uint8Array): void } {
  const fd = openSync(path, isNew ? 'w+' : 'r');
  let size = fstatSync(fd).size;
  const put = (bytes: Uint8Array, at: number) => {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      const { message } = error as Error;
      throw Object.assign(error as Error, { path, message: `${path}: ${message}` }); // Node does not say which file it was
    }
  };
  return {
    get size() {
      return size;
    },
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const count = readSync(fd, bytes, done, length - done, offset + done);
        if (count === 0) return bytes.subarray(0, done);
        done += count;
      }
      return bytes;
    },
    write: (bytes) => {
      put(bytes, size);
      size += bytes.length;
    },
    overwrite: (bytes) => put(bytes, 0),
    truncate: (to) => {
      ftruncateSync(fd, to);
      size = to;
    },
    close: () => closeSync(fd),
  };
}
