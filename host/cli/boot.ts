/** The guest's code on disk. Owns where it lies in the package, and that it is compiled once for all machines of a run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The guest's builds that run scripts: `debug` has asserts and poisons what is free, `release` is the fast one. */
export const BUILDS = ['release', 'debug'] as const;
export type Build = (typeof BUILDS)[number];

const compiled = new Map<Build, WebAssembly.Module>();

/**
 * A build of the guest.
 *
 * @throws Error when the package has not been built
 */
export function guestModule(build: Build = 'release'): WebAssembly.Module {
  let module = compiled.get(build);
  if (module === undefined) {
    module = new WebAssembly.Module(bytesOf(build));
    compiled.set(build, module);
  }
  return module;
}

function bytesOf(build: Build): Uint8Array<ArrayBuffer> {
  const path = fileURLToPath(new URL(`../../../build/${build}.wasm`, import.meta.url));
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    throw new Error(`${path} is missing; npm run build makes it`);
  }
}
