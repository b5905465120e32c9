/**
 * Ends a script that does not end by itself, including endless loops. A second thread waits for the time limit and
 * notifies the main thread. If that does not answer, it terminates the main thread's execution, as a debugger does.
 */
import { Worker } from 'node:worker_threads';

/** Time for the main thread's answer, ms. */
const GRACE_MS = 100;

/** The second thread's program. It is not a module, so it can wait while modules load. */
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
 * @param late Called once after the limit, on the main thread, with none of the script on the stack. It must end the process.
 * @returns A function that cancels the limit.
 */
export function watch(limitMs: number, late: () => void): () => void {
  const heard = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(PROGRAM, { eval: true, workerData: { limitMs, graceMs: GRACE_MS, heard } });
  worker.once('message', () => {
    Atomics.store(heard, 0, 1);
    Atomics.notify(heard, 0);
    late();
  });
  worker.unref(); // after the listener, which refs it: a script that waits for nothing ends at once
  return () => void worker.terminate();
}
