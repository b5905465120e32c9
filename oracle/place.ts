/**
 * Where the oracle keeps what it needs: outside of the project, so that a clean tree stays one.
 *
 *     kernel, arm64, arm64-16k   Debian's kernel packages, unpacked
 *     run                        initrds, and a folder for each machine that runs
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The kernels: x86-64, and arm64 with pages of 4 or 16 KiB. */
export const FLAVOURS = ['x86_64', 'arm64', 'arm64-16k'] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** Names the folder in place of the usual one. */
export const FOLDER_VARIABLE = 'BINDERLAB_ORACLE';

const FOLDERS: Readonly<Record<Flavour, string>> = { x86_64: 'kernel', arm64: 'arm64', 'arm64-16k': 'arm64-16k' };

/** Something that the oracle needs is not there; the message says how to get it. */
export class NotSetUpError extends Error {
  override readonly name = 'NotSetUpError';
}

/**
 * The oracle's folder: the one that BINDERLAB_ORACLE names; else `binder-oracle` among the temporary files, when that is
 * there; else the user's cache.
 */
export function oracleFolder(): string {
  const named = process.env[FOLDER_VARIABLE];
  if (named !== undefined && named !== '') return named;
  const temporary = join(tmpdir(), 'binder-oracle');
  if (existsSync(join(temporary, FOLDERS.x86_64, 'boot'))) return temporary;
  const cache = process.env.XDG_CACHE_HOME;
  return join(cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache'), 'binderlab', 'oracle');
}

/** Where a kernel package is unpacked to. */
export function kernelFolder(flavour: Flavour): string {
  return join(oracleFolder(), FOLDERS[flavour]);
}

/** Whether a kernel is there. */
export function isSetUp(flavour: Flavour): boolean {
  return findFile(join(kernelFolder(flavour), 'boot'), /^vmlinuz-/) !== null;
}

export function runFolder(): string {
  return join(oracleFolder(), 'run');
}

/** The first file below a folder whose name matches; null when there is none. */
export function findFile(folder: string, name: RegExp): string | null {
  if (!existsSync(folder)) return null;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const found = entry.isDirectory() ? findFile(path, name) : name.test(entry.name) ? path : null;
    if (found !== null) return found;
  }
  return null;
}
