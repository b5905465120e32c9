/** The three devices are three worlds: each has a manager, ids of one counter, and no way into another. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from '../../host/machine.ts';
import { bc } from '../../host/wire/commands.ts';
import { buildModule } from '../os/builds.ts';

const DEVICES = ['binder', 'hwbinder', 'vndbinder'] as const;

const test = suite('contexts');

test('each device has a manager of its own behind handle 0', () => {
  const machine = Machine.boot({ wasm: buildModule('debug'), memoryMiB: 16 });
  for (const [uid, device] of DEVICES.entries()) {
    const manager = machine.spawn(`${device} manager`, { uid });
    const fd = manager.main.open({ device });
    manager.main.version(fd);
    manager.main.mmap(fd);
    manager.main.becomeContextManager(fd);
    manager.main.writeRead(fd, [bc.enterLooper()]);
  }
  for (const [code, device] of DEVICES.entries()) {
    const client = machine.spawn(`${device} client`);
    const fd = client.main.open({ device });
    client.main.version(fd);
    client.main.mmap(fd);
    client.main.writeRead(fd, [bc.transaction({ handle: 0, code })]);
    const manager = machine.process(`${device} manager`);
    const taken = machine.inspect.procs().find(({ pid }) => pid === manager.pid);
    assert.equal(
      taken?.loopers.flatMap((looper) => looper.stack.map(({ transaction }) => transaction.code)),
      [code],
    );
  }
  machine.check();
});

test('one process may open them all, and is a proc in each', () => {
  const machine = Machine.boot({ wasm: buildModule('debug'), memoryMiB: 16 });
  const process = machine.spawn('all');
  for (const device of DEVICES) process.main.version(process.main.open({ device }));
  assert.equal(
    machine.inspect.procs().map(({ pid, context }) => `${pid} ${context}`),
    ['1000 vndbinder', '1000 hwbinder', '1000 binder'],
  );
});

test.run();
