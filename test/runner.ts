/**
 * Runs test files, those of a group in one node process, and counts what uvu reports of them. A group that crashes, hangs,
 * has a file without tests or never comes to its end counts as one failed test: it cannot pass by saying nothing.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** V8 collects garbage on all processors at once, which all have tests to run. */
const NODE_FLAGS = ['--single-threaded-gc', '--max-semi-space-size=16'];

/** Tests of one or more files. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What a group came to: its counts, all that it printed, and how long it took. */
export interface GroupResult extends Counts {
  group: readonly string[];
  output: string;
  elapsedMs: number;
}

/** Reads uvu's closing lines; null when the output has none. */
export function countsIn(output: string): Counts | null {
  const found = [...output.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm)].at(-1);
  if (found === undefined) return null;
  const [total, passed, skipped] = [Number(found[1]), Number(found[2]), Number(found[3])];
  return { passed, failed: total - passed, skipped };
}

/**
 * Runs compiled test files in one process.
 *
 * @param group paths of .js files
 * @param limitMs after so many milliseconds the process is killed, and has failed
 */
export function runGroup(group: readonly string[], limitMs: number): Promise<GroupResult> {
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(process.execPath, [...NODE_FLAGS, join(import.meta.dirname, 'together.js'), ...group], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' },
    });
    let output = '';
    let overdue = false;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const timer = setTimeout(() => {
      overdue = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const counts = countsIn(output) ?? { passed: 0, failed: 0, skipped: 0 };
      const complaint = overdue
        ? `killed after ${limitMs / 1000} s`
        : code !== 0 && counts.failed === 0
          ? `ended with ${signal ?? `exit code ${code}`}`
          : counts.passed + counts.failed + counts.skipped === 0
            ? 'ran no tests'
            : null;
      if (complaint !== null) {
        counts.failed += 1;
        output += `\n   FAIL  ${complaint}\n`;
      }
      resolve({ group, output, elapsedMs: performance.now() - start, ...counts });
    });
  });
}

/** Runs groups side by side, one on each processor, and hands out each result as it comes. */
export async function runGroups(
  groups: readonly (readonly string[])[],
  limitMs: number,
  report: (result: GroupResult) => void,
): Promise<Counts> {
  const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...groups];
  const work = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      const result = await runGroup(group, limitMs);
      sum.passed += result.passed;
      sum.failed += result.failed;
      sum.skipped += result.skipped;
      report(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return sum;
}

/** The closing line of every test run, e.g. `12 passed, 0 failed, 1 skipped`. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
