/**
 * What Linux did, the emulator does too, byte for byte, dumps included, however pages are mapped. After every step all
 * invariants of the machine hold, and when everybody has left it is as it was at boot.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteOrigins } from '../../host/byteorigins.ts';
import { guestModule } from '../../host/cli/boot.ts';
import { Machine, STRATEGIES, type Strategy } from '../../host/machine.ts';
import { mapsAlike, record, replay } from '../../host/replay.ts';
import type { Journal, JournalHeader, Step } from '../../host/trace/journal.ts';
import { ALL_SETS, MEMORY_MIB, QUICK_SETS, recording, recordingNames, sampled } from './recordings.ts';

const wasm = guestModule();

/** Where a strategy cannot do what Linux did, for a reason that ARCHITECTURE.md names: recording, strategy, step. */
const DEPARTURES: readonly (readonly [name: string, strategy: Strategy, step: number])[] = [
  // Linux has no page for a message beyond the piece that mprotect left of the mapping; these have all pages from the start.
  ['pieces-of-a-mapping', 'prefault', 37],
  ['pieces-of-a-mapping', 'huge', 37],
  // binder_write_read lies in a message that is not delivered yet.
  ['arguments-in-a-mapping', 'two-copy', 8],
  ['consumed-is-signed', 'two-copy', 14],
  // Objects are read out of what an earlier message left: a message that is under way has a page of its own, which holds nothing.
  ['null-data-pointer', 'two-copy', 23],
];

for (const [number, strategy] of STRATEGIES.entries()) {
  const isAlike = mapsAlike(strategy, 'kmap');
  const origins = (header: JournalHeader) => new ByteOrigins(header, { wasm, memoryMiB: MEMORY_MIB });
  for (const set of isAlike ? ALL_SETS : QUICK_SETS) {
    const test = suite(`${set} under ${strategy}`);
    const every = strategy === 'kmap' ? { quick: 1, long: 3 } : { quick: 3, long: 9 };
    for (const name of sampled(recordingNames(set), set === 'random' ? every.long : every.quick, number)) {
      test(name, () => {
        const journal = recording(name, set);
        const machine = Machine.fromHeader(journal.header, { wasm, strategy, memoryMiB: MEMORY_MIB, journal: false });
        const free = machine.freeFrames();
        const result = replay(journal, () => machine, { check: true, ...(isAlike ? {} : { origins }) });
        const departure = DEPARTURES.find((entry) => entry[0] === name && entry[1] === strategy);
        assert.is(result.different[0]?.step, departure?.[2]);
        if (departure === undefined) assert.equal(result.text, []);
        machine.end();
        machine.check();
        assert.is(machine.freeFrames(), free);
        assert.is(machine.liveObjects(), 0);
      });
    }
    test.run();
  }
}

const test = suite('record');

/** A journal as it is before anything has run: inputs only. */
function inputsOf({ header, steps }: Journal): Journal {
  const bare = steps.map(({ i, op, by, in: input }) => ({ i, op, by, in: input }) as Step);
  return { header, steps: bare };
}

/** The steps as plain data, without what is information (`order`, words for people) or may be absent (`read_over`). */
function comparable(steps: readonly Step[]): unknown[] {
  const plain = (step: object): unknown =>
    JSON.parse(JSON.stringify(step), (key, value) =>
      ['order', 'bc', 'br', 'read_over'].includes(key) ? undefined : value,
    );
  return steps.map(plain);
}

for (const name of sampled(recordingNames(), 2)) {
  test(`${name} comes back from its inputs`, () => {
    const journal = recording(name);
    const emulator = { strategy: 'kmap', seed: 0, memory: 64 } as const;
    const made = record(
      inputsOf(journal),
      (header) => Machine.fromHeader(header, { wasm, memoryMiB: MEMORY_MIB }),
      emulator,
    );
    assert.equal(comparable(made.steps), comparable(journal.steps));
  });
}

test.run();
