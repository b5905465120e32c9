/**
 * Rounds of calls that should leave nothing behind: each finds a service, calls it with a callback of its own, links
 * itself to its death, and lets go of all of it again.
 */

import type { BpBinder } from '../../host/binder/bpbinder.ts';
import { BnInterface, BpInterface } from '../../host/binder/interface.ts';
import { defaultServiceManager } from '../../host/binder/iservicemanager.ts';
import type { IBinder, Parcel } from '../../host/binder/parcel.ts';
import { ProcessState } from '../../host/binder/processstate.ts';
import type { Act } from '../../host/sim/request.ts';
import { sys } from '../../host/sim/sys.ts';
import type { World } from './world.ts';

const CALL = 1;
const BACK = 2;
/** Calls of one round: getService's to the manager, the call, the one that comes back, a oneway. */
export const CALLS_PER_ROUND = 4;

export interface Use {
  frames: number;
  objects: number;
  /** Bytes of the JavaScript heap after garbage collection. */
  heap: number;
}

const nothing = () => {};
const readInt32 = (reply: Parcel) => reply.readInt32();

/** Has rounds made, and tells what is in use after some of them to warm up, and after all. */
export function soak({ machine, sim }: World, calls: number, collectGarbage: () => void): { before: Use; after: Use } {
  sim.process('service', service);
  const uses: Use[] = [];
  const look = () => {
    collectGarbage();
    uses.push({
      frames: machine.freeFrames(),
      objects: machine.liveObjects(),
      heap: process.memoryUsage().heapUsed,
    });
  };
  sim.process('app', () => app(Math.ceil(calls / CALLS_PER_ROUND), look));
  sim.run();
  const [before, after] = uses;
  if (before === undefined || after === undefined) throw new Error('the app has not come to its end');
  return { before, after };
}

function* service(): Act<void> {
  yield* (yield* ProcessState.self()).startThreadPool();
  const echo = new BnInterface('lab.IEcho', {
    *[CALL](data, reply) {
      const number = data.readInt32();
      const callback = data.readStrongBinder() as BpBinder;
      reply.writeInt32(
        yield* new BpInterface(callback, 'lab.IBack').call(BACK, (out) => out.writeInt32(number), readInt32),
      );
      yield* callback.release();
    },
    [BACK]: nothing,
  });
  yield* (yield* defaultServiceManager()).addService('echo', echo);
  yield* sys.pause();
}

function* app(rounds: number, look: () => void): Act<void> {
  const state = yield* ProcessState.self();
  yield* state.startThreadPool();
  const manager = yield* defaultServiceManager();
  const warm = Math.min(500, rounds);
  for (let number = 0; number < warm + rounds; number++) {
    if (number === warm) yield* settled(state, look);
    yield* round(yield* manager.getService('echo'), number);
  }
  yield* settled(state, look);
}

function* round(binder: IBinder, number: number): Act<void> {
  const recipient = { binderDied: nothing };
  yield* binder.linkToDeath(recipient);
  const echo = new BpInterface(binder, 'lab.IEcho');
  const back = new BnInterface('lab.IBack', { [BACK]: (data, reply) => reply.writeInt32(data.readInt32() + 1) });
  const answer = yield* echo.call(CALL, (data) => data.writeInt32(number).writeStrongBinder(back), readInt32);
  if (answer !== number + 1) throw new Error(`${number} came back as ${answer}`);
  yield* echo.oneway(BACK, nothing);
  yield* binder.unlinkToDeath(recipient);
  yield* (binder as BpBinder).release();
}

/** Looks once all that is under way has come to its end. */
function* settled(state: ProcessState, look: () => void): Act<void> {
  yield* sys.sleep(1);
  yield* sys.until(() => state.objects.size === 0, 'the callbacks to be forgotten');
  look();
}
