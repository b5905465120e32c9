/**
 * The debug and the release build do the same: after every step of the recordings, what happened inside so far has the
 * same hash, over all events in their order, and the same outputs; those of the release build are Linux's (core.test.ts), so
 * the debug build's are too, and none of its asserts fails.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Build, guestModule } from '../../host/cli/boot.ts';
import { Machine, STRATEGIES, type Strategy } from '../../host/machine.ts';
import { EventHash } from '../../host/trace/eventhash.ts';
import type { Journal, Step } from '../../host/trace/journal.ts';
import { ALL_SETS, MEMORY_MIB, QUICK_SETS, recording, recordingNames, sampled, sampleNames } from './recordings.ts';

/** What a build makes of a journal: its steps, and for each a hash of all events up to its end. */
function performed(build: Build, { header, steps }: Journal, strategy: Strategy): { steps: Step[]; hashes: string[] } {
  const machine = Machine.fromHeader(header, {
    wasm: guestModule(build),
    strategy,
    memoryMiB: MEMORY_MIB,
    journal: false,
  });
  const events = new EventHash();
  const hashes: string[] = [];
  events.follow(machine.guest);
  const made = steps.map((input) => {
    const step = machine.perform(input);
    events.take();
    hashes.push(events.value);
    return step;
  });
  return { steps: made, hashes };
}

const test = suite('debug and release');

test('nearly every step has events', () => {
  const journal = recording('nested-callback');
  assert.ok(new Set(performed('release', journal, 'kmap').hashes).size > journal.steps.length / 2);
});

test.run();

for (const [number, strategy] of STRATEGIES.entries()) {
  for (const set of strategy === 'kmap' ? ALL_SETS : QUICK_SETS) {
    const test = suite(`debug and release, ${set} under ${strategy}`);
    // the builds differ in asserts, not in strategies: under the others some recordings are enough
    for (const name of strategy === 'kmap' ? sampleNames(set) : sampled(recordingNames(set), 6, number)) {
      test(name, () => {
        const journal = recording(name, set);
        assert.equal(performed('debug', journal, strategy), performed('release', journal, strategy));
      });
    }
    test.run();
  }
}
