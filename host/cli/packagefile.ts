/** Files that come with the package: texts name them as from its root, wherever it is installed. */
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** What of it users are shown. */
const SHOWN = /^(\.[\\/])?(examples|test[\\/]conformance)[\\/]/;

/** A path as it is where something is there; else the package's own file of that name, if there is one. */
export function findFile(path: string): string {
  if (existsSync(path) || isAbsolute(path) || !SHOWN.test(`${path}/`)) return path;
  const own = `${ROOT}${path}`;
  return existsSync(own) ? own : path;
}
