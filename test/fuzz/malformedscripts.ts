/** Scripts that are wrong or nearly right, run one after another in a thread, which is ended when one of them has no end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const PROGRAM = join(import.meta.dirname, 'scriptworker.js');
const SCRIPT = join(import.meta.dirname, '../../../examples/raw-first-call.ts');
/** One that says nothing for so long has no end. */
const SILENT_MS = 10_000;
const LOOK_EVERY_MS = 250;
/** Scripts of a thread: it keeps the modules of all. */
const EACH = 1000;
/** Wrong calls of a file. */
export const EACH_CALLS = 100;

/** Spoilt text of a good script; scripts that are wrong before they do anything; wrong calls. */
export type ScriptKind = 'spoilt' | 'imports' | 'calls';

/** What came of a script: its error's text for people; null without one. */
export interface ScriptOutcome {
  readonly number: number;
  readonly said: string | null;
}

/** Numbers of the scripts of a thread. */
export interface ScriptShare {
  readonly kind: ScriptKind;
  readonly from: number;
  readonly to: number;
}

/** The script that others are made of. */
export function sourceOfScript(): string {
  return readFileSync(SCRIPT, 'utf8');
}

/** Runs so many. @returns What came of those that ended, and the numbers of the others. */
export async function runWrongScripts(
  kind: ScriptKind,
  count: number,
): Promise<{ outcomes: ScriptOutcome[]; endless: number[] }> {
  const outcomes: ScriptOutcome[] = [];
  const endless: number[] = [];
  for (let from = 0; from < count; ) {
    const to = Math.min(from + EACH, Math.ceil(count));
    const done = await runShare({ kind, from, to }, (outcome) => outcomes.push(outcome));
    if (done < to) endless.push(done);
    from = done < to ? done + 1 : to;
  }
  return { outcomes, endless };
}

/** @returns The number of the first script without an end; `to` when all have ended. */
function runShare(share: ScriptShare, heard: (outcome: ScriptOutcome) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM, { workerData: share, stdout: true, stderr: true });
    let next = share.from;
    let heardAt = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - heardAt > SILENT_MS) void worker.terminate();
    }, LOOK_EVERY_MS);
    worker.on('message', (outcome: ScriptOutcome) => {
      heardAt = performance.now();
      next = outcome.number + 1;
      heard(outcome);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      clearInterval(timer);
      resolve(next);
    });
  });
}
