/** Files that come with the package: texts name them as from its root, wherever it is installed. */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder: this code is bundled, and lies elsewhere then. */
export const ROOT = fileURLToPath(new URL('.', import.meta.resolve('binderlab/package.json')));
/** What of it users are shown. */
const SHOWN = /^(\.[\\/])?(examples|test[\\/]conformance)[\\/]/;

/** A path as it is where something is there; else the package's own file of that name, if there is one. */
export function findFile(path: string): string {
  if (existsSync(path) || isAbsolute(path) || !SHOWN.test(`${path}/`)) return path;
  const own = join(ROOT, path);
  return existsSync(own) ? own : path;
}
