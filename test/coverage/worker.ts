/** A thread of `npm run coverage -- guest`: does one job after another. */
import { parentPort } from 'node:worker_threads';
import { readJournal } from '../../host/cli/files.ts';
import { coverageModule } from '../../host/cli/fuzz/coveragebuild.ts';
import { STRATEGIES, type Strategy } from '../../host/machine.ts';
import { Gathering } from './gather.ts';
import type { Job, News } from './jobs.ts';

const TELL_EVERY_MS = 1000;

const gathering = new Gathering(coverageModule());
const said = new Set<number>();
parentPort?.on('message', (job: Job) => void perform(job));

async function perform(job: Job): Promise<void> {
  let different: string | null = null;
  if (job.kind === 'replay') {
    if (!gathering.replay(await readJournal(job.journal))) different = job.journal.path;
  } else if (job.kind === 'watch') {
    const journal = await readJournal(job.journal);
    gathering.watch(journal);
    gathering.sweep(journal, STRATEGIES[job.number % STRATEGIES.length] as Strategy);
  } else {
    const recordings = await Promise.all(job.recordings.map(readJournal));
    let toldAt = performance.now();
    gathering.fuzz(recordings, job.share, (steps) => {
      if (performance.now() - toldAt < TELL_EVERY_MS) return;
      toldAt = performance.now();
      tell({ different: null, steps });
    });
  }
  tell({ different, steps: null });
}

function tell(news: Omit<News, 'reached'>): void {
  const reached = [...gathering.reached].filter((id) => !said.has(id));
  for (const id of reached) said.add(id);
  parentPort?.postMessage({ ...news, reached } satisfies News);
}
