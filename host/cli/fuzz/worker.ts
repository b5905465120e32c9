/** A worker thread of `binderlab fuzz`: runs its share of the programs, and makes those that break something short. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Finding, Fuzzer } from '../../fuzz/fuzzer.ts';
import { ORACLES } from '../../fuzz/oracles.ts';
import { guestModule } from '../boot.ts';
import { readJournal } from '../files.ts';
import { coverageModule } from './coveragebuild.ts';
import type { FuzzNews, FuzzTask } from './task.ts';

const TELL_EVERY_MS = 500;
/** How long a finding may be shrunk. */
const SHRINK_MS = 20_000;
/** Limit of kinds of faults; a thread ends after it. */
const FINDINGS_MAX = 10;

const task = workerData as FuzzTask;
const recordings = await Promise.all(task.recordings.map((path) => readJournal({ path, name: path })));
// a count of branches is a part of the state, and differs by the way that a step was reached
const { history: _, ...otherOracles } = ORACLES;
const fuzzer = new Fuzzer({
  ...task,
  oracles: task.build === 'coverage' ? otherOracles : ORACLES,
  wasm: task.build === 'coverage' ? coverageModule() : guestModule(task.build),
  other: guestModule(task.build === 'release' ? 'debug' : 'release'),
  recordings,
});
const signatures = new Set<string>();
const end = performance.now() + task.limitMs;
let toldAt = performance.now();
let program = task.first;
for (; fuzzer.tally.steps < task.stepsMax && signatures.size < FINDINGS_MAX; program += task.stride) {
  const now = performance.now();
  if (now >= end) break;
  if (now - toldAt >= TELL_EVERY_MS) tell(null);
  const played = fuzzer.run(program);
  const { breach } = played;
  if (breach === null || signatures.has(breach.signature)) continue;
  signatures.add(breach.signature);
  const shrinkEnd = performance.now() + SHRINK_MS;
  tell(await fuzzer.shrink({ ...played, breach }, () => performance.now() >= shrinkEnd));
}
tell(null);

function tell(finding: Finding | null): void {
  toldAt = performance.now();
  const { tally, branches, branchesOf } = fuzzer;
  parentPort?.postMessage({ tally: { ...tally }, branches, branchesOf, program, finding } satisfies FuzzNews);
}
