/** What cannot end says so; what was never run is told. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BBinder } from '../../host/binder/bbinder.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import { ServiceManager } from '../../host/binder/servicemanager.ts';
import { DeadlockError } from '../../host/sim/deadlock.ts';
import type { Act, Request } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/scriptsys.ts';
import { bootMachine } from './boot.ts';

const test = suite('stillness');

/** The error that a run ends with. */
function ending(run: () => void): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it came to its end');
}

test('polling for a context manager that nobody is', () => {
  const sim = bootMachine().simulate();
  sim.process('app', function* () {
    yield* (yield* defaultServiceManager()).getService('x');
  });
  const error = ending(() => sim.run());
  assert.instance(error, DeadlockError);
  assert.is(
    error.message,
    'nothing but polling goes on at 30000 ms, and a thread still waits:\n' +
      '  app.0 waits for handle 0, which it polls for: there is no context manager; ServiceManager.start(sim) makes a service manager',
  );
});

test('waiting for a service whose registration was never run', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('service', function* () {
    (yield* defaultServiceManager()).addService('x', new BBinder());
    yield* sys.pause();
  });
  sim.process('client', function* () {
    yield* (yield* defaultServiceManager()).waitForService('x');
  });
  const error = ending(() => sim.run());
  assert.match(
    error.message,
    /^nothing but polling goes on at 3\d000 ms, and a thread still waits:\n {2}client\.0 waits for the service "x"/,
  );
  const told = machine.log.filter(({ tag }) => tag === 'script');
  assert.is(told.length, 1);
  assert.is(told[0]?.text, 'addService() was made here and never run: write "yield*" before it.');
  assert.match(told[0]?.stack ?? '', 'stillness.test');
});

test('polling that somebody will end goes on', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  ServiceManager.start(sim);
  let found = false;
  sim.process('client', function* () {
    yield* (yield* defaultServiceManager()).waitForService('x');
    found = true;
  });
  sim.process('late', function* () {
    yield* sys.sleep(100_000);
    yield* (yield* defaultServiceManager()).addService('x', new BBinder());
    yield* sys.sleep(5000);
  });
  sim.run();
  assert.ok(found);
  const told = machine.log.filter(({ tag }) => tag === 'script');
  assert.is(told.length, 1, 'it is told once, as a warning');
  assert.match(
    told[0]?.text ?? '',
    /^for 30(\.\d+)? s of virtual time nothing but waiting has happened:\n[\s\S]*client\.0 polls for the service "x"/,
  );
});

test('who works between sleeps, or sleeps long, is told nothing', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  sim.process('worker', function* () {
    for (let i = 0; i < 200; i++) {
      yield* sys.sleep(1000);
      yield* sys.close(yield* sys.open());
    }
    yield* sys.sleep(500_000);
  });
  sim.run();
  assert.equal(machine.log, []);
});

test('who only sleeps is named', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  let sleeps = 0;
  sim.process('sleeper', function* () {
    while (sleeps++ < 100) yield* sys.sleep(1000);
  });
  sim.run();
  assert.match(machine.log[0]?.text ?? '', /sleeper\.0 waits for 1000 ms to pass, again and again/);
});

test('running in circles says who, and at what', () => {
  const sim = bootMachine().simulate();
  sim.process('app', function* () {
    for (;;) yield* sys.close(yield* sys.open());
  });
  assert.is(
    ending(() => sim.run({ turnsMax: 7 })).message,
    'the simulation has not come to rest in 7 turns, at 0 ms:\n  app.0, last in open',
  );
});

test('running in circles for long is told before it is an error', () => {
  const machine = bootMachine();
  const sim = machine.simulate({ keepChoices: false });
  sim.process('app', function* () {
    for (;;) yield* sys.yield();
  });
  assert.throws(() => sim.run({ turnsMax: 1_000_010 }), /has not come to rest in 1000010 turns/);
  assert.equal(
    machine.log.map(({ level, text }) => `${level}: ${text}`),
    ['warning: the simulation has made 1000000 turns and goes on, at 0 ms:\n  app.0, last in yield'],
  );
});

test('yield for yield*, and yielding what is nothing at all', () => {
  const sim = bootMachine().simulate();
  const told: string[] = [];
  sim.process('app', function* (): Act<void> {
    try {
      yield sys.open() as unknown as Request;
    } catch (error) {
      told.push((error as Error).message, (error as Error).stack ?? '');
    }
    try {
      yield 7 as unknown as Request;
    } catch (error) {
      told.push((error as Error).message);
    }
  });
  sim.run();
  const [act, stack, number] = told;
  assert.is(act, 'app.0 yields sys.open(), which is no request: write "yield*" to run an act.');
  assert.match(stack ?? '', 'stillness.test');
  assert.is(number, 'app.0 yields 7, which is no request: write "yield*" to run an act.');
});

test('an act that is run later, or by somebody else, is none of those', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  sim.process('app', function* () {
    const opening = sys.open();
    yield* sys.yield();
    yield* sys.close(yield* opening);
  });
  sim.run();
  assert.equal(machine.log, []);
});

test('a simulation that was never run is told when the machine ends', () => {
  const machine = bootMachine();
  machine.simulate().process('app', function* () {
    yield* sys.open();
  });
  machine.end();
  assert.equal(machine.log, [
    {
      level: 'error',
      pid: 0,
      tag: 'script',
      text: 'the simulation was never run, so it did not run app: call its run().',
    },
  ]);
});

test.run();
