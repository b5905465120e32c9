/** Fed with the kernel's answers, each scenario asks for what it asked when it was recorded, to the byte. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HAND } from '../../oracle/scenarios/hand.ts';
import { randomScenario } from '../../oracle/scenarios/random/walk.ts';
import type { Scenario } from '../../oracle/scenarios/scenario.ts';
import { Script } from '../../oracle/script.ts';
import { type RecordingSet, recording, recordingNames } from '../conformance/recordings.ts';
import { Recorded } from './recorded.ts';

const hand = Object.values(HAND).flat();

async function asksForWhatWasRecorded(scenario: Scenario, set: RecordingSet): Promise<void> {
  const journal = recording(scenario.name, set);
  const performer = new Recorded(journal);
  const script = new Script(performer);
  await scenario.run(script);
  performer.end();
  assert.equal(script.warnings, []);
  assert.is(scenario.desc, journal.header.desc);
  assert.is(scenario.secctx ?? null, journal.header.secctx);
  assert.is(scenario.racy ?? false, journal.header.racy ?? false);
}

const written = suite('hand-written scenarios');

written('each has a name of its own', () => {
  const names = hand.map(({ name }) => name);
  assert.equal(names, [...new Set(names)]);
});

for (const set of ['hand', 'coverage'] as const) {
  for (const name of recordingNames(set)) {
    const scenario = hand.find((one) => one.name === name);
    if (scenario === undefined) continue;
    written(name, () => asksForWhatWasRecorded(scenario, set));
  }
}

written.run();

const random = suite('random programs');

for (const name of recordingNames('random').filter((one) => /^rand-\d{4}$/.test(one))) {
  const seed = recording(name, 'random').header.seed ?? 0;
  random(name, () => asksForWhatWasRecorded(randomScenario(seed), 'random'));
}

random.run();
