/** Who waits for whom, and which thread has to come; who holds handles of whom. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { explanationLines } from '../../host/inspect/explanation.ts';
import { Machine } from '../../host/machine.ts';
import type { Process } from '../../host/os/process.ts';
import type { WriteReadCall } from '../../host/os/writeread.ts';
import { bc } from '../../host/wire/commands.ts';
import type { TransactionReturn } from '../../host/wire/returns.ts';
import { buildModule } from '../os/builds.ts';

const FD = 3;
const wasm = buildModule('debug');

/** A context manager that reads, or does not yet, and clients that call it. */
class World {
  readonly machine = Machine.boot({ wasm, memoryMiB: 16 });
  readonly server = this.join('server');

  constructor(maxThreads = 0) {
    this.server.main.becomeContextManager(FD);
    this.server.main.setMaxThreads(FD, maxThreads);
  }

  join(name: string): Process {
    const process = this.machine.spawn(name);
    process.main.open();
    process.main.version(FD);
    process.main.mmap(FD);
    return process;
  }

  call(process: Process, handle = 0): WriteReadCall {
    return process.main.writeRead(FD, [bc.transaction({ handle, code: 7 })]);
  }

  get text(): string[] {
    return explanationLines(this.machine.explain());
  }
}

const test = suite('waits');

test('without a call nothing waits, and a oneway is not waited for', () => {
  const world = new World();
  const client = world.join('client');
  const nothing = ['no message lacks a buffer, no thread waits for a reply, no process holds a handle'];
  assert.equal(world.text, nothing);
  client.main.writeRead(FD, [bc.transaction({ handle: 0, flags: 1 })], { readSize: 0 });
  assert.equal(world.text, nothing);
});

test('a call that no thread reads, and then one does, which sleeps, and is awake', () => {
  const world = new World();
  const { main } = world.server;
  world.call(world.join('client'));
  const begin = 'client.0 waits for the reply to its call of code 7: ';
  assert.equal(world.text, [`${begin}no thread of server reads; one has to send BC_ENTER_LOOPER and read`]);
  main.writeRead(FD, [bc.enterLooper()]).expect('BR_TRANSACTION');
  assert.equal(world.text, [`${begin}server.0 has taken it, and has to send BC_REPLY`]);
  const [wait] = world.machine.explain().waits;
  assert.equal(wait, {
    thread: { tid: 2000, name: 'client.0' },
    transaction: 2,
    code: 7,
    node: 1,
    server: { pid: 1000, name: 'server' },
    takenBy: { tid: 1000, name: 'server.0' },
    reason: 'awake',
    circle: null,
    text: 'server.0 has taken it, and has to send BC_REPLY',
  });
  assert.is(main.sys.poll(FD, 1, -1).parked, true);
  assert.equal(world.text, [`${begin}server.0 has taken it, and sleeps; it has to send BC_REPLY`]);
});

test('a second call waits for the pool: none is asked for, or one has not come, or all have', () => {
  const alone = new World();
  alone.server.main.writeRead(FD, [bc.enterLooper()]);
  alone.call(alone.join('one'));
  alone.call(alone.join('two'));
  const busy = 'all threads of server that read are busy; ';
  assert.match(alone.text[1] ?? '', `${busy}the driver asks for no further one (it may ask for none), so server.0 has`);

  const asked = new World(1);
  const first = asked.server.main.writeRead(FD, [bc.enterLooper()]);
  asked.call(asked.join('one'));
  asked.call(asked.join('two'));
  first.expect('BR_SPAWN_LOOPER');
  assert.match(asked.text[1] ?? '', `${busy}the driver has asked for one more (BR_SPAWN_LOOPER), which has to send`);
  asked.server.thread().writeRead(FD, [bc.registerLooper()]);
  asked.call(asked.join('three'));
  assert.match(asked.text[2] ?? '', `${busy}the driver asks for no further one (1 of 1 that it may ask for have come)`);
});

test('a thread of the pool that serves nothing only has to read', () => {
  const world = new World();
  world.server.main.writeRead(FD, [bc.enterLooper()], { readSize: 0 });
  world.call(world.join('client'));
  assert.match(world.text[0] ?? '', /\(it may ask for none\), so server\.0 has to read$/);
});

test('a circle of three is told once', () => {
  const world = new World();
  const names = ['one', 'two', 'three'];
  const members = names.map((name) => world.join(name));
  for (const [ptr, member] of members.entries()) {
    const objects = [{ type: 'binder' as const, ptr, cookie: ptr }];
    member.main.writeRead(FD, [bc.transaction({ handle: 0, flags: 1, objects })]);
  }
  const handles = members.map(() => {
    const { returns } = world.server.main.wait(FD);
    const oneway = returns.find(({ name }) => name === 'BR_TRANSACTION') as TransactionReturn;
    const handle = world.server.handleOf(oneway);
    world.server.main.writeRead(FD, [bc.acquire(handle), bc.freeBuffer(oneway)], { readSize: 0 });
    return handle;
  });
  const calls = members.map((member) => member.main.writeRead(FD, [bc.transaction({ handle: 0 })]));
  for (const [index] of calls.entries()) {
    world.server.main.wait(FD).expect('BR_TRANSACTION');
    const objects = [{ type: 'handle' as const, handle: handles[(index + 1) % 3] as number }];
    world.server.main.writeRead(FD, [bc.reply({ objects })]);
  }
  for (const [index, call] of calls.entries()) {
    const member = members[index] as Process;
    world.call(member, member.handleOf(call.expect('BR_REPLY')));
  }
  const circles = world.text.filter((line) => line.includes('in a circle'));
  assert.equal(circles, ['they wait in a circle: one.0 -> two.0 -> three.0 -> one.0']);
});

test('a frozen callee, and a dead one', () => {
  const world = new World();
  world.server.main.writeRead(FD, [bc.enterLooper()]);
  const client = world.join('client');
  world.call(client);
  world.call(world.join('queued'));
  client.main.signal();
  world.server.kill();
  assert.equal(world.text, ['no message lacks a buffer, no thread waits for a reply, no process holds a handle']);
});

test('two processes of one thread each that call each other wait in a circle', () => {
  const world = new World();
  const inbox = world.server.main.writeRead(FD, [bc.enterLooper()]);
  const client = world.join('client');
  const register = bc.transaction({ handle: 0, flags: 1, objects: [{ type: 'binder', ptr: 1, cookie: 2 }] });
  client.main.writeRead(FD, [register], { readSize: 0 });
  const handle = world.server.handleOf(inbox.expect('BR_TRANSACTION'));
  world.call(client);
  world.call(world.server, handle);
  assert.equal(world.text.slice(0, 3), [
    'server.0 waits for the reply to its call of code 7: no thread of client reads; one has to send BC_ENTER_LOOPER and read',
    'client.0 waits for the reply to its call of code 7: all threads of server that read are busy; the driver asks for no further one (it may ask for none), so server.0 has to get its own reply and read',
    'they wait in a circle: server.0 -> client.0 -> server.0',
  ]);
  assert.is(world.text.filter((line) => line.includes('in a circle')).length, 1);
});

test('handles are counted by holder and owner, the dead ones beside', () => {
  const world = new World();
  const inbox = world.server.main.writeRead(FD, [bc.enterLooper()]);
  const client = world.join('client');
  const objects = [1, 2, 3].map((ptr) => ({ type: 'binder', ptr, cookie: ptr }) as const);
  client.main.writeRead(FD, [bc.transaction({ handle: 0, code: 7, objects })]);
  inbox.expect('BR_TRANSACTION');
  world.server.main.writeRead(FD, [bc.acquire(2), bc.increfs(1)], { readSize: 0 });
  assert.equal(world.machine.explain().holdings, [
    {
      holder: { pid: 1000, name: 'server' },
      owner: { pid: 2000, name: 'client' },
      handles: 3,
      acquired: 3,
      newest: { handle: 3, node: 7 },
    },
  ]);
  client.kill();
  world.server.main.writeRead(FD, [bc.freeBuffer(inbox.expect('BR_TRANSACTION'))], { readSize: 0 });
  assert.equal(world.text, [
    'server (1000) holds 2 handles for objects of the dead, 1 acquired; the newest is handle 2, node 5',
  ]);
});

test.run();
