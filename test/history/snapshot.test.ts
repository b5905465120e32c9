/** A machine that goes back is what it was, and so are the objects that a script holds of it. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import type { JournalKeeping } from '../../host/trace/journalkeeper.ts';
import { formatJournal } from '../../host/trace/journaltext.ts';
import { MemoryFile } from '../../host/trace/memoryfile.ts';
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

/** Ways to keep a journal; of the last steps all that a walk makes, and one. */
const KEPT: readonly (() => JournalKeeping)[] = [
  () => true,
  () => ({ last: 1000 }),
  () => ({ last: 1 }),
  () => ({ file: new MemoryFile() }),
];

/** A thing to do, and another moment to go to. */
type Move = { readonly act: 'call' | 'long' | 'spawn' } | { readonly act: 'save' | 'restore'; nth: number };

/** A machine, and steps of it: short ones, and some that are longer than the log. */
function walker(journal: JournalKeeping) {
  const machine = Machine.boot({ wasm, memoryMiB: 8, journal });
  const { main } = machine.spawn('walker');
  const fd = main.open();
  const writer = machine.spawn('writer');
  const address = writer.alloc(1 << 17);
  let made = 0;
  const actions = {
    call: () => main.version(fd),
    long: () => writer.write(address, new Uint8Array(100_000).fill(++made)),
    spawn: () => machine.spawn(`p${++made}`),
  };
  return { machine, actions };
}

test('the journal is what it was at that moment, wherever one went in between', () => {
  const nth = fc.nat(1000);
  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ act: fc.constantFrom('call', 'long', 'spawn') }) },
    { weight: 4, arbitrary: fc.record({ act: fc.constantFrom('save', 'restore'), nth }) },
  );
  const property = fc.property(fc.constantFrom(...KEPT), fc.array(move, { maxLength: 40 }), (kept, moves) => {
    const { machine, actions } = walker(kept());
    const moments = [{ snapshot: machine.snapshot(), text: formatJournal(machine.journal) }];
    for (const one of moves) {
      if (one.act === 'save') {
        moments.push({ snapshot: machine.snapshot(), text: formatJournal(machine.journal) });
      } else if (one.act === 'restore') {
        const { snapshot, text } = moments[one.nth % moments.length] as (typeof moments)[number];
        machine.restore(snapshot);
        assert.is(formatJournal(machine.journal), text);
      } else {
        actions[one.act]();
      }
    }
    machine.note('the end');
    const numbers = machine.journal.steps.map(({ i }) => i);
    assert.is(numbers.at(-1), machine.nextStep - 1);
    if (numbers[0] === 0)
      assert.is(replay(machine.journal, (header) => Machine.fromHeader(header, { wasm })).different.length, 0);
  });
  fc.assert(property, { numRuns: 150, includeErrorInReport: true });
});

test('forward again, the journal has the steps between, in memory and in a file', () => {
  for (const kept of KEPT) {
    const { machine, actions } = walker(kept());
    const early = machine.snapshot();
    for (let i = 0; i < 5; i++) actions.long();
    const late = machine.snapshot();
    const whole = formatJournal(machine.journal);
    for (let i = 0; i < 3; i++) actions.long();
    machine.restore(early);
    for (let i = 0; i < 3; i++) actions.long();
    machine.restore(late);
    assert.is(formatJournal(machine.journal), whole);
  }
});

test('a step that the host gave up takes nothing from a snapshot', () => {
  const machine = Machine.boot({ wasm, memoryMiB: 2, journal: { file: new MemoryFile() } });
  const { main } = machine.spawn('first');
  const early = machine.snapshot();
  main.open();
  const whole = formatJournal(machine.journal);
  const late = machine.snapshot();
  assert.throws(() => {
    for (let i = 0; i < 1000; i++) machine.spawn(`p${i}`);
  }, /ENOMEM/);
  machine.note('after');
  for (const [snapshot, steps] of [
    [late, 2],
    [early, 1],
    [late, 2],
  ] as const) {
    machine.restore(snapshot);
    assert.is(machine.journal.steps.length, steps);
  }
  assert.is(formatJournal(machine.journal), whole);
});

test('a journal begins anew at a moment that is none of its own', () => {
  for (const kept of KEPT) {
    const { machine, actions } = walker(true);
    const early = machine.snapshot();
    actions.long();
    const late = machine.snapshot();
    machine.restore(early);
    machine.keepJournal(kept());
    actions.call();
    const here = formatJournal(machine.journal);
    const own = machine.snapshot();
    machine.restore(late);
    assert.equal(machine.journal.steps, []);
    actions.call();
    assert.equal(
      machine.journal.steps.map(({ i }) => i),
      [late.step],
    );
    machine.restore(own);
    assert.is(formatJournal(machine.journal), here);
  }
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
