/** Explorations prove what holds under every schedule, and find what does not hold under one. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BootOptions, explore, Machine, replay, type Step, sys } from 'binderlab';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { FAULTS, type Fault } from '../fuzz/faults.ts';
import { guestWith } from '../fuzz/faultyguest.ts';
import death from './scripts/death.ts';
import poller from './scripts/poller.ts';
import threadPool from './scripts/threadpool.ts';

const exampleOf = async (name: string): Promise<(machine: Machine) => unknown> =>
  (await import(pathToFileURL(join(import.meta.dirname, `../../examples/${name}.js`)).href)).default;
const firstCall = await exampleOf('every-schedule');
const lateCall = await exampleOf('history/late-call');

const boot = { wasm: guestModule(), memoryMiB: 8 } satisfies BootOptions;

/** Explores with what the script prints left out. */
async function quietly(script: (machine: Machine) => unknown, options: Parameters<typeof explore>[1] = {}) {
  const { log } = console;
  console.log = () => {};
  try {
    return await explore(script, { boot, ...options });
  } finally {
    console.log = log;
  }
}

const test = suite('explore');

/** Whether what takes a minute is tested, too. */
const ALL = process.env.BINDERLAB_TEST_ALL === '1';

for (const [name, script, preemptions] of [
  ['the first call', firstCall, ALL ? 3 : 1],
  ['a death', death, ALL ? 3 : 2],
  ['a poller', poller, ALL ? 3 : 1],
  ...(ALL ? ([['a thread pool', threadPool, 0]] as const) : []),
] as const) {
  test(`${name} holds under all schedules with ${preemptions} preemptions`, async () => {
    const found = await quietly(script, { preemptions });
    assert.is(found.failure, null);
    assert.ok(found.isComplete);
    assert.ok(found.schedules > 20 && found.merged > 10 && found.states > 50);
    assert.ok(found.judged < found.steps);
  });
}

test('the same exploration makes the same runs', async () => {
  const counts = async () => {
    const { failure: _, ...rest } = await quietly(death, { preemptions: 1 });
    return rest;
  };
  assert.equal(await counts(), await counts());
});

test('limits end a search, which says that it is incomplete', async () => {
  const found = await quietly(threadPool, { preemptions: 0, stepsMax: 2000 });
  assert.is(found.failure, null);
  assert.not(found.isComplete);
  assert.ok(found.left > 0);
});

/** Two processes open the device and map it. */
function openers(machine: Machine) {
  const sim = machine.simulate();
  for (const name of ['a', 'b']) {
    sim.process(name, function* () {
      yield* sys.mmap(yield* sys.open());
      yield* sys.pause();
    });
  }
  // wrong: one of them may have to wait between the two calls
  machine.always('one at a time', () => machine.inspect.procs().filter(({ mapping }) => !mapping.mapped).length <= 1);
  sim.run();
}

test('a property that a preemption breaks holds without one', async () => {
  assert.is((await quietly(openers, { preemptions: 0 })).failure, null);
});

test('the shortest schedule that breaks a property is found, with a journal that ends there', async () => {
  const { failure } = await quietly(openers, { preemptions: 3 });
  assert.ok(failure);
  const { property, step, schedule, preemptions, isShortest, journal } = failure;
  assert.is(property, 'one at a time');
  assert.equal([...schedule].sort(), ['a.0', 'b.0']);
  assert.is(preemptions, 1);
  assert.ok(isShortest);
  assert.is(step, 3);
  assert.equal(
    journal.steps.map(({ op, by }) => [op, by]),
    [
      ['proc', undefined],
      ['proc', undefined],
      ['open', schedule[0]],
      ['open', schedule[1]],
    ],
  );
  assert.equal(replay(journal, (header) => Machine.fromHeader(header, boot)).different, []);
});

test('an error of the script is a failure', async () => {
  const { failure } = await quietly((machine) => {
    const sim = machine.simulate();
    sim.process('a', function* () {
      yield* sys.close(77);
    });
    sim.run();
  });
  assert.is(failure?.property, 'the script ends without an error');
  assert.match(failure?.message ?? '', 'EBADF');
});

test('a property that has to hold once and never does is a failure', async () => {
  const { failure } = await quietly((machine) => {
    machine.simulate();
    machine.eventually('there is a process', () => machine.processes.length > 0);
  });
  assert.is(failure?.property, 'there is a process');
});

test('random schedules find it, too, and the same ones for the same seed', async () => {
  const found = async (seed: number) => {
    const { failure } = await quietly(openers, { random: 100, boot: { ...boot, seed } });
    return failure?.schedule;
  };
  assert.equal(await found(3), await found(3));
  assert.is((await found(3))?.length, 2, 'shortened');
});

test('where programs share a variable, no two states count as equal', async () => {
  const { failure, unlike, merged, isComplete } = await quietly((machine) => {
    let fds = 0;
    const sim = machine.simulate();
    for (const name of ['a', 'b']) {
      sim.process(name, function* () {
        yield* sys.open();
        fds++;
        yield* sys.close(fds === 1 ? 3 : 0);
      });
    }
    sim.run();
  });
  assert.is(failure, null);
  assert.match(unlike ?? '', /[ab]\.0 reads a variable/);
  assert.ok(isComplete);
  assert.is(merged, 0);
});

test('arguments are checked', async () => {
  try {
    await explore('no function' as never);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, 'script');
  }
});

test('a lost wake-up of a polling thread is found, and its journal shows it again', async () => {
  const wasm = guestWith({
    name: 'polling-caller-not-woken',
    file: 'driver/transaction.ts',
    search: '  binderThreadWake(caller);\n',
    replacement: '  if (!(caller.state & 0x20)) binderThreadWake(caller);\n',
  });
  const faulty = { ...boot, wasm };
  const { failure } = await quietly(poller, { boot: faulty });
  assert.ok(failure);
  assert.is(failure.property, 'no thread sleeps while it has work of its own');
  assert.ok(failure.isShortest);
  const machine = Machine.boot({ ...faulty, journal: false });
  for (const step of failure.journal.steps) machine.perform(step);
  const [looper] = machine.inspect.procs().flatMap(({ loopers }) => loopers.filter(({ processTodo }) => processTodo));
  assert.is(looper?.tid, machine.process('poller').pid);
  assert.ok(machine.process('poller').main.parked);
  const sound = Machine.boot({ ...boot, journal: false });
  for (const step of failure.journal.steps) sound.perform(step);
  assert.not(sound.process('poller').main.parked);
});

for (const [args, property] of [
  [[], 'the invariant LOST_WAKEUP'],
  [['nested'], 'no thread sleeps while it has work of its own'],
] as const) {
  test(`CVE-2024-26606 is found in epoll_wait ${args.join()}: ${property}`, async () => {
    const sound = await quietly(lateCall, { preemptions: 3, boot: { ...boot, args } });
    assert.is(sound.failure, null);
    assert.ok(sound.isComplete && sound.merged > 100);
    const faulty = { ...boot, args, historicalBugs: ['CVE-2024-26606'] } satisfies BootOptions;
    const { failure } = await quietly(lateCall, { preemptions: 3, boot: faulty });
    assert.ok(failure);
    assert.is(failure.property, property);
    assert.ok(failure.isShortest);
    const { header, steps } = failure.journal;
    assert.equal(header.historical_bugs, faulty.historicalBugs);
    const machine = Machine.fromHeader(header, { wasm: boot.wasm });
    for (const step of steps) machine.perform(step);
    assert.ok(machine.process('client').main.parked);
    const [looper] = machine.inspect.procs().flatMap(({ loopers }) => loopers.filter(({ processTodo }) => processTodo));
    assert.is(looper?.tid, machine.process('client').pid);
    const unchanged = Machine.fromHeader(header, { wasm: boot.wasm, historicalBugs: [] });
    for (const step of steps) unchanged.perform(step);
    assert.not(unchanged.process('client').main.parked);
  });
}

if (ALL) {
  test('a fault that breaks an invariant under some schedules is found, and its journal breaks it again', async () => {
    const fault = FAULTS.find(({ name }) => name === 'dead-pages-on-the-lru') as Fault;
    const faulty = { ...boot, wasm: guestWith(fault, true) };
    const { failure } = await quietly(death, { boot: faulty });
    assert.match(failure?.property ?? '', /^the invariant/);
    const machine = Machine.boot({ ...faulty, journal: false });
    const steps = failure?.journal.steps ?? [];
    for (const step of steps.slice(0, -1)) machine.perform(step);
    machine.check();
    machine.perform(steps.at(-1) as Step);
    assert.throws(() => machine.check());
  });
}

test.run();
