/**
 * A nested call: the app calls a service, which calls the app back before it replies. The thread that waits for the reply
 * serves the callback, although the app's pool has idle threads.
 *
 *     binderlab run examples/nested-call.ts --strace
 */
import {
  assert,
  BnInterface,
  BpInterface,
  defaultServiceManager,
  giveBack,
  type IBinder,
  type Machine,
  ProcessState,
  ServiceManager,
  sys,
} from 'binderlab';

const SORTER = 'lab.ISorter';
const SORT = 1;
const COMPARATOR = 'lab.IComparator';
const COMPARE = 2;

/** Sorts numbers; makes a callback for each comparison. */
function* sorter() {
  yield* (yield* ProcessState.self()).startThreadPool();
  const service = new BnInterface(SORTER, {
    *[SORT](data, reply) {
      const numbers = data.readInt32Array() ?? [];
      const binder = data.readStrongBinder();
      const comparator = new BpInterface(binder, COMPARATOR);
      for (let end = numbers.length - 1; end > 0; end--) {
        for (let at = 0; at < end; at++) {
          const [one = 0, other = 0] = numbers.slice(at, at + 2);
          if ((yield* compare(comparator, one, other)) > 0) numbers.splice(at, 2, other, one);
        }
      }
      yield* giveBack(binder);
      reply.writeInt32Array(numbers).writeString16((yield* sys.self()).name);
    },
  });
  yield* (yield* defaultServiceManager()).addService('sorter', service);
  yield* sys.pause();
}

const compare = (comparator: BpInterface, one: number, other: number) =>
  comparator.call(
    COMPARE,
    (data) => data.writeInt32(one).writeInt32(other),
    (reply) => reply.readInt32(),
  );

/** @param servedBy Receives for each callback the name of its thread, and the depth of the driver's stack. */
function* app(machine: Machine, servedBy: string[], stacks: string[]) {
  yield* (yield* ProcessState.self()).startThreadPool();
  const comparator = new BnInterface(COMPARATOR, {
    *[COMPARE](data, reply) {
      const thread = yield* sys.self();
      servedBy.push(thread.name);
      const loopers = machine.inspect.procs().flatMap(({ loopers }) => loopers);
      const stack = loopers.find(({ tid }) => tid === thread.tid)?.stack ?? [];
      stacks.push(stack.map(({ role, transaction }) => `${role} ${transaction.code}`).join(' over '));
      reply.writeInt32(data.readInt32() - data.readInt32());
    },
  });
  const remote: IBinder = yield* (yield* defaultServiceManager()).waitForService('sorter');
  const [sorted, server] = yield* new BpInterface(remote, SORTER).call(
    SORT,
    (data) => data.writeInt32Array([3, 1, 2]).writeStrongBinder(comparator),
    (reply): [number[] | null, string] => [reply.readInt32Array(), reply.readString16()],
  );
  assert(sorted?.join() === '1,2,3', `the numbers come back sorted, not ${sorted}`);
  console.log(`${(yield* sys.self()).name} calls sort([3, 1, 2]); ${server} serves it, and calls back`);
}

export default (machine: Machine) => {
  const servedBy: string[] = [];
  const stacks: string[] = [];
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('sorter', sorter);
  const process = sim.process('app', () => app(machine, servedBy, stacks));
  const idle = process.threads.length;
  sim.run();

  assert(servedBy.length === 3, 'three comparisons sort three numbers');
  assert(
    servedBy.every((name) => name === 'app.0'),
    'the thread that waits for the answer serves every callback',
  );
  assert(idle === 1 && process.threads.length >= 2, 'the app has a pool besides');
  assert(
    stacks.every((stack) => stack === `incoming ${COMPARE} over outgoing ${SORT}`),
    'each is above the call that waits',
  );
  console.log(`${servedBy.length} callbacks, served by ${[...new Set(servedBy)].join(', ')}`);
  console.log(`the thread's stack in the driver at that time: ${stacks[0]}`);
};
