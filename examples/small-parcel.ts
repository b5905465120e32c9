/**
 * A small call fails with DeadObjectException, and no process is dead. A chatty app has filled the service's share for oneways,
 * while the service works on the first of them. The driver only says that the message failed. `machine.explain()` says who
 * holds the space.
 *
 *     binderlab run examples/small-parcel.ts
 */
import {
  assert,
  BnInterface,
  BpInterface,
  DeadObjectException,
  defaultServiceManager,
  type Machine,
  type Parcel,
  ProcessState,
  ServiceManager,
  StatusError,
  shortageLines,
  sys,
} from 'binderlab';

const DESCRIPTOR = 'lab.ILog';
const WRITE = 1;
const LINE_SIZE = 4096;

/** Takes a second for each line. */
function* logger() {
  yield* (yield* ProcessState.self()).startThreadPool();
  const service = new BnInterface(DESCRIPTOR, {
    *[WRITE]() {
      yield* sys.sleep(1000);
    },
  });
  yield* (yield* defaultServiceManager()).addService('log', service);
  yield* sys.pause();
}

const connect = function* () {
  return new BpInterface(yield* (yield* defaultServiceManager()).getService('log'), DESCRIPTOR);
};

/** Writes lines of 4 KiB until one fails. */
function* chatty(done: () => void) {
  const log = yield* connect();
  const line = (data: Parcel) => data.writeBytes(new Uint8Array(LINE_SIZE - data.dataSize));
  let written = 0;
  try {
    for (;;) {
      yield* log.oneway(WRITE, line);
      written++;
    }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
  console.log(`chatty wrote ${written} lines of ${LINE_SIZE} bytes`);
  done();
}

/** Writes one short line when the chatty app is done. */
function* quiet(machine: Machine, isDone: () => boolean) {
  const log = yield* connect();
  while (!isDone()) yield* sys.sleep(10);
  let error: unknown = null;
  try {
    yield* log.oneway(WRITE, (data) => data.writeString16('battery low'));
  } catch (caught) {
    error = caught;
  }
  assert(error instanceof DeadObjectException, 'the app blames a death');
  console.log('quiet wrote a short line: DeadObjectException');
  assert(machine.process('log').alive, 'the service is alive');
  const { shortage } = machine.explain();
  assert(shortage !== null && shortage.sender.name === 'quiet', 'the message of "quiet" found no buffer');
  assert(
    shortage.holders.every(({ sender, oneway }) => sender.name === 'chatty' && oneway),
    'all is held by the lines of "chatty"',
  );
  console.log(shortageLines(shortage).join('\n'));
}

export default (machine: Machine) => {
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('log', logger);
  let isDone = false;
  sim.process('chatty', () => chatty(() => (isDone = true)), { uid: 10001 });
  sim.process('quiet', () => quiet(machine, () => isDone), { uid: 10002 });
  sim.run();
};
