/** The guest's code on disk. Owns where it lies in the package, and that it is compiled once for all machines of a run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RELEASE = fileURLToPath(new URL('../../../build/release.wasm', import.meta.url));

let compiled: WebAssembly.Module | undefined;

/**
 * The release build of the guest.
 *
 * @throws Error when the package has not been built
 */
export function guestModule(): WebAssembly.Module {
  if (compiled === undefined) {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(readFileSync(RELEASE));
    } catch {
      throw new Error(`${RELEASE} is missing; npm run build makes it`);
    }
    compiled = new WebAssembly.Module(bytes);
  }
  return compiled;
}
