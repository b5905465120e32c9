/**
 * The debug and the release build do the same: after every step of every trace, what happened inside so far has the
 * same hash, over all events in their order; and the debug build's outputs are Linux's, too, none of its asserts fails.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Build, guestModule } from '../../host/cli/boot.ts';
import { Machine, STRATEGIES, type Strategy } from '../../host/machine.ts';
import { Provenance } from '../../host/provenance.ts';
import { mapsAlike, replay } from '../../host/replay.ts';
import { EventHash } from '../../host/trace/eventhash.ts';
import type { Journal, JournalHeader, StepInput } from '../../host/trace/journal.ts';
import { ALL_SETS, QUICK_SETS, recording, recordingNames } from './recordings.ts';

/** A hash for each step: of all events up to its end. */
function hashes(build: Build, journal: Journal, strategy: Strategy): string[] {
  const machine = Machine.fromHeader(journal.header, { wasm: guestModule(build), strategy, journal: false });
  const events = new EventHash();
  const found: string[] = [];
  events.follow(machine.guest);
  const perform = (input: StepInput) => {
    const step = machine.perform(input);
    events.take();
    found.push(events.value);
    return step;
  };
  const origins = (header: JournalHeader) => new Provenance(header, { wasm: guestModule() });
  const result = replay(journal, () => ({ perform }), mapsAlike(strategy, 'kmap') ? {} : { origins });
  if (mapsAlike(strategy, 'kmap')) assert.equal(result.text, []);
  return found;
}

const test = suite('debug and release');

test('nearly every step has events', () => {
  const journal = recording('nested-callback');
  assert.ok(new Set(hashes('release', journal, 'kmap')).size > journal.steps.length / 2);
});

test.run();

for (const strategy of STRATEGIES) {
  for (const set of strategy === 'kmap' ? ALL_SETS : QUICK_SETS) {
    const test = suite(`debug and release, ${set} under ${strategy}`);
    for (const name of recordingNames(set)) {
      test(name, () => {
        const journal = recording(name, set);
        assert.equal(hashes('debug', journal, strategy), hashes('release', journal, strategy));
      });
    }
    test.run();
  }
}
