/** What Node gives a machine: the default guest, which is a file of the package, and files for journals. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { FileSink } from './filesink.ts';

let compiled: WebAssembly.Module | null = null;

/** @throws Error when the package has not been built. */
export function guestWasm(): WebAssembly.Module {
  if (compiled === null) {
    compiled = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve('binderlab/release.wasm'))));
  }
  return compiled;
}

/** Opens a file for writing, empty. @throws the error of the file system */
export function fileSink(path: string): FileSink {
  const fd = openSync(path, 'w+');
  let size = 0;
  return {
    write: (bytes) => {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, size + done);
      size += bytes.length;
    },
    truncate: (to) => {
      ftruncateSync(fd, to);
      size = to;
    },
    read: () => readFileSync(path),
    close: () => closeSync(fd),
  };
}
