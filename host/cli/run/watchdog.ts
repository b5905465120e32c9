/**
 * Ends a script that does not end by itself, loops that give nobody else a turn included. A second thread waits; when time
 * is up it tells the main thread, and one that does not answer has its execution ended from outside, as a debugger does.
 */
import { Worker } from 'node:worker_threads';

/** What the main thread gets to answer by itself, ms. */
const GRACE_MS = 100;

/** The second thread's program: it has no module of its own, so that it may wait while others load. */
const PROGRAM = `
const { parentPort, workerData: { limitMs, graceMs, heard } } = require('node:worker_threads');
const { Session } = require('node:inspector');
setTimeout(() => {
  parentPort.postMessage('late');
  if (Atomics.wait(heard, 0, 0, graceMs) !== 'timed-out') return;
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution');
}, limitMs);
`;

/**
 * @param late Called once when the time is up, on the main thread, with nothing left of what ran there. It has to end the process.
 * @returns Calls it off.
 */
export function watch(limitMs: number, late: () => void): () => void {
  const heard = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(PROGRAM, { eval: true, workerData: { limitMs, graceMs: GRACE_MS, heard } });
  worker.once('message', () => {
    Atomics.store(heard, 0, 1);
    Atomics.notify(heard, 0);
    late();
  });
  worker.unref(); // after the listener, which holds it: a script that waits for nothing is found out at once
  return () => void worker.terminate();
}
