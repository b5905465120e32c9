/** The guest's code on disk. Owns its path in the package. Compiles it once for all machines of a run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileGuest } from '../guest/code.ts';
import { ROOT } from './packagefile.ts';
import { UsageError } from './usage.ts';

/** The guest's builds for scripts: `debug` has asserts and poisons freed memory, `release` is the fast one. */
export const BUILDS = ['release', 'debug'] as const;
export type Build = (typeof BUILDS)[number];

const compiled = new Map<Build, WebAssembly.Module>();

/**
 * A build of the guest.
 *
 * @throws UsageError when it is not built
 */
export function guestModule(build: Build = 'release'): WebAssembly.Module {
  let module = compiled.get(build);
  if (module === undefined) {
    module = compileGuest(bytesOf(build));
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
 * Checks for files of a full build: `npm start` builds only the files that the guide needs.
 *
 * @param files Paths below the package's folder.
 * @throws UsageError when one of them is not built
 */
export function checkBuilt(files: readonly string[]): void {
  const missing = files.find((file) => !existsSync(join(ROOT, file)));
  if (missing !== undefined) throw new UsageError(`${missing} is missing; npm run build makes it`);
}
