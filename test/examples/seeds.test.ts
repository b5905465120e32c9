/** Every example asserts what it shows under some seeds, and does the same again for the same seed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exampleNames, runExample } from './script.ts';

const SEEDS = 8;
/** Every so-many-th is run twice, with its journal. */
const AGAIN_EVERY = 7;

const test = suite('examples under seeds');

for (const name of exampleNames()) {
  test(name, async () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const again = seed % AGAIN_EVERY === 0;
      const first = await runExample(name, seed, { journal: again });
      assert.ok(first.printed.length > 0);
      if (again) assert.equal(await runExample(name, seed), first, `seed ${seed}`);
    }
  });
}

test('thread-pool goes different ways under different seeds', async () => {
  const ways = new Set<string>();
  for (let seed = 1; seed <= 5; seed++) ways.add((await runExample('thread-pool', seed)).steps);
  assert.is(ways.size, 5);
});

test.run();
