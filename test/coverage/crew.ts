/** Threads that do jobs side by side, one on each processor, with progress on standard error. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Job, News } from './jobs.ts';

const PROGRAM = join(import.meta.dirname, 'worker.js');
const SHOWN_EVERY_MS = 5000;

/** What all jobs came to. */
export interface Gathered {
  readonly reached: Set<number>;
  /** Journals that did not come out as recorded. */
  readonly different: string[];
}

/** Does the jobs, the first ones first. */
export async function gather(jobs: readonly Job[]): Promise<Gathered> {
  const gathered: Gathered = { reached: new Set(), different: [] };
  const waiting = [...jobs];
  const steps = new Map<number, number>();
  let shownAt = performance.now();
  const show = () => {
    if (performance.now() - shownAt < SHOWN_EVERY_MS) return;
    shownAt = performance.now();
    const fuzzed = [...steps.values()].reduce((sum, count) => sum + count, 0);
    const place = waiting.length > 0 ? `${jobs.length - waiting.length} of ${jobs.length} jobs begun, ` : '';
    process.stderr.write(`${place}${fuzzed} steps fuzzed, ${gathered.reached.size} branches\n`);
  };
  const heard = (number: number, news: News) => {
    for (const id of news.reached) gathered.reached.add(id);
    if (news.different !== null) gathered.different.push(news.different);
    if (news.steps !== null) steps.set(number, news.steps);
    show();
  };
  const threads = Array.from({ length: availableParallelism() }, (_, number) =>
    work(
      () => waiting.shift(),
      (news) => heard(number, news),
    ),
  );
  await Promise.all(threads);
  return gathered;
}

function work(next: () => Job | undefined, heard: (news: News) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM, { execArgv: [] });
    const begin = () => {
      const job = next();
      if (job === undefined) void worker.terminate();
      else worker.postMessage(job);
    };
    worker.on('message', (news: News) => {
      heard(news);
      if (news.steps === null) begin();
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve());
    begin();
  });
}
