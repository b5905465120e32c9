/** The default guest of a machine under Node: a file of the package. */
import { readFileSync } from 'node:fs';

let compiled: WebAssembly.Module | null = null;

/** @throws Error when the package has not been built. */
export function guestWasm(): WebAssembly.Module {
  if (compiled === null) {
    compiled = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve('binderlab/release.wasm'))));
  }
  return compiled;
}
