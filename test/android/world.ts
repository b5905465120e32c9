/** Android on a machine, with applications for tests. */
import { Android } from '../../host/android/android.ts';
import type { Context } from '../../host/android/context.ts';
import type { Package } from '../../host/android/packages.ts';
import { BnInterface, BpInterface } from '../../host/binder/interface.ts';
import type { IBinder } from '../../host/binder/parcel.ts';
import type { Machine } from '../../host/machine.ts';
import type { Act } from '../../host/sim/request.ts';
import type { Simulation } from '../../host/sim/simulation.ts';
import { bootMachine } from '../sim/boot.ts';

export interface World {
  machine: Machine;
  sim: Simulation;
  android: Android;
}

export const ECHO = 'test.IEcho';
export const SAY = 1;

export function worldWithAndroid(packages: readonly Package[] = [], seed = 0): World {
  const machine = bootMachine({ seed });
  const sim = machine.simulate();
  return { machine, sim, android: Android.start(sim, packages) };
}

/** A package with a service that echoes, and tells what becomes of it. */
export function echoPackage(log: string[]): Package {
  return {
    name: 'echo',
    uid: 10002,
    services: {
      '.Echo': () => ({
        onCreate: () => log.push('created'),
        onBind: () => {
          log.push('bound');
          return new BnInterface(ECHO, { [SAY]: (data, reply) => reply.writeString16(data.readString16()) });
        },
        onUnbind: () => log.push('unbound'),
        onDestroy: () => log.push('destroyed'),
      }),
      '.Null': () => ({ onBind: () => null }),
    },
  };
}

/** A package whose one activity runs a program. */
export function appPackage(main: (context: Context) => Act<unknown>, name = 'app', uid = 10001): Package {
  return { name, uid, activities: { '.Main': main } };
}

export function* say(service: IBinder, what: string): Act<string> {
  return yield* new BpInterface(service, ECHO).call(
    SAY,
    (data) => data.writeString16(what),
    (reply) => reply.readString16(),
  );
}
