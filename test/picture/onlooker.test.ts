/** Looking at a moment, and back from it, leaves the machine as it was. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { History } from '../../host/history.ts';
import { Machine } from '../../host/machine.ts';
import { Onlooker, secretEventsOf } from '../../host/picture/onlooker.ts';
import type { JournalHeader } from '../../host/trace/journal.ts';
import { recording } from '../conformance/recordings.ts';

const wasm = guestModule();
const boot = (header: JournalHeader) => Machine.fromHeader(header, { wasm, memoryMiB: 16, journal: false });

const test = suite('onlooker');

for (const name of ['nested-callback', 'death-many', 'data-fault-between']) {
  test(`${name}: the events of a step are read in passing, and nothing of that stays`, () => {
    const journal = recording(name);
    const [seen, unseen] = [new History(journal, boot, { every: 4 }), new History(journal, boot)];
    const onlooker = new Onlooker(unseen);
    for (let hop = 0; hop < 60; hop++) {
      const position = (hop * 7919) % journal.steps.length;
      let events: unknown = [];
      seen.gotoWatched(position, (perform) => {
        events = secretEventsOf(seen.machine.guest, perform);
      });
      unseen.goto(position);
      assert.is(seen.hash(), unseen.hash(), `at ${position}`);
      assert.equal(events, onlooker.now().events, `at ${position}`);
    }
  });
}

for (const name of ['nested-callback', 'death-many']) {
  test(`${name}: the hash is that of a history that nothing looked at, forwards, backwards and in leaps`, () => {
    const journal = recording(name);
    const [seen, unseen] = [new History(journal, boot, { every: 4 }), new History(journal, boot)];
    const onlooker = new Onlooker(seen);
    for (let hop = 0; hop < 60; hop++) {
      const position = (hop * 7919) % journal.steps.length;
      seen.goto(position);
      unseen.goto(position);
      const { sendingOf } = onlooker.now();
      for (const transaction of [3, 5, 9, 99_999]) sendingOf(transaction);
      assert.is(seen.position, position);
      assert.is(seen.hash(), unseen.hash(), `at ${position}`);
    }
  });
}

test.run();
