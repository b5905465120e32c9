/** No program, however wrong, makes the guest trap; and when all processes have ended, nothing of theirs is left. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import { BUILDS, buildModule } from './builds.ts';
import { type Act, act, Rabble } from './hostile.ts';

const RUNS = 150;
const ACTS_MAX = 60;

const test = suite('hostile programs');
for (const build of BUILDS) {
  const wasm = buildModule(build);
  for (const strategy of ['kmap', 'vmalloc'] as const) {
    test(`do no harm to the ${build} build under ${strategy}`, () => {
      const program = fc.array(act, { maxLength: ACTS_MAX, size: 'max' });
      fc.assert(
        fc.property(program, (acts) => run(Machine.boot({ wasm, strategy, memoryMiB: 8, journal: false }), acts)),
        { numRuns: RUNS },
      );
    });
  }
}
test.run();

function run(machine: Machine, acts: readonly Act[]): void {
  const free = machine.freeFrames();
  const live = machine.liveObjects();
  const rabble = new Rabble(machine);
  for (const one of acts) rabble.perform(one);
  machine.end();
  assert.is(machine.freeFrames(), free, 'frames come back');
  assert.is(machine.liveObjects(), live, 'no kernel object is left');
}
