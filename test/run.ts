/**
 * `npm test`: runs test/**.test.ts as compiled, or with `npm test -- PART...` only the files whose path holds one of the
 * parts. Prints what failed in full and what passed in a line; the last line has the counts.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { closingLine, runFiles } from './runner.ts';

/** Longest that one file may take; the slowest takes a small part of it. */
const FILE_LIMIT_MS = 240_000;

/** Begin first, so that no processor is left with one of them at the end. */
const SLOWEST = [
  'conformance/core',
  'conformance/builds',
  'cli/bench',
  'history/history',
  'examples/seeds',
  'examples/examples',
  'cli/',
];

const root = join(import.meta.dirname, '../..');
const parts = process.argv.slice(2);
const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && (parts.length === 0 || parts.some((part) => file.includes(part))))
  .sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1))
  .map((file) => join(import.meta.dirname, file.replace(/\.ts$/, '.js')));

const counts = await runFiles(files, FILE_LIMIT_MS, ({ file, output, elapsedMs, passed, failed, skipped }) => {
  const name = relative(import.meta.dirname, file).replace(/\.test\.js$/, '');
  console.log(`${name}: ${closingLine({ passed, failed, skipped })} (${(elapsedMs / 1000).toFixed(1)} s)`);
  if (failed > 0) console.log(output);
});
if (files.length === 0) console.error(`no test file has ${parts.join(' or ')} in its path`);
console.log(closingLine(counts));
process.exitCode = counts.failed > 0 || files.length === 0 ? 1 : 0;

function rank(file: string): number {
  const at = SLOWEST.findIndex((beginning) => file.startsWith(beginning));
  return at < 0 ? SLOWEST.length : at;
}
