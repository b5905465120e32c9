/** Runs the command as a user does: a process of its own, in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The command's program. */
export const MAIN = join(import.meta.dirname, '../../bundle/cli.js');

export interface Ran {
  /** Exit code. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder for the files of one test file; `remove` it at the end. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'binderlab-test-'));

  /** Writes a file, with the folders on the way. @returns its path */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Runs `binderlab ...words` in this folder. */
  run(words: readonly string[], input = ''): Ran {
    const options = { cwd: this.path, input, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], options);
    return { code: status, stdout, stderr };
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
