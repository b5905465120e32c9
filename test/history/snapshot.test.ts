/** A machine that goes back is what it was, and so are the objects that a script holds of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { Machine } from '../../host/machine.ts';
import { bc } from '../../host/wire/commands.ts';

const test = suite('snapshot');
const wasm = guestModule();

/** A server that waits for calls behind handle 0, and a client that has opened the device. */
function pair() {
  const machine = Machine.boot({ wasm, memoryMiB: 8, journal: true });
  const server = machine.spawn('server');
  const client = machine.spawn('client');
  const [serverFd, clientFd] = [server.main.open(), client.main.open()];
  server.main.mmap(serverFd);
  client.main.mmap(clientFd);
  server.main.becomeContextManager(serverFd);
  const waiting = server.main.writeRead(serverFd, [bc.enterLooper()]);
  const reading = waiting.done ? server.main.writeRead(serverFd, []) : waiting;
  const call = () =>
    client.main.writeRead(clientFd, [bc.transaction({ handle: 0, data: new Uint8Array([1, 2, 3, 4]) })]);
  return { machine, server, client, serverFd, clientFd, reading, call };
}

test('taking a snapshot changes nothing', () => {
  const { machine } = pair();
  const before = machine.hash();
  machine.snapshot();
  machine.snapshot();
  assert.is(machine.hash(), before);
});

test('looking at counters does not count as a change', () => {
  const { machine } = pair();
  const before = machine.hash();
  machine.counters();
  machine.counters(machine.process('server'));
  machine.liveObjects();
  assert.is(machine.hash(), before);
});

test('a page that did not change is kept once', () => {
  const { machine, call } = pair();
  const first = machine.snapshot();
  assert.is(machine.snapshot().image.copiedBytes, 0);
  call();
  const later = machine.snapshot().image.copiedBytes;
  assert.ok(later > 0 && later < first.image.copiedBytes / 2, `${later} of ${first.image.copiedBytes} bytes`);
});

test('a parked call that returned since then is parked again, and returns again', () => {
  const { machine, server, reading, call } = pair();
  assert.is(reading.parked, true);
  const before = machine.snapshot();
  const hash = machine.hash();
  call();
  assert.is(reading.done, true);
  const words = reading.returns.map(({ name }) => name);
  assert.ok(words.includes('BR_TRANSACTION'));
  const after = machine.hash();

  machine.restore(before);
  assert.is(machine.hash(), hash);
  assert.is(reading.parked, true);
  assert.is(server.main.parked, true);
  assert.throws(() => reading.returns, /still parked/);
  call();
  assert.equal(
    reading.returns.map(({ name }) => name),
    words,
  );
  assert.is(machine.hash(), after);
});

test('a thread that went to sleep since then is awake', () => {
  const { machine, client, clientFd } = pair();
  client.main.writeRead(clientFd, [bc.enterLooper()]);
  const before = machine.snapshot();
  assert.is(client.main.writeRead(clientFd, []).parked, true);
  machine.restore(before);
  assert.is(client.main.parked, false);
  assert.is(client.main.version(clientFd), 8);
});

test('who was made since then has ended, and who ended lives', () => {
  const { machine, server, client, serverFd } = pair();
  const before = machine.snapshot();
  const child = client.fork('child');
  const second = client.thread();
  server.kill();
  assert.is(server.alive, false);

  machine.restore(before);
  assert.is(server.alive, true);
  assert.is(server.main.parked, true);
  assert.equal([child.alive, second.alive], [false, false]);
  assert.throws(() => second.open(), /has ended/);
  assert.throws(() => machine.process('child'), /no process is called "child"/);
  assert.equal(
    machine.processes.map(({ name }) => name),
    ['server', 'client'],
  );
  assert.equal(
    client.threads.map(({ name }) => name),
    ['client.0'],
  );
  assert.is(client.fork('child').pid, child.pid);
  assert.is(client.thread().tid, second.tid);
  server.main.signal();
  assert.is(server.main.parked, false);
  server.main.version(serverFd);
});

test('memory of the arena that was set aside since then is free again', () => {
  const { machine, client } = pair();
  const before = machine.snapshot();
  const placed = client.place(new Uint8Array([1, 2, 3]));
  machine.restore(before);
  assert.equal(client.place(new Uint8Array([4, 5, 6])), placed);
  assert.equal([...client.read(placed.address, 3)], [4, 5, 6]);
});

test('the journal ends where the machine stands', () => {
  const { machine, client, call } = pair();
  const before = machine.snapshot();
  const journal = JSON.stringify(machine.journal);
  client.thread();
  machine.spawn('third');
  call();
  machine.restore(before);
  assert.is(JSON.stringify(machine.journal), journal);
  assert.is(machine.nextStep, before.step);
  machine.note('from here on again');
  assert.is(machine.journal.steps.at(-1)?.i, before.step);
});

test('one can go forward to a later snapshot too', () => {
  const { machine, reading, call } = pair();
  const early = machine.snapshot();
  call();
  const late = machine.snapshot();
  const hash = machine.hash();
  machine.restore(early);
  machine.restore(late);
  assert.is(machine.hash(), hash);
  assert.is(reading.done, true);
  machine.restore(early);
  assert.is(reading.parked, true);
});

test('a snapshot is of no use to another machine', () => {
  const [one, other] = [pair().machine, pair().machine];
  assert.throws(() => one.restore(other.snapshot()), /only on its own machine/);
});

test('everything is gone at the end, wherever one went in between', () => {
  const machine = Machine.boot({ wasm, memoryMiB: 8, journal: true });
  const atBoot = machine.freeFrames();
  const before = machine.snapshot();
  for (let round = 0; round < 3; round++) {
    const process = machine.spawn('process');
    const fd = process.main.open();
    process.main.mmap(fd);
    const inside = machine.snapshot();
    machine.restore(round === 1 ? before : inside);
    machine.end();
    assert.is(machine.freeFrames(), atBoot);
    machine.restore(before);
  }
});

test.run();
