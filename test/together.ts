/**
 * Runs the test files that its arguments name, in one process: to start one and to load the emulator takes longer than the
 * tests of most files. A file that runs no tests is a failure.
 */
import { pathToFileURL } from 'node:url';

/** What uvu keeps for runs of several files: it puts the suites of a file into the queue at this index. */
const uvu = globalThis as typeof globalThis & { UVU_DEFER: number; UVU_INDEX: number; UVU_QUEUE: unknown[][] };

uvu.UVU_DEFER = 1;
const { exec } = await import('uvu');
const files = process.argv.slice(2);
for (const [index, file] of files.entries()) {
  uvu.UVU_INDEX = index;
  uvu.UVU_QUEUE[index] = [undefined];
  await import(pathToFileURL(file).href);
}
const empty = files.filter((_, index) => (uvu.UVU_QUEUE[index]?.length ?? 0) < 2);
await exec();
for (const file of empty) {
  console.log(`\n   FAIL  ${file} ran no tests; does it call test.run()?\n`);
  process.exitCode = 1;
}
