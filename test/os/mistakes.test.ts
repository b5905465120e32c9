/**
 * Mistakes of a script that Linux's driver only prints. The error of the call, or `complaint` where the call has no error, says
 * what to change, and quotes the driver's line.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BINDER_BUFFER_FLAG_HAS_PARENT, BINDER_SET_MAX_THREADS, TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { Machine } from '../../host/machine.ts';
import type { Process } from '../../host/os/process.ts';
import type { WriteReadCall } from '../../host/os/writeread.ts';
import type { Command } from '../../host/wire/command.ts';
import { bc } from '../../host/wire/commands.ts';
import type { ReturnName } from '../../host/wire/returns.ts';
import { buildModule } from './builds.ts';

const test = suite('mistakes');
const wasm = buildModule('debug');

/** A context manager that waits for calls, and a client. */
class World {
  readonly machine = Machine.boot({ wasm, memoryMiB: 8 });
  readonly manager = this.join('manager');
  readonly listening: WriteReadCall;
  readonly client = this.join('client');

  constructor() {
    this.manager.main.becomeContextManager(3);
    this.listening = this.manager.main.writeRead(3, [bc.enterLooper()]);
  }

  join(name: string): Process {
    const process = this.machine.spawn(name);
    process.main.open();
    process.main.mmap(3);
    return process;
  }

  /** The client's commands; no read. */
  send(...commands: Command[]): WriteReadCall {
    return this.client.main.writeRead(3, commands, { readSize: 0 });
  }

  /** The client's commands, and what it reads. */
  call(...commands: Command[]): WriteReadCall {
    return this.client.main.writeRead(3, commands);
  }
}

/** What a script gets: the text of the error, or else the complaint of the call. */
function said(act: () => WriteReadCall): string {
  try {
    return act().complaint ?? 'nothing';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Of each mistake: what is said, as far as it is special, and the line of the kernel log. */
const MISTAKES: Readonly<Record<string, readonly [act: (world: World) => unknown, advice: RegExp, line: string]>> = {
  'a wrong handle': [
    (world) => world.call(bc.transaction({ handle: 7 })).expect('BR_REPLY'),
    /BR_FAILED_REPLY: process 2000 has no handle 7/,
    'binder: 2000:2000 got transaction to invalid handle, 7',
  ],
  'a reply without a call': [
    (world) => world.call(bc.reply()).expect('BR_TRANSACTION_COMPLETE'),
    /thread 2000 has no call to answer/,
    'binder: 2000:2000 got reply transaction with no transaction stack',
  ],
  'a handle that was never acquired': [
    (world) => world.send(bc.release(5)),
    /process 2000 has no handle 5/,
    'binder: 2000:2000 Release 1 refcount change on invalid ref 5 ret -22',
  ],
  'a handle dropped once too often': [
    (world) => world.send(bc.increfs(0), bc.acquire(0), bc.decrefs(0), bc.decrefs(0)),
    /has dropped that reference already/,
    'binder: 2000 invalid dec weak, ref 2 desc 0 s 1 w 0',
  ],
  'a buffer freed twice': [
    (world) => {
      world.send(bc.transaction({ handle: 0, data: 'hi', flags: TF_ONE_WAY }));
      const received = world.listening.expect('BR_TRANSACTION');
      const free = () => world.manager.main.writeRead(3, [bc.freeBuffer(received)], { readSize: 0 });
      assert.is(free().complaint, null);
      return free();
    },
    /no message of process 1000 begins there: it was freed before/,
    'binder: 1000:1000 BC_FREE_BUFFER u0000000070000000 no match',
  ],
  'a target without a mapping': [
    (world) => {
      world.manager.main.signal();
      world.manager.main.munmap();
      return world.call(bc.transaction({ handle: 0 })).expect('BR_REPLY');
    },
    /BR_DEAD_REPLY: process 1000 has not mapped its descriptor/,
    'binder_alloc: 1000: binder_alloc_buf, no vma',
  ],
  'a bad offset': [
    (world) => world.call(bc.transaction({ handle: 0, data: new Uint8Array(32), offsets: [2] })).expect('BR_REPLY'),
    /each offset is a multiple of 4/,
    'binder: 2000:2000 got transaction with invalid offset (2, min 0 max 32) or object.',
  ],
  'an offset beyond the data': [
    (world) => world.call(bc.transaction({ handle: 0, data: new Uint8Array(8), offsets: [64] })).expect('BR_REPLY'),
    /or an offset is beyond the data/,
    'binder: 2000:2000 got transaction with invalid data ptr',
  ],
  'an unknown command word': [
    (world) => world.call(bc.enterLooper(), bc.raw(new Uint8Array([1, 2, 3, 4]))),
    /EINVAL: command 2 of 2, .* 0x4030201 is no BC_ word/,
    'binder: 2000:2000 unknown command 67305985',
  ],
  'a message that is too large': [
    (world) => {
      const data = world.client.place(new Uint8Array(1 << 20));
      return world.call(bc.transaction({ handle: 0, data })).expect('BR_REPLY');
    },
    /manager \(1000\) has a largest hole of 1040384 bytes, of 1040384 mapped, and the call needs 1048576 /,
    'binder_alloc: 1000: binder_alloc_buf size 1048576 failed, no address space',
  ],
  'a dead manager': [
    (world) => {
      world.manager.kill();
      return world.call(bc.transaction({ handle: 0 })).expect('BR_REPLY');
    },
    /there is no context manager yet, or it is dead/,
    'binder: 2000:2000 cannot find target node',
  ],
  'a death notification cleared with another cookie': [
    (world) => {
      world.send(bc.acquire(0), bc.requestDeathNotification(0, 17));
      return world.send(bc.clearDeathNotification(0, 18));
    },
    /it was requested with the cookie 0x11/,
    'binder: 2000:2000 BC_CLEAR_DEATH_NOTIFICATION death notification cookie mismatch 0000000000000011 != 0000000000000012',
  ],
  'a death that was never reported': [
    (world) => world.send(bc.deadBinderDone(9)),
    /each BR_DEAD_BINDER is answered once/,
    'binder: 2000:2000 BC_DEAD_BINDER_DONE 0000000000000009 not found',
  ],
  'a second call before the reply': [
    (world) => {
      world.send(bc.transaction({ handle: 0 }));
      return world.call(bc.transaction({ handle: 0 })).expect('BR_REPLY');
    },
    /thread 2000 waits for the answer to transaction 2/,
    'binder: 2000:2000 got new transaction with bad transaction stack, transaction 2 has target 1000:1000',
  ],
  'a looper that nobody asked for': [
    (world) => world.send(bc.registerLooper()),
    /BC_REGISTER_LOOPER answers BR_SPAWN_LOOPER/,
    'binder: 2000:2000 ERROR: BC_REGISTER_LOOPER called without request',
  ],
  'a descriptor for an object that takes none': [
    (world) => {
      const objects = [{ type: 'fd' as const, fd: world.client.main.memfd() }];
      return world.call(bc.transaction({ handle: 0, objects })).expect('BR_REPLY');
    },
    /the target was sent without FLAT_BINDER_FLAG_ACCEPTS_FDS: its process sets that flag/,
    'binder: 2000:2000 got transaction with fd, 4, but target does not allow fds',
  ],
  "another process's buffer": [
    (world) => {
      world.send(bc.transaction({ handle: 0, data: 'hi', flags: TF_ONE_WAY }));
      return world.send(bc.freeBuffer(world.listening.expect('BR_TRANSACTION')));
    },
    /no message of process 2000 begins there: .* that this process read/,
    'binder: 2000:2000 BC_FREE_BUFFER u0000000070000000 no match',
  ],
  'objects that overlap': [
    (world) => {
      const objects = [0, 8].map((at) => ({ type: 'binder' as const, ptr: 1, at }));
      return world.call(bc.transaction({ handle: 0, objects })).expect('BR_REPLY');
    },
    /or before the end of another object/,
    'binder: 2000:2000 got transaction with invalid data ptr',
  ],
  'a parent at offset 0': [
    (world) => {
      const parent = { type: 'ptr' as const, data: new Uint8Array(8) };
      const child = { ...parent, parent: 0, flags: BINDER_BUFFER_FLAG_HAS_PARENT };
      return world.call(bc.transactionSg({ handle: 0, objects: [parent, child] })).expect('BR_REPLY');
    },
    /a parent at offset 0 of the data counts as none/,
    'binder: 2000:2000 got transaction with out-of-order buffer fixup',
  ],
  'a command that no driver has': [
    (world) => world.send(bc.attemptAcquire(1, 0)),
    /EINVAL: command 1 of 1, .* no driver implements that command; bc.acquire takes a reference/,
    'binder: BC_ATTEMPT_ACQUIRE not supported',
  ],
  'a death notification of a manager that was never acquired': [
    (world) => world.send(bc.requestDeathNotification(0, 17)),
    /a handle comes in a message, handle 0 by bc.acquire\(0\), and goes/,
    'binder: 2000:2000 BC_REQUEST_DEATH_NOTIFICATION invalid ref 0',
  ],
};

for (const [name, [act, advice, line]] of Object.entries(MISTAKES)) {
  test(name, () => {
    const world = new World();
    const text = said(() => act(world) as WriteReadCall);
    assert.match(text, advice);
    assert.ok(text.includes(`(kernel log: "${line}")`), text);
    assert.ok(world.machine.kernelLog.includes(line));
  });
}

test('bytes that are no whole command are named as such', () => {
  const world = new World();
  const text = said(() => world.send(bc.enterLooper(), bc.raw(new Uint8Array([1]))));
  assert.match(text, /EINVAL: its last bytes, which are no whole word, at byte 4 of the stream: /);
});

test('what comes in place of BR_TRANSACTION_COMPLETE, BR_REPLY or BR_SPAWN_LOOPER is explained', () => {
  const frozen = new World();
  frozen.join('freezer').main.freeze(3, 1000);
  const oneway = bc.transaction({ handle: 0, flags: TF_ONE_WAY });
  const expected = (call: WriteReadCall, name: ReturnName) => said(() => call.expect(name) as never);
  const inPlace = /it comes in place of BR_TRANSACTION_COMPLETE: the oneway is queued/;
  assert.match(expected(frozen.call(oneway), 'BR_TRANSACTION_COMPLETE'), inPlace);

  const { client, manager, ...spam } = new World();
  client.main.enableOnewaySpamDetection(3);
  manager.main.signal();
  const big = bc.transaction({ handle: 0, flags: TF_ONE_WAY, data: client.place(new Uint8Array(110_000)) });
  const calls = [1, 2, 3, 4].map(() => client.main.writeRead(3, [big]));
  assert.match(expected(calls[3] as WriteReadCall, 'BR_TRANSACTION_COMPLETE'), /the oneway was sent, and many others/);

  const waiting = manager.main.wait(3);
  assert.match(expected(waiting, 'BR_SPAWN_LOOPER'), /as often as thread\.setMaxThreads\(fd, count\) allows/);
  assert.is(spam.machine.kernelLog.length, 1);

  const world = new World();
  world.send(bc.enterLooper());
  const call = world.call(bc.transaction({ handle: 0 }));
  world.manager.kill();
  assert.match(
    expected(call, 'BR_REPLY'),
    /BR_DEAD_REPLY: the call was sent and is not answered: its thread or process ended/,
  );
});

test('a dead reply that comes with a later read has all its reasons', () => {
  const world = new World();
  const { main } = world.machine.spawn('unmapped');
  main.open();
  const failed = () => said(() => main.wait(3).expect('BR_REPLY') as never);
  main.writeRead(3, [bc.transaction({ handle: 0 })], { readSize: 0 });
  const answer = world.manager.main.writeRead(3, [bc.reply({ data: 'hi' })]);
  assert.match(answer.complaint ?? '', /process 3000 has not mapped its descriptor/);
  assert.match(failed(), /BR_DEAD_REPLY: .* or the caller has not mapped its descriptor \(mmap\)\.$/);
  world.manager.kill();
  main.writeRead(3, [bc.transaction({ handle: 0 })], { readSize: 0 });
  assert.match(failed(), /BR_DEAD_REPLY: the process of that handle is dead, or there is no context manager yet, /);
});

test('an ioctl that is refused says what its argument has to be', () => {
  const { main } = new World().client;
  const refused = (act: () => unknown) => said(act as () => WriteReadCall);
  assert.match(
    refused(() => main.ioctl(3, BINDER_SET_MAX_THREADS, { arg: 0x10 })),
    /EINVAL: its argument is not in memory/,
  );
  assert.match(
    refused(() => main.ioctl(3, 0x40046209)),
    /EINVAL: the driver has no ioctl of that number/,
  );
  const epfd = main.epollCreate();
  main.epollCtl(epfd, 'add', 3);
  assert.match(
    refused(() => main.epollCtl(epfd, 'add', 3)),
    /EEXIST: the instance watches that descriptor already/,
  );
});

test("a child of fork that reads its parent's message hears that it has no mapping", () => {
  const world = new World();
  world.send(bc.transaction({ handle: 0, data: 'hi', flags: TF_ONE_WAY }));
  const received = world.listening.expect('BR_TRANSACTION');
  const child = world.manager.fork('child');
  assert.throws(
    () => child.textOf(received),
    /where nothing is mapped; .* a child of fork has no mapping of its parent\.$/,
  );
});

test('without a mistake there is no complaint', () => {
  const world = new World();
  assert.is(world.send(bc.transaction({ handle: 0, flags: TF_ONE_WAY })).complaint, null);
  assert.is(world.call(bc.increfs(0), bc.decrefs(0)).complaint, null);
  assert.equal(world.machine.kernelLog, []);
});

test('the mistakes of others are not blamed on a call that sleeps', () => {
  const world = new World();
  const other = world.join('other');
  world.send(bc.enterLooper());
  const asleep = world.client.main.wait(3);
  other.main.writeRead(3, [bc.transaction({ handle: 9 })], { readSize: 0 });
  world.client.main.signal();
  assert.match(
    said(() => asleep.expect('BR_REPLY') as never),
    /the call failed with EINTR\.$/,
  );
});

test('a reply that fails is explained to its caller', () => {
  const world = new World();
  world.send(bc.enterLooper());
  const call = world.call(bc.transaction({ handle: 0 }));
  world.manager.main.writeRead(3, [bc.reply({ data: new Uint8Array(4), offsets: [0] })]);
  assert.match(
    said(() => call.expect('BR_REPLY') as never),
    /BR_FAILED_REPLY: each offset is a multiple of 4, .*1000:1000 got transaction with invalid offset/,
  );
});

test('the mask of the driver switches lines off, and no complaint', () => {
  const machine = Machine.boot({ wasm, memoryMiB: 8, debugMask: 2 });
  const { main } = machine.spawn('client');
  main.open();
  const call = main.writeRead(3, [bc.transaction({ handle: 7 })]);
  assert.match(call.complaint ?? '', /has no handle 7/);
  assert.equal(machine.kernelLog, [
    'binder: 1000:1000 cannot find target node',
    'binder: 1000:1000 transaction call to 0:0 failed 1/29201/-22, size 0-0 line LINE',
  ]);
});

test('of more lines than the log holds the last ones are there', () => {
  const machine = Machine.boot({ wasm, memoryMiB: 8 });
  const { main } = machine.spawn('client');
  main.open();
  for (let handle = 1; handle <= 700; handle++) main.writeRead(3, [bc.release(handle)], { readSize: 0 });
  const lines = machine.kernelLog;
  assert.is(lines.length, 512);
  assert.match(lines.at(-1) ?? '', /invalid ref 700 ret -22$/);
  assert.match(lines[0] ?? '', /invalid ref 189 ret -22$/);
});

test('a snapshot has the log of its moment', () => {
  const machine = Machine.boot({ wasm, memoryMiB: 8 });
  machine.keepKernelLog(true);
  const { main } = machine.spawn('client');
  main.open();
  main.writeRead(3, [bc.release(1)], { readSize: 0 });
  const snapshot = machine.snapshot();
  const before = machine.kernelLog;
  main.writeRead(3, [bc.release(2)], { readSize: 0 });
  machine.restore(snapshot);
  assert.equal(machine.kernelLog, before);
  const steps: unknown[] = [];
  machine.on('step', (step) => steps.push(step.klog));
  main.writeRead(3, [bc.release(3)], { readSize: 0 });
  assert.equal(steps, [['binder: 1000:1000 Release 1 refcount change on invalid ref 3 ret -22']]);
});

test.run();
