/** The limits of a mapping: how much of it counts, what just fits, and what does not. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENOSPC } from '../../assembly/abi/errno.ts';
import { BINDER_MAP_MAX } from '../../assembly/abi/machine.ts';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { Machine } from '../../host/machine.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';

const MAPPING = 0x70000000;
/** Where in the client's arena the payload lies. */
const DATA = 0x10400000;

/** A manager whose mapping has `length` bytes, and a client. */
function machine(length: number) {
  const machine = Machine.boot({ wasm: buildModule('debug'), memoryMiB: 32 });
  const join = (name: string, bytes: number) => {
    const process = machine.spawn(name);
    const fd = process.main.open();
    process.main.version(fd);
    process.main.mmap(fd, bytes, MAPPING);
    return process;
  };
  const manager = join('manager', length);
  manager.main.becomeContextManager(3);
  return { manager, client: join('client', 4096), machine };
}

/** Sends `size` bytes to the manager; what the client reads back, words only. */
function send({ client }: ReturnType<typeof machine>, size: number, flags: number): string[] {
  const call = client.main.writeRead(3, [
    bc.transaction({ handle: 0, flags, data: { address: DATA, length: size } }),
    bc.enterLooper(),
  ]);
  return call.parked ? ['parked'] : call.returns.map(({ name }) => name);
}

const test = suite('sizes');

test('of a mapping of 8 MiB the first 4 MiB count', () => {
  const scene = machine(2 * BINDER_MAP_MAX);
  assert.equal(send(scene, BINDER_MAP_MAX + 1, 0), ['BR_NOOP', 'BR_FAILED_REPLY']);
  assert.is(scene.client.main.extendedError(3).param, -ENOSPC);
  assert.equal(send(scene, BINDER_MAP_MAX, 0), ['parked']);
  const { main } = scene.manager;
  const received = main.writeRead(3, [bc.enterLooper()]).expect('BR_TRANSACTION');
  assert.is(received.buffer, MAPPING);
  assert.is(received.dataSize, BINDER_MAP_MAX);
  assert.throws(() => scene.manager.read(MAPPING + BINDER_MAP_MAX, 1), /SIGBUS/);
});

test('a message that fills the mapping fits, and one byte more does not', () => {
  const exact = machine(65536);
  assert.equal(send(exact, 65536, 0), ['parked']);
  const more = machine(65536);
  assert.equal(send(more, 65537, 0), ['BR_NOOP', 'BR_FAILED_REPLY']);
});

test('oneways have half of the mapping', () => {
  const exact = machine(65536);
  assert.equal(send(exact, 32768, TF_ONE_WAY), ['BR_NOOP', 'BR_TRANSACTION_COMPLETE']);
  const more = machine(65536);
  assert.equal(send(more, 32769, TF_ONE_WAY), ['BR_NOOP', 'BR_FAILED_REPLY']);
});

test('a message too large for memory is refused, and leaves nothing behind', () => {
  const machine = Machine.boot({ wasm: buildModule('debug'), memoryMiB: 2 });
  const manager = machine.spawn('manager');
  const client = machine.spawn('client');
  for (const process of [manager, client]) {
    process.main.open();
    process.main.version(3);
    process.main.mmap(3);
  }
  manager.main.becomeContextManager(3);
  const free = machine.freeFrames();
  const size = (free + 8) * 4096;
  const call = client.main.writeRead(3, [bc.transaction({ handle: 0, data: { address: DATA, length: size } })]);
  assert.equal(
    call.returns.map(({ name }) => name),
    ['BR_NOOP', 'BR_FAILED_REPLY'],
  );
  machine.check();
  machine.end();
});

test.run();
