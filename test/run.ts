/**
 * `npm test`: runs test/**.test.ts as compiled, or with `npm test -- PART...` only the files whose path holds one of the
 * parts. Prints what failed in full and what passed in a line; the last line has the counts.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { closingLine, runGroups } from './runner.ts';

/** Longest that one group may take; the slowest takes a small part of it. */
const GROUP_LIMIT_MS = 240_000;
/** Files of one process. */
const GROUP_MAX = 8;

/**
 * Files that take seconds: each has a process of its own. The first ones begin first, so that no processor is left with one of
 * them at the end.
 */
const SLOW = [
  'conformance/core',
  'view/page',
  'cli/run',
  'cli/bench',
  'cli/step',
  'history/history',
  'history/whowrote',
  'examples/seeds',
  'ftrace/judge',
  'examples/examples',
  'oracle/hunt/',
  'trace/binaryjournal',
  'inspect/looking',
  'cli/replay',
  'compare/crossings',
  'bench/exhaust',
  'examples/watched',
  'cli/usage',
  'coverage/branchcounters',
  'trace/provenance',
  'conformance/builds',
  'check/mutations',
  'explore/',
  'faults/',
  'fuzz/fuzzer',
  'cli/serve',
  'cli/terminal',
  'oracle/scenarios',
  'mapping/',
  'bench/latency',
  'cli/compare',
  'wasm/browser',
  'os/hostile',
];

const root = join(import.meta.dirname, '../..');
const parts = process.argv.slice(2);
const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && (parts.length === 0 || parts.some((part) => file.includes(part))))
  .sort();
const groups = groupsOf(files).map((group) =>
  group.map((file) => join(import.meta.dirname, file.replace(/\.ts$/, '.js'))),
);

const counts = await runGroups(groups, GROUP_LIMIT_MS, ({ group, output, elapsedMs, passed, failed, skipped }) => {
  const names = group.map((file) => relative(import.meta.dirname, file).replace(/\.test\.js$/, '')).join(' ');
  console.log(`${names}: ${closingLine({ passed, failed, skipped })} (${(elapsedMs / 1000).toFixed(1)} s)`);
  if (failed > 0) console.log(output);
});
if (files.length === 0) console.error(`no test file has ${parts.join(' or ')} in its path`);
console.log(closingLine(counts));
process.exitCode = counts.failed > 0 || files.length === 0 ? 1 : 0;

/** The slow files alone, in the order of the list; then the others, some in a group. */
function groupsOf(names: readonly string[]): string[][] {
  const placeOf = (name: string) => SLOW.findIndex((beginning) => name.startsWith(beginning));
  const slow = names.filter((name) => placeOf(name) >= 0).sort((one, other) => placeOf(one) - placeOf(other));
  const quick = names.filter((name) => placeOf(name) < 0);
  const groups = Array.from({ length: Math.ceil(quick.length / GROUP_MAX) }, (_, index) =>
    quick.slice(index * GROUP_MAX, (index + 1) * GROUP_MAX),
  );
  return [...slow.map((name) => [name]), ...groups];
}
