/** Files of the package: texts name them relative to its root, wherever it is installed. */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder. It is not relative to this file, since a bundle moves this code. */
export const ROOT = fileURLToPath(new URL('.', import.meta.resolve('binderlab/package.json')));
/** The files that texts show to users. */
const SHOWN = /^(\.[\\/])?(examples|test[\\/]conformance)[\\/]/;

/** The path itself if it exists; else the package's file of that name, if there is one. */
export function findFile(path: string): string {
  if (existsSync(path) || isAbsolute(path) || !SHOWN.test(`${path}/`)) return path;
  const own = join(ROOT, path);
  return existsSync(own) ? own : path;
}
