/** The guest that a machine is booted with unless it is given another: under Node, the package's own file. */
import { readFileSync } from 'node:fs';

let compiled: WebAssembly.Module | null = null;

/** @throws Error when the package has not been built. */
export function guestWasm(): WebAssembly.Module {
  if (compiled === null) {
    compiled = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve('binderlab/release.wasm'))));
  }
  return compiled;
}
