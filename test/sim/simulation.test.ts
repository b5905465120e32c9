/** Simulations: who runs when, what time it is, what happens to threads that fail, end or are killed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { replay } from '../../host/replay.ts';
import { sys } from '../../host/sim/sys.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import type { TransactionReturn } from '../../host/wire/returns.ts';
import { bootMachine } from './boot.ts';

const test = suite('simulation');

test('first in, first out: a thread runs until it sleeps', () => {
  const sim = bootMachine().simulate();
  const log: string[] = [];
  const program = (name: string) =>
    function* () {
      for (let i = 0; i < 2; i++) {
        yield* sys.close(yield* sys.open());
        log.push(`${name}${i}`);
      }
      yield* sys.sleep(1);
      log.push(`${name} woke`);
    };
  sim.process('A', program('a'));
  sim.process('B', program('b'));
  sim.run();
  assert.equal(log, ['a0', 'a1', 'b0', 'b1', 'a woke', 'b woke']);
});

test('yield lets the others go first', () => {
  const sim = bootMachine().simulate();
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    sim.process(name, function* () {
      for (let i = 0; i < 2; i++) {
        log.push(`${name}${i}`);
        yield* sys.yield();
      }
    });
  }
  sim.run();
  assert.equal(log, ['a0', 'b0', 'a1', 'b1']);
});

test('time passes when nobody can run, from alarm to alarm', () => {
  const sim = bootMachine().simulate();
  const log: [string, number][] = [];
  const sleeper = (name: string, times: number[]) =>
    function* () {
      for (const ms of times) {
        yield* sys.sleep(ms);
        log.push([name, yield* sys.now()]);
      }
    };
  sim.process('A', sleeper('a', [30, 30]));
  sim.process('B', sleeper('b', [10, 20, 0]));
  sim.run();
  assert.equal(log, [
    ['b', 10],
    ['a', 30],
    ['b', 30],
    ['b', 30],
    ['a', 60],
  ]);
  assert.is(sim.now, 60);
});

test('until waits for what another thread brings about, or for its time to run out', () => {
  const sim = bootMachine().simulate();
  let there = false;
  const found: [boolean, number][] = [];
  sim.process('A', function* () {
    found.push([yield* sys.until(() => there, 'it', { timeoutMs: 5 }), yield* sys.now()]);
    found.push([yield* sys.until(() => there, 'it', { timeoutMs: 50 }), yield* sys.now()]);
    found.push([yield* sys.until(() => there, 'it'), yield* sys.now()]);
  });
  sim.process('B', function* () {
    yield* sys.sleep(20);
    there = true;
  });
  sim.run();
  assert.equal(found, [
    [false, 5],
    [true, 20],
    [true, 20],
  ]);
});

test('parked threads go on in the order in which the machine woke them', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  const log: string[] = [];
  sim.process('server', function* () {
    const fd = yield* sys.open();
    yield* sys.mmap(fd);
    const self = yield* sys.self();
    self.kernel.becomeContextManager(fd);
    for (const name of ['one', 'two', 'three']) {
      yield* sys.spawn(function* () {
        yield* sys.writeRead(fd, [bc.enterLooper()]);
        const call = yield* sys.writeRead(fd, []);
        const got = call.returns.find(({ name }) => name === 'BR_TRANSACTION') as TransactionReturn;
        log.push(`${name} serves ${got.code}`);
        yield* sys.writeRead(fd, [bc.freeBuffer(got.buffer), bc.reply()]);
      }, name);
    }
    yield* sys.pause();
  });
  sim.process('client', function* () {
    const fd = yield* sys.open();
    yield* sys.mmap(fd);
    yield* sys.sleep(1);
    for (let code = 1; code <= 3; code++) {
      yield* sys.spawn(function* () {
        yield* sys.writeRead(fd, [bc.transaction({ handle: 0, code })], { readSize: 0 });
        (yield* sys.writeRead(fd, [])).expect('BR_REPLY');
        log.push(`${code} answered`);
      });
    }
    yield* sys.pause();
  });
  sim.run();
  // the driver takes the newest waiter first
  assert.equal(log, ['three serves 1', 'two serves 2', 'one serves 3', '1 answered', '2 answered', '3 answered']);
  const { journal } = machine;
  const replayed = replay(journal, () => bootMachine());
  assert.is(replayed.equal, journal.steps.length, replayed.text.join('\n'));
});

test('a system call that fails is an error in the program, which may go on', () => {
  const sim = bootMachine().simulate();
  let caught: unknown;
  let later = -1;
  sim.process('A', function* () {
    try {
      yield* sys.close(9);
    } catch (error) {
      caught = error;
    }
    later = yield* sys.open();
  });
  sim.run();
  assert.instance(caught, BinderlabError);
  assert.is((caught as BinderlabError).errno, 'EBADF');
  assert.is(later, 3);
});

test('an error that a program does not catch ends the run', () => {
  const sim = bootMachine().simulate();
  sim.process('A', function* () {
    yield* sys.close(9);
  });
  assert.throws(() => sim.run(), /A\.0: close of descriptor 9 failed with EBADF/);
});

test('where the main program ends, the process does, with all its threads', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  let turns = 0;
  const process = sim.process('A', function* () {
    yield* sys.spawn(function* () {
      for (;;) {
        turns++;
        yield* sys.sleep(10);
      }
    });
    yield* sys.sleep(35);
  });
  sim.run();
  assert.is(turns, 4);
  assert.not(process.alive);
  assert.is(sim.now, 40);
});

test('a process that is killed runs no more', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  const log: string[] = [];
  const victim = sim.process('A', function* () {
    log.push('before');
    yield* sys.sleep(10);
    log.push('after');
  });
  sim.process('B', function* () {
    yield* sys.sleep(5);
    victim.kill();
  });
  sim.run();
  assert.equal(log, ['before']);
});

test('a child of a fork runs its own program with copies of the descriptors', () => {
  const sim = bootMachine().simulate();
  const fds: number[] = [];
  sim.process('A', function* () {
    fds.push(yield* sys.open());
    const child = yield* sys.fork('B', function* () {
      fds.push(yield* sys.open());
      yield* sys.close(3);
    });
    assert.is(child.name, 'B');
    fds.push(yield* sys.open());
  });
  sim.run();
  assert.equal(fds, [3, 4, 4]);
});

test('run can stop before any turn, and go on later', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  sim.process('A', function* () {
    for (let i = 0; i < 5; i++) yield* sys.open();
  });
  sim.run({ until: () => machine.nextStep >= 3 });
  assert.is(machine.nextStep, 3);
  sim.run();
  assert.is(machine.nextStep, 7);
});

test('programs that run in circles are told so', () => {
  const sim = bootMachine().simulate();
  sim.process('A', function* () {
    for (;;) yield* sys.yield();
  });
  assert.throws(() => sim.run({ turnsMax: 100 }), /not come to rest in 100 turns/);
});

test('a machine on which programs run does not go back', () => {
  const machine = bootMachine();
  const snapshot = machine.snapshot();
  machine.restore(snapshot);
  machine.simulate();
  assert.throws(() => machine.restore(snapshot), /cannot go back; keep its journal, and walk that: new History/);
});

test('a machine has one simulation', () => {
  const machine = bootMachine();
  machine.simulate();
  assert.throws(() => machine.simulate(), /has a simulation already/);
});

test.run();
