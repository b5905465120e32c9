/** `npm run soak -- CALLS`: runs the soak, and tells what has grown; 100,000 calls when no number is given. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { soak } from './soak.ts';
import { worldWithManager } from './world.ts';

/** What V8 itself may gain while it compiles. */
const HEAP_GROWTH_MAX = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const calls = Number(process.argv[2] ?? '100000');
if (!Number.isInteger(calls) || calls < 1) {
  console.error(`usage: npm run soak -- CALLS; "${process.argv[2]}" is no count`);
  process.exit(2);
}
const start = Date.now();
const { before, after } = soak(worldWithManager({ journal: false }), calls, collectGarbage);
const seconds = ((Date.now() - start) / 1000).toFixed(1);
const grown = {
  frames: before.frames - after.frames,
  objects: after.objects - before.objects,
  heap: after.heap - before.heap,
};
console.log(`${calls} calls in ${seconds} s`);
console.log(
  `frames: ${grown.frames} more; kernel objects: ${grown.objects} more; JavaScript heap: ${grown.heap} bytes more`,
);
if (grown.frames !== 0 || grown.objects !== 0 || grown.heap > HEAP_GROWTH_MAX) process.exitCode = 1;
