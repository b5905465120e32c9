/**
 * The death of a process, as other processes see it: the caller whose call it was serving, the process that linked to its
 * death, and the service manager.
 *
 *     binderlab run examples/death.ts --strace
 */
import {
  assert,
  BnInterface,
  BpBinder,
  BpInterface,
  defaultServiceManager,
  type Machine,
  Parcel,
  PING_TRANSACTION,
  ProcessState,
  ServiceManager,
  StatusError,
  sys,
} from 'binderlab';

const DESCRIPTOR = 'lab.IVictim';
const WORK = 1;
const WORK_MS = 3_600_000;

/** Takes a call, and never replies. */
function* victim(serving: Set<number>) {
  yield* (yield* ProcessState.self()).startThreadPool();
  const service = new BnInterface(DESCRIPTOR, {
    *[WORK]() {
      serving.add((yield* sys.self()).tid);
      yield* sys.sleep(WORK_MS);
    },
  });
  yield* (yield* defaultServiceManager()).addService('victim', service);
  yield* sys.pause();
}

/** @returns The name of the status of a failed call. */
function* statusOf(call: Generator) {
  try {
    yield* call as ReturnType<typeof sys.pause>;
    return 'OK';
  } catch (error) {
    if (error instanceof StatusError) return error.statusName;
    throw error;
  }
}

/** Calls; the callee dies during the call. */
function* caller(says: string[]) {
  const binder = yield* (yield* defaultServiceManager()).waitForService('victim');
  const work = new BpInterface(binder, DESCRIPTOR).call(
    WORK,
    () => {},
    () => {},
  );
  says.push(`its call ends with ${yield* statusOf(work)}`);
  says.push(`another call ends with ${yield* statusOf(binder.transact(PING_TRANSACTION, new Parcel()))}`);
  assert(binder instanceof BpBinder && !binder.isBinderAlive(), 'the proxy knows that its process has died');
}

/** Links to the death. Prints which thread is notified, and what the service manager then knows. */
function* watcher(says: string[], linked: Set<string>) {
  yield* (yield* ProcessState.self()).startThreadPool();
  const manager = yield* defaultServiceManager();
  const binder = yield* manager.waitForService('victim');
  assert(binder instanceof BpBinder, 'an object of another process is a proxy');
  let told = '';
  yield* binder.linkToDeath({
    *binderDied() {
      told = (yield* sys.self()).name;
    },
  });
  linked.add('watcher');
  yield* sys.until(() => told !== '', 'the news');
  says.push(`binderDied is called in ${told}`);
  says.push(`linkToDeath ends with ${yield* statusOf(binder.linkToDeath({ binderDied() {} }))} from then on`);
  yield* sys.until(() => linked.has('manager'), 'the service manager to be notified as well');
  says.push(`checkService gives ${yield* manager.checkService('victim')}`);
}

export default (machine: Machine) => {
  const says: Record<'caller' | 'watcher', string[]> = { caller: [], watcher: [] };
  const serving = new Set<number>();
  const linked = new Set<string>();
  const sim = machine.simulate();
  const manager = ServiceManager.start(sim);
  const process = sim.process('victim', () => victim(serving));
  sim.process('caller', () => caller(says.caller));
  sim.process('watcher', () => watcher(says.watcher, linked));
  sim.run({ until: () => serving.size > 0 && linked.has('watcher') });

  process.kill();
  // the service manager has one thread: it handles the death before any later call
  machine.on('step', ({ by, bc }) => {
    if (by === manager.main.name && bc?.some((word) => word.startsWith('BC_DEAD_BINDER_DONE'))) linked.add('manager');
  });
  sim.run();

  assert(
    says.caller.join() === 'its call ends with DEAD_OBJECT,another call ends with DEAD_OBJECT',
    'callers get DEAD_OBJECT',
  );
  assert(says.watcher.length === 3 && says.watcher[2] === 'checkService gives null', 'the manager has forgotten it');
  assert(
    machine.inspect.deadNodes().every(({ refs }) => refs.length > 0),
    'a dead node exists while a process has a handle',
  );
  for (const [who, lines] of Object.entries(says)) for (const line of lines) console.log(`${who}: ${line}`);
};
