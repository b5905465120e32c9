/** What a request tells beside its arguments: caller, security context, work source, strict mode, stability. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BBinder } from '../../host/binder/bbinder.ts';
import type { BpBinder } from '../../host/binder/bpbinder.ts';
import { BnInterface, BpInterface } from '../../host/binder/interface.ts';
import { IPCThreadState } from '../../host/binder/ipcthreadstate.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import { Parcel } from '../../host/binder/parcel.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import {
  STABILITY_SYSTEM,
  STABILITY_UNDECLARED,
  STABILITY_VENDOR,
  STABILITY_VINTF,
} from '../../host/binder/stability.ts';
import {
  DeadObjectException,
  ServiceException,
  STATUS,
  type StatusError,
  TransactionTooLargeException,
} from '../../host/binder/status.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import { runIn, type World, worldWithManager } from './world.ts';

const test = suite('identity');

const nothing = () => {};

function serve({ sim }: World, name: string, binder: BBinder) {
  sim.process(name, function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    yield* (yield* defaultServiceManager()).addService(name, binder);
    yield* sys.pause();
  });
  sim.run();
}

function* connect(name: string): Act<BpInterface> {
  return new BpInterface(yield* (yield* defaultServiceManager()).getService(name), `lab.${name}`);
}

function* failure(act: Act<unknown>): Act<Error> {
  try {
    yield* act;
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** A service that notes on whose account it works, then calls the next one. */
function noting(seen: unknown[], name: string, next: string | null): BnInterface {
  return new BnInterface(`lab.${name}`, {
    *1() {
      const ipc = yield* IPCThreadState.self();
      seen.push([name, ipc.getCallingWorkSourceUid(), ipc.strictModePolicy >>> 0]);
      if (next !== null) yield* (yield* connect(next)).call(1, nothing, nothing);
    },
    *2() {
      const ipc = yield* IPCThreadState.self();
      ipc.setCallingWorkSourceUid(ipc.getCallingWorkSourceUid());
      yield* (yield* connect(next ?? '')).call(1, nothing, nothing);
    },
    *3() {
      const ipc = yield* IPCThreadState.self();
      seen.push([name, ipc.strictModePolicy, ipc.lastTransactionBinderFlags]);
    },
  });
}

test('the work source goes one call far, unless the callee passes it on', () => {
  const world = worldWithManager();
  const seen: unknown[] = [];
  serve(world, 'far', noting(seen, 'far', null));
  serve(world, 'near', noting(seen, 'near', 'far'));
  runIn(world, 'A', function* () {
    const near = yield* connect('near');
    const ipc = yield* IPCThreadState.self();
    const before = ipc.setCallingWorkSourceUid(10042);
    yield* near.call(1, nothing, nothing);
    yield* near.call(2, nothing, nothing);
    ipc.restoreCallingWorkSource(before);
    yield* near.call(1, nothing, nothing);
    assert.is(ipc.getCallingWorkSourceUid(), -1);
  });
  assert.equal(
    seen.map((one) => (one as unknown[]).slice(0, 2)),
    [
      ['near', 10042],
      ['far', -1],
      ['far', 10042],
      ['near', -1],
      ['far', -1],
    ],
  );
});

test('the strict mode of the caller holds for the call, and for nobody who does not wait', () => {
  const world = worldWithManager();
  const seen: unknown[] = [];
  serve(world, 'far', noting(seen, 'far', null));
  serve(world, 'near', noting(seen, 'near', 'far'));
  runIn(world, 'A', function* () {
    const near = yield* connect('near');
    (yield* IPCThreadState.self()).strictModePolicy = 0x7;
    yield* near.call(1, nothing, nothing);
    yield* near.oneway(3, nothing);
    yield* sys.sleep(1);
  });
  assert.equal(seen, [
    ['near', -1, 0x80000007],
    ['far', -1, 0x80000007],
    ['near', 0, 0x11],
  ]);
});

test('security contexts go to those who ask for them', () => {
  const secctx = new Uint8Array(Buffer.from('u:r:shell:s0\0'));
  const world = worldWithManager({ secctx });
  const seen: (string | null)[] = [];
  const asking = new BnInterface('lab.asking', {
    *1() {
      seen.push((yield* IPCThreadState.self()).getCallingSid());
    },
  });
  asking.requestingSid = true;
  serve(world, 'asking', asking);
  runIn(world, 'A', function* () {
    yield* (yield* connect('asking')).call(1, nothing, nothing);
    assert.is((yield* IPCThreadState.self()).getCallingSid(), null);
  });
  assert.equal(seen, ['u:r:shell:s0']);
  const manager = world.machine.journal.steps.filter(({ by }) => by === 'servicemanager.0');
  const [claim] = manager.flatMap((step) =>
    step.op === 'ioctl' && /CONTEXT_MGR/.test(step.in.name ?? '') ? [step.in] : [],
  );
  assert.is(claim?.name, 'BINDER_SET_CONTEXT_MGR_EXT');
  // type "sb*\x85", flags: asks for security contexts
  assert.is(claim?.poke, `852a6273${'00100000'}${'00'.repeat(16)}`);
});

test('stability comes with the binder, goes on with it, and forbids what it does not cover', () => {
  const world = worldWithManager();
  const stabilities = [STABILITY_VENDOR, STABILITY_SYSTEM, STABILITY_UNDECLARED];
  for (const stability of stabilities) {
    const binder = new BnInterface(`lab.s${stability}`, { 1: (_, reply) => reply.writeInt32(5) });
    binder.stability = stability;
    serve(world, `s${stability}`, binder);
  }
  runIn(world, 'A', function* () {
    for (const stability of stabilities) {
      const one = yield* connect(`s${stability}`);
      assert.is(one.remote.stability, stability);
      assert.ok(yield* one.remote.pingBinder(), 'calls that every object knows are free');
      const call = one.call(1, nothing, (reply) => reply.readInt32());
      if (stability === STABILITY_SYSTEM) assert.is(yield* call, 5);
      else assert.match((yield* failure(call)).message, /binder with \w+ stability cannot be called from .* system/);
    }
    assert.is((yield* defaultServiceManager()).remote.stability, STABILITY_SYSTEM);
  });
});

test('VINTF services are declared, or refused', () => {
  for (const declared of [[], ['lab.IVintf/default']]) {
    const world = worldWithManager({}, {}, { declared });
    runIn(world, 'A', function* () {
      const manager = yield* defaultServiceManager();
      const binder = new BBinder('lab.IVintf');
      binder.stability = STABILITY_VINTF;
      const add = manager.addService('lab.IVintf/default', binder);
      if (declared.length > 0) yield* add;
      else assert.match((yield* failure(add)).message, /VINTF stability, and no manifest declares it/);
      assert.is(yield* manager.isDeclared('lab.IVintf/default'), declared.length > 0);
      assert.equal(yield* manager.getDeclaredInstances('lab.IVintf'), declared.length > 0 ? ['default'] : []);
    });
  }
});

test('what an app is told of a failed call depends on its size alone', () => {
  const world = worldWithManager();
  serve(world, 'S', new BnInterface('lab.S', { 1: nothing }));
  runIn(world, 'A', function* () {
    const one = yield* connect('S');
    const large = yield* failure(one.call(1, (data) => data.writeBytes(new Uint8Array(1_100_000)), nothing));
    assert.instance(large, TransactionTooLargeException);
    assert.match(large.message, /data parcel size 1100028 bytes; .* ENOSPC/);
    world.machine.process('S').kill();
    const dead = (yield* failure(one.call(1, nothing, nothing))) as StatusError;
    assert.instance(dead, DeadObjectException);
    assert.is(dead.status, STATUS.DEAD_OBJECT);
    assert.not((one.remote as BpBinder).isBinderAlive());
  });
  const lines = world.machine.log.map(({ text }) => text);
  assert.equal(lines, ['a large request of 1100028 bytes, code 1']);
});

test('dump goes to the descriptor that was passed', () => {
  const world = worldWithManager();
  class Talker extends BBinder {
    override *dump(fd: number, args: readonly string[]): Act<void> {
      yield* sys.write(fd, new Uint8Array(Buffer.from(`dump of ${args.join('+')}`)));
    }
  }
  serve(world, 'S', new Talker('lab.S'));
  runIn(world, 'A', function* () {
    const binder = yield* (yield* defaultServiceManager()).getService('S');
    const [out, into] = yield* sys.pipe();
    yield* binder.dump(into, ['-a', 'b']);
    assert.is(Buffer.from((yield* sys.read(out)).bytes).toString(), 'dump of -a+b');
    const reply = yield* binder.transact(0x5f504944, new Parcel());
    assert.is(reply.readInt32(), world.machine.process('S').pid);
    reply.recycle();
  });
  const left = world.machine.inspect.processes().find(({ pid }) => pid === world.machine.process('S').pid);
  assert.equal(
    left?.descriptors.map(({ fd }) => fd),
    [0, 1, 2, 3],
  );
});

test('a pool that is busy for long is told in the log', () => {
  const world = worldWithManager();
  world.sim.process('S', function* () {
    const state = yield* ProcessState.self();
    yield* state.setThreadPoolMaxThreadCount(1);
    yield* state.startThreadPool();
    const slow = new BnInterface('lab.S', {
      *1() {
        yield* sys.sleep(150);
      },
    });
    yield* (yield* defaultServiceManager()).addService('S', slow);
    yield* sys.pause();
  });
  runIn(world, 'A', function* () {
    yield* (yield* connect('S')).call(1, nothing, nothing);
  });
  assert.equal(world.machine.log, [
    { level: 'error', pid: 2000, tag: 'IPCThreadState', text: 'all 1 threads of the binder pool were busy for 150 ms' },
  ]);
});

test('who waits for a service is told by the manager when it comes', () => {
  const world = worldWithManager();
  world.sim.process('late', function* () {
    yield* sys.sleep(2500);
    yield* (yield* ProcessState.self()).startThreadPool();
    yield* (yield* defaultServiceManager()).addService('S', new BBinder('lab.S'));
    yield* sys.pause();
  });
  runIn(world, 'A', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    const manager = yield* defaultServiceManager();
    const binder = (yield* manager.waitForService('S')) as BpBinder;
    assert.is(yield* binder.getInterfaceDescriptor(), 'lab.S');
    assert.is(yield* sys.now(), 2500);
    assert.equal(yield* manager.getServiceDebugInfo(), [
      { name: 'S', debugPid: world.machine.process('late').pid },
      { name: 'manager', debugPid: 1000 },
    ]);
    const stranger = manager.unregisterForNotifications('S', new BBinder());
    assert.instance(yield* failure(stranger), ServiceException);
  });
  // nobody waits any more: the manager holds the service alone
  const manager = world.machine.inspect.procs().find(({ pid }) => pid === 1000);
  assert.is(manager?.refs.length, 1);
  assert.is(world.machine.log.length, 2);
});

test('an isolated process finds only what is meant for it', () => {
  const world = worldWithManager();
  runIn(world, 'S', function* () {
    const manager = yield* defaultServiceManager();
    yield* manager.addService('open', new BBinder(), { allowIsolated: true });
    yield* manager.addService('closed', new BBinder());
    world.sim.process(
      'app',
      function* () {
        const seen = yield* defaultServiceManager();
        assert.ok((yield* seen.checkService('open')) !== null);
        assert.is(yield* seen.checkService('closed'), null);
      },
      { uid: 99001 },
    );
    yield* sys.sleep(1);
  });
});

test.run();
