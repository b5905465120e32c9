/**
 * Two ways to a service. A system service has a name: the app gets it from the service manager. An application's service is
 * bound through ActivityManager, which lets Zygote create the process: the app does not wait, and is called back when the
 * service is available.
 *
 *     binderlab run examples/bind-service.ts --strace
 */
import {
  Android,
  assert,
  BnInterface,
  BpInterface,
  CallLog,
  type Context,
  defaultServiceManager,
  type IBinder,
  type Machine,
  type Package,
  Parcel,
  PING_TRANSACTION,
  type ServiceConnection,
} from 'binderlab';

const DESCRIPTOR = 'lab.IPlayer';
const PLAY = 1;

/** The application with the service. */
const music: Package = {
  name: 'music',
  uid: 10002,
  services: {
    '.Player': () => ({
      onBind: () =>
        new BnInterface(DESCRIPTOR, {
          [PLAY]: (data, reply) => reply.writeString16(`playing ${data.readString16()}`),
        }),
    }),
  },
};

/** The application that uses both. */
function app(log: CallLog): Package {
  function* main(context: Context) {
    log.clear();
    const content = yield* (yield* defaultServiceManager()).getService('content');
    (yield* content.transact(PING_TRANSACTION, new Parcel())).recycle();
    show(log, 'a service of the system: found by its name, called directly', SYSTEM_CALLS);
    const connection: ServiceConnection = {
      *onServiceConnected(_, service: IBinder) {
        const player = new BpInterface(service, DESCRIPTOR);
        const said = yield* player.call(
          PLAY,
          (data) => data.writeString16('a fugue'),
          (reply) => reply.readString16(),
        );
        assert(said === 'playing a fugue', `the player answers, and not "${said}"`);
        show(log, 'a service of an application: its process is made first', BOUND_CALLS);
        yield* context.unbindService(connection);
      },
    };
    assert(yield* context.bindService('music/.Player', connection), 'there is such a service');
  }
  return { name: 'app', uid: 10001, activities: { '.Main': main } };
}

const SYSTEM_CALLS = ['app -> servicemanager  IServiceManager.checkService', 'app -> system_server   ping'];
const BOUND_CALLS = [
  'app -> system_server    IActivityManager.bindService',
  'music -> system_server  IActivityManager.attachApplication',
  'system_server -> music  IApplicationThread.scheduleCreateService, oneway',
  'system_server -> music  IApplicationThread.scheduleBindService, oneway',
  'music -> system_server  IActivityManager.publishService',
  'system_server -> app    IServiceConnection.connected, oneway',
  'app -> music            IPlayer code 1',
];

/** Prints the calls since the last time, and checks them. */
function show(log: CallLog, title: string, expected: readonly string[]): void {
  const shown = log.calls.filter(({ from, to, method }) => {
    if (expected === SYSTEM_CALLS) return from === 'app';
    // how processes find ActivityManager at their start is not shown
    return ![from, to].includes('servicemanager') && method !== 'IApplicationThread.bindApplication';
  });
  const lines = log.lines(shown);
  console.log([title, ...lines].join('\n  '));
  assert(lines.join() === expected.join(), `the calls are\n${expected.join('\n')}`);
  log.clear();
}

export default (machine: Machine) => {
  const log = new CallLog(machine);
  const sim = machine.simulate();
  const android = Android.start(sim, [app(log), music]);
  android.startActivity('app/.Main');
  sim.run();

  const stopped = log.calls.map(({ method }) => method);
  assert(stopped.includes('IApplicationThread.scheduleStopService'), 'a service without bindings is stopped');
  assert(android.systemServer.activityManager.services.length === 0, 'ActivityManager has forgotten it');
};
