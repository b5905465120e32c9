/** Both builds of the guest: the debug build has asserts, the release build is what users run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../build');

export const BUILDS = ['debug', 'release'] as const;
export type Build = (typeof BUILDS)[number];

/** Compiles one of them. The host does not patch it: it stays as built. */
export function buildModule(build: Build): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array(readFileSync(join(FOLDER, `${build}.wasm`))));
}
