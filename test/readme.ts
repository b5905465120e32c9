/**
 * Runs the commands that README.md shows, so that it cannot rot: each line of each block marked `sh`, from the root
 * folder, with a time limit. Left out are the lines that fetch, install or test the project: whoever runs this has just
 * done that. `npm run readme`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readmeCommands } from './readme-commands.ts';

const COMMAND_LIMIT_MS = 120_000;

const root = join(import.meta.dirname, '../..');
const commands = readmeCommands(readFileSync(join(root, 'README.md'), 'utf8'));
let failed = 0;
for (const command of commands) {
  const start = performance.now();
  const { status, signal, error, stdout, stderr } = spawnSync('bash', ['-c', command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: COMMAND_LIMIT_MS,
    maxBuffer: 256 * 1024 * 1024,
  });
  const fine = status === 0;
  if (!fine) failed += 1;
  console.log(`${fine ? 'fine' : 'FAIL'}  ${command}  (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (!fine) console.log(`${stdout}${stderr}${error?.message ?? signal ?? `exit code ${status}`}`);
}
console.log(`README.md: ${commands.length} commands, ${failed} failed`);
process.exitCode = failed > 0 || commands.length === 0 ? 1 : 0;
