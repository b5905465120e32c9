/** What a page that carries its guest gives a machine: neither a default guest nor files. The page boots with bytes of its own. */
import type { FileSink } from './filesink.ts';

/** @throws Error: the page has to give the bytes. */
export function guestBytes(): Uint8Array {
  throw new Error('this page has no default guest: give its bytes to Machine.boot({ wasm })');
}

/** @throws Error: a page has no files. */
export function openFile(path: string, _isNew: boolean): FileSink {
  throw new Error(`there is no file ${path} in a page`);
}
