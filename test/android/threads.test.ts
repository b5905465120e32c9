/** What main threads and services are made of: loopers, monitors; and the freezer. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Freezer } from '../../host/android/freezer.ts';
import { Looper } from '../../host/android/looper.ts';
import { Monitor } from '../../host/android/monitor.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import { sys } from '../../host/sim/sys.ts';
import { bootMachine } from '../sim/boot.ts';

const test = suite('threads of Android');

test('a looper does what others post, in order, in its own thread, and sleeps in the machine meanwhile', () => {
  for (let seed = 0; seed < 20; seed++) {
    const machine = bootMachine({ seed });
    const sim = machine.simulate();
    const done: string[] = [];
    sim.process('app', function* () {
      const looper = yield* Looper.prepare();
      for (const who of ['a', 'b']) {
        yield* sys.spawn(function* () {
          for (let number = 0; number < 5; number++) {
            yield* looper.post(function* () {
              done.push(`${who}${number}`);
              assert.is((yield* sys.self()).name, 'app.0');
            });
            if (number === 2) yield* sys.sleep(1);
          }
        }, who);
      }
      yield* looper.loop();
    });
    sim.run();
    assert.is(done.length, 10);
    for (const who of ['a', 'b']) {
      const own = done.filter((one) => one.startsWith(who)).join();
      assert.is(own, [0, 1, 2, 3, 4].map((number) => `${who}${number}`).join());
    }
    assert.is(machine.inspect.processes()[0]?.threads[0]?.parked?.in, 'poll');
  }
});

test('one thread at a time is inside a monitor, which may enter again; an error leaves it', () => {
  for (let seed = 0; seed < 20; seed++) {
    const sim = bootMachine({ seed }).simulate();
    const monitor = new Monitor('the test');
    const inside = new Set<string>();
    let visits = 0;
    sim.process('app', function* () {
      for (const who of ['a', 'b', 'c']) {
        yield* sys.spawn(function* () {
          for (let i = 0; i < 3; i++) {
            try {
              yield* monitor.synchronized(function* () {
                assert.is(inside.size, 0);
                inside.add(who);
                yield* sys.yield();
                yield* monitor.synchronized(() => sys.sleep(1));
                inside.delete(who);
                visits++;
                throw new RangeError('out');
              });
            } catch (error) {
              assert.instance(error, RangeError);
            }
          }
        }, who);
      }
      yield* sys.pause();
    });
    sim.run();
    assert.is(visits, 9);
  }
});

test('a frozen process does not run, and goes on where it was', () => {
  const sim = bootMachine().simulate();
  const seen: string[] = [];
  const { pid } = sim.process('frozen', function* () {
    yield* ProcessState.self();
    for (let i = 0; i < 3; i++) {
      yield* sys.sleep(10);
      seen.push(`${yield* sys.now()} ms`);
    }
  });
  sim.process('system', function* () {
    yield* sys.sleep(15);
    assert.is(yield* Freezer.freezeProcess(pid), 1);
    yield* sys.sleep(85);
    seen.push('thawed');
    yield* Freezer.unfreezeProcess(pid);
  });
  sim.run();
  assert.equal(seen, ['10 ms', 'thawed', '100 ms', '110 ms']);
});

test('a process that has not opened Binder cannot be frozen', () => {
  const sim = bootMachine().simulate();
  sim.process('system', function* () {
    yield* Freezer.freezeProcess(4711);
  });
  assert.throws(() => sim.run(), /no process 4711 has Binder open/);
});

test.run();
