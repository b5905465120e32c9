/**
 * The oracle's folder: outside of the project, so that its tree stays clean.
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

/** The variable that names another folder. */
export const FOLDER_VARIABLE = 'BINDERLAB_ORACLE';

const FOLDERS: Readonly<Record<Flavour, string>> = { x86_64: 'kernel', arm64: 'arm64', 'arm64-16k': 'arm64-16k' };

/** A missing part of the oracle; the message says how to get it. */
export class NotSetUpError extends Error {
  override readonly name = 'NotSetUpError';
}

/**
 * The oracle's folder: the one in BINDERLAB_ORACLE; otherwise `binder-oracle` in the folder of temporary files, if that exists;
 * otherwise in the user's cache.
 */
export function oracleFolder(): string {
  const named = process.env[FOLDER_VARIABLE];
  if (named !== undefined && named !== '') return named;
  const temporary = join(tmpdir(), 'binder-oracle');
  if (existsSync(join(temporary, FOLDERS.x86_64, 'boot'))) return temporary;
  const cache = process.env.XDG_CACHE_HOME;
  return join(cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache'), 'binderlab', 'oracle');
}

/** The folder of an unpacked kernel package. */
export function kernelFolder(flavour: Flavour): string {
  return join(oracleFolder(), FOLDERS[flavour]);
}

/** Whether a kernel exists. */
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
