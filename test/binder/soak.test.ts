/** A short soak: what `npm run soak` does at length. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { soak } from './soak.ts';
import { worldWithManager } from './world.ts';

const test = suite('soak');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('calls through the whole stack leave nothing behind', () => {
  const { before, after } = soak(worldWithManager({ journal: false }), 8000, collectGarbage);
  assert.is(after.frames, before.frames);
  assert.is(after.objects, before.objects);
  // V8 still compiles; 150 bytes a call would show
  assert.ok(after.heap - before.heap < 1_200_000, `${after.heap - before.heap} bytes more`);
});

test.run();
