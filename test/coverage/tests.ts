/** Which branches of the guest the tests reach that make machines of their own. They run as ever, but on the counting build. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REACHED_FOLDER } from './preload.ts';

/** Parts of the paths of tests of the guest. Those that replay recordings, or compare builds, add nothing. */
const PARTS = ['check/', 'driver/', 'guest/', 'inspect/', 'machine/', 'mapping/', 'os/', 'history/', 'sim/'];

/** Runs them, with their results on standard error: some fail, since counts are a part of what they compare. */
export function reachedByTests(): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-reached-'));
  try {
    const preload = pathToFileURL(join(import.meta.dirname, 'preload.js')).href;
    spawnSync(process.execPath, [join(import.meta.dirname, '../run.js'), ...PARTS], {
      env: { ...process.env, [REACHED_FOLDER]: folder, NODE_OPTIONS: `--import=${preload}` },
      stdio: ['ignore', process.stderr, process.stderr],
    });
    return readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as number[]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
