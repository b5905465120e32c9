/**
 * The order of oneways: those to one object are handled one at a time, in the order of sending, from all senders. Oneways to
 * another object of the same process do not wait for them, and a synchronous call overtakes them.
 *
 *     binderlab run examples/oneway-order.ts --seed 3
 */
import {
  assert,
  BnInterface,
  BpInterface,
  defaultServiceManager,
  type Machine,
  ProcessState,
  ServiceManager,
  sys,
} from 'binderlab';

const DESCRIPTOR = 'lab.IBox';
const PUT = 1;
const WORK_MS = 10;

interface Handled {
  what: string;
  /** Begin and end. */
  from: number;
  to: number;
  thread: string;
}

/** Progress of the two senders. */
interface Turns {
  found: boolean;
  sent: boolean;
  other: boolean;
}

/** Two objects of one process; each message takes some time. */
function* boxes(handled: Handled[]) {
  yield* (yield* ProcessState.self()).startThreadPool();
  const manager = yield* defaultServiceManager();
  for (const name of ['red', 'blue']) {
    const box = new BnInterface(DESCRIPTOR, {
      *[PUT](data) {
        const what = `${name} ${data.readString16()}`;
        const from = yield* sys.now();
        yield* sys.sleep(WORK_MS);
        handled.push({ what, from, to: yield* sys.now(), thread: (yield* sys.self()).name });
      },
    });
    yield* manager.addService(name, box);
  }
  yield* sys.pause();
}

function* find(name: string) {
  return new BpInterface(yield* (yield* defaultServiceManager()).waitForService(name), DESCRIPTOR);
}

const oneway = (box: BpInterface, what: string) => box.oneway(PUT, (data) => data.writeString16(what));

/** Sends three oneways to one object and one to the other; another process sends a fourth; then a synchronous call. */
function* sender(turns: Turns) {
  const red = yield* find('red');
  const blue = yield* find('blue');
  yield* sys.until(() => turns.found, 'the other process to be ready');
  for (const number of [1, 2, 3]) yield* oneway(red, `oneway ${number}`);
  turns.sent = true;
  yield* sys.until(() => turns.other, 'the other process to send');
  yield* oneway(blue, 'oneway 1');
  yield* red.call(
    PUT,
    (data) => data.writeString16('call'),
    () => {},
  );
}

function* other(turns: Turns) {
  const red = yield* find('red');
  turns.found = true;
  yield* sys.until(() => turns.sent, 'the first process to send');
  yield* oneway(red, 'oneway 4, of another process');
  turns.other = true;
}

export default (machine: Machine) => {
  const handled: Handled[] = [];
  const turns: Turns = { found: false, sent: false, other: false };
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('boxes', () => boxes(handled));
  sim.process('sender', () => sender(turns));
  sim.process('other', () => other(turns));
  sim.run();

  const start = Math.min(...handled.map(({ from }) => from));
  handled.sort((one, two) => one.from - two.from || two.what.localeCompare(one.what));
  const begins = new Map(handled.map(({ what, from }) => [what, from - start]));
  const oneways = handled.filter(({ what }) => what.startsWith('red oneway'));
  assert(oneways.map(({ what }) => what[11]).join('') === '1234', 'oneways to one object come in the order of sending');
  assert(
    oneways.every(({ from }, index) => from - start === index * WORK_MS),
    'each begins when the one before is done, though threads are idle',
  );
  assert(begins.get('blue oneway 1') === 0, 'a oneway to another object waits for none of them');
  assert(begins.get('red call') === 0, 'a synchronous call overtakes the oneways that wait');

  for (const { what, from, to, thread } of handled) {
    console.log(`${`${from - start} to ${to - start} ms`.padEnd(12)}  ${what.padEnd(34)}${thread}`);
  }
};
