/** What is said when nobody can run any more: who waits for whom. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DeadlockError } from '../../host/sim/deadlock.ts';
import type { Program } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import type { SimThread } from '../../host/sim/thread.ts';
import { bc } from '../../host/wire/commands.ts';
import { bootMachine } from './boot.ts';

const test = suite('deadlock');

/** The report of a run that ends in one. */
function reportOf(...programs: [name: string, program: Program][]): string[] {
  const sim = bootMachine().simulate();
  for (const [name, program] of programs) sim.process(name, program);
  try {
    sim.run();
  } catch (error) {
    assert.instance(error, DeadlockError);
    return (error as DeadlockError).message.split('\n');
  }
  throw new Error('it came to its end');
}

/** Becomes the context manager, serves one call, and never replies. */
function* silent() {
  const fd = yield* sys.open();
  yield* sys.mmap(fd);
  (yield* sys.self()).kernel.becomeContextManager(fd);
  yield* sys.writeRead(fd, [bc.enterLooper()]);
  (yield* sys.writeRead(fd, [])).expect('BR_TRANSACTION');
  yield* sys.pause();
}

/** Calls the context manager once it is there. */
function* caller() {
  const fd = yield* sys.open();
  yield* sys.mmap(fd);
  yield* sys.sleep(5);
  yield* sys.writeRead(fd, [bc.transaction({ handle: 0, code: 7 })], { readSize: 0 });
  yield* sys.writeRead(fd, []);
}

test('a call that is never answered', () => {
  assert.equal(reportOf(['server', silent], ['app', caller]), [
    'nothing can run any more at 5 ms, and a thread still waits:',
    '  app.0 waits for the reply to its call of code 7: server.0 has taken it, and sleeps; it has to send BC_REPLY',
  ]);
});

test('a call that nobody takes', () => {
  assert.equal(reportOf(['server', silent], ['one', caller], ['two', caller]).slice(1), [
    '  one.0 waits for the reply to its call of code 7: server.0 has taken it, and sleeps; it has to send BC_REPLY',
    '  two.0 waits for the reply to its call of code 7: all threads of server that read are busy; the driver asks for no further one (it may ask for none), so server.0 has to send BC_REPLY and read',
  ]);
});

test('threads that wait for each other', () => {
  const report = reportOf([
    'A',
    function* () {
      const main = yield* sys.self();
      let first: SimThread | null = null;
      const second = yield* sys.spawn(function* () {
        yield* sys.until(() => first !== null, 'the first');
        yield* sys.join(first as unknown as SimThread);
      });
      first = yield* sys.spawn(function* () {
        yield* sys.join(second);
      });
      yield* sys.until(() => false, 'a miracle', { whom: main });
    },
  ]);
  assert.equal(report, [
    'nothing can run any more at 0 ms, and 3 threads still wait:',
    '  A.0 waits for a miracle',
    '  A.1 waits for the end of A.2',
    '  A.2 waits for the end of A.1',
    'they wait in a circle: A.0 -> A.0',
    'they wait in a circle: A.1 -> A.2 -> A.1',
  ]);
});

test('threads that wait for work, and paused ones, are no deadlock', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  sim.process('A', function* () {
    const fd = yield* sys.open();
    yield* sys.mmap(fd);
    yield* sys.spawn(function* () {
      yield* sys.writeRead(fd, [bc.enterLooper()]);
      yield* sys.writeRead(fd, []);
    });
    yield* sys.pause();
  });
  sim.run();
  assert.ok(machine.thread('A.1').parked);
});

test.run();
