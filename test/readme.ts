/**
 * Runs the commands that README.md shows, so that it cannot rot: each line of each block marked `sh`, from the root folder, with
 * a time limit; what it prints is compared with what README.md says. Left out are the lines that fetch, install or test the
 * project: whoever runs this has just done that. `npm run readme`; with `-- --write` lines that differ in figures alone are
 * written anew, as is due when frames of memory have moved.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mismatch, readmeCommands, rewritten } from './readme-commands.ts';

const COMMAND_LIMIT_MS = 120_000;

const root = join(import.meta.dirname, '../..');
const path = join(root, 'README.md');
const write = process.argv.includes('--write');
let text = readFileSync(path, 'utf8');
const commands = readmeCommands(text);
let failed = 0;
for (const one of commands) {
  const start = performance.now();
  const { status, signal, error, stdout, stderr } = spawnSync('bash', ['-c', one.command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: COMMAND_LIMIT_MS,
    maxBuffer: 256 * 1024 * 1024,
  });
  const ended = status === 0;
  const shown = write && ended ? rewritten(one, stdout) : one.shown;
  if (one.shown !== null && shown !== null) text = text.replace(one.shown, () => shown);
  const wrong = ended ? mismatch({ ...one, shown }, stdout) : null;
  const fine = ended && wrong === null;
  if (!fine) failed += 1;
  console.log(`${fine ? 'fine' : 'FAIL'}  ${one.command}  (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (!ended) console.log(`${stdout}${stderr}${error?.message ?? signal ?? `exit code ${status}`}`);
  if (wrong !== null)
    console.log(`      README.md: ${wrong.shown}\n      printed:   ${wrong.printed ?? '(nothing such)'}`);
}
if (write) writeFileSync(path, text);
console.log(`README.md: ${commands.length} commands, ${failed} failed`);
process.exitCode = failed > 0 || commands.length === 0 ? 1 : 0;
