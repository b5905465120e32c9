/** The guest's code on disk. Owns where it lies in the package, and that it is compiled once for all machines of a run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './packagefile.ts';
import { UsageError } from './usage.ts';

/** The guest's builds that run scripts: `debug` has asserts and poisons what is free, `release` is the fast one. */
export const BUILDS = ['release', 'debug'] as const;
export type Build = (typeof BUILDS)[number];

const compiled = new Map<Build, WebAssembly.Module>();

/**
 * A build of the guest.
 *
 * @throws UsageError when it has not been made
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
  const file = `build/${build}.wasm`;
  checkBuilt([file]);
  return new Uint8Array(readFileSync(join(ROOT, file)));
}

/**
 * `npm start` builds what the guide needs, and no more.
 *
 * @param files Paths below the package's folder.
 * @throws UsageError when one of them has not been made
 */
export function checkBuilt(files: readonly string[]): void {
  const missing = files.find((file) => !existsSync(join(ROOT, file)));
  if (missing !== undefined) throw new UsageError(`${missing} is missing; npm run build makes it`);
}
