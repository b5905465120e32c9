/**
 * The thread pool: startThreadPool makes one thread, and the driver asks for 15 more while calls arrive. 17 callers at the
 * same time find 16 threads, so one of them waits.
 *
 *     binderlab run examples/thread-pool.ts --seed 7
 */
import {
  BnInterface,
  BpInterface,
  defaultServiceManager,
  type Machine,
  ProcessState,
  ServiceManager,
  type Step,
  sys,
} from 'binderlab';

const DESCRIPTOR = 'lab.ISlow';
const WORK = 1;
const WORK_MS = 100;
const CALLERS = 17;

interface Answer {
  caller: string;
  /** The thread that served the call. */
  server: string;
  /** Waiting time of the caller. */
  ms: number;
}

/** A service that needs some time for each call; its main thread serves none. */
function* slow() {
  yield* (yield* ProcessState.self()).startThreadPool();
  const service = new BnInterface(DESCRIPTOR, {
    *[WORK](_, reply) {
      yield* sys.sleep(WORK_MS);
      reply.writeString16((yield* sys.self()).name);
    },
  });
  yield* (yield* defaultServiceManager()).addService('slow', service);
  yield* sys.pause();
}

/** Calls it from 17 threads at the same time. */
function* callers(answers: Answer[]) {
  const binder = yield* (yield* defaultServiceManager()).waitForService('slow');
  const slow = new BpInterface(binder, DESCRIPTOR);
  const threads = [];
  for (let number = 1; number <= CALLERS; number++) {
    const caller = `caller ${number}`;
    const thread = yield* sys.spawn(function* () {
      yield* ProcessState.self();
      const start = yield* sys.now();
      const server = yield* slow.call(
        WORK,
        () => {},
        (reply) => reply.readString16(),
      );
      answers.push({ caller, server, ms: (yield* sys.now()) - start });
    }, caller);
    threads.push(thread);
  }
  for (const thread of threads) yield* sys.join(thread);
}

/** How often a word was sent or returned. */
function countWords(machine: Machine): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (words: readonly string[] = []) => {
    for (const [name = ''] of words.map((word) => word.split(' '))) counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  machine.on('step', (step: Step) => {
    count(step.bc);
    count(step.br);
    for (const { br } of step.woken ?? []) count(br);
  });
  return counts;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}

export default (machine: Machine) => {
  const words = countWords(machine);
  const answers: Answer[] = [];
  const sim = machine.simulate();
  ServiceManager.start(sim);
  const service = sim.process('slow', slow);
  sim.process('app', () => callers(answers));
  sim.run();

  const pool = service.threads.filter(({ name }) => name.startsWith('binder:')).map(({ name }) => name);
  const atOnce = answers.filter(({ ms }) => ms === WORK_MS);
  const late = answers.filter(({ ms }) => ms > WORK_MS);
  check(words.get('BR_SPAWN_LOOPER') === 15, 'the driver asks for a thread 15 times');
  check(words.get('BC_REGISTER_LOOPER') === 15, 'each of them registers');
  check(pool.length === 16, 'the pool has 15 + 1 threads');
  check(new Set(atOnce.map(({ server }) => server)).size === 16, '16 calls are served at once, each by another thread');
  check(late.length === 1 && late[0]?.ms === 2 * WORK_MS, 'the 17th waits until a thread is free');

  console.log(`${answers.length} calls at once; each takes ${WORK_MS} ms to serve`);
  console.log(`BR_SPAWN_LOOPER ${words.get('BR_SPAWN_LOOPER')}, BC_REGISTER_LOOPER ${words.get('BC_REGISTER_LOOPER')}`);
  console.log(`the pool: ${pool.length} threads, ${pool[0]} to ${pool[pool.length - 1]}`);
  console.log(`after ${WORK_MS} ms: ${atOnce.length} answers, each from a thread of its own`);
  for (const { caller, server, ms } of late) console.log(`after ${ms} ms: the answer to ${caller}, from ${server}`);
};
