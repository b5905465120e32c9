/** References and death links: the very commands that are sent, in their order, and what the driver counts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BBinder } from '../../host/binder/bbinder.ts';
import type { BpBinder } from '../../host/binder/bpbinder.ts';
import { BnInterface, BpInterface } from '../../host/binder/interface.ts';
import { IPCThreadState } from '../../host/binder/ipcthreadstate.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import type { DeathRecipient, IBinder } from '../../host/binder/parcel.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import { STATUS, StatusError } from '../../host/binder/status.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import { int32 } from './bytes.ts';
import { runIn, type World, worldWithManager } from './world.ts';

const test = suite('references');

const BC_DEATH = { request: '0e630c40', clear: '0f630c40' };
const COOKIE = 0x7c00000000;

/** The words that threads of a process sent and got, in the order of the steps. */
function words({ machine }: World, process: string, kind: 'bc' | 'br'): string[] {
  const list: string[] = [];
  const take = (by: string | undefined, more: readonly string[] = []) => {
    const name = machine.thread(by ?? '').home.name;
    if (name === process) list.push(...more);
  };
  for (const step of machine.journal.steps) {
    if (step.by !== undefined) take(step.by, step[kind]);
    if (kind === 'br') for (const { by, br } of step.woken ?? []) take(by, br);
  }
  return list.map((word) => word.split(' ')[0] ?? '');
}

const references = (list: string[]) => list.filter((word) => /INCREFS|ACQUIRE|RELEASE|DECREFS|DEATH|DEAD/.test(word));

function* serve(binder: BBinder): Act<void> {
  yield* (yield* ProcessState.self()).startThreadPool();
  yield* (yield* defaultServiceManager()).addService('one', binder);
  yield* sys.pause();
}

function* find(): Act<BpBinder> {
  return (yield* (yield* defaultServiceManager()).getService('one')) as BpBinder;
}

const recipient = (): DeathRecipient => ({ binderDied: () => {} });

test('a proxy sends a weak and a strong reference, and gives both back', () => {
  const world = worldWithManager();
  world.sim.process('S', () => serve(new BBinder()));
  runIn(world, 'A', function* () {
    yield* (yield* find()).release();
  });
  const sent = references(words(world, 'A', 'bc'));
  // the manager's proxy, the service's, and the end of that
  const taken = ['BC_INCREFS', 'BC_ACQUIRE'];
  assert.equal(sent, [...taken, ...taken, 'BC_RELEASE', 'BC_DECREFS']);
});

test('the owner is told of the first reference and of the last', () => {
  const world = worldWithManager();
  const object = new BBinder();
  world.sim.process('S', () => serve(object));
  world.sim.run();
  const told = references(words(world, 'S', 'br'));
  assert.equal(told, ['BR_INCREFS', 'BR_ACQUIRE']);
  const answered = references(words(world, 'S', 'bc')).slice(2);
  assert.equal(answered, ['BC_INCREFS_DONE', 'BC_ACQUIRE_DONE']);
  world.machine.process('servicemanager').kill();
  world.sim.run();
  assert.equal(references(words(world, 'S', 'br')).slice(2), ['BR_RELEASE', 'BR_DECREFS']);
});

test('death links: their bytes, and the weak reference stays until the driver confirms the end', () => {
  const world = worldWithManager();
  world.sim.process('S', () => serve(new BBinder()));
  runIn(world, 'A', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    const one = yield* find();
    const first = recipient();
    const second = recipient();
    yield* one.linkToDeath(first);
    yield* one.linkToDeath(second);
    yield* one.unlinkToDeath(first);
    yield* one.release();
    yield* sys.sleep(1);
  });
  const bytes = world.machine.journal.steps.flatMap((step) =>
    step.op === 'wr' && step.by.startsWith('A') ? [step.in.poke.slice(0, 2 * step.in.write_size)] : [],
  );
  const cookie = Buffer.alloc(8);
  // the manager's proxy has the first address
  cookie.writeBigUInt64LE(BigInt(COOKIE + 0x40));
  const link = int32(1) + cookie.toString('hex');
  assert.is(bytes.filter((poke) => poke === BC_DEATH.request + link).length, 1);
  assert.ok(bytes.some((poke) => poke.endsWith(BC_DEATH.clear + link)));
  const sent = references(words(world, 'A', 'bc')).slice(4);
  assert.equal(sent, ['BC_REQUEST_DEATH_NOTIFICATION', 'BC_RELEASE', 'BC_CLEAR_DEATH_NOTIFICATION', 'BC_DECREFS']);
  assert.equal(references(words(world, 'A', 'br')), ['BR_CLEAR_DEATH_NOTIFICATION_DONE']);
});

test('a proxy that comes again before its death link has ended is the same one', () => {
  const world = worldWithManager();
  world.sim.process('S', () => serve(new BBinder()));
  runIn(world, 'A', function* () {
    const one = yield* find();
    yield* one.linkToDeath(recipient());
    yield* one.release();
    const again = yield* find();
    assert.is(again, one);
    assert.ok(yield* again.pingBinder());
    yield* again.linkToDeath(recipient());
  });
  assert.match(world.machine.log[0]?.text ?? '', /a link to the death of handle 1, and no thread that listens/);
});

test('who is linked is told once, with the answer that the driver waits for', () => {
  const world = worldWithManager();
  const victim = world.sim.process('S', () => serve(new BBinder()));
  const told: IBinder[] = [];
  runIn(world, 'A', function* () {
    yield* (yield* ProcessState.self()).startThreadPool();
    const one = yield* find();
    const linked = { binderDied: (who: IBinder) => told.push(who) };
    yield* one.linkToDeath(linked);
    victim.kill();
    yield* sys.sleep(1);
    assert.equal(told, [one]);
    for (const late of [one.linkToDeath(linked), one.unlinkToDeath(linked)]) {
      assert.is((yield* failure(late)).status, STATUS.DEAD_OBJECT);
    }
    yield* one.release();
  });
  assert.equal(references(words(world, 'A', 'bc')).slice(4), [
    'BC_REQUEST_DEATH_NOTIFICATION',
    'BC_CLEAR_DEATH_NOTIFICATION',
    'BC_DEAD_BINDER_DONE',
    'BC_RELEASE',
    'BC_DECREFS',
  ]);
  assert.equal(references(words(world, 'A', 'br')), ['BR_DEAD_BINDER', 'BR_CLEAR_DEATH_NOTIFICATION_DONE']);
});

test('an object cannot be linked to its own death, nor a stranger unlinked', () => {
  const world = worldWithManager();
  world.sim.process('S', () => serve(new BBinder()));
  runIn(world, 'A', function* () {
    assert.throws(() => new BBinder().linkToDeath(), /the death of its own process/);
    assert.is((yield* failure((yield* find()).unlinkToDeath(recipient()))).status, STATUS.NAME_NOT_FOUND);
  });
});

test('threads that end are forgotten by the driver, with what they had to say', () => {
  const world = worldWithManager();
  world.sim.process('S', () => serve(new BnInterface('lab.I', { 1: () => {} })));
  runIn(world, 'A', function* () {
    const one = new BpInterface(yield* find(), 'lab.I');
    const loopers = () => world.machine.inspect.procs().find(({ pid }) => pid === 3000)?.loopers.length;
    for (let i = 0; i < 5; i++) {
      const thread = yield* sys.spawn(function* () {
        yield* ProcessState.self();
        yield* one.call(
          1,
          () => {},
          () => {},
        );
        yield* (yield* IPCThreadState.self()).flushCommands();
        if (i === 2) yield* sys.exit();
      }, `worker ${i}`);
      yield* sys.join(thread);
      assert.is(loopers(), 1);
    }
  });
});

function* failure(act: Act<unknown>): Act<StatusError> {
  try {
    yield* act;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test.run();
