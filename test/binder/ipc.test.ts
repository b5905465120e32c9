/** Calls through libbinder: the open sequence, references, identity, nesting, errors, sizes, the pool, and no growth. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BBinder } from '../../host/binder/bbinder.ts';
import type { BpBinder } from '../../host/binder/bpbinder.ts';
import { BnInterface, BpInterface, type Method } from '../../host/binder/interface.ts';
import { IPCThreadState } from '../../host/binder/ipcthreadstate.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import { Parcel } from '../../host/binder/parcel.ts';
import { ParcelError } from '../../host/binder/parcelerror.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import { STATUS, StatusError } from '../../host/binder/status.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { runIn, type World, worldWithManager } from './world.ts';

const test = suite('ipc');

/** A process that serves `methods` under its own name. */
function serve({ sim }: World, name: string, methods: Readonly<Record<number, Method>>, uid = 0) {
  const program = function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    yield* (yield* defaultServiceManager()).addService(name, new BnInterface(`lab.${name}`, methods));
    yield* sys.pause();
  };
  const process = sim.process(name, program, { uid });
  sim.run();
  return process;
}

function* connect(name: string): Act<BpInterface> {
  return new BpInterface(yield* (yield* defaultServiceManager()).getService(name), `lab.${name}`);
}

function* caught(act: Act<unknown>): Act<BinderlabError> {
  try {
    yield* act;
  } catch (error) {
    if (error instanceof BinderlabError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const nothing = () => {};
const readInt32 = (reply: Parcel) => reply.readInt32();

test('a process opens the driver as libbinder does', () => {
  const world = worldWithManager();
  const { mapping } = runIn(world, 'A', function* () {
    const state = yield* ProcessState.self();
    assert.is(yield* ProcessState.self(), state);
    return state;
  });
  const steps = world.machine.journal.steps.filter(({ by, op }) => by === 'A.0' && op !== 'exit');
  assert.equal(
    steps.map(({ op, in: input }) => [op, (input as { name?: string }).name, (input as { poke?: string }).poke]),
    [
      ['open', undefined, undefined],
      ['ioctl', 'BINDER_VERSION', ''],
      ['ioctl', 'BINDER_SET_MAX_THREADS', '0f000000'],
      ['ioctl', 'BINDER_ENABLE_ONEWAY_SPAM_DETECTION', '01000000'],
      ['mmap', undefined, undefined],
    ],
  );
  assert.equal(steps[4]?.in, { addr: '0x0', len: 1040384, prot: 1, flags: '0x4002', fd: 3, off: 0 });
  assert.ok(mapping > 0x7000000000);
});

test('a proxy holds a weak and a strong reference until it is released as often as it was received', () => {
  const world = worldWithManager();
  const server = serve(world, 'S', {});
  const refs = () => {
    const proc = world.machine.inspect.procs().find(({ pid }) => pid === world.machine.process('A').pid);
    return proc?.refs.map(({ desc, strong, weak }) => [desc, strong, weak]);
  };
  runIn(world, 'A', function* () {
    const manager = yield* defaultServiceManager();
    assert.equal(refs(), [], 'the ping needs none');
    const first = (yield* manager.getService('S')) as BpBinder;
    const second = (yield* manager.getService('S')) as BpBinder;
    assert.is(first, second);
    yield* (yield* IPCThreadState.self()).flushCommands();
    assert.equal(refs(), [
      [0, 1, 1],
      [1, 1, 1],
    ]);
    yield* first.release();
    assert.is(refs()?.length, 2);
    yield* second.release();
    assert.equal(refs(), [[0, 1, 1]]);
    assert.match((yield* caught(second.pingBinder())).message, /handle 1 has been released/);
    const again = (yield* manager.getService('S')) as BpBinder;
    assert.is(again.handle, 1);
    assert.is.not(again, first);
  });
  assert.ok(server.alive);
});

test('the owner forgets an object that nobody refers to any more', () => {
  const world = worldWithManager();
  serve(world, 'S', {
    1: function* (data) {
      const callback = data.readStrongBinder() as BpBinder;
      yield* new BpInterface(callback, 'lab.callback').call(1, nothing, nothing);
      yield* callback.release();
    },
  });
  runIn(world, 'A', function* () {
    const state = yield* ProcessState.self();
    yield* state.startThreadPool();
    const remote = yield* connect('S');
    for (let i = 0; i < 5; i++) {
      let called = false;
      const callback = new BnInterface('lab.callback', {
        1: () => {
          called = true;
        },
      });
      yield* remote.call(1, (data) => data.writeStrongBinder(callback), nothing);
      assert.ok(called, 'the call came back to the thread that waits');
      yield* sys.until(() => state.objects.size === 0, 'the object to be forgotten');
    }
  });
});

test('a binder that comes home is the object itself, and its calls skip the driver', () => {
  const world = worldWithManager();
  serve(world, 'S', { 1: (data, reply) => reply.writeStrongBinder(data.readStrongBinder()) });
  runIn(world, 'A', function* () {
    const own = new BnInterface('lab.own', { 1: (_, reply) => reply.writeInt32(9) });
    const remote = yield* connect('S');
    const home = yield* remote.call(
      1,
      (data) => data.writeStrongBinder(own),
      (reply) => reply.readStrongBinder(),
    );
    assert.is(home, own);
    const before = world.machine.nextStep;
    assert.is(yield* new BpInterface(home, 'lab.own').call(1, nothing, readInt32), 9);
    assert.is(world.machine.nextStep, before);
  });
});

test('who is called knows who calls, also when calls are nested', () => {
  const world = worldWithManager();
  const seen: unknown[] = [];
  const look = function* (what: string) {
    const ipc = yield* IPCThreadState.self();
    seen.push([what, ipc.getCallingPid(), ipc.getCallingUid()]);
    return ipc;
  };
  serve(world, 'inner', {
    *1() {
      yield* look('inner');
    },
  });
  const outer = serve(
    world,
    'outer',
    {
      *1() {
        const ipc = yield* look('before');
        yield* (yield* connect('inner')).call(1, nothing, nothing);
        yield* look('after');
        const identity = ipc.clearCallingIdentity();
        yield* look('cleared');
        ipc.restoreCallingIdentity(identity);
        yield* look('restored');
      },
    },
    1001,
  );
  runIn(
    world,
    'A',
    function* () {
      yield* (yield* connect('outer')).call(1, nothing, nothing);
      yield* look('self');
    },
    10042,
  );
  const { pid } = world.machine.process('A');
  assert.equal(seen, [
    ['before', pid, 10042],
    ['inner', outer.pid, 1001],
    ['after', pid, 10042],
    ['cleared', outer.pid, 1001],
    ['restored', pid, 10042],
    ['self', pid, 10042],
  ]);
});

test('a call that comes back is served by the thread that waits', () => {
  const world = worldWithManager();
  const servers: string[] = [];
  /** Plays the ball back as long as there is a number left; replies with how often it was played. */
  const methods: Record<number, Method> = {
    *1(data, reply) {
      servers.push((yield* sys.self()).name);
      const left = data.readInt32();
      const peer = new BpInterface(data.readStrongBinder(), 'lab.S');
      const own = new BnInterface('lab.S', methods);
      const write = (out: Parcel) => out.writeInt32(left - 1).writeStrongBinder(own);
      reply.writeInt32(left === 0 ? 1 : 1 + (yield* peer.call(1, write, readInt32)));
    },
  };
  serve(world, 'S', methods);
  runIn(world, 'A', function* () {
    const own = new BnInterface('lab.S', methods);
    const write = (data: Parcel) => data.writeInt32(4).writeStrongBinder(own);
    assert.is(yield* (yield* connect('S')).call(1, write, readInt32), 5);
  });
  const [server] = servers;
  assert.equal(servers, [server, 'A.0', server, 'A.0', server]);
});

test('statuses: no such method, and a reason that the wire does not carry', () => {
  const world = worldWithManager();
  serve(world, 'S', {
    1: (data) => data.readString16(),
    2: () => {
      throw new StatusError(STATUS.BAD_INDEX, 'out of range');
    },
  });
  runIn(world, 'A', function* () {
    const remote = yield* connect('S');
    const unknown = (yield* caught(remote.call(99, nothing, nothing))) as StatusError;
    assert.is(unknown.status, STATUS.UNKNOWN_TRANSACTION);
    assert.match((unknown.cause as Error).message, /lab\.S has no method of code 99/);
    const wrong = (yield* caught(remote.call(1, (data) => data.writeInt32(77), nothing))) as StatusError;
    assert.is(wrong.status, STATUS.BAD_VALUE);
    assert.instance(wrong.cause, ParcelError);
    assert.match((wrong.cause as Error).message, /readString16 at byte 28 of 32: the length is 77/);
    const own = (yield* caught(remote.call(2, nothing, nothing))) as StatusError;
    assert.is(own.statusName, 'BAD_INDEX');
    const other = (yield* caught(new BpInterface(remote.remote, 'lab.T').call(1, nothing, nothing))) as StatusError;
    assert.is(other.status, STATUS.PERMISSION_DENIED);
  });
});

test('messages far beyond the command buffer go through, and what the mapping cannot hold fails with the reason', () => {
  const world = worldWithManager();
  serve(world, 'S', { 1: (data, reply) => reply.writeByteArray(data.readByteArray()) });
  runIn(world, 'A', function* () {
    const remote = yield* connect('S');
    for (const size of [0, 1000, 33_000, 200_000, 400_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
      const back = yield* remote.call(
        1,
        (data) => data.writeByteArray(bytes),
        (reply) => reply.readByteArray(),
      );
      assert.equal(back, bytes);
    }
    const error = (yield* caught(
      remote.call(1, (data) => data.writeByteArray(new Uint8Array(1_100_000)), nothing),
    )) as StatusError;
    assert.is(error.status, STATUS.FAILED_TRANSACTION);
    assert.match(
      error.message,
      /FAILED_TRANSACTION: the driver could not deliver it \(transaction \d+, BR_FAILED_REPLY, ENOSPC\): S \(\d+\) has a largest hole of \d+ bytes, .* and the call needs 11000\d\d/,
    );
  });
});

test('oneway calls return before they begin, and come in their order', () => {
  const world = worldWithManager();
  const log: unknown[] = [];
  serve(world, 'S', {
    *1(data) {
      yield* sys.sleep(10);
      log.push(data.readInt32());
    },
  });
  runIn(world, 'A', function* () {
    const remote = yield* connect('S');
    for (let i = 0; i < 3; i++) yield* remote.oneway(1, (data) => data.writeInt32(i));
    log.push('sent', yield* sys.now());
  });
  assert.equal(log, ['sent', 0, 0, 1, 2]);
  assert.is(world.sim.now, 30);
});

test('a proxy means nothing in another process', () => {
  const world = worldWithManager();
  serve(world, 'S', {});
  let stolen: BpInterface | null = null;
  runIn(world, 'A', function* () {
    stolen = yield* connect('S');
    world.sim.process('B', function* () {
      yield* ProcessState.self();
      const error = yield* caught((stolen as unknown as BpInterface).call(1, nothing, nothing));
      assert.match(error.message, /B\.0 uses a proxy of the process A/);
    });
    yield* sys.sleep(1);
  });
});

test('a pool of no more threads than it may have; the driver asks again for none', () => {
  const world = worldWithManager();
  const busy = new Set<string>();
  let most = 0;
  world.sim.process('S', function* () {
    const state = yield* ProcessState.self();
    yield* state.setThreadPoolMaxThreadCount(2);
    yield* state.startThreadPool();
    yield* state.startThreadPool();
    const service = new BnInterface('lab.S', {
      *1() {
        const { name } = yield* sys.self();
        busy.add(name);
        most = Math.max(most, busy.size);
        yield* sys.sleep(10);
        busy.delete(name);
      },
    });
    yield* (yield* defaultServiceManager()).addService('S', service);
    yield* sys.until(() => world.sim.now >= 20 && busy.size === 0, 'the calls to be over');
    assert.is(state.threadCount, 3);
    assert.is(state.starvedMs, 20);
    yield* sys.pause();
  });
  runIn(world, 'A', function* () {
    const remote = yield* connect('S');
    const threads = [];
    for (let i = 0; i < 6; i++) {
      threads.push(
        yield* sys.spawn(function* () {
          yield* ProcessState.self();
          yield* remote.call(1, nothing, nothing);
        }),
      );
    }
    for (const thread of threads) yield* sys.join(thread);
    assert.is(yield* sys.now(), 20);
  });
  assert.is(most, 3);
  assert.equal(
    world.machine.process('S').threads.map(({ name }) => name),
    ['S.0', 'binder:2000_1', 'binder:2000_2', 'binder:2000_3'],
  );
});

test('libbinder needs an open driver', () => {
  const world = worldWithManager();
  const error = runIn(world, 'A', () => caught(IPCThreadState.self()));
  assert.match(error.message, /A\.0 has no part in Binder yet: "yield\* ProcessState\.self\(\)" comes first/);
});

test('ping, interface and unknown calls of an object that does nothing else', () => {
  const world = worldWithManager();
  world.sim.process('S', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    yield* (yield* defaultServiceManager()).addService('S', new BBinder('lab.plain'));
    yield* sys.pause();
  });
  runIn(world, 'A', function* () {
    const binder = (yield* (yield* defaultServiceManager()).getService('S')) as BpBinder;
    assert.ok(yield* binder.pingBinder());
    assert.is(yield* binder.getInterfaceDescriptor(), 'lab.plain');
    const error = (yield* caught(binder.transact(1, new Parcel()))) as StatusError;
    assert.is(error.statusName, 'UNKNOWN_TRANSACTION');
  });
});

test('thousands of calls leave nothing behind', () => {
  const world = worldWithManager({ journal: false });
  const { machine } = world;
  serve(world, 'S', { 1: (data, reply) => reply.writeInt32(data.readInt32() + 1) });
  runIn(world, 'A', function* () {
    const remote = yield* connect('S');
    const round = function* (count: number) {
      for (let i = 0; i < count; i++) assert.is(yield* remote.call(1, (data) => data.writeInt32(i), readInt32), i + 1);
    };
    yield* round(100);
    const free = machine.freeFrames();
    const objects = machine.liveObjects();
    yield* round(3000);
    assert.is(machine.freeFrames(), free);
    assert.is(machine.liveObjects(), objects);
  });
});

test.run();
