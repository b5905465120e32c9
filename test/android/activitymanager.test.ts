/** ActivityManager: who may bind what, what services and their users hear, and what is left when one of them dies. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SERVICE_RESTART_DURATION } from '../../host/android/activitymanager.ts';
import type { Context } from '../../host/android/context.ts';
import { ActivityManagerProxy } from '../../host/android/iactivitymanager.ts';
import type { ServiceConnection } from '../../host/android/servicedispatcher.ts';
import { BBinder } from '../../host/binder/bbinder.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import { appPackage, echoPackage, say, type World, worldWithAndroid } from './world.ts';

const test = suite('activity manager');

/** A connection that notes what it hears. */
function listener(log: string[], who = ''): ServiceConnection {
  return {
    *onServiceConnected(_, service) {
      log.push(`${who}${yield* say(service, 'hello')}`);
    },
    onServiceDisconnected: ({ class: name }) => log.push(`${who}lost ${name}`),
    onNullBinding: ({ class: name }) => log.push(`${who}nothing from ${name}`),
  };
}

/** Has something done in the main thread after a while; the main thread is free until then. */
function* later(context: Context, what: () => unknown, ms = 100): Act<void> {
  yield* sys.spawn(function* () {
    yield* sys.sleep(ms);
    yield* context.looper.post(what);
  });
}

/** What the system server holds of others, and has given to them. */
function held({ machine }: World): { refs: number; nodes: number } {
  const pid = machine.process('system_server').pid;
  const proc = machine.inspect.procs().find((one) => one.pid === pid);
  return { refs: proc?.refs.length ?? -1, nodes: proc?.nodes.length ?? -1 };
}

test('a service is made for the first who binds it, and stopped after the last, under every schedule', () => {
  for (let seed = 0; seed < 10; seed++) {
    const log: string[] = [];
    const binds = (who: string) =>
      appPackage(
        function* (context: Context) {
          const connection = listener(log, `${who} `);
          assert.ok(yield* context.bindService('echo/.Echo', connection));
          yield* later(context, () => context.unbindService(connection));
        },
        who,
        who === 'one' ? 10001 : 10003,
      );
    const world = worldWithAndroid([binds('one'), binds('two'), echoPackage(log)], seed);
    world.android.startActivity('one/.Main');
    world.android.startActivity('two/.Main');
    world.sim.run();
    assert.equal(
      [...log].sort(),
      ['bound', 'created', 'destroyed', 'one hello', 'two hello', 'unbound'].sort(),
      `seed ${seed}`,
    );
    assert.equal(log.slice(0, 2), ['created', 'bound']);
    assert.equal(log.slice(-2), ['unbound', 'destroyed']);
    assert.is(world.android.systemServer.activityManager.services.length, 0);
  }
});

test('binding and unbinding leaves nothing behind', () => {
  const log: string[] = [];
  const counts: object[] = [];
  let world: World | null = null;
  const app = appPackage(function* (context) {
    const round = function* (): Act<void> {
      const connection = listener(log);
      yield* context.bindService('echo/.Echo', connection);
      yield* later(context, () => context.unbindService(connection));
      yield* later(
        context,
        () => {
          counts.push(held(world as World));
          return counts.length < 4 ? round() : undefined;
        },
        200,
      );
    };
    yield* round();
  });
  world = worldWithAndroid([app, echoPackage(log)]);
  world.android.startActivity('app/.Main');
  world.sim.run();
  assert.is(log.filter((one) => one === 'hello').length, 4);
  assert.equal(counts[3], counts[1]);
  assert.equal(counts[2], counts[1]);
});

test('what there is not cannot be bound; null is an answer', () => {
  const log: string[] = [];
  const app = appPackage(function* (context) {
    log.push(`${yield* context.bindService('echo/.None', listener(log))}`);
    log.push(`${yield* context.bindService('none/.Echo', listener(log))}`);
    log.push(`${yield* context.bindService('echo/.Null', listener(log))}`);
    log.push(`${yield* context.startActivity('.None')}`);
    const connection = listener(log);
    yield* context.bindService('echo/.Echo', connection);
    for (const wrong of [context.bindService('echo/.Echo', connection), context.unbindService(listener(log))]) {
      try {
        yield* wrong;
      } catch (error) {
        log.push((error as Error).message);
      }
    }
  });
  const { sim, android } = worldWithAndroid([app, echoPackage([])]);
  android.startActivity('app/.Main');
  sim.run();
  assert.equal(log, [
    'false',
    'false',
    'true',
    'false',
    'this connection is bound already: echo/.Echo takes one of its own',
    'this connection is not bound: it cannot be unbound',
    'nothing from echo.Null',
    'hello',
  ]);
});

test('a service whose process dies comes back a second later, and its users hear of both', () => {
  for (let seed = 0; seed < 5; seed++) {
    const log: string[] = [];
    const app = appPackage(function* (context) {
      yield* context.bindService('echo/.Echo', listener(log));
    });
    const { machine, sim, android } = worldWithAndroid([app, echoPackage([])], seed);
    android.startActivity('app/.Main');
    sim.run();
    const start = sim.now;
    const first = machine.process('echo');
    first.kill();
    sim.run();
    assert.equal(log, ['hello', 'lost echo.Echo', 'hello'], `seed ${seed}`);
    assert.is.not(machine.process('echo').pid, first.pid);
    assert.is(sim.now - start, SERVICE_RESTART_DURATION);
  }
});

test('a service whose only user dies is stopped', () => {
  const log: string[] = [];
  const app = appPackage(function* (context) {
    yield* context.bindService('echo/.Echo', listener([]));
  });
  const { machine, sim, android } = worldWithAndroid([app, echoPackage(log)]);
  android.startActivity('app/.Main');
  sim.run();
  assert.equal(log, ['created', 'bound']);
  machine.process('app').kill();
  sim.run();
  assert.equal(log, ['created', 'bound', 'unbound', 'destroyed']);
  assert.is(android.systemServer.activityManager.services.length, 0);
  android.startActivity('app/.Main');
  sim.run();
  assert.equal(log.slice(4), ['created', 'bound']);
});

test('a process that ActivityManager has not asked for is nobody', () => {
  const { sim } = worldWithAndroid([echoPackage([])]);
  const says: string[] = [];
  sim.process('stranger', function* () {
    const manager = yield* (yield* defaultServiceManager()).waitForService('activity');
    const proxy = new ActivityManagerProxy(manager);
    const attempts = [
      () => proxy.attachApplication(new BBinder(), 1),
      () => proxy.bindService(new BBinder(), { package: 'echo', class: 'echo.Echo' }, new BBinder(), 1),
    ];
    for (const attempt of attempts) {
      try {
        yield* attempt();
      } catch (error) {
        says.push((error as Error).message);
      }
    }
    says.push(`${yield* proxy.unbindService(new BBinder())}`);
    yield* proxy.publishService(new BBinder(), new BBinder());
  });
  sim.run();
  assert.match(says[0] ?? '', /^SECURITY: process \d+ is not one that ActivityManager waits for$/);
  assert.match(says[1] ?? '', /^SECURITY: process \d+ binds a service, and is no application$/);
  assert.is(says[2], 'false');
});

test('an activity that there is not fails the one who starts it', () => {
  const { sim, android } = worldWithAndroid();
  android.startActivity('app/.Main');
  assert.throws(() => sim.run(), /there is no activity app\/.Main/);
  assert.throws(() => android.startActivity('app'), /"app" is no component: it is written package\/class/);
});

test.run();
