/** machine.inject(): what fails, when, what comes of it, and that a journal has it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BINDER_GET_EXTENDED_ERROR } from '../../assembly/abi/protocol.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';
import { scene } from './scene.ts';

const test = suite('inject');
const CALL = bc.transaction({ handle: 0, code: 7, data: 'four' });

/** The names of what a call of the client brings. */
function answersOf({ client }: ReturnType<typeof scene>): string {
  const call = client.main.writeRead(client.fd, [CALL]);
  return call.parked ? 'parked' : call.returns.map(({ name }) => name).join(' ');
}

test('each allocation of a call fails with BR_FAILED_REPLY, and leaves nothing', () => {
  const usual = scene();
  const counted = usual.machine.inject({ what: 'object', nth: 0 });
  assert.is(answersOf(usual), 'parked');
  assert.is(counted.passed, 3, 'the transaction, its confirmation, the rest of the buffer');
  for (let nth = 1; nth <= 3; nth++) {
    const one = scene();
    const before = one.machine.liveObjects();
    one.machine.inject({ what: 'object', nth });
    assert.is(answersOf(one), 'BR_NOOP BR_FAILED_REPLY', `object ${nth}`);
    one.machine.check();
    assert.is(one.machine.liveObjects(), before);
    assert.is(answersOf(one), 'parked', 'only that one failed');
  }
});

test('a frame for the page of a message, and the reservation of its buffer', () => {
  for (const what of ['frame', 'buffer'] as const) {
    const one = scene();
    one.client.main.writeRead(one.client.fd, [bc.transaction({ handle: 9 })]); // has the pages of the client's own buffers
    one.machine.inject({ what, nth: 1 });
    assert.is(answersOf(one), 'BR_NOOP BR_FAILED_REPLY', what);
    one.machine.check();
    assert.is(answersOf(one), 'parked');
  }
});

test('a mapping made while reservations are counted is counted, too, and not afterwards', () => {
  const one = scene();
  const injected = one.machine.inject({ what: 'buffer', nth: 3 });
  const { main } = one.machine.spawn('manager');
  const fd = main.open({ device: 'hwbinder' });
  main.mmap(fd);
  main.becomeContextManager(fd);
  main.writeRead(fd, [bc.enterLooper()], { readSize: 0 });
  const caller = one.machine.spawn('caller').main;
  const callerFd = caller.open({ device: 'hwbinder' });
  caller.mmap(callerFd);
  const oneway = () =>
    caller.writeRead(callerFd, [bc.transaction({ handle: 0, flags: 1, data: 'four' })]).returns.at(-1)?.name;
  const answers = [oneway(), oneway(), oneway(), oneway()];
  assert.is(answers[2], 'BR_FAILED_REPLY');
  assert.is(answers.filter((name) => name === 'BR_FAILED_REPLY').length, 1);
  assert.is(injected.passed, 4);
  injected.stop();
  oneway();
  assert.is(injected.passed, 4);
  one.machine.check();
});

test('a copy faults after some bytes', () => {
  const { machine, client } = scene();
  client.main.writeRead(client.fd, [bc.transaction({ handle: 9 })]);
  const address = machine.process('client').alloc(16, 8);
  client.main.sys.poke(address, new Uint8Array(12).fill(0xee));
  machine.inject({ what: 'copy', nth: 1, bytes: 6 });
  const call = client.main.ioctl(client.fd, BINDER_GET_EXTENDED_ERROR, { arg: address, mayFail: true });
  assert.is(call.errno, 'EFAULT');
  const { bytes } = client.main.sys.peek(address, 12);
  assert.equal([...bytes.subarray(6)], [0xee, 0xee, 0xee, 0xee, 0xee, 0xee]);
  assert.not.equal([...bytes.subarray(4, 6)], [0xee, 0xee], 'six bytes arrived');
  machine.check();
});

test('every copy of a call faults once: an errno or a BR_ word comes of it', () => {
  const usual = scene();
  const counted = usual.machine.inject({ what: 'copy', nth: 0 });
  answersOf(usual);
  assert.ok(counted.passed >= 6, `${counted.passed} copies`);
  const failures = new Set<string>();
  for (let nth = 1; nth <= counted.passed; nth++) {
    const { machine, client, waiting } = scene();
    machine.inject({ what: 'copy', nth });
    const call = client.main.writeRead(client.fd, [CALL], { mayFail: true });
    machine.check();
    for (const { errno } of [call, waiting]) if (errno !== null) failures.add(errno);
    for (const one of [call, waiting]) if (one.ret === 0) for (const { name } of one.returns) failures.add(name);
  }
  assert.ok(failures.has('EFAULT') && failures.has('BR_FAILED_REPLY'), [...failures].join());
});

test('a freeze notification is allocated before its handle is looked at, as in Linux', () => {
  const request = bc.requestFreezeNotification(77, 0x5);
  for (const [nth, errno] of [
    [0, 'EINVAL'],
    [1, 'ENOMEM'],
  ] as const) {
    const { machine, client } = scene();
    client.main.version(client.fd);
    const before = machine.liveObjects();
    machine.inject({ what: 'object', nth });
    assert.is(client.main.writeRead(client.fd, [request], { readSize: 0, mayFail: true }).errno, errno);
    assert.is(machine.liveObjects(), before);
    machine.check();
  }
});

test('a signal comes to the thread that has gone to sleep', () => {
  const { machine, client } = scene();
  const injected = machine.inject({ what: 'signal', nth: 2 });
  const first = client.main.writeRead(client.fd, [CALL]);
  assert.ok(first.parked);
  machine.thread('client.0').signal();
  assert.is(first.errno, 'EINTR');
  const second = client.main.writeRead(client.fd, [], { mayFail: true });
  assert.is(second.errno, 'EINTR');
  assert.is(injected.passed, 2);
});

test('a process dies after its step, and its caller hears of it', () => {
  const one = scene();
  one.machine.inject({ what: 'death', nth: 1 });
  one.client.main.version(one.client.fd);
  assert.is(one.machine.process('client').alive, false);
  assert.is(one.machine.process('server').alive, true);
  one.machine.check();
});

test('the shrinker takes the pages that nobody uses', () => {
  const { machine, server, client, waiting } = scene();
  client.main.writeRead(client.fd, [bc.transaction({ handle: 0, flags: 1, data: 'four' })]);
  const { buffer } = waiting.expect('BR_TRANSACTION');
  server.main.writeRead(server.fd, [bc.freeBuffer(buffer)], { readSize: 0 });
  assert.is(machine.inspect.lru().length, 1);
  machine.inject({ what: 'shrinker', nth: 1 });
  client.main.version(client.fd);
  assert.is(machine.inspect.lru().length, 0);
  machine.check();
});

test('the deadline of a freeze passes', () => {
  const { machine, client } = scene();
  client.main.writeRead(client.fd, [CALL]);
  const freezer = machine.spawn('freezer').main;
  const fd = freezer.open();
  freezer.version(fd);
  const injected = machine.inject({ what: 'timer', nth: 1 });
  const call = freezer.freeze(fd, 1000, { timeoutMs: 5000, mayFail: true });
  assert.is(call.errno, 'EAGAIN');
  assert.is(injected.passed, 1);
});

test('a journal has what failed, and replays', () => {
  const wasm = buildModule('debug');
  const machine = Machine.boot({ wasm, memoryMiB: 8, journal: true });
  machine.inject({ what: 'object', nth: 30 });
  machine.inject({ what: 'signal', nth: 1 });
  const manager = machine.spawn('manager').main;
  const fd = manager.open();
  manager.version(fd);
  manager.mmap(fd);
  manager.becomeContextManager(fd);
  const read = manager.writeRead(fd, [bc.enterLooper()], { mayFail: true });
  assert.is(read.errno, 'EINTR');
  assert.throws(() => {
    for (let n = 0; n < 10; n++) machine.spawn(`app${n}`).main.open();
  }, /ENOMEM/);
  const { journal } = machine;
  assert.ok(journal.steps.some(({ op }) => op === 'signal'));
  const { equal, steps, text } = replay(journal, (header) => Machine.fromHeader(header, { wasm, memoryMiB: 8 }), {
    check: true,
  });
  assert.is(equal, steps, text.join('\n'));
});

test('a fork and a snapshot have what is counted', () => {
  const one = scene();
  one.machine.inject({ what: 'object', nth: 1 });
  const copy = one.machine.fork();
  const snapshot = one.machine.snapshot();
  assert.is(answersOf(one), 'BR_NOOP BR_FAILED_REPLY');
  one.machine.restore(snapshot);
  assert.is(answersOf(one), 'BR_NOOP BR_FAILED_REPLY');
  const there = copy.thread('client.0').writeRead(one.client.fd, [CALL]);
  assert.equal(
    there.returns.map(({ name }) => name),
    ['BR_NOOP', 'BR_FAILED_REPLY'],
  );
});

test('what it cannot do is an error', () => {
  const { machine } = scene();
  assert.throws(
    () => machine.inject({ what: 'rain' as never, nth: 1 }),
    /^inject: what is "rain"; it is to be "frame"/,
  );
  assert.throws(() => machine.inject({ what: 'frame', nth: -1 }), /^inject: nth is -1/);
  assert.throws(() => machine.inject({ what: 'copy', nth: 1, bytes: 0.5 }), /^inject: bytes is 0.5/);
});

test.run();
