/** The event ring as the host reads it: every event has a name and arguments, and none is lost in silence. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as numbers from '../../assembly/abi/events.ts';
import { Machine } from '../../host/machine.ts';
import { EventRing, eventsNamed } from '../../host/trace/events.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { recording } from '../conformance/recordings.ts';
import { buildModule } from '../os/builds.ts';

const test = suite('events');
const wasm = buildModule('debug');

function recorded() {
  const machine = Machine.boot({ wasm, memoryMiB: 8 });
  const ring = new EventRing(machine.guest);
  ring.record(true);
  const thread = machine.spawn('A').main;
  const fd = thread.open();
  return { machine, ring, thread, fd };
}

test('every number has a name and arguments', () => {
  const { machine, ring } = recorded();
  const { raw, data } = machine.guest;
  const events = Object.entries(numbers).filter(([name]) => !/_(SIZE|ARGUMENTS|CAPACITY)$/.test(name));
  ring.take();
  for (const [name, number] of events) {
    // one more record, made over into the event that is looked for
    const at = raw.traceBase() + (raw.traceHead() % numbers.EVENT_CAPACITY) * numbers.EVENT_SIZE;
    machine.process('A').main.version(3);
    data.setUint32(at, number, true);
    for (let index = 0; index < numbers.EVENT_ARGUMENTS; index++) data.setUint32(at + 8 + 4 * index, index + 1, true);
    const [event] = ring.take();
    assert.is(event?.name, name.replace('EVENT_', '').toLowerCase());
    const words = Object.values(event?.args ?? {}).reduce<number>(
      (sum, one) => sum + (typeof one === 'bigint' ? 2 : 1),
      0,
    );
    assert.ok(words > 0 && words <= numbers.EVENT_ARGUMENTS, name);
    const [first] = Object.values(event?.args ?? {});
    assert.is(typeof first === 'bigint' ? Number(first & 0xffffffffn) : first, 1, name);
  }
});

test('arguments come with their sign and their width', () => {
  const { ring, thread, fd } = recorded();
  ring.take();
  assert.is(thread.sys.ioctl(fd, 0x6201, 0x10000000, new Uint8Array(0), 0).errno, 'EINVAL');
  const events = ring.take();
  assert.equal(
    events.map(({ name, tid, args }) => ({ name, tid, args })),
    [
      { name: 'ioctl', tid: 1000, args: { cmd: 0x6201, arg: 0x10000000n } },
      { name: 'ioctl_done', tid: 1000, args: { ret: -22 } },
    ],
  );
});

test('each event is taken once, and none while nothing is recorded', () => {
  const { ring, thread, fd } = recorded();
  thread.version(fd);
  assert.is(eventsNamed(ring.take(), 'ioctl').length, 1);
  assert.equal(ring.take(), []);
  ring.record(false);
  thread.version(fd);
  assert.equal(ring.take(), []);
});

test('a machine that nobody listens to records nothing, whatever it copies and stores', () => {
  for (const name of ['nested-callback', 'death-many', 'data-fault-between']) {
    const { header, steps } = recording(name);
    const machine = Machine.fromHeader(header, { wasm, memoryMiB: 16, journal: false });
    for (const step of steps) machine.redo(step);
    assert.is(machine.guest.raw.traceHead(), 0, name);
  }
});

test('a ring that went round says so', () => {
  const { ring, thread, fd } = recorded();
  const fill = (records: number) => {
    ring.take();
    // a version call makes two records
    for (let made = 0; made < records; made += 2) thread.version(fd);
  };
  fill(numbers.EVENT_CAPACITY);
  assert.is(ring.take().length, numbers.EVENT_CAPACITY);
  fill(numbers.EVENT_CAPACITY + 2);
  assert.throws(
    () => ring.take(),
    (error: unknown) =>
      error instanceof BinderlabError && /the ring holds 2048: read them more often/.test(error.message),
  );
  assert.is(ring.take().length, numbers.EVENT_CAPACITY, 'what is left can still be read');
});

test('what a command set off stands behind it', () => {
  const { ring, thread, fd } = recorded();
  thread.mmap(fd);
  thread.becomeContextManager(fd);
  ring.take();
  thread.writeRead(fd, [bc.enterLooper()], { readSize: 0 });
  assert.equal(
    ring.take().map(({ name }) => name),
    ['ioctl', 'command', 'write_done', 'ioctl_done'],
  );
});

test.run();
