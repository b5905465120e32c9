/** BINDER_FREEZE with a timeout, where several wait, or several files are to be frozen. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bc, Machine } from '../../host/index.ts';
import { debugModule, meet } from '../inspect/machines.ts';

/** A manager that serves a call, and two who want to freeze it. */
function busy() {
  const met = meet(Machine.boot({ wasm: debugModule, memoryMiB: 16 }));
  const { machine, app, appFd, manager } = met;
  app.writeRead(appFd, [bc.transaction({ handle: 0 })]);
  assert.not.ok(manager.parked);
  const freezer = (name: string, timeoutMs: number) => {
    const { main } = machine.spawn(name);
    return { main, call: main.freeze(main.open(), manager.home.pid, { timeoutMs, mayFail: true }) };
  };
  return { ...met, freezer };
}

const test = suite('freezing');

test('when one has waited long enough, so have all with shorter timeouts', () => {
  const { machine, freezer } = busy();
  const patient = freezer('patient', 500);
  const middling = freezer('middling', 200);
  const hasty = freezer('hasty', 100);
  middling.main.awaitTimeout(5000);
  assert.equal(
    [patient, middling, hasty].map(({ call }) => call.errno ?? call.ret),
    [null, 'EAGAIN', 'EAGAIN'],
  );
  patient.main.awaitTimeout(5000);
  assert.is(patient.call.errno, 'EAGAIN');
  machine.check();
});

test('a file that has been frozen is let go before the next one is waited for', () => {
  const { machine, manager, managerFd, freezer } = busy();
  const second = manager.open();
  const { call, main } = freezer('freezer', 100);
  assert.ok(call.parked);
  const procs = () => machine.inspect.stats().objects.proc?.active;
  const before = procs() as number;
  manager.close(second);
  assert.is(procs(), before - 1);
  machine.check();
  main.awaitTimeout(100);
  assert.is(call.errno, 'EAGAIN');
  assert.is(managerFd, 3);
  machine.check();
});

/** The end of the freezer freezes: what it waited for has come, and it was not woken. Its other thread is notified, and ends next. */
test('a thread that the end of another thread of its process wakes does not run', () => {
  const { machine, app, appFd, manager, managerFd } = busy();
  const watcher = machine.spawn('watcher');
  const { main } = watcher;
  const fd = main.open();
  main.mmap(fd);
  const reader = watcher.thread('reader');
  reader
    .writeRead(fd, [bc.enterLooper(), bc.acquire(0), bc.requestFreezeNotification(0, 0x5)])
    .expect('BR_FROZEN_BINDER');
  let read = reader.writeRead(fd, [bc.freezeNotificationDone(0x5)]);
  const freeze = main.freeze(fd, manager.home.pid, { timeoutMs: 1000, mayFail: true });
  const thawer = machine.spawn('thawer').main;
  thawer.freeze(thawer.open(), manager.home.pid, { enable: false });
  if (read.done) read = reader.writeRead(fd, [bc.freezeNotificationDone(0x5)]);
  manager.writeRead(managerFd, [bc.reply({})], { readSize: 0 });
  assert.ok(freeze.parked && read.parked, 'both threads sleep');
  const woken: string[] = [];
  machine.on('wake', ({ thread }) => woken.push(thread));
  watcher.kill();
  assert.ok(woken.includes('reader'), 'the notification has woken it');
  machine.check();
  app.close(appFd);
  machine.check();
});

test.run();
