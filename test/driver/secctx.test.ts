/** Security contexts: what a node that asked for it is told of each caller. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FLAT_BINDER_FLAG_TXN_SECURITY_CTX } from '../../assembly/abi/protocol.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';

const wasm = buildModule('debug');
const test = suite('secctx');

/** A manager that asks for contexts, and a client, which has one when it opens the device. */
function scene(context = '') {
  const machine = Machine.boot({ wasm, memoryMiB: 8, journal: true });
  const [manager, client] = ['manager', 'client'].map((name) => {
    const process = machine.spawn(name);
    if (name === 'client' && context !== '') process.main.setContext(context);
    process.main.open();
    process.main.version(3);
    process.main.mmap(3);
    return process;
  });
  if (manager === undefined || client === undefined) throw new Error('nobody is there');
  manager.main.becomeContextManager(3, { flags: FLAT_BINDER_FLAG_TXN_SECURITY_CTX });
  return { machine, manager, client };
}

/** The context that the manager is told when the client calls. */
function told({ manager, client }: ReturnType<typeof scene>): string {
  client.main.writeRead(3, [bc.transaction({ handle: 0, flags: 1 })]);
  const received = manager.main.writeRead(3, [bc.enterLooper()]).expect('BR_TRANSACTION_SEC_CTX');
  const bytes = manager.read(received.secctx, 32);
  manager.main.writeRead(3, [bc.freeBuffer(received)], { readSize: 0 });
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

test('a file has the context of who opened it, and a child its parent’s', () => {
  const it = scene('u:r:untrusted_app:s0');
  assert.is(told(it), 'u:r:untrusted_app:s0');
  it.client.main.setContext('u:r:shell:s0');
  assert.is(told(it), 'u:r:untrusted_app:s0');
  const child = it.client.fork('child');
  child.main.open();
  child.main.version(4);
  child.main.mmap(4);
  child.main.writeRead(4, [bc.transaction({ handle: 0, flags: 1 })]);
  const received = it.manager.main.writeRead(3, []).expect('BR_TRANSACTION_SEC_CTX');
  assert.is(new TextDecoder().decode(it.manager.read(received.secctx, 12)), 'u:r:shell:s0');
  it.machine.check();
});

test('the context outlives who opened the file', () => {
  const it = scene('u:r:app:s0');
  const child = it.client.fork('child');
  it.client.kill();
  it.machine.check();
  child.main.writeRead(3, [bc.transaction({ handle: 0, flags: 1 })]);
  const received = it.manager.main.writeRead(3, [bc.enterLooper()]).expect('BR_TRANSACTION_SEC_CTX');
  assert.is(new TextDecoder().decode(it.manager.read(received.secctx, 10)), 'u:r:app:s0');
  child.kill();
  it.machine.check();
});

test('without one the call fails', () => {
  const { client } = scene();
  const call = client.main.writeRead(3, [bc.transaction({ handle: 0, flags: 1 })]);
  assert.ok(call.returns.some(({ name }) => name === 'BR_FAILED_REPLY'));
});

test('a journal keeps it', () => {
  const it = scene('u:r:app:s0');
  told(it);
  const result = replay(it.machine.journal, (header) => Machine.fromHeader(header, { wasm }), {});
  assert.is(result.equal, result.steps);
  it.machine.end();
  assert.is(it.machine.liveObjects(), Machine.boot({ wasm, memoryMiB: 8, journal: true }).liveObjects());
});

test.run();
