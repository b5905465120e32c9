/** Which branches of the guest its tests reach. They run as ever, but on builds that count. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REACHED_FOLDER } from './preload.ts';

/** Parts of the paths of tests that make machines of their own, and of the unit tests. */
const PARTS = [
  'check/',
  'driver/',
  'guest/',
  'inspect/',
  'machine/',
  'mapping/',
  'os/',
  'cli/serve',
  'history/bugs',
  'sim/streams',
];

/**
 * Runs them, with their results on standard error: some fail, since counts are a part of what they compare.
 *
 * @returns Keys of branches.
 */
export function reachedByTests(): Set<string> {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-reached-'));
  try {
    const preload = pathToFileURL(join(import.meta.dirname, 'preload.js')).href;
    spawnSync(process.execPath, [join(import.meta.dirname, '../run.js'), ...PARTS], {
      env: { ...process.env, [REACHED_FOLDER]: folder, NODE_OPTIONS: `--import=${preload}` },
      stdio: ['ignore', process.stderr, process.stderr],
    });
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    return new Set(files.flatMap((text) => JSON.parse(text) as string[]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
