/** Programs of the fuzzer: nothing breaks, the same number gives the same program, and what breaks is made short. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { type BrokenProgram, Fuzzer, type FuzzOptions } from '../../host/fuzz/fuzzer.ts';
import { breach } from '../../host/fuzz/oracles.ts';
import { Machine, STRATEGIES } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { recording, recordingNames } from '../conformance/recordings.ts';

const STEPS = 200_000;
const options: FuzzOptions = {
  wasm: guestModule(),
  other: guestModule('debug'),
  strategies: STRATEGIES,
  memory: 16,
  seed: 1,
  checkEvery: 20,
  thoroughEvery: 300,
  recordings: recordingNames().map((name) => recording(name)),
};

const test = suite('fuzzer');

test(`nothing breaks in ${STEPS} steps`, () => {
  const fuzzer = new Fuzzer(options);
  for (let number = 0; fuzzer.tally.steps < STEPS; number++) {
    const { breach: found } = fuzzer.run(number);
    assert.is(found, null, `program ${number}: ${found?.message}`);
  }
  const { steps, commands, errors, judged } = fuzzer.tally;
  assert.ok(commands > steps / 2, `${commands} commands`);
  assert.ok(errors > steps / 10 && errors < steps / 2, `${errors} errors`);
  assert.ok(judged > 0);
});

test('a number gives the same program again', () => {
  const once = new Fuzzer(options);
  once.run(7);
  const { steps } = once.run(8);
  assert.equal(new Fuzzer(options).run(8).steps, steps);
  assert.not.equal(once.run(9).steps, steps);
});

test('what breaks is made short, and its journal shows it', async () => {
  const fuzzer = new Fuzzer({
    ...options,
    recordings: [],
    thoroughEvery: 1,
    oracles: {
      peaceful: (_, steps) => {
        const made = steps.findIndex(({ op }) => op === 'proc');
        const at = steps.findIndex(({ op }, index) => op === 'kill' && index > made);
        return made < 0 || at < 0 ? null : breach('peaceful', steps, at, `somebody was killed at step ${at}`);
      },
    },
  });
  let number = 0;
  let found = fuzzer.run(number);
  while (found.breach === null) found = fuzzer.run(++number);
  const { journal, stepsBefore } = await fuzzer.shrink(found as BrokenProgram, () => false);
  assert.is(stepsBefore, found.steps.length);
  assert.equal(
    journal.steps.map(({ op }) => op),
    ['proc', 'kill'],
  );
  const again = replay(journal, (header) =>
    Machine.fromHeader(header, { wasm: options.wasm, strategy: found.strategy }),
  );
  assert.equal(again.text, []);
});

test.run();
