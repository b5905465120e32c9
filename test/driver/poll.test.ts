/** poll(2) of a binder file, where it ends otherwise than by an event: nobody sleeps at the looper any more. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EPOLLNVAL } from '../../assembly/abi/machine.ts';
import { Machine } from '../../host/machine.ts';
import { debugModule, type Met, meet } from '../inspect/machines.ts';

const test = suite('poll');

function parkedInPoll(before: (met: Met) => unknown = () => {}) {
  const met = meet(Machine.boot({ wasm: debugModule, memoryMiB: 16 }));
  before(met);
  const call = met.app.poll(met.appFd);
  assert.not.ok(call.done);
  const looper = () => met.machine.inspect.procs().find(({ pid }) => pid === met.app.home.pid)?.loopers[0];
  assert.is(looper()?.waiter, met.app.tid);
  return { ...met, call, looper };
}

test('by a signal', () => {
  const { machine, app, call, looper } = parkedInPoll();
  app.signal();
  assert.is(call.errno, 'EINTR');
  assert.is(looper()?.waiter, null);
  machine.check();
});

test('by the death of its process, when a child still has the file', () => {
  const { machine, looper } = parkedInPoll(({ machine }) => machine.process('app').fork('child'));
  machine.process('app').kill();
  assert.is(looper()?.waiter, null);
  machine.check();
  machine.process('child').kill();
  assert.is(looper(), undefined);
  machine.check();
});

test('by a signal after its number was closed: the number is looked up again, and that comes first', () => {
  const { machine, app, appFd, call, looper } = parkedInPoll(({ machine }) => machine.process('app').thread('helper'));
  machine.process('app').threads[1]?.close(appFd);
  assert.ok(call.parked);
  app.signal();
  assert.equal([call.ret, call.revents], [1, EPOLLNVAL]);
  assert.is(looper()?.waiter, null);
  machine.check();
});

test.run();
