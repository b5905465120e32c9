/** The default guest of a machine under Node: a file of the package. */
import { readFileSync } from 'node:fs';

let compiled: WebAssembly.Module | null = null;

/** @throws Error when the package has not been built. */
export function guestWasm(): WebAssembly.Module {
  if (compiled === null) {
    const url = new URL('../../../build/release.wasm', import.meta.url);
    compiled = new WebAssembly.Module(readFileSync(url));
  }
  return compiled;
}
