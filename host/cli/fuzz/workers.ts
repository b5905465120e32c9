/** The worker threads of a run: one for each processor. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Finding, FuzzTally } from '../../fuzz/fuzzer.ts';
import { checkBuilt } from '../boot.ts';
import { ROOT } from '../packagefile.ts';
import type { FuzzNews, FuzzTask } from './task.ts';

const PROGRAM = 'dist/bundle/fuzzworker.js';
const NEEDED = [PROGRAM, 'build/release.wasm', 'build/debug.wasm'];
/** A thread that says nothing for so long is in a loop without an end. */
const SILENT_MS = 90_000;
const LOOK_EVERY_MS = 1000;

/** What all threads have done so far. */
export interface FuzzResult extends FuzzTally {
  /** How many of the guest's branches were reached; null for a build that does not count. */
  branches: { reached: number; of: number } | null;
  /** One of each kind of fault. */
  findings: Finding[];
  /** Numbers of programs that did not come to an end. */
  endless: number[];
}

/**
 * Runs programs until all threads have done their part.
 *
 * @param told Called with the sum whenever a thread says something.
 * @param found Called with the first finding of a kind.
 */
export async function runWorkers(
  tasks: readonly FuzzTask[],
  told: (result: FuzzResult) => void,
  found: (finding: Finding) => void,
): Promise<FuzzResult> {
  checkBuilt(NEEDED);
  const latest: (FuzzNews | null)[] = tasks.map(() => null);
  const findings = new Map<string, Finding>();
  const endless: number[] = [];
  const sum = () => ({ ...sumOf(latest), findings: [...findings.values()], endless });
  await Promise.all(
    tasks.map((task, index) => {
      return runWorker(
        task,
        (news) => {
          latest[index] = news;
          const { finding } = news;
          if (finding !== null && !findings.has(finding.breach.signature)) {
            findings.set(finding.breach.signature, finding);
            found(finding);
          }
          told(sum());
        },
        () => endless.push(latest[index]?.program ?? task.first),
      );
    }),
  );
  return sum();
}

function runWorker(task: FuzzTask, heard: (news: FuzzNews) => void, silent: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(join(ROOT, PROGRAM), { workerData: task, execArgv: [] });
    let heardAt = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - heardAt < SILENT_MS) return;
      silent();
      void worker.terminate();
    }, LOOK_EVERY_MS);
    worker.on('message', (news: FuzzNews) => {
      heardAt = performance.now();
      heard(news);
    });
    worker.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    worker.on('exit', () => {
      clearInterval(timer);
      resolve();
    });
  });
}

function sumOf(latest: readonly (FuzzNews | null)[]): FuzzTally & Pick<FuzzResult, 'branches'> {
  const sum = { programs: 0, steps: 0, commands: 0, errors: 0, judged: 0 };
  const reached = new Set<number>();
  let branchesOf = 0;
  for (const news of latest) {
    if (news === null) continue;
    for (const name of Object.keys(sum) as (keyof FuzzTally)[]) sum[name] += news.tally[name];
    for (const branch of news.branches ?? []) reached.add(branch);
    branchesOf = news.branchesOf;
  }
  return { ...sum, branches: branchesOf === 0 ? null : { reached: reached.size, of: branchesOf } };
}
