/** Looking changes nothing: not a byte of guest memory, and not what the machine does next. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import type { StepInput } from '../../host/trace/journal.ts';
import { recording } from '../conformance/recordings.ts';
import { debugModule, lookAtEverything, meet } from './machines.ts';

const test = suite('looking');
const BUILDS = { release: guestModule(), debug: debugModule };
const MEMORY_MIB = 24;
const RECORDINGS = ['recursion-deep', 'death-many', 'alloc-many-holes', 'freeze-notification-dead', 'fd-undelivered'];

/** Whether the machine's memory is, to the byte, what it was. */
function isUnchanged(machine: Machine, before: Uint8Array): boolean {
  return Buffer.compare(machine.guest.u8, before) === 0;
}

for (const [build, wasm] of Object.entries(BUILDS)) {
  for (const strategy of ['kmap', 'vmalloc'] as const) {
    for (const name of RECORDINGS) {
      test(`${name} under ${strategy}, ${build} build`, () => {
        let looks = 0;
        const result = replay(recording(name), (header) => {
          const machine = Machine.fromHeader(header, { wasm, strategy, memoryMiB: MEMORY_MIB });
          const perform = (input: StepInput) => {
            const step = machine.perform(input);
            if (machine.nextStep % 4 === 0) {
              const before = machine.guest.u8.slice();
              lookAtEverything(machine);
              assert.ok(isUnchanged(machine, before));
              looks++;
            }
            return step;
          };
          return { perform };
        });
        assert.equal(result.text, []);
        assert.ok(looks >= 5);
      });
    }
  }
}

test('who looks twice sees the same', () => {
  const { machine } = meet(Machine.boot({ wasm: BUILDS.debug, memoryMiB: MEMORY_MIB }));
  assert.equal(lookAtEverything(machine), lookAtEverything(machine));
});

test('the comparison does see a single byte', () => {
  const machine = Machine.boot({ wasm: BUILDS.release, memoryMiB: MEMORY_MIB });
  const before = machine.guest.u8.slice();
  assert.ok(isUnchanged(machine, before));
  before[before.length - 1] = (before.at(-1) as number) ^ 1;
  assert.not.ok(isUnchanged(machine, before));
});

test.run();
