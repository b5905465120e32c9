/** What machine.on() and machine.break() report: what happened, once, in its order, at the right step. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BreakError } from '../../host/condition.ts';
import { MACHINE_EVENTS, type MachineEventName } from '../../host/hooks.ts';
import type { Machine } from '../../host/machine.ts';
import { sys } from '../../host/sim/scriptsys.ts';
import { bc } from '../../host/wire/commands.ts';
import { scene } from './scene.ts';

const test = suite('hooks');

/** All that later steps tell, as lines; `step` and `log` left out. */
function heard(machine: Machine): string[] {
  const lines: string[] = [];
  const names = MACHINE_EVENTS.filter((name) => name !== 'step' && name !== 'log');
  for (const name of names) {
    machine.on(name as MachineEventName, (news) => {
      const { step, by, ...rest } = news as unknown as { step: number; by?: string };
      lines.push([`${step} ${by ?? '-'} ${name}`, JSON.stringify(rest)].join(' '));
    });
  }
  return lines;
}

test('a call: every command, transaction, page, wake and return, in order', () => {
  const { machine, client } = scene();
  const lines = heard(machine);
  client.main.writeRead(client.fd, [bc.transaction({ handle: 0, code: 7, data: 'four' })]);
  const step = machine.nextStep - 1;
  const beside = lines.filter((line) => !line.includes(' page ') && !line.includes(' fault '));
  assert.equal(beside, [
    `${step} client.0 command {"word":"BC_TRANSACTION"}`,
    `${step} client.0 transaction {"transaction":2,"reply":false,"oneway":false,"code":7,"flags":0,"node":1,"to":{"process":"server","thread":null}}`,
    `${step} client.0 wake {"thread":"server.0"}`,
    `${step} server.0 return {"word":"BR_TRANSACTION"}`,
  ]);
  const frame = machine.inspect.walk({ pid: 1000 }, 0x70000000)?.linear ?? 0;
  assert.equal(
    lines.filter((line) => line.includes(' page ')),
    [
      `${step} client.0 page {"change":"mapped","process":"server","page":0,"frame":${frame}}`,
      `${step} client.0 page {"change":"allocated","process":"server","page":0,"frame":null}`,
    ],
  );
});

test('a fault tells its signal, and none tells that the page is there now', () => {
  const { machine, client } = scene();
  const faults: string[] = [];
  machine.on('fault', ({ by, address, access, signal }) => faults.push(`${by} ${address} ${access} ${signal}`));
  const address = machine.process('client').alloc(4096, 4096);
  client.main.sys.poke(address, new Uint8Array(1));
  client.main.sys.peek(0x1000, 1);
  client.main.sys.poke(0x70000000, new Uint8Array(1));
  client.main.sys.peek(0x70000000, 1);
  assert.equal(faults, [
    `client.0 ${address} write null`,
    `client.0 ${0x1000} read SIGSEGV`,
    `client.0 ${0x70000000} write SIGSEGV`,
    `client.0 ${0x70000000} read SIGBUS`,
  ]);
});

test('the death of a process, by signal or by itself', () => {
  const { machine, server, client } = scene();
  const deaths: string[] = [];
  machine.on('death', ({ step, process, pid }) => deaths.push(`${step} ${process} ${pid}`));
  machine.spawn('late').main.exitProcess();
  machine.process('server').kill();
  assert.is(server.main.alive, false);
  const last = machine.nextStep - 1;
  assert.equal(deaths, [`${last - 1} late 3000`, `${last} server 1000`]);
  client.main.version(client.fd);
  assert.is(deaths.length, 2);
});

test('a listener hears what follows it, also after the machine went back', () => {
  const { machine, client } = scene();
  const words: string[] = [];
  client.main.writeRead(client.fd, [bc.enterLooper()], { readSize: 0 });
  const before = machine.snapshot();
  const stop = machine.on('command', ({ word }) => words.push(word));
  assert.equal(words, []);
  client.main.writeRead(client.fd, [bc.exitLooper()], { readSize: 0 });
  machine.restore(before);
  client.main.writeRead(client.fd, [bc.exitLooper(), bc.enterLooper()], { readSize: 0 });
  assert.equal(words, ['BC_EXIT_LOOPER', 'BC_EXIT_LOOPER', 'BC_ENTER_LOOPER']);
  stop();
  client.main.writeRead(client.fd, [bc.exitLooper()], { readSize: 0 });
  assert.is(words.length, 3);
});

test('more events than the ring holds are no silent loss', () => {
  const { machine, client } = scene();
  const commands: string[] = [];
  machine.on('command', ({ word }) => commands.push(word));
  client.main.writeRead(
    client.fd,
    Array.from({ length: 2050 }, () => bc.enterLooper()),
    { readSize: 0 },
  );
  assert.ok(commands.length < 2050);
  assert.match(machine.log.at(-1)?.text ?? '', /^step \d+ had \d+ events more than the ring holds/);
});

test('a break calls back after the step, by text or by function, until it is removed', () => {
  const { machine, client } = scene();
  const reached: number[] = [];
  const remove = machine.break('threads > 2', ({ i }) => reached.push(i));
  machine.break(
    ({ op }) => op === 'proc',
    ({ i }) => reached.push(-i),
  );
  client.main.version(client.fd);
  assert.equal(reached, []);
  const third = machine.spawn('third').main;
  const step = machine.nextStep;
  third.open();
  assert.equal(reached, [step - 1, 1 - step, step]);
  remove();
  third.open();
  machine.spawn('fourth');
  assert.equal(reached, [step - 1, 1 - step, step, -step - 2]);
  assert.throws(() => machine.break('buffers >'), /until what\? "buffers >" is no BC_ or BR_ word/);
  assert.throws(() => machine.break(7 as never), /^break: condition is 7/);
});

test('without a callback the call that leads there throws', () => {
  const { machine, client } = scene();
  machine.break('BC_TRANSACTION');
  const step = machine.nextStep;
  try {
    client.main.writeRead(client.fd, [bc.transaction({ handle: 0 })]);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, BreakError);
    assert.is((error as BreakError).step.i, step);
    assert.is((error as BreakError).message, `stopped after step ${step}: BC_TRANSACTION holds.`);
  }
  assert.is(client.main.parked, true);
  machine.check();
});

test('a simulation stops between two turns, and goes on with the next run', () => {
  const { machine } = scene();
  const sim = machine.simulate();
  const done: string[] = [];
  for (const name of ['one', 'two']) {
    sim.process(name, function* () {
      const fd = yield* sys.open();
      yield* sys.close(fd);
      done.push(name);
    });
  }
  const remove = machine.break('one');
  assert.throws(() => sim.run(), /^stopped after step \d+: one holds\.$/);
  remove();
  assert.equal(done, []);
  sim.run();
  assert.equal(done.sort(), ['one', 'two']);
});

test('what a listener throws ends the simulation, and no program gets it', () => {
  for (const thrown of [new TypeError('mine'), 'a text']) {
    const { machine } = scene();
    const sim = machine.simulate();
    const caught: unknown[] = [];
    let ended = false;
    sim.process('app', function* () {
      try {
        yield* sys.close(yield* sys.open());
        ended = true;
      } catch (error) {
        caught.push(error);
      }
    });
    const remove = machine.on('step', ({ op }) => {
      if (op === 'open') throw thrown;
    });
    assert.throws(() => sim.run(), thrown instanceof Error ? /^mine$/ : /^a listener threw .*a text/);
    remove();
    sim.run();
    assert.equal(caught, []);
    assert.ok(ended);
  }
});

test('one function may listen twice, and a listener that comes hears of the next step', () => {
  const { machine, client } = scene();
  const act = () => client.main.version(client.fd);
  let heard = 0;
  const [first, second] = [1, 2].map(() => machine.on('step', () => heard++)) as [() => void, () => void];
  const same = () => heard++;
  const removals = [machine.on('step', same), machine.on('step', same)];
  act();
  assert.is(heard, 4);
  first();
  second();
  removals[0]?.();
  act();
  assert.is(heard, 5);
  removals[1]?.();
  const again = () => {
    heard++;
    remove();
    remove = machine.on('step', again);
  };
  let remove = machine.on('step', again);
  act();
  act();
  assert.is(heard, 7);
});

test('a listener that goes, in the step in which a process ends, takes no death away', () => {
  const { machine, server } = scene();
  const deaths: string[] = [];
  machine.on('death', ({ process }) => deaths.push(process));
  const remove = machine.on('wake', ({ thread }) => {
    if (thread === 'client.0') remove();
  });
  const client = machine.process('client');
  client.main.writeRead(server.fd, [bc.acquire(0), bc.requestDeathNotification(0, 1)], { readSize: 0 });
  client.main.wait(server.fd);
  machine.process('server').kill();
  assert.equal(deaths, ['server']);
});

test('a turn that reaches a break and throws leaves no break for the next run', () => {
  const { machine } = scene();
  const sim = machine.simulate();
  let ran = false;
  sim.process('broken', function* () {
    yield* sys.open();
    machine.note('the break');
    throw new Error('broken');
  });
  sim.process('other', function* () {
    yield* sys.close(yield* sys.open());
    ran = true;
  });
  const remove = machine.break('note');
  assert.throws(() => sim.run(), 'broken');
  remove();
  sim.run();
  assert.ok(ran);
});

test('an observer that joins before a step is told of it, and the step is reported as ever', () => {
  const { machine } = scene();
  const heard: string[] = [];
  const at = machine.nextStep + 1;
  machine.listening.await(at, () => {
    machine.listening.join({
      begin: (step, op) => heard.push(`${step} ${op}`),
      call: () => {},
      result: () => {},
      end: (op) => heard.push(`end ${op}`),
    });
  });
  const reported = ['one', 'two', 'three'].map((text) => machine.perform({ op: 'note', in: { text } }));
  assert.equal(
    reported.map(({ i, in: input }) => [i, input]),
    ['one', 'two', 'three'].map((text, index) => [at - 1 + index, { text }]),
  );
  assert.equal(heard, [`${at} note`, 'end note', `${at + 1} note`, 'end note']);
});

test.run();
