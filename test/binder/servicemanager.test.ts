/** The service manager: its messages byte by byte, its rules, and what becomes of services that die. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BBinder } from '../../host/binder/bbinder.ts';
import type { BpBinder } from '../../host/binder/bpbinder.ts';
import { BnInterface, BpInterface } from '../../host/binder/interface.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import type { Parcel } from '../../host/binder/parcel.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import { ServiceManager } from '../../host/binder/servicemanager.ts';
import { ServiceException, STATUS, StatusError } from '../../host/binder/status.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { bootMachine } from '../sim/boot.ts';
import { handle, hex, int32, NULL_BINDER, ownBinder, string16, token } from './bytes.ts';
import { messagesOf, runIn, type World, worldWithManager } from './world.ts';

const test = suite('service manager');

const MANAGER = 'android.os.IServiceManager';

/** Registers a service, and serves. */
function* service(name: string, binder: BBinder) {
  yield* (yield* ProcessState.self()).startThreadPool();
  yield* (yield* defaultServiceManager()).addService(name, binder);
  yield* sys.pause();
}

/** The messages that a program sends, and the replies to them. */
function messages(world: World, name: string, program: () => Act<unknown>) {
  const before = world.machine.journal.steps.length;
  runIn(world, name, program);
  return messagesOf(world.machine.journal.steps.slice(before)).filter(
    ({ by, code }) => by === `${name}.0` || (by === 'servicemanager.0' && code === 0),
  );
}

test('addService', () => {
  const [ping, , add, added] = messages(worldWithManager(), 'A', function* () {
    yield* (yield* defaultServiceManager()).addService('clock', new BBinder('lab.IClock'));
  });
  assert.equal(ping, {
    by: 'A.0',
    word: 'BC_TRANSACTION',
    handle: 0,
    code: 0x5f504e47,
    flags: 0x10,
    data: '',
    offsets: [],
  });
  const binder = token(MANAGER) + string16('clock');
  assert.equal(add, {
    by: 'A.0',
    word: 'BC_TRANSACTION',
    handle: 0,
    code: 3,
    flags: 0x10,
    data: hex(binder, ownBinder(0x7b00000010, 0x7b00000000), int32(0), int32(8)),
    offsets: [binder.length / 2],
  });
  assert.is(added?.data, int32(0));
  assert.is(added?.flags, 0);
});

test('checkService and getService', () => {
  const world = worldWithManager();
  world.sim.process('B', () => service('clock', new BBinder('lab.IClock')));
  world.sim.run();
  const sent = messages(world, 'A', function* () {
    const manager = yield* defaultServiceManager();
    assert.is(yield* manager.checkService('none'), null);
    yield* manager.checkService('clock');
    yield* manager.waitForService('clock');
  }).slice(2);
  const asked = (name: string) => token(MANAGER) + string16(name);
  assert.equal(
    sent.map(({ code, data, offsets }) => [code, data, offsets]),
    [
      [2, asked('none'), []],
      [0, int32(0) + NULL_BINDER, []],
      [2, asked('clock'), []],
      [0, int32(0) + handle(1, 12), [4]],
      [1, asked('clock'), []],
      [0, int32(0) + handle(1, 12), [4]],
    ],
  );
});

test('listServices, sorted, by priority', () => {
  const world = worldWithManager();
  const [, , list, listed, less, fewer] = messages(world, 'A', function* () {
    const manager = yield* defaultServiceManager();
    assert.equal(yield* manager.listServices(), ['manager']);
    assert.equal(yield* manager.listServices(1), []);
  });
  assert.is(list?.data, token(MANAGER) + int32(15));
  assert.is(listed?.data, int32(0) + int32(1) + string16('manager'));
  assert.is(less?.data, token(MANAGER) + int32(1));
  assert.is(fewer?.data, int32(0) + int32(0));
  runIn(world, 'B', function* () {
    const manager = yield* defaultServiceManager();
    yield* manager.addService('z', new BBinder());
    yield* manager.addService('a', new BBinder(), { dumpPriority: 1 });
    assert.equal(yield* manager.listServices(), ['a', 'manager', 'z']);
    assert.equal(yield* manager.listServices(1), ['a']);
  });
});

test('names have 1 to 127 characters of a small set', () => {
  runIn(worldWithManager(), 'A', function* () {
    const manager = yield* defaultServiceManager();
    for (const name of ['a', 'a.b/c-d_E9', 'x'.repeat(127)]) yield* manager.addService(name, new BBinder());
    for (const name of ['', 'x'.repeat(128), 'a b', 'ä', 'a\n', 'a:b']) {
      const error = yield* caught(manager.addService(name, new BBinder()));
      assert.instance(error, ServiceException);
      assert.match((error as Error).message, /ILLEGAL_ARGUMENT: ".*" cannot name a service/s);
    }
  });
});

test('an application adds nothing, of whichever user it is', () => {
  for (const [uid, refused] of [
    [10001, true],
    [1010001, true],
    [1000, false],
    [101000, false],
  ] as const) {
    const world = worldWithManager();
    const error = runIn(world, 'app', () => addOne(), uid);
    assert.is(error instanceof ServiceException && /SECURITY: uid \d+/.test(error.message), refused, `${uid}`);
  }

  function* addOne() {
    return yield* caught((yield* defaultServiceManager()).addService('mine', new BBinder()));
  }
});

test('a later service takes the place of an earlier one of its name', () => {
  const world = worldWithManager();
  const answers = (number: number) => new BnInterface('lab.I', { 1: (_, reply) => reply.writeInt32(number) });
  for (const number of [1, 2]) {
    world.sim.process(`S${number}`, () => service('one', answers(number)));
    world.sim.run();
  }
  const asked = runIn(world, 'A', function* () {
    const binder = yield* (yield* defaultServiceManager()).getService('one');
    return yield* new BpInterface(binder, 'lab.I').call(
      1,
      () => {},
      (reply) => reply.readInt32(),
    );
  });
  assert.is(asked, 2);
  // the manager holds the second and not the first any more
  const manager = world.machine.inspect.procs().find(({ pid }) => pid === 1000);
  assert.equal(
    manager?.refs.map(({ desc }) => desc),
    [2],
  );
});

test('a service that does not come is told, with those that are there', () => {
  const error = runIn(worldWithManager(), 'A', function* () {
    return yield* caught((yield* defaultServiceManager()).getService('none'));
  });
  assert.match((error as Error).message, /no service "none" in 5000 ms; there are manager\./);
});

test('a service that dies is forgotten, and its callers are told', () => {
  const world = worldWithManager();
  const died: string[] = [];
  const victim = world.sim.process('S', () => service('one', new BBinder('lab.I')));
  runIn(world, 'A', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    const manager = yield* defaultServiceManager();
    const binder = (yield* manager.getService('one')) as BpBinder;
    yield* binder.linkToDeath({ binderDied: (who) => died.push(`handle ${(who as BpBinder).handle}`) });
    assert.ok(yield* binder.pingBinder());
    victim.kill();
    yield* sys.sleep(1);
    assert.equal(died, ['handle 1']);
    assert.not(binder.isBinderAlive());
    const error = yield* caught(binder.getInterfaceDescriptor());
    assert.is((error as StatusError).status, STATUS.DEAD_OBJECT);
    yield* binder.release();
    assert.is(yield* manager.checkService('one'), null);
    assert.equal(yield* manager.listServices(), ['manager']);
  });
  assert.equal(world.machine.inspect.deadNodes(), []);
});

test('who waits for a service gets it when it comes', () => {
  const world = worldWithManager();
  world.sim.process('late', function* () {
    yield* sys.sleep(2500);
    yield* service('one', new BBinder('lab.I'));
  });
  runIn(world, 'A', function* () {
    const manager = yield* defaultServiceManager();
    const start = yield* sys.now();
    assert.is(yield* ((yield* manager.waitForService('one')) as BpBinder).getInterfaceDescriptor(), 'lab.I');
    assert.is((yield* sys.now()) - start, 3000);
  });
});

test('who comes before the manager waits for it', () => {
  const world = worldWithManager({}, {});
  const { sim } = world;
  const names = runIn(world, 'A', function* () {
    return yield* (yield* defaultServiceManager()).listServices();
  });
  assert.equal(names, ['manager']);
  assert.is(sim.now, 0);
});

for (const seed of [0, 1, 2]) {
  test(`a service that dies at any step leaves its caller an answer, no service, or a dead object; seed ${seed}`, () => {
    const boot = bootFrames();
    const world = worldWithManager({ seed });
    const { machine } = world;
    runIn(world, 'first', listed);
    const before = machine.nextStep;
    assert.is(fate(world, Number.POSITIVE_INFINITY), 'answer 7');
    const length = machine.nextStep - before;
    const free = machine.freeFrames();
    const objects = machine.liveObjects();
    const outcomes = new Set<string>();
    for (let steps = 2; steps < length; steps++) {
      outcomes.add(fate(world, steps));
      assert.is(machine.liveObjects(), objects, `killed after ${steps} steps`);
      assert.is(machine.freeFrames(), free, `killed after ${steps} steps`);
    }
    assert.equal([...outcomes].sort(), ['DEAD_OBJECT', 'answer 7', 'no service "one" in 5000 ms; there are manager.']);
    machine.end();
    assert.equal([machine.freeFrames(), machine.liveObjects()], boot);
  });
}

/** Free frames and kernel objects of a machine that nobody has used. */
function bootFrames(): number[] {
  const machine = bootMachine();
  return [machine.freeFrames(), machine.liveObjects()];
}

/** One service and one caller. @param steps The service is killed after that many. @returns How the call ended. */
function fate(world: World, steps: number): string {
  const { machine, sim } = world;
  const end = machine.nextStep + steps;
  const greeter = new BnInterface('lab.I', { 1: (_, reply) => reply.writeInt32(7) });
  const victim = sim.process('S', () => service('one', greeter));
  let outcome = '';
  sim.process('A', function* () {
    const manager = yield* defaultServiceManager();
    try {
      const one = new BpInterface(yield* manager.getService('one'), 'lab.I');
      outcome = `answer ${yield* one.call(1, () => {}, readInt32)}`;
    } catch (error) {
      outcome = error instanceof StatusError ? error.statusName : (error as BinderlabError).message;
    }
  });
  sim.run({ until: () => machine.nextStep >= end });
  victim.kill();
  sim.run();
  assert.equal(runIn(world, 'C', listed), ['manager'], `killed after ${steps} steps`);
  return outcome;
}

const readInt32 = (reply: Parcel) => reply.readInt32();

function* listed() {
  return yield* (yield* defaultServiceManager()).listServices();
}

/** @returns What an act throws. */
function* caught(act: Act<unknown>): Act<unknown> {
  try {
    yield* act;
  } catch (error) {
    if (!(error instanceof BinderlabError)) throw error;
    return error;
  }
  return null;
}

test('a manager of each device has its own names', () => {
  const machine = bootMachine();
  const sim = machine.simulate();
  ServiceManager.start(sim);
  ServiceManager.start(sim, { name: 'vndservicemanager', device: 'vndbinder' });
  sim.process('vendor', function* () {
    yield* ProcessState.initWithDriver('vndbinder');
    yield* service('vendor.clock', new BBinder('lab.IClock'));
  });
  const names = (device: 'binder' | 'vndbinder') =>
    runIn({ machine, sim }, `client of ${device}`, function* () {
      yield* ProcessState.initWithDriver(device);
      return yield* (yield* defaultServiceManager()).listServices();
    });
  assert.equal(names('binder'), ['manager']);
  assert.equal(names('vndbinder'), ['manager', 'vendor.clock']);
  const late = () =>
    runIn({ machine, sim }, 'late', function* () {
      yield* ProcessState.self();
      yield* ProcessState.initWithDriver('vndbinder');
    });
  assert.throws(late, /late has opened a driver already: initWithDriver comes first/);
});

test.run();
