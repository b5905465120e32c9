/** What a machine can be asked for: beyond the limits there is an error in words, and the machine is as sound as before. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BootOptions, Machine } from '../../host/machine.ts';
import { performStep } from '../../host/steps.ts';
import { Recorder } from '../../host/trace/recorder.ts';

const test = suite('bounds');

const REFUSED: readonly (readonly [BootOptions, RegExp])[] = [
  [{ memoryMiB: 1 }, /2 to 2047 MiB of memory/],
  [{ memoryMiB: 2048 }, /2 to 2047 MiB of memory/],
  [{ vmallocMiB: -1 }, /vmallocMiB is -1; it is to be a whole number of MiB up to 131072/],
  [{ vmallocMiB: 131_073 }, /vmallocMiB is 131073/],
  [{ lastDebugId: 2 ** 31 }, /lastDebugId is 2147483648/],
  [{ contextMgrUid: -5 }, /contextMgrUid is -5; it is to be null, or a whole number/],
  [
    { secctx: new Uint8Array(5000) },
    /secctx is of the kind Uint8Array; it is to be null, or a Uint8Array of at most 256 bytes/,
  ],
  [{ arena: { address: 1, size: 0x80_0000 } }, /arena is an object with address, size; it is to be { address, size }/],
  [{ arena: { address: 0x1000_0000, size: 4096 } }, /with 262144 bytes at least/],
  [{ seed: Number.NaN }, /seed is NaN/],
];

for (const [options, says] of REFUSED) {
  test(`${JSON.stringify(options)} makes no machine`, () => {
    assert.throws(() => Machine.boot({ memoryMiB: 8, ...options }), says);
  });
}

test('the largest vmalloc area works', () => {
  const machine = Machine.boot({ memoryMiB: 8, vmallocMiB: 131_072, strategy: 'vmalloc' });
  const { main } = machine.spawn('A');
  main.mmap(main.open());
  machine.check();
});

/** Until memory is out. @returns How often it was possible */
function exhaust(machine: Machine, act: (count: number) => void): number {
  for (let count = 0; ; count++) {
    try {
      act(count);
    } catch (error) {
      assert.match((error as Error).message, /ENOMEM|EMFILE|the arena has no room/);
      machine.check();
      return count;
    }
  }
}

test('processes, threads and descriptors end with an error in words', () => {
  const machine = Machine.boot({ memoryMiB: 4 });
  const { main } = machine.spawn('A');
  assert.is(
    exhaust(machine, () => main.open()),
    1021,
  );
  assert.ok(exhaust(machine, (count) => machine.spawn(`B${count}`)) > 10);
  assert.ok(exhaust(machine, () => machine.process('A').thread()) > 10);
  machine.end();
  machine.check();
  assert.is(machine.liveObjects(), 0);
});

test('a machine has at most 8192 threads', () => {
  const machine = Machine.boot({ memoryMiB: 32 });
  const process = machine.spawn('A', { pid: 1 });
  for (let threads = 1; threads < 8192; threads++) process.thread();
  assert.throws(() => process.thread(), /making thread A.8192 failed with EAGAIN: a machine has at most 8192 threads/);
  assert.throws(() => machine.spawn('B'), /making process B failed with EAGAIN/);
  assert.throws(() => process.fork('C'), /fork of C failed with EAGAIN/);
  process.threads.at(-1)?.exit();
  process.thread('another', { tid: 50_000, by: process.main });
});

test('a journal in memory has an end', () => {
  const machine = Machine.boot({ memoryMiB: 4 });
  const { system } = machine.parts;
  const recorder = new Recorder(system, 40_000);
  recorder.start(Number.POSITIVE_INFINITY);
  system.observer = recorder;
  const { main } = machine.spawn('A');
  const note = () => performStep(machine.parts, { op: 'note', in: { text: 'x'.repeat(1000) } });
  assert.throws(() => {
    for (;;) note();
  }, /^the journal in memory is full: 1 GiB\. Keep it in a file/);
  const { length } = recorder.steps;
  assert.ok(length > 40 && length < 200, `${length} steps`);
  assert.throws(() => main.open(), /is full/);
  machine.check();
  recorder.start(10);
  main.open();
  assert.is(recorder.steps.length, 1);
});

test.run();
