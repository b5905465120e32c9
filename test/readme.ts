/**
 * Runs the commands that README.md and the pages in docs/ show: each line of each block marked `sh`, from the root folder, with a
 * time limit. Compares the output with the one on the page. Leaves out the lines that fetch, install or test the project: whoever
 * runs this has just done that. `npm run readme`; with `-- --write` it writes lines anew that differ in figures alone. Use
 * that when frames of memory have moved.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAGES, pageText, ROOT, writePage } from './pages.ts';
import { mismatch, type ReadmeCommand, readmeCommands, rewritten } from './readme-commands.ts';

const COMMAND_LIMIT_MS = 120_000;

const write = process.argv.includes('--write');
/** npx keeps links to the commands that it ran. A machine that had another version of this folder has old ones. */
const npmCache = mkdtempSync(join(tmpdir(), 'binderlab-npm-'));

/** Runs a command and reports it. @returns Whether all is fine, and the output as the page should show it. */
function runCommand(page: string, one: ReadmeCommand): { fine: boolean; shown: string | null } {
  const start = performance.now();
  const { status, signal, error, stdout, stderr } = spawnSync('bash', ['-c', one.command], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, npm_config_cache: npmCache },
    timeout: COMMAND_LIMIT_MS,
    maxBuffer: 256 * 1024 * 1024,
  });
  const ended = status === 0;
  const shown = write && ended ? rewritten(one, stdout) : one.shown;
  const wrong = ended ? mismatch({ ...one, shown }, stdout) : null;
  const fine = ended && wrong === null;
  console.log(`${fine ? 'fine' : 'FAIL'}  ${one.command}  (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (!ended) console.log(`${stdout}${stderr}${error?.message ?? signal ?? `exit code ${status}`}`);
  if (wrong !== null) console.log(`      ${page}: ${wrong.shown}\n      printed: ${wrong.printed ?? '(no such line)'}`);
  return { fine, shown };
}

let all = 0;
let failed = 0;
for (const page of PAGES) {
  let text = pageText(page);
  for (const one of readmeCommands(text)) {
    const { fine, shown } = runCommand(page, one);
    all += 1;
    if (!fine) failed += 1;
    if (one.shown !== null && shown !== null) text = text.replace(one.shown, () => shown);
  }
  if (write) writePage(page, text);
}
rmSync(npmCache, { recursive: true });
console.log(`${PAGES.length} pages: ${all} commands, ${failed} failed`);
process.exitCode = failed > 0 || all === 0 ? 1 : 0;
