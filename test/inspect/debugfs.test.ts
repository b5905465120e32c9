/** debugfs where the recordings do not go: several files of one process, several devices, what reading does. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bc, type Machine } from '../../host/index.ts';
import { boot, meet } from './machines.ts';

const test = suite('debugfs');

function textOf(machine: Machine, file: string): string {
  const { exists, text } = machine.dump(file);
  assert.ok(exists, file);
  return text;
}

test('a process that opened several devices has one file, with all of its procs', () => {
  const machine = boot();
  const app = machine.spawn('app').main;
  const first = app.open();
  app.open({ device: 'hwbinder' });
  app.open();
  const text = ['binder', 'hwbinder', 'binder']
    .map((context) => `binder proc state:\nproc 1000\ncontext ${context}\n`)
    .join('');
  assert.is(textOf(machine, 'proc/1000'), text);
  assert.equal(machine.debugFiles.procFiles(), ['proc/1000']);
  assert.match(textOf(machine, 'state'), /^binder state:\n(proc 1000\ncontext (hw)?binder\n){3}$/);

  app.close(first); // the file belonged to that one, and goes with it
  assert.equal(machine.dump('proc/1000'), { exists: false, text: '' });
  assert.equal(machine.debugFiles.procFiles(), []);
  assert.match(textOf(machine, 'state'), 'proc 1000\ncontext hwbinder\n');
});

test('files of processes, by pid', () => {
  const machine = boot();
  meet(machine);
  assert.equal(machine.debugFiles.procFiles(), ['proc/1000', 'proc/2000']);
  assert.not.ok(machine.dump('proc/3000').exists);
});

test('a file that the driver never has', () => {
  const machine = boot();
  const before = machine.nextStep;
  for (const file of ['stat', 'proc', 'proc/', 'proc/0', 'proc/x', 'proc/1000/maps', '']) {
    assert.throws(() => machine.dump(file), /the driver has no file ".*"; there are state, stats, .* and proc\/PID/);
  }
  assert.is(machine.nextStep, before);
});

test('reading queues a node that the driver had left alone, and wakes its owner; looking does not', () => {
  const machine = boot();
  const { manager, managerFd, app, appFd } = meet(machine);
  const object = { type: 'binder', ptr: 0x1000, cookie: 1 } as const;
  app.writeRead(appFd, [bc.transaction({ handle: 0, flags: 1, objects: [object] })]);
  manager.writeRead(managerFd, [bc.freeBuffer(0x70000000)], { readSize: 0 });
  app.writeRead(appFd, [bc.increfsDone(object)]); // there is nothing to tell it while BC_ACQUIRE_DONE is missing
  assert.ok(app.parked);
  const looked = machine.debugFiles.read('state').text;
  assert.match(looked, /node \d+: u0{12}1000 c0{15}1 hs 1 hw 1 ls 1 lw 0 is 0 iw 0 tr 1\n/);
  assert.not.match(looked, 'node work');
  assert.is(machine.debugFiles.read('state').text, looked);
  machine.dump('stats');
  machine.dump('proc/1000');
  assert.is(machine.debugFiles.read('state').text, looked);
  assert.match(textOf(machine, 'state'), /^ {2}node work \d+: u0{12}1000 c0{15}1\n/m);
  assert.ok(app.parked); // woken, and found nothing to tell
  assert.is(machine.debugFiles.read('state').text, looked);
});

test('a dump is a step of the journal', () => {
  const machine = boot();
  meet(machine);
  const { text } = machine.dump('transactions');
  assert.is(text, 'binder transactions:\n');
  assert.equal(machine.journal.steps.at(-1)?.out, { exists: true, text });
});

test.run();
