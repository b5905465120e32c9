/** The build of the guest that counts its branches. It is not in the package: `node build.js coverage` makes it in a clone. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../packagefile.ts';
import { UsageError } from '../usage.ts';

const FILE = 'build/coverage.wasm';

/** @throws UsageError when it has not been built. */
export function checkCoverageBuild(): void {
  if (existsSync(join(ROOT, FILE))) return;
  throw new UsageError(`${FILE} is missing; in a clone of the repository, node build.js coverage makes it`);
}

/** The instrumented guest, compiled. @throws UsageError when it has not been built. */
export function coverageModule(): WebAssembly.Module {
  checkCoverageBuild();
  return new WebAssembly.Module(new Uint8Array(readFileSync(join(ROOT, FILE))));
}
