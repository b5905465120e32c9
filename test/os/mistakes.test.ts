/**
 * Mistakes of a script that Linux's driver only prints. The error of the call, or `complaint` where the call has no error, says
 * what to change, and quotes the driver's line.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { Machine } from '../../host/machine.ts';
import type { Process } from '../../host/os/process.ts';
import type { WriteReadCall } from '../../host/os/writeread.ts';
import type { Command } from '../../host/wire/command.ts';
import { bc } from '../../host/wire/commands.ts';
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
    /no message begins there: it was freed before/,
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
    /sent without FLAT_BINDER_FLAG_ACCEPTS_FDS/,
    'binder: 2000:2000 got transaction with fd, 4, but target does not allow fds',
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
