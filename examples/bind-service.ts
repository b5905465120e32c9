/**
 * Two ways to a service. One of the system is registered under a name: the app asks the service manager, and has it. One of
 * an application is bound through ActivityManager, which has Zygote make the process: the app waits for nobody, and is
 * called when it is there.
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

/** What the app does comes in three parts; the log is cut behind each. */
type Cut = (title: string) => void;

/** The application that has the service. */
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

/** The application that uses it. */
function app(cut: Cut): Package {
  function* main(context: Context) {
    const content = yield* (yield* defaultServiceManager()).getService('content');
    (yield* content.transact(PING_TRANSACTION, new Parcel())).recycle();
    cut('a service of the system: two calls, and the second goes to it directly');
    const connection: ServiceConnection = {
      *onServiceConnected(_, service: IBinder) {
        const player = new BpInterface(service, DESCRIPTOR);
        const said = yield* player.call(
          PLAY,
          (data) => data.writeString16('a fugue'),
          (reply) => reply.readString16(),
        );
        assert(said === 'playing a fugue', `the player answers, and not "${said}"`);
        cut('a service of an application: the process that has it is made first');
        yield* context.unbindService(connection);
      },
    };
    assert(yield* context.bindService('music/.Player', connection), 'there is such a service');
  }
  return { name: 'app', uid: 10001, activities: { '.Main': main } };
}

export default (machine: Machine) => {
  const log = new CallLog(machine);
  const cut: Cut = (title) => {
    const lines = log.lines(
      log.calls.filter(({ from, to }) => [from, to].some((name) => name === 'app' || name === 'music')),
    );
    console.log([title, ...lines].join('\n  '));
    log.clear();
  };
  const sim = machine.simulate();
  const android = Android.start(sim, [app(cut), music]);
  android.startActivity('app/.Main');
  sim.run();
  cut('and unbound again: nobody else has bound it, so it is stopped');
  assert(android.systemServer.activityManager.services.length === 0, 'no service is left');
};
