/**
 * Runs test files, each in a node process of its own, and counts what uvu reports of them. A file that crashes, hangs,
 * runs no test or never comes to its end counts as one failed test: it cannot pass by saying nothing.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Tests of one or more files. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What one test file came to: its counts, all that it printed, and how long it took. */
export interface FileResult extends Counts {
  file: string;
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
 * Runs one compiled test file.
 *
 * @param file path of a .js file
 * @param limitMs after so many milliseconds the file is killed, and has failed
 */
export function runFile(file: string, limitMs: number): Promise<FileResult> {
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(process.execPath, [file], {
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
            ? 'ran no tests; does it call test.run()?'
            : null;
      if (complaint !== null) {
        counts.failed += 1;
        output += `\n   FAIL  ${complaint}\n`;
      }
      resolve({ file, output, elapsedMs: performance.now() - start, ...counts });
    });
  });
}

/** Runs files side by side, one on each processor, and hands out each result as it comes. */
export async function runFiles(
  files: string[],
  limitMs: number,
  report: (result: FileResult) => void,
): Promise<Counts> {
  const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file, limitMs);
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
