/** No two threads that live have one number: the driver knows them by it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BinderlabError } from '../../host/index.ts';
import { boot } from '../inspect/machines.ts';

const test = suite('numbers of threads');

function refused(act: () => unknown): void {
  assert.throws(act, (error: unknown) => error instanceof BinderlabError && error.errno === 'EEXIST');
}

test('a number that is taken is refused', () => {
  const machine = boot();
  const app = machine.spawn('app', { pid: 500 });
  app.thread('helper', { tid: 600 });
  refused(() => machine.spawn('other', { pid: 500 }));
  refused(() => machine.spawn('other', { pid: 600 }));
  refused(() => app.thread('second', { tid: 500 }));
  refused(() => app.fork('child', { pid: 600 }));
  machine.check();
});

test('one whose thread or process has ended is free again', () => {
  const machine = boot();
  const app = machine.spawn('app', { pid: 500 });
  app.thread('helper', { tid: 600 }).exit();
  app.thread('second', { tid: 600 });
  app.kill();
  machine.spawn('other', { pid: 600 }).fork('child', { pid: 500 });
  machine.check();
});

test.run();
