/**
 * Freezing: the system stops an idle process. Freezing fails while the process serves a call. Once it is frozen, calls to it
 * are refused at once, and oneways wait until it is thawed.
 *
 *     binderlab run examples/freeze.ts --strace
 */
import {
  assert,
  BnInterface,
  BpInterface,
  defaultServiceManager,
  Freezer,
  type Machine,
  ProcessState,
  ServiceManager,
  StatusError,
  sys,
} from 'binderlab';

const DESCRIPTOR = 'lab.IGame';
const MOVE = 1;
const MOVE_MS = 250;

/** A process in the background; each move takes some time. */
function* game(moves: string[]) {
  yield* (yield* ProcessState.self()).startThreadPool();
  const service = new BnInterface(DESCRIPTOR, {
    *[MOVE](data) {
      const move = data.readString16();
      moves.push(move);
      yield* sys.sleep(MOVE_MS);
    },
  });
  yield* (yield* defaultServiceManager()).addService('game', service);
  yield* sys.pause();
}

/** A player: one move after the other. */
function* player(first: string) {
  const game = new BpInterface(yield* (yield* defaultServiceManager()).waitForService('game'), DESCRIPTOR);
  return {
    move: () =>
      game.call(
        MOVE,
        (data) => data.writeString16(first),
        () => {},
      ),
    think: (what: string) => game.oneway(MOVE, (data) => data.writeString16(what)),
  };
}

/** The system: freezes the game while a player plays, and thaws it again. */
function* system(pid: number, moves: string[]) {
  yield* sys.until(() => moves.length === 1, 'the first move');
  const start = yield* sys.now();
  const tries = yield* Freezer.freezeProcess(pid);
  console.log(`frozen after ${(yield* sys.now()) - start} ms, at the ${tries}. try: EAGAIN while it serves a call`);
  assert(tries === 4, 'a process that serves a call for 250 ms is frozen at the fourth try, 100 ms apart');

  const other = yield* player('call');
  let refused = '';
  try {
    yield* other.move();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    refused = error.statusName;
  }
  assert(refused === 'FAILED_TRANSACTION', 'a call is refused');
  console.log(`a call ends with ${refused} at once`);
  yield* other.think('first');
  yield* other.think('second');
  yield* sys.sleep(1000);
  const { syncRecv, asyncRecv } = yield* Freezer.getBinderFreezeInfo(pid);
  assert((syncRecv & 1) === 1 && asyncRecv === 1, 'the driver reports both kinds of calls');
  assert(moves.join() === 'opening', 'and none of them reached it');
  console.log(`two oneways are sent; a second later the game has seen ${moves.length} move: ${moves.join(', ')}`);
  console.log(
    `BINDER_GET_FROZEN_INFO: sync_recv=${syncRecv} (bit 0: refused, bit 1: under way) async_recv=${asyncRecv}`,
  );

  yield* Freezer.unfreezeProcess(pid);
  yield* sys.until(() => moves.length === 3, 'the oneways');
  assert(moves.join() === 'opening,first,second', 'the oneways come in their order');
  console.log(`thawed, it sees ${moves.slice(1).join(', ')}`);
}

export default (machine: Machine) => {
  const moves: string[] = [];
  const sim = machine.simulate();
  ServiceManager.start(sim);
  const { pid } = sim.process('game', () => game(moves));
  sim.process('player', function* () {
    yield* (yield* player('opening')).move();
  });
  sim.process('system', () => system(pid, moves), { uid: 1000 });
  sim.run();
};
