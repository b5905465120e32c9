/** Who holds the space that a message did not find. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { type Shortage, shortageLines } from '../../host/inspect/shortage.ts';
import { Machine } from '../../host/machine.ts';
import type { Process } from '../../host/os/process.ts';
import type { WriteReadCall } from '../../host/os/writeread.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';

const test = suite('shortage');
const MAPPED = 64 * 1024;

/** A context manager with a small mapping that waits for calls, and two clients with a descriptor for mistakes of its own. */
class World {
  readonly machine = Machine.boot({ wasm: buildModule('debug'), memoryMiB: 16 });
  readonly server = this.#join('server');
  readonly listening: WriteReadCall;
  readonly one = this.#join('one');
  readonly two = this.#join('two');

  constructor() {
    this.server.main.becomeContextManager(3);
    this.listening = this.server.main.writeRead(3, [bc.enterLooper()]);
  }

  send(process: Process, length: number, flags = 0): WriteReadCall {
    const data = process.place(new Uint8Array(length));
    return process.main.writeRead(3, [bc.transaction({ handle: 0, flags, data })], { readSize: flags ? 256 : 0 });
  }

  explained(): Shortage {
    const shortage = this.machine.explain().shortage;
    assert.ok(shortage);
    return shortage as Shortage;
  }

  #join(name: string): Process {
    const process = this.machine.spawn(name);
    process.main.open();
    process.main.version(3);
    process.main.mmap(3, MAPPED);
    return process;
  }
}

const SERVER = { pid: 1000, name: 'server' };
const ONE = { pid: 2000, name: 'one' };

test('without a failure there is nothing to explain', () => {
  const world = new World();
  world.send(world.one, 8, TF_ONE_WAY);
  assert.is(world.machine.explain().shortage, null);
});

test('a call that is served holds the space of another', () => {
  const world = new World();
  world.send(world.one, 60_000);
  world.listening.expect('BR_TRANSACTION');
  world.send(world.two, 10_000);
  const { holders, ...rest } = world.explained();
  assert.equal(rest, {
    transaction: 3,
    type: 'call',
    sender: { pid: 3000, name: 'two' },
    receiver: SERVER,
    needed: 10_000,
    mapping: { size: MAPPED, free: 5536, largestHole: 5536, holes: 1 },
    oneways: { limit: MAPPED / 2, free: MAPPED / 2 },
    fits: 5536,
    exception: 'DeadObjectException',
  });
  assert.equal(holders, [
    {
      sender: ONE,
      node: 1,
      interface: null,
      code: 0,
      oneway: false,
      state: 'served',
      buffers: 1,
      bytes: 60_000,
      oldest: { transaction: 2, since: 1 },
    },
  ]);
});

test('messages that wait, are read, or are answered, and never freed', () => {
  const world = new World();
  for (let count = 0; count < 4; count++) world.send(world.one, 8000, TF_ONE_WAY);
  world.listening.expect('BR_TRANSACTION');
  const call = world.send(world.two, 800, TF_ONE_WAY);
  const states = world.explained().holders.map(({ state, buffers, bytes, oneway }) => [state, buffers, bytes, oneway]);
  assert.equal(states, [
    ['queued', 3, 24_000, true],
    ['unfreed', 1, 8000, true],
  ]);
  assert.match(
    call.complaint ?? '',
    /^server \(1000\) has 768 bytes left for oneways, of 65536 mapped, and the oneway needs 800; 24000 bytes are held by 3 oneways from one \(2000\) to node 1 \(code 0\), not read yet \(transaction 3 and later\) \(kernel log: "binder: 3000:3000 transaction async to 1000:0 failed/,
  );
});

test('a reply that does not fit into the mapping of its caller', () => {
  const world = new World();
  world.send(world.one, 8);
  world.server.main.writeRead(3, [bc.reply({ data: world.server.place(new Uint8Array(70_000)) })]);
  const { type, sender, receiver, exception } = world.explained();
  assert.equal(
    { type, sender, receiver, exception },
    { type: 'reply', sender: SERVER, receiver: ONE, exception: null },
  );
});

test('in words: the cause, the holders, what fits, and what an app is told', () => {
  const world = new World();
  world.send(world.one, 60_000);
  world.send(world.two, 10_000);
  assert.equal(shortageLines(world.explained()), [
    'transaction 3, a call from two (3000) to server (1000), found no buffer of 10000 bytes',
    'server (1000) maps 65536 bytes: 60000 hold messages, 5536 are free in one hole',
    '  60000 bytes: a call from one (2000) to node 1 (code 0), not answered yet (transaction 2)',
    'oneways may use 32768 of them, and have 32768 left',
    'a call of at most 5536 bytes fits now',
    'an Android app gets DeadObjectException, since a small parcel failed; but server (1000) is alive, and has no space for it',
  ]);
});

test('a large request is blamed with right only when it never fits', () => {
  const lastLine = (size: number, length: number) => {
    const machine = Machine.boot({ wasm: buildModule('debug'), memoryMiB: 16 });
    const join = (name: string) => {
      const process = machine.spawn(name);
      process.main.open();
      process.main.mmap(3, length);
      return process;
    };
    const server = join('server');
    server.main.becomeContextManager(3);
    const client = join('client');
    for (let count = 0; count < 2; count++) {
      const data = { address: client.arena.address + 2 ** 21, length: size };
      client.main.writeRead(3, [bc.transaction({ handle: 0, flags: TF_ONE_WAY, data })], {
        readSize: 0,
        mayFail: true,
      });
    }
    return shortageLines(machine.explain().shortage as Shortage).at(-1) ?? '';
  };
  assert.match(lastLine(300_000, 2 ** 20), /gets TransactionTooLargeException, .* it would fit if less were held$/);
  assert.match(lastLine(600_000, 2 ** 20), /TransactionTooLargeException: the request is larger than 524288 bytes, /);
});

test('a receiver that is gone has no space to explain', () => {
  const world = new World();
  world.send(world.one, 70_000);
  assert.ok(world.machine.explain().shortage);
  world.server.kill();
  assert.is(world.machine.explain().shortage, null);
});

test.run();
