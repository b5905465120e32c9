/** Parts of a sweep side by side: each is this command in a process of its own, since a script may have a state of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../packagefile.ts';
import { EXIT_FINE, EXIT_NO } from '../usage.ts';
import type { SweepReport } from './report.ts';

const PROGRAM = 'dist/bundle/cli.js';

/** A part that gave no report. */
interface Refusal {
  readonly exitCode: number;
  /** What it said on standard error. */
  readonly complaint: string;
}

/**
 * Runs parts.
 *
 * @param lines The words of each command.
 * @param told Called with what the first one says on standard error: the others are about as far.
 * @returns Their reports, or the first refusal: they all refuse the same.
 */
export async function runParts(
  lines: readonly (readonly string[])[],
  told: (text: string) => void,
): Promise<readonly SweepReport[] | Refusal> {
  const results = await Promise.all(
    lines.map((words, index) => {
      const child = spawn(process.execPath, [join(ROOT, PROGRAM), ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
      let complaint = '';
      let report = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (report += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (index === 0) told(text);
        else complaint += text;
      });
      return new Promise<SweepReport | Refusal>((resolve) => {
        child.on('close', (code) => {
          const whole = report === '' ? null : (JSON.parse(report) as SweepReport);
          // a timer of the script may throw before the report is there, or after it
          const isDone = code === EXIT_FINE || (code === EXIT_NO && whole !== null && whole.unsound > 0);
          resolve(whole !== null && isDone ? whole : { exitCode: code ?? EXIT_NO, complaint });
        });
      });
    }),
  );
  return results.find(isRefusal) ?? (results as SweepReport[]);
}

export function isRefusal(result: SweepReport | Refusal | readonly SweepReport[]): result is Refusal {
  return 'exitCode' in result;
}
