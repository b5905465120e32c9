/** What a newcomer does wrong, and what they are told then: each message says what failed, where, and what to do. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { Machine } from '../../host/machine.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { buildModule } from './builds.ts';

const test = suite('surface');
const wasm = buildModule('debug');

/** A machine with a context manager that waits for calls, and a client. */
function machine() {
  const machine = Machine.boot({ wasm, memoryMiB: 8 });
  const join = (name: string) => {
    const process = machine.spawn(name);
    const fd = process.main.open();
    process.main.version(fd);
    process.main.mmap(fd);
    return process;
  };
  const manager = join('manager');
  manager.main.becomeContextManager(3);
  const listening = manager.main.writeRead(3, [bc.enterLooper()]);
  return { machine, manager, listening, client: join('client') };
}

/** What the act's error says. */
function told(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.instance(error, BinderlabError, String(error));
    return (error as BinderlabError).message;
  }
  throw new Error('nothing was wrong');
}

test('a call of a handle that nobody gave', () => {
  const { client } = machine();
  const call = client.main.writeRead(3, [bc.transaction({ handle: 7, data: 'hello' })]);
  assert.is(
    told(() => call.expect('BR_REPLY')),
    'client.0 expected BR_REPLY and got BR_NOOP, BR_FAILED_REPLY: process 2000 has no handle 7, or only a weak one: a handle comes in a message, handle 0 by bc.acquire(0), and goes with its last bc.release (kernel log: "binder: 2000:2000 got transaction to invalid handle, 7").',
  );
  assert.equal(client.main.extendedError(3), { id: 2, command: 'BR_FAILED_REPLY', param: -22 });
});

test('a call of handle 0 before there is a context manager', () => {
  const client = Machine.boot({ wasm, memoryMiB: 8 }).spawn('client');
  const fd = client.main.open();
  client.main.mmap(fd);
  const call = client.main.writeRead(fd, [bc.transaction({ handle: 0 })]);
  assert.match(
    told(() => call.expect('BR_REPLY')),
    /BR_DEAD_REPLY: there is no context manager yet, or it is dead; each device has its own \(kernel log: ".* cannot find target node"\)\.$/,
  );
});

test('a reply that has not come yet', () => {
  const { client, manager, listening } = machine();
  const call = client.main.writeRead(3, [bc.transaction({ handle: 0 })]);
  assert.match(
    told(() => call.expect('BR_REPLY')),
    /client\.0 is still parked in step \d+: its call has not returned\. Let another thread act first/,
  );
  listening.expect('BR_TRANSACTION');
  const reply = manager.main.writeRead(3, [bc.reply()]);
  assert.match(
    told(() => reply.expect('BR_TRANSACTION')),
    /manager\.0 expected BR_TRANSACTION and got BR_NOOP, BR_TRANSACTION_COMPLETE: what comes later takes another read, thread\.wait\(fd\)/,
  );
});

test('a wrong descriptor', () => {
  const { client } = machine();
  assert.is(
    told(() => client.main.writeRead(9, [bc.enterLooper()])),
    'client.0: BINDER_WRITE_READ (step 10) failed with EBADF: that descriptor is not open in this process; open() returns the number to use.',
  );
  assert.match(
    told(() => client.main.version(0)),
    /BINDER_VERSION failed with ENOTTY: that descriptor does not take ioctls/,
  );
  assert.match(
    told(() => client.main.mmap(9)),
    /mmap of 1040384 bytes of descriptor 9 at 0x70000000 failed with EBADF/,
  );
});

test('a mapping that may not be', () => {
  const { client } = machine();
  assert.match(
    told(() => client.main.mmap(3, 4096, 0x60000000)),
    /client\.0: mmap of 4096 bytes .* failed with EBUSY: .* has been mapped before/,
  );
  const fd = client.main.open();
  assert.match(
    told(() => client.main.mmap(fd, 4096, 0x60000000, { prot: 3 })),
    /failed with EPERM: a Binder mapping cannot be made writable/,
  );
  assert.match(
    told(() => client.main.mmap(fd, 0)),
    /mmap of 0 bytes .* failed with EINVAL: its length is 0, /,
  );
  assert.match(
    told(() => client.main.mmap(fd, 4096, 0x60000001)),
    /failed with EINVAL: .* its address or offset is no multiple of 4096/,
  );
  assert.match(
    told(() => client.main.mprotect(0x70000000, 4096, 3)),
    /mprotect .* failed with EACCES: a Binder mapping cannot be made writable/,
  );
});

test('a reply to a oneway, and one of a frozen process', () => {
  const { machine: whole, client, manager } = machine();
  const oneway = client.main.writeRead(3, [bc.transaction({ handle: 0, flags: TF_ONE_WAY })]);
  assert.match(
    told(() => oneway.expect('BR_REPLY')),
    /got BR_NOOP, BR_TRANSACTION_COMPLETE: .* \(a oneway gets no reply\)\.$/,
  );
  const freezer = whole.spawn('freezer').main;
  freezer.freeze(freezer.open(), manager.pid);
  const refused = client.main.writeRead(3, [bc.transaction({ handle: 0 })]);
  assert.match(
    told(() => refused.expect('BR_REPLY')),
    /BR_FROZEN_REPLY: the callee is frozen until thread\.freeze\(fd, its pid, \{ enable: false \}\) \(kernel log/,
  );
});

test('a call of a process that has not mapped', () => {
  const { machine: whole } = machine();
  const server = whole.spawn('server').main;
  const fd = server.open({ device: 'hwbinder' });
  server.becomeContextManager(fd);
  const client = whole.spawn('caller').main;
  const own = client.open({ device: 'hwbinder' });
  client.mmap(own);
  assert.match(
    told(() => client.writeRead(own, [bc.transaction({ handle: 0 })]).expect('BR_REPLY')),
    /BR_DEAD_REPLY: .* has not mapped its descriptor \(mmap\)/,
  );
});

test('a first call that returns at once, unlike those after it', () => {
  const { machine: whole } = machine();
  const { main } = whole.spawn('hasty');
  const fd = main.open();
  main.mmap(fd);
  const first = main.writeRead(fd, [bc.transaction({ handle: 0 })]);
  assert.match(
    told(() => first.expect('BR_REPLY')),
    /got BR_NOOP, BR_TRANSACTION_COMPLETE: a thread's first ioctl returns at once, .* thread\.wait\(fd\)\.$/,
  );
  assert.ok(main.wait(fd).parked);
});

test('what an ioctl refuses', () => {
  const { client } = machine();
  assert.match(
    told(() => client.main.freeze(3, 77)),
    /BINDER_FREEZE failed with EINVAL: no process of that number has opened the device/,
  );
  assert.match(
    told(() => client.main.nodeInfoForRef(3, 1)),
    /BINDER_GET_NODE_INFO_FOR_REF failed with EPERM: only the context manager may ask/,
  );
});

test('a second context manager', () => {
  const { client } = machine();
  assert.match(
    told(() => client.main.becomeContextManager(3)),
    /client\.0: BINDER_SET_CONTEXT_MGR failed with EBUSY: there is a context manager, and it lives/,
  );
});

test('memory where nothing is', () => {
  const { client } = machine();
  assert.is(
    told(() => client.read(0x60000000, 4)),
    'client cannot read 4 bytes at 0x60000000: SIGSEGV at 0x60000000, where nothing is mapped; the arena is 0x10000000 to 0x10800000.',
  );
  assert.match(
    told(() => client.write(0x107ffffe, new Uint8Array(4))),
    /SIGSEGV at 0x10800000, where nothing is mapped/,
  );
  assert.match(
    told(() => client.read(0x70000000, 4)),
    /SIGBUS at 0x70000000, a page of a mapping without memory/,
  );
  assert.match(
    told(() => client.write(0x70000000, new Uint8Array(4))),
    /SIGSEGV at 0x70000000, which is mapped, but not for that: Binder mappings are read-only/,
  );
});

test('a thread that sleeps', () => {
  const { manager } = machine();
  const sleeps = /manager\.0 is parked since step \d+: .* make a second thread in this process/;
  assert.match(
    told(() => manager.main.open()),
    sleeps,
  );
  assert.match(
    told(() => manager.main.writeRead(3, [])),
    sleeps,
  );
  assert.match(
    told(() => manager.read(0x10000000, 1)),
    /manager cannot read memory: all its threads are parked in system calls/,
  );
});

test('a process that has ended', () => {
  const { machine: whole, client, manager } = machine();
  client.kill();
  assert.match(
    told(() => client.main.open()),
    /client\.0 has ended/,
  );
  assert.match(
    told(() => client.read(0x10000000, 1)),
    /client has ended: it cannot read memory/,
  );
  assert.match(
    told(() => client.kill()),
    /client has ended already/,
  );
  manager.kill();
  const orphan = whole.spawn('orphan');
  const fd = orphan.main.open();
  orphan.main.version(fd);
  orphan.main.mmap(fd);
  assert.match(
    told(() => orphan.main.writeRead(fd, [bc.transaction({ handle: 0 })]).expect('BR_REPLY')),
    /BR_DEAD_REPLY: there is no context manager yet, or it is dead; /,
  );
});

test('names that are taken or unknown', () => {
  const { machine: whole } = machine();
  assert.match(
    told(() => whole.spawn('client')),
    /there is a process "client" already/,
  );
  assert.match(
    told(() => whole.process('cleint')),
    /no process is called "cleint"; there are manager, client/,
  );
});

test('the command at fault, and where it stands', () => {
  const { client } = machine();
  assert.is(
    told(() => client.main.writeRead(3, [bc.enterLooper(), bc.raw(new Uint8Array([1, 2, 3, 4]))])),
    'client.0: BINDER_WRITE_READ (step 10) failed with EINVAL: command 2 of 2, BC_UNKNOWN cmd=0x4030201, at byte 4 of the stream: 0x4030201 is no BC_ word, or a command before it is longer or shorter than its word says (kernel log: "binder: 2000:2000 unknown command 67305985").',
  );
});

test('data that is none, and objects where they cannot be', () => {
  const { client } = machine();
  assert.match(
    told(() => bc.transaction({ handle: 0, data: 7 as unknown as string })),
    /bc\.transaction: data is 7; it is to be text, a typed array/,
  );
  const placed = client.place(new Uint8Array(8));
  assert.match(
    told(() => bc.transaction({ handle: 0, data: placed, objects: [{ type: 'binder', ptr: 1 }] })),
    /data that is in memory already cannot take further objects/,
  );
});

test('a handle where none was sent', () => {
  const { client, manager, listening } = machine();
  client.main.writeRead(3, [bc.transaction({ handle: 0, data: 'no object' })]);
  assert.match(
    told(() => manager.handleOf(listening.expect('BR_TRANSACTION'))),
    /manager expected a handle in BR_TRANSACTION, and there is no object at all/,
  );
});

test('text, typed arrays and bytes are all data', () => {
  const { client, manager, listening } = machine();
  const second = client.thread();
  client.main.writeRead(3, [bc.transaction({ handle: 0, data: 'grüße' })]);
  assert.is(manager.textOf(listening.expect('BR_TRANSACTION')), 'grüße');
  const answer = manager.main.writeRead(3, [bc.reply({ data: new Int32Array([1, -1]) })]);
  assert.equal(answer.words, ['BR_NOOP', 'BR_TRANSACTION_COMPLETE']);
  const reply = second.home.memory.load(0x70000000, 8);
  assert.equal([...reply], [1, 0, 0, 0, 255, 255, 255, 255]);
});

test('the bytes of commands can be looked at without sending them', () => {
  const commands = [bc.enterLooper(), bc.transaction({ handle: 1, code: 2, data: 'abc' })];
  const bytes = bc.bytes(commands, 0x1000);
  assert.is(bytes.length, 96);
  assert.equal([...bytes.subarray(0, 8)], [0x0c, 0x63, 0, 0, 0, 0x63, 0x40, 0x40]);
  assert.is(new DataView(bytes.buffer).getUint32(8 + 48, true), 0x1000 + 80, 'the pointer leads to the data');
  assert.equal([...bytes.subarray(80, 83)], [97, 98, 99]);
});

test('the driver is answered what it waits for', () => {
  const words = bc.acknowledge([
    { name: 'BR_NOOP' },
    { name: 'BR_INCREFS', ptr: 1n, cookie: 2n },
    { name: 'BR_ACQUIRE', ptr: 1n, cookie: 2n },
    { name: 'BR_RELEASE', ptr: 1n, cookie: 2n },
  ]);
  assert.equal(words, [bc.increfsDone({ ptr: 1n, cookie: 2n }), bc.acquireDone({ ptr: 1n, cookie: 2n })]);
});

test.run();
