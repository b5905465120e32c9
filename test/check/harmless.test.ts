/** Checking changes nothing, to the byte, and finds the same in every build and under every strategy. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import { findViolation } from '../../host/os/violation.ts';
import { BUILDS, Scene } from './scene.ts';

const test = suite('check');

for (const build of ['debug', 'release'] as const) {
  for (const strategy of ['kmap', 'vmalloc'] as const) {
    test(`leaves memory as it was: ${build} build, ${strategy}`, () => {
      const { machine } = new Scene(BUILDS[build], strategy);
      const before = machine.guest.u8.slice();
      machine.check();
      assert.is(Buffer.compare(machine.guest.u8, before), 0);
    });
  }
}

test('a machine that has just been booted is sound, and so is one that everybody has left', () => {
  const { machine } = new Scene(BUILDS.debug, 'vmalloc');
  const fresh = Machine.boot({ wasm: BUILDS.debug, strategy: 'vmalloc', memoryMiB: machine.memoryMiB });
  fresh.check();
  for (const process of machine.processes) {
    process.kill();
    machine.check();
  }
  assert.is(machine.freeFrames(), fresh.freeFrames());
  assert.is(machine.liveObjects(), 0);
});

test('it may run between the two halves of a step', () => {
  const { machine } = new Scene(BUILDS.debug, 'kmap');
  const { raw } = machine.guest;
  raw.procKill(machine.process('app').pointer); // its release is deferred, and the manager's threads are to be woken
  assert.is(findViolation(raw), null);
  while (raw.deferredRun() !== 0) assert.is(findViolation(raw), null);
});

test.run();
