/**
 * What a browser or a bundle gives a machine: the default guest, and no files. The guest is fetched when the module is loaded,
 * since a machine boots synchronously. Bundlers know this form of a URL, and include the guest's file. The URL starts at
 * dist/bundle, where this code is.
 */
import type { FileSink } from './filesink.ts';

let bytes: Uint8Array | null = null;
let failure: unknown = null;

try {
  const response = await fetch(new URL('../../build/release.wasm', import.meta.url));
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
  bytes = new Uint8Array(await response.arrayBuffer());
} catch (error) {
  failure = error; // not needed when the script passes its own wasm
}

/** @throws Error when the file could not be fetched. */
export function guestBytes(): Uint8Array {
  if (bytes !== null) return bytes;
  throw new Error(`release.wasm could not be loaded (${String(failure)}): give its bytes to Machine.boot({ wasm })`);
}

/** @throws Error: a browser has no files. */
export function openFile(path: string, _isNew: boolean): FileSink {
  throw new Error(`there is no file ${path} in a browser: give keepJournal an object that takes the bytes`);
}
